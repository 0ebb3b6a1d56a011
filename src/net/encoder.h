// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/jagged.h"
#include "net/attribute_lists.h"
#include "net/model_options.h"
#include "net/network.h"
#include "net/ops.h"
#include "net/tensors.h"

namespace truenext {

/// What a model with model.time is told beside histories, in seconds. Others read nothing of it.
struct HistoryTimes {
  std::span<const int64_t> events{};  ///< one for each of the histories' values
  /// [histories]: when the next item is asked for; for model.time = "request" only.
  std::span<const int64_t> requests{};
};

/// A finished model that turns histories into states. Thread-safe. Borrowed weights must outlive
/// it.
class SequenceEncoder {
 public:
  virtual ~SequenceEncoder() = default;
  virtual int64_t dim() const = 0;
  virtual int64_t num_items() const = 0;
  /// Newest items that are looked at.
  virtual int64_t max_length() const = 0;
  /// The state after the newest item of each history: states [histories.size(), dim]. Histories
  /// may have any length from 1; longer than max_length() are cut to their newest items. The state
  /// of a history does not depend on its neighbours in the batch. Usage Error when time_use() asks
  /// for times that are not there.
  virtual void encode_last(JaggedView<int32_t> histories, float* states,
                           const HistoryTimes& times = {}) const = 0;
  /// The states after every item: states [number of items in all histories, dim], packed like the
  /// histories. The caller cuts: a history longer than max_length() is refused.
  virtual void encode_all(JaggedView<int32_t> histories, float* states,
                          const HistoryTimes& times = {}) const = 0;
  /// Table that scores are taken with: [num_items, dim], score = <state, row>.
  virtual std::span<const float> item_table() const = 0;
  /// Columns of item_table() that are an item's vector; those behind are of scores only (a bias).
  virtual int64_t vector_dim() const { return dim(); }
  /// Which times it is to be told.
  virtual TimeUse time_use() const { return TimeUse::none; }
};

/// The network of `options` with these weights, run by the kernels. Data Error naming a missing,
/// extra or misshapen tensor, or an item outside the catalogue when encoding. `options` are
/// resolved on a copy; the number of items is that of the item table. `attributes` are read with
/// model.attributes only, and no longer once the encoder is made.
std::unique_ptr<SequenceEncoder> make_encoder(const ModelOptions& options, const TensorMap& weights,
                                              const AttributeLists& attributes = {});

/// Names and shapes of all tensors of a model, in the order in which they are stored
/// (docs/checkpoint-format.md lists them).
/// Linear weights are (out, in): y = x W^T + b.
std::vector<TensorInfo> model_tensors(const ModelOptions& options, int64_t num_items,
                                      int64_t num_attributes = 0);

/// Windows of one pass in use: the newest items of histories and, for networks that fill masks, a
/// hidden place behind each.
struct UseWindows {
  std::vector<int32_t> items;
  std::vector<int64_t> offsets{0};
  std::vector<uint8_t> hidden;  ///< empty where nothing is
  std::vector<int32_t> newest;  ///< the token of each window whose state is for the next item
  std::vector<int64_t> times, query_times;  ///< empty where none are told

  void clear();
  /// Histories begin .. end - 1 as a model over `num_items` items looks at them, with what it is
  /// told of their `times`, which are there (check_times()). Data Error as of checked_window().
  void add(const ModelOptions& options, JaggedView<int32_t> histories, const HistoryTimes& times,
           int64_t begin, int64_t end, int64_t num_items);
  /// Of the newest states, or all. Borrows.
  net::Input input(bool all = false) const;
};
/// Items of a history that a model looks at.
int64_t room_for_items(const NetworkInfo& network, const ModelOptions& options);

/// Usage Error when a model that is told `use` lacks times for these histories.
void check_times(TimeUse use, JaggedView<int32_t> histories, const HistoryTimes& times);

/// The newest max_length items of a history. Data Error when it is empty or names an item outside
/// 0..num_items-1, as happens when a model is given another dataset's histories.
std::span<const int32_t> checked_window(JaggedView<int32_t> histories, int64_t row,
                                        int64_t max_length, int64_t num_items);

}  // namespace truenext
