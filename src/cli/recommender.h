// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "cli/blend.h"
#include "cli/commands.h"
#include "cli/ensemble.h"
#include "cli/item_filter.h"
#include "cli/list_options.h"
#include "data/dataset.h"
#include "eval/answers.h"
#include "eval/evaluator.h"
#include "inference/model_file.h"

namespace truenext::cli {

struct RecommendArguments {
  std::vector<std::string> runs;  ///< run folders or model files, several with `ensemble`
  EnsembleArguments ensemble;
  std::string data, history, user, users, separator;
  std::string times, at;  ///< of the history's items and of the request, for models told some
  BlendArguments blend;
  FilterArguments filter;
  ListArguments lists;
  bool from_stdin = false;
  bool all_users = false;
  bool include_seen = false;
  bool probabilities = false;
  int64_t k = 10;
};

/// A finished model, or an ensemble, that answers histories with lists of items, on standard
/// output.
class Recommender {
 public:
  /// Both arguments are borrowed for as long as it lives.
  Recommender(const RecommendArguments& arguments, const Globals& globals);

  void answer_history();
  void answer_user();
  /// One history per line. Answers as soon as no further line is waiting, so that a program at the
  /// other end of a pipe can ask one by one.
  void answer_stdin();
  /// The lists of all users of the dataset, or of those that a file names, in its order.
  void answer_users(const ListArguments& lists, const std::string& file, const Globals& globals);

 private:
  /// One question and its answer.
  struct Request {
    std::vector<int32_t> history;      ///< model items
    std::vector<int64_t> times;        ///< of these, where the model is told times
    std::vector<std::string> unknown;  ///< raw ids the model does not know
    std::vector<ScoredItem> best;      ///< model items, or dataset items when fallback is set
    bool fallback = false;             ///< answered by popularity
    double log_normaliser = 0;         ///< of the model's probabilities
    std::string note;                  ///< why the list is empty
  };

  void check_calibrated() const;
  /// What times are given and what times the models are told: refuses one without the other.
  void check_times();
  /// Refuses a request before what it looks back at.
  void check_asked_after(std::span<const int64_t> times, std::string_view whose) const;
  /// Puts the counts of --blend into the scorer.
  void blend();
  Request parse(std::string_view line) const;
  /// False when the model does not know it.
  bool add_item(std::string_view raw, Request* request) const;
  FindItem find_in_model() const;
  /// An item of the model, or at least of the dataset.
  FindItem find_anywhere() const;
  AnswerOptions answer_options() const;
  void rank(const Scorer& scorer, const AnswerOptions& options,
            const std::vector<Request*>& requests);
  std::string why_empty(const Request& request, const ItemSet* eligible, int64_t items) const;
  void answer(std::vector<Request>* requests);
  void check_answered(const Request& request) const;
  /// Whether the answer depends on when it was asked for; popularity does not.
  bool told_request(const Request& request) const {
    return time_ == TimeUse::request && !request.fallback;
  }

  /// Whether counts have a part in the answer.
  bool is_blended(const Request& request) const {
    return blend_.counts > 0 && !request.fallback && !request.history.empty();
  }

  std::string_view item_id(const Request& request, int32_t item) const;
  std::string_view title(const Request& request, int32_t item) const;
  /// Popularity has none.
  std::optional<double> probability(const Request& request, float score) const;
  void print(const Request& request) const;
  void print_json(const Request& request) const;

  const RecommendArguments& arguments_;
  bool json_;
  Ensemble models_;
  const ModelFile& model_;  ///< the first, whose items and titles are those of all
  WorkerPool pool_;
  std::unique_ptr<Scorer> scorer_;
  bool exclude_seen_;
  TimeUse time_ = TimeUse::none;  ///< the most that one of the models is told
  int64_t at_ = 0;                ///< with TimeUse::request: when the items are asked for
  ItemFilter filter_;
  std::optional<ItemSet> eligible_;  ///< model items
  std::optional<Dataset> dataset_;
  BlendReport blend_;
  std::unique_ptr<Scorer> popularity_;
  std::optional<ItemSet> eligible_popular_;  ///< dataset items
};

}  // namespace truenext::cli
