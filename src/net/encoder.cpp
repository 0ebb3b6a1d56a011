// SPDX-License-Identifier: Apache-2.0
#include "net/encoder.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "base/error.h"
#include "net/composed_tables.h"
#include "net/network.h"
#include "net/scoring.h"
#include "net/tile_pass.h"

namespace truenext {
namespace {

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

void check_tensors(const std::vector<TensorInfo>& wanted, const TensorMap& weights) {
  for (const TensorInfo& info : wanted) {
    const auto found = weights.find(info.name);
    check_data(found != weights.end(), "tensor {} of shape {} is missing", info.name,
               shape_text(info.shape));
    check_data(found->second.shape == info.shape, "tensor {} has the shape {}, expected {}",
               info.name, shape_text(found->second.shape), shape_text(info.shape));
  }
  for (const auto& [name, view] : weights) {
    const bool known = std::any_of(wanted.begin(), wanted.end(),
                                   [&](const TensorInfo& info) { return info.name == name; });
    check_data(known, "tensor {} of shape {} does not belong to this model", name,
               shape_text(view.shape));
  }
}

int64_t count_items(const TensorMap& weights) {
  const auto table = weights.find(kInputTable);
  check_data(table != weights.end(), "tensor {} is missing", kInputTable);
  check_data(table->second.shape.size() == 2 && table->second.shape[0] >= 1,
             "tensor {} has the shape {}, expected [items, hidden_size]", kInputTable,
             shape_text(table->second.shape));
  const int64_t items = table->second.shape[0];
  check_data(items <= std::numeric_limits<int32_t>::max(),
             "{} items, at most 2^31 - 1 are possible", items);
  return items;
}

int64_t count_attributes(const ModelOptions& options, const TensorMap& weights) {
  if (options.attributes == AttributeUse::none) return 0;
  const auto table = weights.find(kAttributeTable);
  check_data(table != weights.end(), "tensor {} is missing", kAttributeTable);
  return table->second.shape.empty() ? 0 : table->second.shape[0];
}

/// Which states of a history are asked for.
enum class States { newest, all };

/// Reused by every call on a thread.
UseWindows& windows_of_thread() {
  thread_local UseWindows windows;
  return windows;
}

class NetworkEncoder final : public SequenceEncoder {
 public:
  NetworkEncoder(const ModelOptions& options, const TensorMap& weights,
                 const std::vector<TensorInfo>& tensors, const AttributeLists& attributes)
      : options_(options),
        network_(find_network(options.name)),
        num_items_(count_items(weights)),
        dim_(scoring_of(options).width()),
        names_(tensors) {
    for (const TensorInfo& info : tensors) {
      const TensorView& view = weights.at(info.name);
      weights_.push_back(WeightView<float>::of(view.shape, view.data));
    }
    const ComposedTables composed(options_in_use(options_), names_);
    compose(composed, attributes);
    item_table_ = weights_[composed.scores()].data;
  }

  int64_t dim() const override { return dim_; }
  int64_t vector_dim() const override { return options_.hidden_size; }
  int64_t num_items() const override { return num_items_; }
  int64_t max_length() const override { return room_for_items(network_, options_); }
  std::span<const float> item_table() const override {
    return {item_table_, static_cast<size_t>(num_items_ * dim())};
  }
  TimeUse time_use() const override { return options_.time; }
  void encode_last(JaggedView<int32_t> histories, float* states,
                   const HistoryTimes& times) const override {
    encode(histories, States::newest, states, times);
  }
  void encode_all(JaggedView<int32_t> histories, float* states,
                  const HistoryTimes& times) const override {
    for (int64_t row = 0; row < histories.size(); ++row) {
      check_data(histories.row_size(row) <= max_length(),
                 "history {} has {} items, the model sees at most {}: cut it first", row,
                 histories.row_size(row), max_length());
    }
    if (network_.fills_masks) return encode_prefixes(histories, states);
    encode(histories, States::all, states, times);
  }

 private:
  void compose(const ComposedTables& composed, const AttributeLists& attributes);
  void encode(JaggedView<int32_t> histories, States wanted, float* states,
              const HistoryTimes& times) const;
  /// The state after an item of a network that looks ahead is that of the history up to it.
  void encode_prefixes(JaggedView<int32_t> histories, float* states) const;
  /// Returns the number of states written.
  int64_t encode_tile(const UseWindows& windows, States wanted, float* states) const;

  ModelOptions options_;
  const NetworkInfo& network_;
  int64_t num_items_, dim_;
  const float* item_table_ = nullptr;
  TensorNames names_;
  WeightViews<float> weights_;
  std::vector<Tensor> composed_;  ///< what is read in the place of some of the weights
};

void NetworkEncoder::compose(const ComposedTables& composed, const AttributeLists& attributes) {
  const WeightViews<float> trained = weights_;
  composed_.reserve(composed.places().size());  // views stay where they are
  for (const int64_t place : composed.places()) {
    const std::vector<int64_t> shape{num_items_, composed.width(place)};
    Tensor& table = composed_.emplace_back(shape);
    composed.compose(place, trained, attributes, {0, num_items_}, table.data());
    const WeightView<float> view = WeightView<float>::of(shape, table.data());
    if (place == composed.units()) {
      weights_.push_back(view);
    } else {
      weights_[place] = view;
    }
  }
}

void NetworkEncoder::encode(JaggedView<int32_t> histories, States wanted, float* states,
                            const HistoryTimes& times) const {
  check_times(options_.time, histories, times);
  const UseTile& limit = network_.use_tile;
  int64_t begin = 0;
  while (begin < histories.size()) {
    int64_t end = begin;
    int64_t tokens = 0;
    while (end < histories.size() && end - begin < limit.sequences) {
      tokens += std::min(histories.row_size(end), max_length());
      if (end > begin && tokens > limit.tokens) break;
      ++end;
    }
    UseWindows& windows = windows_of_thread();
    windows.clear();
    windows.add(options_, histories, times, begin, end, num_items_);
    states += encode_tile(windows, wanted, states) * dim();
    begin = end;
  }
}

void NetworkEncoder::encode_prefixes(JaggedView<int32_t> histories, float* states) const {
  for (int64_t row = 0; row < histories.size(); ++row) {
    Jagged<int32_t> prefixes;
    const std::span<const int32_t> history = histories.row(row);
    for (size_t length = 1; length <= history.size(); ++length) {
      prefixes.add_row(history.first(length));
    }
    encode(prefixes, States::newest, states, {});  // none of these is told times
    states += prefixes.size() * dim();
  }
}

int64_t NetworkEncoder::encode_tile(const UseWindows& windows, States wanted, float* states) const {
  net::Arena& arena = net::thread_arena();
  arena.reset();
  net::TilePass<float> pass(names_, weights_, windows.input(wanted == States::all), {}, arena);
  const net::Rows result = run_network(network_, pass, options_);
  assert(result.count == pass.input().wanted_count() && result.width == dim());
  std::copy_n(pass.values(result), result.size(), states);
  return result.count;
}

}  // namespace

void UseWindows::clear() {
  items.clear();
  hidden.clear();
  newest.clear();
  times.clear();
  query_times.clear();
  offsets.assign(1, 0);
}

void UseWindows::add(const ModelOptions& options, JaggedView<int32_t> histories,
                     const HistoryTimes& told, int64_t begin, int64_t end, int64_t num_items) {
  const NetworkInfo& network = find_network(options.name);
  const int64_t room = room_for_items(network, options);
  for (int64_t row = begin; row < end; ++row) {
    const auto window = checked_window(histories, row, room, num_items);
    items.insert(items.end(), window.begin(), window.end());
    if (network.fills_masks) {
      hidden.resize(items.size(), 0);
      items.push_back(0);  // any item: it is not seen
      hidden.push_back(1);
    }
    offsets.push_back(std::ssize(items));
    newest.push_back(static_cast<int32_t>(items.size()) - 1);
    if (options.time == TimeUse::none) continue;
    const JaggedView<int64_t> events{told.events, histories.offsets};
    const auto seen = events.row(row).last(window.size());
    times.insert(times.end(), seen.begin(), seen.end());
    query_times.insert(query_times.end(), seen.begin() + 1, seen.end());
    query_times.push_back(options.time == TimeUse::request ? told.requests[row] : 0);
  }
}

net::Input UseWindows::input(bool all) const {
  const auto wanted = all ? net::Wanted::all() : net::Wanted::list(newest);
  return {items, offsets, {}, wanted, times, query_times, hidden};
}

int64_t room_for_items(const NetworkInfo& network, const ModelOptions& options) {
  return options.max_length - (network.fills_masks ? 1 : 0);
}

std::vector<TensorInfo> model_tensors(const ModelOptions& options, int64_t num_items,
                                      int64_t num_attributes) {
  const ModelOptions full = options.resolved();
  std::vector<TensorInfo> tensors = find_network(full.name).tensors(full, num_items);
  add_composed_tensors(full, num_items, num_attributes, tensors);
  return tensors;
}

std::unique_ptr<SequenceEncoder> make_encoder(const ModelOptions& options, const TensorMap& weights,
                                              const AttributeLists& attributes) {
  const ModelOptions full = options.resolved();
  const int64_t items = count_items(weights), known = count_attributes(full, weights);
  const std::vector<TensorInfo> tensors = model_tensors(full, items, known);
  check_tensors(tensors, weights);
  if (full.attributes == AttributeUse::add) {
    check_data(attributes.count == known, "tensor {} has {} rows for {} attributes",
               kAttributeTable, known, attributes.count);
    check_attributes(attributes, items);
  }
  return std::make_unique<NetworkEncoder>(full, weights, tensors, attributes);
}

void check_times(TimeUse use, JaggedView<int32_t> histories, const HistoryTimes& times) {
  if (use == TimeUse::none) return;
  check_usage(
      times.events.size() == histories.values.size(),
      "the model was trained with model.time = \"{}\" and is told when every event of a "
      "history was; here that is not known: `truenext recommend` tells it, by --user of a dataset "
      "with times or by --times",
      word_of(use));
  check_usage(use != TimeUse::request || std::ssize(times.requests) == histories.size(),
              "the model was trained with model.time = \"request\" and is told when the next item "
              "is asked for; here that is not known: `truenext recommend --at TIME` tells it");
}

std::span<const int32_t> checked_window(JaggedView<int32_t> histories, int64_t row,
                                        int64_t max_length, int64_t num_items) {
  const std::span<const int32_t> history = histories.row(row);
  check_data(!history.empty(), "history {} is empty; a state needs at least one item", row);
  const size_t kept = std::min(history.size(), static_cast<size_t>(max_length));
  const std::span<const int32_t> window = history.last(kept);
  for (const int32_t item : window) {
    check_data(item >= 0 && item < num_items,
               "history {} holds item {}, the model knows items 0 to {}: it belongs to another "
               "dataset",
               row, item, num_items - 1);
  }
  return window;
}

}  // namespace truenext
