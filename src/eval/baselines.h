// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/jagged.h"
#include "data/dataset.h"
#include "eval/evaluator.h"

namespace truenext {

/// What can be ranked beside a model without training anything but counts (docs/protocols.md, "What
/// stands beside the model").
struct Baseline {
  std::string_view name;  ///< as --baselines takes it
  std::string_view row;   ///< as tables and result files call it
  bool usual;             ///< stands there when nobody says otherwise
  std::unique_ptr<Scorer> (*make)(const Dataset& dataset);
};

/// All of them, in the order of the result's rows.
const std::vector<Baseline>& baseline_list();
/// "popularity, bigram, ..."
std::string baseline_names();
/// Reads "all", "default", "none" or names separated by commas; in the order of the list, each
/// once. Usage Error naming the nearest word.
std::vector<Baseline> parse_baselines(const std::string& text);

/// Sizes of VMIS-kNN under their letters in the paper.
struct NeighbourOptions {
  int64_t newest = 3;         ///< events of the query that are compared
  int64_t recent = 1000;      ///< m: candidates, the most recent users that share one of them
  int64_t neighbours = 1000;  ///< k: the most similar of those
  bool idf = true;            ///< rare items count more: log(users / users who have the item)
};

/// Session nearest neighbours with decay, VMIS-kNN (Kersbergen, Sprangers and Schelter, SIGMOD
/// 2022), after V-SkNN (Ludewig and Jannach, UMUAI 2018), over the training parts of other users;
/// items that no neighbour has follow by popularity. Queries::users must be users of `histories`:
/// nobody is a neighbour of himself. Without idf scores are whole numbers, exact below 2^24.
/// Memory: at most 8 bytes per training event, and per block that is scored 12 per user and 4 per
/// item. `times` may be empty.
std::unique_ptr<Scorer> make_neighbour_scorer(JaggedView<int32_t> histories,
                                              JaggedView<int64_t> times,
                                              std::span<const SplitPoint> splits, int64_t num_items,
                                              const NeighbourOptions& options = {});
std::unique_ptr<Scorer> make_neighbour_scorer(const Dataset& dataset);

/// Markov model of order 3 by interpolated absolute discounting (Ney, Essen and Kneser, Computer
/// Speech and Language 1994): scores are probabilities of the next item after the newest three,
/// backed off to two, one and none (popularity). Memory: 12 bytes per training event, and 12 per
/// item and block that is scored.
std::unique_ptr<Scorer> make_markov_scorer(JaggedView<int32_t> histories,
                                           std::span<const SplitPoint> splits, int64_t num_items);
std::unique_ptr<Scorer> make_markov_scorer(const Dataset& dataset);

}  // namespace truenext
