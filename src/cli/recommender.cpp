// SPDX-License-Identifier: Apache-2.0
#include "cli/recommender.h"

#include <fmt/format.h>

#include <iostream>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "cli/id_text.h"
#include "cli/request_times.h"
#include "cli/standard_streams.h"
#include "data/windows.h"
#include "eval/run_inputs.h"

namespace truenext::cli {
namespace {

constexpr size_t kLinesAtOnce = 256;

/// A compact table pays when questions keep coming.
std::unique_ptr<Scorer> make_scorer(const RecommendArguments& arguments, const Ensemble& models,
                                    WorkerPool& pool) {
  if (arguments.from_stdin && models.is_one_model() && !arguments.blend.exists()) {
    return make_query_scorer(models.first().encoder(), pool);
  }
  std::vector<std::unique_ptr<Scorer>> scorers;
  for (const ModelFile& member : models.members()) {
    scorers.push_back(make_encoder_scorer(member.encoder()));
  }
  return models.scorer(std::move(scorers));
}

}  // namespace

Recommender::Recommender(const RecommendArguments& arguments, const Globals& globals)
    : arguments_(arguments),
      json_(globals.json),
      models_(arguments.ensemble, arguments.runs),
      model_(models_.first()),
      pool_(globals.threads > 0 ? globals.threads : available_threads()),
      scorer_(make_scorer(arguments, models_, pool_)),
      exclude_seen_(models_.exclude_seen(arguments.include_seen)),
      filter_(arguments.filter, arguments.separator) {
  if (!arguments.data.empty() || !arguments.user.empty() || arguments.all_users ||
      !arguments.users.empty()) {
    dataset_ = Dataset::open(
        find_data_folder(arguments.runs.front(), model_.description(), arguments.data));
  }
  check_times();
  if (arguments.blend.exists()) blend();
  // Lists of many come from the model alone; single questions may be answered by popularity.
  const bool many = arguments.all_users || !arguments.users.empty();
  filter_.check(many ? find_in_model() : find_anywhere());
  eligible_ = filter_.items(model_.num_items(), find_in_model());
  if (arguments.probabilities) check_calibrated();
  if (!models_.is_one_model()) log_info("ensemble by {}", ensemble_text(models_.report()));
}

void Recommender::blend() {
  blend_ = check_blend(arguments_.blend, !models_.is_one_model());
  BlendCounts found = find_counts(model_, dataset_ ? &*dataset_ : nullptr);
  blend_.source = found.source;
  scorer_ = blended(std::move(scorer_), std::move(found.counts), blend_.counts);
  log_info("{}; every answer scans the whole catalogue", blend_text(blend_));
}

void Recommender::answer_history() {
  std::vector<Request> requests{parse(arguments_.history)};
  answer(&requests);
  check_answered(requests.front());
  print(requests.front());
}

void Recommender::answer_user() {
  const auto user = find_history(*dataset_, arguments_.user);
  check_data(user.has_value(), "{}: has no user \"{}\"; raw ids are compared byte by byte",
             dataset_->folder().string(), arguments_.user);
  if (dataset_->has_windows()) {
    log_info("--user {}: the history is window {}; items of other windows may be recommended",
             arguments_.user, dataset_->users().raw(*user));
  }
  std::vector<Request> requests(1);
  const std::span<const int32_t> items = dataset_->histories().row(*user);
  for (size_t i = 0; i < items.size(); ++i) {
    const bool known = add_item(dataset_->items().raw(items[i]), &requests.front());
    if (known && time_ != TimeUse::none) {
      requests.front().times.push_back(dataset_->times().row(*user)[i]);
    }
  }
  if (time_ != TimeUse::none) check_asked_after(dataset_->times().row(*user), arguments_.user);
  const std::vector<std::string>& unknown = requests.front().unknown;
  if (!unknown.empty()) {
    log_warning("--user {}: {} of the user's {} items are unknown to the model and skipped: {}",
                arguments_.user, unknown.size(), dataset_->histories().row_size(*user),
                id_list(unknown));
  }
  answer(&requests);
  check_answered(requests.front());
  print(requests.front());
}

void Recommender::answer_stdin() {
  int64_t asked = 0;
  int64_t unanswered = 0;
  std::vector<Request> requests;
  std::string line;
  bool more = true;
  while (more) {
    more = static_cast<bool>(std::getline(std::cin, line));
    if (more) requests.push_back(parse(line));
    if (more && requests.size() < kLinesAtOnce && std::cin.rdbuf()->in_avail() > 0) continue;
    answer(&requests);
    for (const Request& request : requests) {
      ++asked;
      unanswered += request.history.empty() && !request.fallback;
      if (!json_) fmt::print("{}# history {}\n", asked > 1 ? "\n" : "", asked);
      print(request);
    }
    flush_output();
    requests.clear();
  }
  check_data(
      unanswered == 0,
      "{} of {} histories hold no item that the model knows and got no answer; --data FOLDER "
      "answers them with the most popular items",
      unanswered, asked);
}

void Recommender::check_calibrated() const {
  const auto& calibration = model_.description().calibration;
  check_usage(calibration.has_value(),
              "--probabilities: the model is not calibrated, its scores are no probabilities; run "
              "`truenext calibrate {}` first",
              arguments_.runs.front());
  check_usage(calibration->exclude_seen == exclude_seen_,
              "--probabilities: they were fitted with items of the history {}; {}",
              calibration->exclude_seen ? "excluded" : "included",
              calibration->exclude_seen ? "leave out --include-seen"
                                        : "add --include-seen, or calibrate again without it");
}

Recommender::Request Recommender::parse(std::string_view line) const {
  Request request;
  const std::vector<std::string> ids = split_ids(line, arguments_.separator);
  const std::vector<int64_t> times = times_of_history(arguments_.times, ids.size());
  check_asked_after(times, "the history");
  for (size_t i = 0; i < ids.size(); ++i) {
    if (add_item(ids[i], &request) && !times.empty()) request.times.push_back(times[i]);
  }
  const bool unknown = !request.unknown.empty();
  const std::string hint = separator_hint(line, arguments_.separator, unknown, find_in_model());
  if (unknown) {
    log_warning("unknown to the model and skipped: {}{}", id_list(request.unknown), hint);
  } else if (!hint.empty()) {
    log_warning("the history is taken for {} ids{}", request.history.size(), hint);
  }
  return request;
}

bool Recommender::add_item(std::string_view raw, Request* request) const {
  const auto item = model_.find_item(raw);
  if (item) {
    request->history.push_back(*item);
  } else {
    request->unknown.emplace_back(raw);
  }
  return item.has_value();
}

FindItem Recommender::find_in_model() const {
  return [this](std::string_view raw) { return model_.find_item(raw); };
}

FindItem Recommender::find_anywhere() const {
  return [this](std::string_view raw) {
    const auto item = model_.find_item(raw);
    return item || !dataset_ ? item : dataset_->items().find(raw);
  };
}

AnswerOptions Recommender::answer_options() const {
  AnswerOptions options;
  options.k = arguments_.k;
  options.exclude_seen = exclude_seen_;
  options.eligible = eligible_ ? &*eligible_ : nullptr;
  if (arguments_.probabilities) options.calibration = &*model_.description().calibration;
  return options;
}

void Recommender::rank(const Scorer& scorer, const AnswerOptions& options,
                       const std::vector<Request*>& requests) {
  Jagged<int32_t> histories;
  std::vector<int64_t> times, asked;
  for (const Request* request : requests) {
    histories.add_row(request->history);
    times.insert(times.end(), request->times.begin(), request->times.end());
    if (time_ == TimeUse::request) asked.push_back(at_);
  }
  const Answers answers = truenext::answer(scorer, histories, options, pool_, {times, asked});
  for (size_t i = 0; i < requests.size(); ++i) {
    Request& request = *requests[i];
    const auto list = answers.lists.row(static_cast<int64_t>(i));
    request.best.assign(list.begin(), list.end());
    if (!answers.log_normalisers.empty()) request.log_normaliser = answers.log_normalisers[i];
    if (list.empty()) request.note = why_empty(request, options.eligible, scorer.num_items());
  }
}

std::string Recommender::why_empty(const Request& request, const ItemSet* eligible,
                                   int64_t items) const {
  std::string reasons;
  if (exclude_seen_ && !request.history.empty()) {
    const std::set<int32_t> seen(request.history.begin(), request.history.end());
    reasons +=
        fmt::format(", {} are in the history (--include-seen lets them come back)", seen.size());
  }
  if (eligible != nullptr) {
    reasons += fmt::format(", {} are let through by --allow, --candidates and --exclude",
                           eligible->size());
  }
  return fmt::format("no item is left to recommend: of {} items{}", items, reasons);
}

void Recommender::answer(std::vector<Request>* requests) {
  std::vector<Request*> known, others;
  for (Request& request : *requests) {
    (request.history.empty() ? others : known).push_back(&request);
  }
  if (!known.empty()) rank(*scorer_, answer_options(), known);
  if (others.empty() || !dataset_) return;
  for (Request* request : others) request->fallback = true;
  if (!popularity_) {
    popularity_ = make_popularity_scorer(*dataset_);
    eligible_popular_ = filter_.items(dataset_->num_items(), [this](std::string_view raw) {
      return dataset_->items().find(raw);
    });
  }
  AnswerOptions options = answer_options();
  options.calibration = nullptr;
  options.eligible = eligible_popular_ ? &*eligible_popular_ : nullptr;
  rank(*popularity_, options, others);
}

void Recommender::check_answered(const Request& request) const {
  check_data(!request.history.empty() || request.fallback,
             "the history holds no item that the model knows, and a model without a history knows "
             "nothing to say; --data FOLDER (the dataset it was trained on) answers with the most "
             "popular items instead");
}

}  // namespace truenext::cli
