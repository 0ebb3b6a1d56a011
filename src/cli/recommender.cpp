// SPDX-License-Identifier: Apache-2.0
#include "cli/recommender.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>

#include "base/error.h"
#include "base/log.h"
#include "eval/candidate_rows.h"
#include "eval/run_inputs.h"

namespace truenext::cli {
namespace {

constexpr size_t kLinesAtOnce = 256;

/// Raw ids of a line: cut at `separator`, or at commas and blanks when it is empty.
std::vector<std::string> split_ids(std::string_view line, const std::string& separator) {
  std::vector<std::string> ids;
  while (!line.empty()) {
    const size_t end = separator.empty() ? line.find_first_of(", \t\r") : line.find(separator);
    std::string_view id = line.substr(0, end);
    line.remove_prefix(end == std::string_view::npos
                           ? line.size()
                           : end + (separator.empty() ? 1 : separator.size()));
    if (line.empty() && !id.empty() && id.back() == '\r') id.remove_suffix(1);
    if (!id.empty()) ids.emplace_back(id);
  }
  return ids;
}

/// A compact table pays when questions keep coming.
std::unique_ptr<Scorer> make_scorer(const RecommendArguments& arguments, const ModelFile& model,
                                    WorkerPool& pool) {
  return arguments.from_stdin ? make_query_scorer(model.encoder(), pool)
                              : make_encoder_scorer(model.encoder());
}

}  // namespace

Recommender::Recommender(const RecommendArguments& arguments, const Globals& globals)
    : arguments_(arguments),
      json_(globals.json),
      model_(ModelFile::open(arguments.model)),
      pool_(globals.threads > 0 ? globals.threads : available_threads()),
      scorer_(make_scorer(arguments, model_, pool_)),
      exclude_seen_(model_.description().exclude_seen && !arguments.include_seen),
      excluded_(split_ids(arguments.exclude, arguments.separator)) {
  if (!arguments.data.empty() || !arguments.user.empty()) {
    dataset_ =
        Dataset::open(find_data_folder(arguments.model, model_.description(), arguments.data));
  }
  std::sort(excluded_.begin(), excluded_.end());
  if (arguments.probabilities) check_calibrated();
}

void Recommender::answer_history() {
  std::vector<Request> requests{parse(arguments_.history)};
  answer(&requests);
  check_answered(requests.front());
  print(requests.front());
}

void Recommender::answer_user() {
  const auto user = dataset_->users().find(arguments_.user);
  check_data(user.has_value(), "{}: has no user \"{}\"; raw ids are compared byte by byte",
             dataset_->folder().string(), arguments_.user);
  std::vector<Request> requests(1);
  for (const int32_t item : dataset_->histories().row(*user)) {
    add_item(dataset_->items().raw(item), &requests.front());
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
    std::fflush(stdout);
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
              arguments_.model);
  check_usage(calibration->exclude_seen == exclude_seen_,
              "--probabilities: they were fitted with items of the history {}; {}",
              calibration->exclude_seen ? "excluded" : "included",
              calibration->exclude_seen ? "leave out --include-seen"
                                        : "add --include-seen, or calibrate again without it");
}

Recommender::Request Recommender::parse(std::string_view line) const {
  Request request;
  for (const std::string& id : split_ids(line, arguments_.separator)) add_item(id, &request);
  if (!request.unknown.empty()) {
    log_warning("unknown to the model and skipped: {}", fmt::join(request.unknown, ", "));
  }
  return request;
}

void Recommender::add_item(std::string_view raw, Request* request) const {
  if (const auto item = model_.find_item(raw)) {
    request->history.push_back(*item);
  } else {
    request->unknown.emplace_back(raw);
  }
}

bool Recommender::is_excluded(std::string_view raw) const {
  return std::binary_search(excluded_.begin(), excluded_.end(), raw, std::less<>());
}

/// The best k of `scorer` for each, without the excluded items; `raw` names an item.
template <typename Raw>
void Recommender::rank(const Scorer& scorer, const std::vector<Request*>& requests,
                       const Raw& raw) {
  Queries queries;
  for (const Request* request : requests) queries.histories.add_row(request->history);
  const auto extra = static_cast<int64_t>(excluded_.size());
  const auto best = top_items(scorer, queries, arguments_.k + extra, exclude_seen_, pool_);
  if (arguments_.probabilities && &scorer == scorer_.get()) {
    const auto normalisers =
        log_normalisers(scorer, queries, *model_.description().calibration, pool_);
    for (size_t i = 0; i < requests.size(); ++i) requests[i]->log_normaliser = normalisers[i];
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    for (const ScoredItem& entry : best.row(static_cast<int64_t>(i))) {
      if (static_cast<int64_t>(requests[i]->best.size()) == arguments_.k) break;
      if (!is_excluded(raw(entry.item))) requests[i]->best.push_back(entry);
    }
  }
}

void Recommender::answer(std::vector<Request>* requests) {
  std::vector<Request*> known, others;
  for (Request& request : *requests) {
    (request.history.empty() ? others : known).push_back(&request);
  }
  if (!known.empty()) {
    rank(*scorer_, known, [&](int32_t item) { return model_.item_id(item); });
  }
  if (others.empty() || !dataset_) return;
  if (!popularity_) popularity_ = make_popularity_scorer(*dataset_);
  rank(*popularity_, others, [&](int32_t item) { return dataset_->items().raw(item); });
  for (Request* request : others) request->fallback = true;
}

void Recommender::check_answered(const Request& request) const {
  check_data(!request.history.empty() || request.fallback,
             "the history holds no item that the model knows, and a model without a history knows "
             "nothing to say; --data FOLDER (the dataset it was trained on) answers with the most "
             "popular items instead");
}

}  // namespace truenext::cli
