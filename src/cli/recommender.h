// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "cli/commands.h"
#include "data/dataset.h"
#include "eval/evaluator.h"
#include "inference/model_file.h"

namespace truenext::cli {

struct RecommendArguments {
  std::string model, data, history, user, exclude, separator;
  bool from_stdin = false;
  bool include_seen = false;
  bool probabilities = false;
  int64_t k = 10;
};

/// A finished model that answers histories with lists of items, on standard output.
class Recommender {
 public:
  /// Both arguments are borrowed for as long as it lives.
  Recommender(const RecommendArguments& arguments, const Globals& globals);

  void answer_history();
  void answer_user();
  /// One history per line. Answers as soon as no further line is waiting, so that a program at the
  /// other end of a pipe can ask one by one.
  void answer_stdin();

 private:
  /// One question and its answer.
  struct Request {
    std::vector<int32_t> history;      ///< model items
    std::vector<std::string> unknown;  ///< raw ids the model does not know
    std::vector<ScoredItem> best;      ///< model items, or dataset items when fallback is set
    bool fallback = false;             ///< answered by popularity
    double log_normaliser = 0;         ///< of the model's probabilities
  };

  void check_calibrated() const;
  Request parse(std::string_view line) const;
  void add_item(std::string_view raw, Request* request) const;
  bool is_excluded(std::string_view raw) const;
  template <typename Raw>
  void rank(const Scorer& scorer, const std::vector<Request*>& requests, const Raw& raw);
  void answer(std::vector<Request>* requests);
  void check_answered(const Request& request) const;

  std::string_view item_id(const Request& request, int32_t item) const;
  std::string_view title(const Request& request, int32_t item) const;
  /// Popularity has none.
  std::optional<double> probability(const Request& request, float score) const;
  void print(const Request& request) const;
  void print_json(const Request& request) const;

  const RecommendArguments& arguments_;
  bool json_;
  ModelFile model_;
  WorkerPool pool_;
  std::unique_ptr<Scorer> scorer_;
  bool exclude_seen_;
  std::vector<std::string> excluded_;
  std::optional<Dataset> dataset_;
  std::unique_ptr<Scorer> popularity_;
};

}  // namespace truenext::cli
