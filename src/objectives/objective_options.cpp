// SPDX-License-Identifier: Apache-2.0
#include "objectives/objective_options.h"

#include <vector>

#include "base/error.h"
#include "objectives/criterion.h"

namespace truenext {
namespace {

std::string criterion_text(const ObjectiveOptions& options) {
  if (options.criterion == "bce") return "BCE";
  if (options.criterion == "gbce") {
    return fmt::format("gBCE(t={}){}", options.gbce_t,
                       options.gbce_form == GbceForm::clamped ? " clamped" : "");
  }
  if (options.criterion != "softmax") return options.criterion;
  if (options.candidates == CandidateSet::buckets) return "scalable CE";
  return options.sampled() ? "sampled softmax" : "CE";
}

std::string proposal_text(const ObjectiveOptions& options) {
  if (options.candidates == CandidateSet::popularity) {
    return fmt::format("popularity^{}", options.popularity_power);
  }
  if (options.candidates == CandidateSet::mixed) {
    return fmt::format("{} popularity^{} else uniform", options.popularity_share,
                       options.popularity_power);
  }
  return options.candidates == CandidateSet::batch ? "in-batch" : "uniform";
}

std::string candidates_text(const ObjectiveOptions& options) {
  if (options.candidates == CandidateSet::full) return "full catalogue";
  if (options.candidates == CandidateSet::buckets) {
    return fmt::format("{} buckets of {} positions and {} items a tile", options.buckets,
                       options.bucket_positions, options.bucket_items);
  }
  std::string text = fmt::format("{} {} negatives", options.negatives, proposal_text(options));
  if (options.negatives_per == NegativesPer::positive) text += " per target";
  if (options.share != NegativeShare::position)
    text += fmt::format(" per {}", word_of(options.share));
  if (options.exclude == Exclusion::positive) text += " without the positive";
  if (options.exclude == Exclusion::history) text += " outside the history";
  if (options.log_q) text += ", log-Q corrected";
  return text;
}

std::string targets_text(const ObjectiveOptions& options) {
  const FutureOptions& future = options.future;
  const std::string positions = fmt::format("{} positions", word_of(options.positions));
  if (future.future_items == 1) return positions;
  std::string text = fmt::format("{} future items ({}, {}", future.future_items,
                                 word_of(future.relevance), word_of(future.normalise));
  if (future.edge != EdgeWeights::keep) text += fmt::format(", edge {}d", word_of(future.edge));
  return text + "), " + positions;
}

constexpr const char* kCandidates = "objective.candidates";
constexpr const char* kCriterion = "objective.criterion";

void list_candidates(ObjectiveOptions& o, OptionList& options) {
  const std::vector<std::string> sampled = {"uniform", "popularity", "mixed", "batch"};
  options.add("candidates", o.candidates, "items a positive competes with");
  options.add("negatives", o.negatives, "sampled candidates per position")
      .range(1, 1 << 24)
      .only_with(kCandidates, sampled);
  options
      .add("negatives_per", o.negatives_per,
           "so many per position, or for each of its positives (future items)")
      .only_with(kCandidates, sampled);
  options.add("share", o.share, "who competes with the same draw of negatives")
      .only_with(kCandidates, sampled);
  options.add("exclude", o.exclude, "what a sampled negative may not be")
      .only_with(kCandidates, sampled);
  options.add("popularity_power", o.popularity_power, "a of draws in proportion to count^a")
      .range(0, 4)
      .only_with(kCandidates, {"popularity", "mixed"});
  options
      .add("popularity_share", o.popularity_share,
           "share of the draws that go by popularity, the others are uniform")
      .range(0, 1)
      .only_with(kCandidates, {"mixed"});
  options
      .add("log_q", o.log_q, "sampled softmax: subtract ln(expected draws) from a negative's score")
      .only_with(kCandidates, sampled);
  options.add("buckets", o.buckets, "buckets of a tile")
      .at_least(1)
      .only_with(kCandidates, {"buckets"});
  options.add("bucket_positions", o.bucket_positions, "positions of a bucket")
      .at_least(1)
      .only_with(kCandidates, {"buckets"});
  options.add("bucket_items", o.bucket_items, "items of a bucket")
      .at_least(1)
      .only_with(kCandidates, {"buckets"});
}

}  // namespace

void ObjectiveOptions::list(OptionList& options) {
  std::vector<std::string> criteria;
  for (const CriterionInfo* info : criterion_list()) criteria.push_back(info->name);
  options.add("criterion", criterion, "loss of a position from its scores").one_of(criteria);
  list_candidates(*this, options);
  options.add(
      "positions", positions,
      "trained positions of a window; hidden: those whose own input train.input_drop hides");
  future.list(options);
  options.add("reduction", reduction,
              "the loss of a batch is its sum over positions, divided by their number or by that "
              "of their targets");
  options
      .add("label_share", label_share,
           "share of the soft label in the target of a position, the rest is its items'; CSRec's "
           "beta is twice this; 0 = no soft labels")
      .range(0, 1);
  options
      .add("label_reverse", label_reverse,
           "weight of KL(model || soft label) beside the rest, full catalogue only; 0 = none")
      .at_least(0);
  options
      .add(
          "observation", observation,
          "weight of CSRec's observation term beside the rest, full catalogue only: how items come "
          "to be observed when others are meant is learned in two tables of training; 0 = none")
      .at_least(0);
  options
      .add("temperature", temperature,
           "scores are divided by it in training and not in use, as published of CSRec's teachers")
      .range(1e-3, 1e3);
  options.add("gbce_t", gbce_t, "t of gBCE: 0 is plain BCE, 1 is fully calibrated")
      .range(0, 1)
      .only_with(kCriterion, {"gbce"});
  options.add("gbce_form", gbce_form, "direct, or clamped as the original computes it")
      .only_with(kCriterion, {"gbce"});
  options.add("bpr_max_reg", bpr_max_reg, "weight of the negatives' squared scores")
      .at_least(0)
      .only_with(kCriterion, {"bpr-max"});
  options.add("compat", compat,
              "axis-error: negatives summed over the wrong axis, as published by Li et al. 2023");
}

bool ObjectiveOptions::counts_items() const {
  return candidates == CandidateSet::popularity || candidates == CandidateSet::mixed ||
         (candidates == CandidateSet::batch && log_q);
}

void ObjectiveOptions::check() const {
  check_usage(sampled() || exclude == Exclusion::none,
              "objective.exclude = \"{}\" has no meaning with candidates = \"{}\"",
              word_of(exclude), word_of(candidates));
  check_usage(sampled() || (share == NegativeShare::position &&
                            negatives_per == NegativesPer::position && !log_q),
              "objective.share, negatives_per and log_q are about sampled candidates, not "
              "candidates = \"{}\"",
              word_of(candidates));
  check_usage(candidates != CandidateSet::buckets || criterion == "softmax",
              "objective.candidates = \"buckets\" needs criterion = \"softmax\", not \"{}\"",
              criterion);
  check_usage(label_share == 0 || criterion == "softmax",
              "objective.label_share = {}: a soft label is a distribution over the catalogue, and "
              "criterion = \"{}\" is no likelihood of one item among all; use \"softmax\"",
              label_share, criterion);
  check_usage(label_reverse == 0 || (criterion == "softmax" && candidates == CandidateSet::full),
              "objective.label_reverse = {}: a divergence of the model's distribution over the "
              "catalogue needs criterion = \"softmax\" with candidates = \"full\"",
              label_reverse);
  check_usage(label_share == 0 || candidates != CandidateSet::buckets,
              "objective.label_share = {}: buckets leave out most of what a label is about; use "
              "candidates = \"full\", or sampled ones",
              label_share);
  check_usage(observation == 0 || (criterion == "softmax" && candidates == CandidateSet::full),
              "objective.observation = {}: a mean over the model's distribution over the catalogue "
              "needs criterion = \"softmax\" with candidates = \"full\"",
              observation);
  check_usage(
      observation == 0 || future.future_items == 1,
      "objective.observation = {}: what is observed is one item, but objective.future_items "
      "= {}; want 1",
      observation, future.future_items);
  check_usage(temperature == 1 || compat == PublishedError::none,
              "objective.temperature = {}: objective.compat = \"{}\" repeats a loss of undivided "
              "scores; want 1",
              temperature, word_of(compat));
  check_usage(gbce_form == GbceForm::direct || criterion == "gbce",
              "objective.gbce_form = \"{}\" needs criterion = \"gbce\"", word_of(gbce_form));
  check_usage(!log_q || criterion == "softmax",
              "objective.log_q corrects the sampled softmax; it has no meaning with criterion = "
              "\"{}\"",
              criterion);
  check_usage(!log_q || exclude != Exclusion::history,
              "objective.log_q estimates the softmax over the whole catalogue, which "
              "exclude = \"history\" leaves out a part of; use \"none\" or \"positive\"");
  check_usage(criterion != "gbce" || negatives_per == NegativesPer::position,
              "objective.negatives_per = \"positive\" gives positions different numbers of "
              "negatives, and the beta of criterion = \"gbce\" is made for one; use \"bce\"");
  check_usage(bpr_max_reg == 0 || criterion == "bpr-max",
              "objective.bpr_max_reg = {} needs criterion = \"bpr-max\", not \"{}\"", bpr_max_reg,
              criterion);
  check_usage(share == NegativeShare::position || negatives_per == NegativesPer::position,
              "objective.negatives_per = \"positive\" needs share = \"position\", not \"{}\"",
              word_of(share));
}

std::string ObjectiveOptions::describe() const {
  std::string text =
      fmt::format("{}, {}, {}", criterion_text(*this), candidates_text(*this), targets_text(*this));
  if (label_share > 0) text += fmt::format(", {:g} of the target by soft labels", label_share);
  if (label_reverse > 0) text += fmt::format(", {:g} KL(model || soft label)", label_reverse);
  if (observation > 0) text += fmt::format(", {:g} observation term", observation);
  if (temperature != 1) text += fmt::format(", scores divided by {:g}", temperature);
  if (reduction != LossMean::positions) text += ", mean over targets";
  if (compat != PublishedError::none) text += fmt::format(", published {}", word_of(compat));
  return text;
}

}  // namespace truenext
