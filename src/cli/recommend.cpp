// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "cli/commands.h"
#include "eval/candidate_rows.h"
#include "eval/evaluator.h"
#include "eval/run_inputs.h"
#include "inference/model_file.h"

namespace upnext::cli {
namespace {

constexpr size_t kLinesAtOnce = 256;

struct RecommendArguments {
  std::string model, data, history, user, exclude, separator;
  bool from_stdin = false;
  bool include_seen = false;
  bool probabilities = false;
  int64_t k = 10;
};

/// One question and its answer.
struct Request {
  std::vector<int32_t> history;      ///< model items
  std::vector<std::string> unknown;  ///< raw ids the model does not know
  std::vector<ScoredItem> best;      ///< model items, or dataset items when fallback is set
  bool fallback = false;             ///< answered by popularity
  double log_normaliser = 0;         ///< of the model's probabilities
};

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

class Recommender {
 public:
  Recommender(const RecommendArguments& arguments, const Globals& globals)
      : arguments_(arguments),
        json_(globals.json),
        model_(ModelFile::open(arguments.model)),
        scorer_(make_encoder_scorer(model_.encoder())),
        pool_(globals.threads > 0 ? globals.threads : available_threads()),
        exclude_seen_(model_.description().exclude_seen && !arguments.include_seen),
        excluded_(split_ids(arguments.exclude, arguments.separator)) {
    if (!arguments.data.empty() || !arguments.user.empty()) {
      dataset_ =
          Dataset::open(find_data_folder(arguments.model, model_.description(), arguments.data));
    }
    std::sort(excluded_.begin(), excluded_.end());
    if (arguments.probabilities) check_calibrated();
  }

  void answer_history() {
    std::vector<Request> requests{parse(arguments_.history)};
    answer(&requests);
    check_answered(requests.front());
    print(requests.front());
  }

  void answer_user() {
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

  /// One history per line. Answers as soon as no further line is waiting, so that a program at the
  /// other end of a pipe can ask one by one.
  void answer_stdin() {
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

 private:
  void check_calibrated() const {
    const auto& calibration = model_.description().calibration;
    check_usage(
        calibration.has_value(),
        "--probabilities: the model is not calibrated, its scores are no probabilities; run "
        "`upnext calibrate {}` first",
        arguments_.model);
    check_usage(calibration->exclude_seen == exclude_seen_,
                "--probabilities: they were fitted with items of the history {}; {}",
                calibration->exclude_seen ? "excluded" : "included",
                calibration->exclude_seen ? "leave out --include-seen"
                                          : "add --include-seen, or calibrate again without it");
  }

  Request parse(std::string_view line) const {
    Request request;
    for (const std::string& id : split_ids(line, arguments_.separator)) add_item(id, &request);
    if (!request.unknown.empty()) {
      log_warning("unknown to the model and skipped: {}", fmt::join(request.unknown, ", "));
    }
    return request;
  }

  void add_item(std::string_view raw, Request* request) const {
    if (const auto item = model_.find_item(raw)) {
      request->history.push_back(*item);
    } else {
      request->unknown.emplace_back(raw);
    }
  }

  bool is_excluded(std::string_view raw) const {
    return std::binary_search(excluded_.begin(), excluded_.end(), raw, std::less<>());
  }

  /// The best k of `scorer` for each, without the excluded items; `raw` names an item.
  template <typename Raw>
  void rank(const Scorer& scorer, const std::vector<Request*>& requests, const Raw& raw) {
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

  void answer(std::vector<Request>* requests) {
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

  void check_answered(const Request& request) const {
    check_data(
        !request.history.empty() || request.fallback,
        "the history holds no item that the model knows, and a model without a history knows "
        "nothing to say; --data FOLDER (the dataset it was trained on) answers with the most "
        "popular items instead");
  }

  std::string_view item_id(const Request& request, int32_t item) const {
    return request.fallback ? dataset_->items().raw(item) : model_.item_id(item);
  }
  std::string_view title(const Request& request, int32_t item) const {
    return request.fallback ? dataset_->title(item) : model_.title(item);
  }

  /// Popularity has none.
  std::optional<double> probability(const Request& request, float score) const {
    if (!arguments_.probabilities || request.fallback) return std::nullopt;
    return model_.description().calibration->probability(static_cast<double>(score),
                                                         request.log_normaliser);
  }

  void print(const Request& request) const {
    if (request.fallback)
      log_warning("no known item in the history: these are the most popular items");
    if (json_) {
      print_json(request);
      return;
    }
    size_t width = 4;
    bool titles = false;  // many catalogues have none
    for (const ScoredItem& entry : request.best) {
      width = std::max(width, item_id(request, entry.item).size());
      titles = titles || !title(request, entry.item).empty();
    }
    fmt::print("{:>4}  {:<{}}  {:>9}{}{}\n", "rank", "item", width, "score",
               arguments_.probabilities ? "  probability" : "", titles ? "  title" : "");
    int64_t rank = 0;
    for (const ScoredItem& entry : request.best) {
      std::string column;
      if (arguments_.probabilities) {
        const auto p = probability(request, entry.score);
        column = fmt::format("  {:>11}", p ? fmt::format("{:.5f}", *p) : "-");
      }
      fmt::print("{:>4}  {:<{}}  {:>9.4f}{}{}{}\n", ++rank, item_id(request, entry.item), width,
                 entry.score, column, titles ? "  " : "", title(request, entry.item));
    }
  }

  void print_json(const Request& request) const {
    nlohmann::ordered_json json;
    json["method"] = request.fallback ? "popularity" : request.history.empty() ? "none" : "model";
    json["history"] = nlohmann::ordered_json::array();
    for (const int32_t item : request.history) json["history"].push_back(model_.item_id(item));
    json["unknown"] = request.unknown;
    json["items"] = nlohmann::ordered_json::array();
    for (const ScoredItem& entry : request.best) {
      nlohmann::ordered_json item = {{"item", item_id(request, entry.item)},
                                     {"title", title(request, entry.item)},
                                     {"score", entry.score}};
      if (const auto p = probability(request, entry.score)) item["probability"] = *p;
      json["items"].push_back(std::move(item));
    }
    fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }

  const RecommendArguments& arguments_;
  bool json_;
  ModelFile model_;
  std::unique_ptr<Scorer> scorer_;
  WorkerPool pool_;
  bool exclude_seen_;
  std::vector<std::string> excluded_;
  std::optional<Dataset> dataset_;
  std::unique_ptr<Scorer> popularity_;
};

void run_recommend(RecommendArguments arguments, bool has_history, const Globals& globals) {
  if (arguments.history == "-") {
    arguments.from_stdin = true;
    has_history = false;
  }
  const int sources =
      (has_history ? 1 : 0) + (arguments.from_stdin ? 1 : 0) + (arguments.user.empty() ? 0 : 1);
  check_usage(sources == 1,
              "say whom to recommend to: one of --history \"id,id,...\", --stdin (one history per "
              "line) and --user ID");
  Recommender recommender(arguments, globals);
  if (arguments.from_stdin) {
    recommender.answer_stdin();
  } else if (!arguments.user.empty()) {
    recommender.answer_user();
  } else {
    recommender.answer_history();
  }
}

}  // namespace

void add_recommend(CLI::App& app, Globals& globals) {
  CLI::App* verb =
      app.add_subcommand("recommend", "The best next items for a history, oldest item first");
  auto arguments = std::make_shared<RecommendArguments>();
  verb->add_option("model", arguments->model, "Run folder or model file")->required();
  CLI::Option* history =
      verb->add_option("--history", arguments->history,
                       "Raw item ids, oldest first, e.g. \"1193,661,914\"; - is stdin");
  verb->add_flag("--stdin", arguments->from_stdin, "Read histories from stdin, one per line");
  verb->add_option("--user", arguments->user, "Raw id of a user of the dataset");
  verb->add_option("--data", arguments->data,
                   "Dataset folder, for --user and for unknown histories");
  verb->add_option("-k,--count", arguments->k, "Number of items")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_flag("--include-seen", arguments->include_seen, "Items of the history may come back");
  verb->add_flag("--probabilities", arguments->probabilities,
                 "Calibrated probabilities beside the scores (after upnext calibrate)");
  verb->add_option("--exclude", arguments->exclude, "Raw item ids that are not to be recommended");
  verb->add_option("--separator", arguments->separator,
                   "What separates ids (default: commas and blanks); for ids that contain those");
  verb->callback([arguments, history, &globals] {
    if (arguments->from_stdin || history->count() > 0) std::ios::sync_with_stdio(false);
    run_recommend(*arguments, history->count() > 0, globals);
  });
}

}  // namespace upnext::cli
