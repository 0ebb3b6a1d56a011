// SPDX-License-Identifier: Apache-2.0
#include "eval/ensemble.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "eval/mixing.h"
#include "eval/score_blocks.h"

namespace truenext {
namespace {

/// Scores of all members held at a time by one call, where one query does not have more.
constexpr int64_t kMemberScores = int64_t{4} << 20;
/// Places up to here are exact as float.
constexpr int64_t kMostPlaces = int64_t{1} << 24;
/// Mean ranks that are equal but for rounding are the same multiple of this part of a rank.
constexpr double kRankParts = 1 << 20;

/// The members that are asked, with weights that add up to 1, and a query's row of scores of each.
struct MemberRows {
  std::vector<double> weights;
  std::vector<const float*> scores;
  int64_t items = 0;
};

void mean_logits(const MemberRows& rows, float* out) {
  for (int64_t i = 0; i < rows.items; ++i) {
    double sum = 0;
    for (size_t k = 0; k < rows.scores.size(); ++k) {
      sum += rows.weights[k] * static_cast<double>(rows.scores[k][i]);
    }
    out[i] = static_cast<float>(sum);
  }
}

/// ln sum_k e^x_k, relative to the largest; minus infinity when all are.
double log_sum_exp(std::span<const double> x) {
  const double top = *std::max_element(x.begin(), x.end());
  if (std::isinf(top)) return top;
  double sum = 0;
  for (const double value : x) sum += std::exp(value - top);
  return top + std::log(sum);
}

void mean_probabilities(const MemberRows& rows, const Mixer& mixer, float* out) {
  const double temperature = mixer.options().temperature;
  const size_t members = rows.scores.size();
  std::vector<double> weight(members), log_sum(members), shift(members), x(members);
  mixer.survey(rows.scores, rows.items, weight.data(), log_sum.data());
  // One number for all items of the query brings logarithms back to the size of the scores, where
  // rounding merges none that a member told apart.
  double level = 0;
  for (size_t k = 0; k < members; ++k) level += weight[k] * log_sum[k];
  for (size_t k = 0; k < members; ++k) shift[k] = std::log(weight[k]) + (level - log_sum[k]);
  for (int64_t i = 0; i < rows.items; ++i) {
    for (size_t k = 0; k < members; ++k) {
      x[k] = static_cast<double>(rows.scores[k][i]) / temperature + shift[k];
    }
    out[i] = static_cast<float>(temperature * log_sum_exp(x));
  }
}

/// Adds weight times the ranks of a row, 1 = best; equal scores share the mean of their ranks.
void add_ranks(const float* scores, double weight, std::vector<int32_t>* order,
               std::vector<double>* means) {
  std::iota(order->begin(), order->end(), 0);
  std::sort(order->begin(), order->end(),
            [&](int32_t a, int32_t b) { return scores[a] > scores[b]; });
  for (size_t begin = 0, end = 0; begin < order->size(); begin = end) {
    const float score = scores[(*order)[begin]];
    while (end < order->size() && scores[(*order)[end]] == score) ++end;
    const double rank = static_cast<double>(begin + 1 + end) / 2;
    for (size_t i = begin; i < end; ++i)
      (*means)[static_cast<size_t>((*order)[i])] += weight * rank;
  }
}

void mean_ranks(const MemberRows& rows, const Mixer& mixer, float* out) {
  const auto items = static_cast<size_t>(rows.items);
  std::vector<double> means(items, 0.0);
  std::vector<int32_t> order(items);
  for (size_t k = 0; k < rows.scores.size(); ++k) {
    add_ranks(rows.scores[k], rows.weights[k], &order, &means);
  }
  for (double& mean : means) mean = std::round(mean * kRankParts);
  std::vector<float> probabilities(items);
  mean_probabilities(rows, mixer, probabilities.data());
  const auto key = [&](int32_t item) {
    return std::pair(means[static_cast<size_t>(item)], -probabilities[static_cast<size_t>(item)]);
  };
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return key(a) < key(b); });
  int64_t place = 0;
  for (size_t i = 0; i < items; ++i) {
    if (i == 0 || key(order[i]) != key(order[i - 1])) place = static_cast<int64_t>(i) + 1;
    const bool never = probabilities[static_cast<size_t>(order[i])] == kExcluded;
    out[order[i]] = never ? kExcluded : static_cast<float>(-place);
  }
}

class EnsembleScorer final : public Scorer {
 public:
  EnsembleScorer(std::vector<std::unique_ptr<Scorer>> members, const EnsembleOptions& options)
      : rule_(options.rule), mixer_(asked(&members, options)), members_(std::move(members)) {
    check_usage(rule_ != EnsembleRule::rank || num_items() <= kMostPlaces,
                "--ensemble rank counts to {} items, these models have {}; take mean-probability",
                kMostPlaces, num_items());
  }

  int64_t num_items() const override { return members_.front()->num_items(); }

  void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override {
    const auto members = std::ssize(members_);
    const int64_t items = num_items();
    const int64_t at_once = std::clamp(kMemberScores / std::max<int64_t>(1, members * items),
                                       int64_t{1}, std::max<int64_t>(1, end - begin));
    std::vector<float> memory(static_cast<size_t>(members * at_once * items));
    for (int64_t first = begin; first < end; first += at_once) {
      const int64_t last = std::min(end, first + at_once);
      for (int64_t k = 0; k < members; ++k) {
        members_[static_cast<size_t>(k)]->score(queries, first, last,
                                                memory.data() + k * at_once * items);
      }
      for (int64_t query = first; query < last; ++query) {
        const float* row = memory.data() + (query - first) * items;
        combine(row, at_once * items, scores + (query - begin) * items);
      }
    }
  }

 private:
  /// Takes away the members whose weight is 0; what mixes the others.
  static Mixer asked(std::vector<std::unique_ptr<Scorer>>* members,
                     const EnsembleOptions& options) {
    const Mixer all({.temperature = options.temperature, .weights = options.weights},
                    std::ssize(*members));
    std::vector<std::unique_ptr<Scorer>> kept;
    std::vector<double> weights;
    for (size_t k = 0; k < members->size(); ++k) {
      const double weight = options.weights.empty() ? 1 : options.weights[k];
      if (weight == 0) continue;
      kept.push_back(std::move((*members)[k]));
      weights.push_back(weight);
    }
    *members = std::move(kept);
    return {{.mixing = options.mixing, .temperature = options.temperature, .weights = weights},
            std::ssize(*members)};
  }

  /// One query: the row of every member, `stride` apart.
  void combine(const float* row, int64_t stride, float* out) const {
    MemberRows rows;
    rows.items = num_items();
    rows.weights = mixer_.shares();
    for (size_t k = 0; k < members_.size(); ++k) {
      rows.scores.push_back(row + static_cast<int64_t>(k) * stride);
      check_scores(k, rows.scores.back());
    }
    switch (rule_) {
      case EnsembleRule::mean_probability:
        return mean_probabilities(rows, mixer_, out);
      case EnsembleRule::mean_logit:
        return mean_logits(rows, out);
      case EnsembleRule::rank:
        return mean_ranks(rows, mixer_, out);
    }
  }

  void check_scores(size_t member, const float* scores) const {
    const float* const end = scores + num_items();
    const float* const bad = std::find_if(
        scores, end, [](float s) { return std::isnan(s) || (std::isinf(s) && s > 0); });
    check_data(bad == end,
               "member {} of the ensemble scores item number {} with {}: training diverged or the "
               "file is damaged; train again with a lower learning rate",
               member + 1, bad - scores, bad == end ? 0 : *bad);
  }

  EnsembleRule rule_;
  Mixer mixer_;
  std::vector<std::unique_ptr<Scorer>> members_;
};

}  // namespace

std::unique_ptr<Scorer> make_ensemble_scorer(std::vector<std::unique_ptr<Scorer>> members,
                                             const EnsembleOptions& options) {
  return std::make_unique<EnsembleScorer>(std::move(members), options);
}

void check_same_items(const ModelFile& first, const std::string& first_name, const ModelFile& other,
                      const std::string& other_name) {
  const int64_t common = std::min(first.num_items(), other.num_items());
  int64_t item = 0;
  while (item < common && first.item_id(item) == other.item_id(item)) ++item;
  if (item == common && first.num_items() == other.num_items()) return;
  const auto named = [item](const ModelFile& model) {
    return item < model.num_items() ? fmt::format("\"{}\"", model.item_id(item))
                                    : std::string("none");
  };
  fail_data(
      "{}: its items are not those of {}: it has {} items, the other {}, and item number {} is {}, "
      "there {}; members of an ensemble have the same items in the same order, as runs trained on "
      "one prepared dataset do",
      other_name, first_name, other.num_items(), first.num_items(), item, named(other),
      named(first));
}

}  // namespace truenext
