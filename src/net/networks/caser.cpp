// SPDX-License-Identifier: Apache-2.0
// Caser (Tang and Wang, WSDM 2018) from the history alone: the newest L = max_length item vectors
// as an image, filters over all of its length, filters of every height whose best place counts, and
//     state = relu(W [vertical, horizontal] + b).
// The original's user vector is left out, as in CSRec's baselines: states of users that training
// never met need none.
#include <fmt/format.h>

#include "base/error.h"
#include "net/network.h"
#include "net/network_parts.h"

namespace truenext {
namespace {

using net::Function;
using net::Ops;
using net::Rows;

/// Filters of every height up to here: their work grows with its cube.
constexpr int64_t kMostHeights = 256;

void check(ModelOptions& options) {
  net::check_no_positions(options);
  check_usage(options.max_length <= kMostHeights,
              "model.max_length = {}: caser has filters of every height up to it; want at most {}",
              options.max_length, kMostHeights);
}

std::string horizontal_name(int64_t height) {
  return fmt::format("horizontal.{}", height);
}

std::vector<TensorInfo> tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size, length = options.max_length;
  const int64_t vertical = options.vertical_filters, horizontal = options.horizontal_filters;
  std::vector<TensorInfo> list;
  net::add_item_tables(options, num_items, list);
  // A column a filter.
  list.push_back({"vertical.weight", {length, vertical}, Start::matrix, length});
  list.push_back({"vertical_bias", {vertical}, Start::bias, length});
  for (int64_t height = 1; height <= length; ++height) {
    add_linear(list, horizontal_name(height), horizontal, height * d);
  }
  add_linear(list, "dense", d, vertical * d + horizontal * length);
  return list;
}

/// What lies before a history: zeros, or the original's padding row.
net::Prefix before(Ops& ops, const ModelOptions& options) {
  const int64_t steps = options.max_length - 1;
  if (options.padding == PaddingUse::none || steps == 0) return {};
  const Rows rows =
      ops.gather(ops.parameter(kPaddingVector), net::Ids(static_cast<size_t>(steps), 0));
  return {rows,
          net::Ids(static_cast<size_t>(ops.input().sequences()), static_cast<int32_t>(steps))};
}

/// One number a filter and column of the image, [windows, filters * width]: by place in the window
/// the same weight for every column.
Rows vertical(Ops& ops, Rows windows, int64_t length, int64_t filters) {
  net::Ids places;
  net::Offsets offsets{0};
  for (int64_t w = 0; w < windows.count / length; ++w) {
    for (int64_t place = 0; place < length; ++place) places.push_back(static_cast<int32_t>(place));
    offsets.push_back(offsets.back() + length);
  }
  const net::Layout layout = net::wanted_layout(ops);
  const Rows weights = ops.gather(ops.parameter("vertical.weight"), places);
  const Rows biases = ops.parameter("vertical_bias");
  std::vector<Rows> parts;
  for (int64_t filter = 0; filter < filters; ++filter) {
    const Rows weighed = ops.multiply(windows, ops.columns(weights, filter, filter + 1));
    const Rows sum = ops.segment_sum(weighed, offsets, layout);
    parts.push_back(ops.add(sum, ops.columns(biases, filter, filter + 1)));
  }
  return ops.beside(parts);
}

/// The best place of every filter of every height, [windows, filters * length].
Rows horizontal(Ops& ops, Rows windows, int64_t length) {
  const int64_t count = windows.count / length;
  std::vector<Rows> parts;
  for (int64_t height = 1; height <= length; ++height) {
    const Rows found = ops.slide(windows, length, height, horizontal_name(height));
    net::Offsets offsets{0};
    for (int64_t w = 0; w < count; ++w) offsets.push_back(offsets.back() + length - height + 1);
    parts.push_back(ops.segment_max(found, offsets));
  }
  return ops.apply(Function::relu, ops.beside(parts));
}

Rows run(Ops& ops, const ModelOptions& options) {
  const int64_t length = options.max_length;
  const Rows x = net::item_vectors(ops);
  const Rows windows = ops.windows(x, length, ops.wanted(), before(ops, options));
  const Rows parts[] = {vertical(ops, windows, length, options.vertical_filters),
                        horizontal(ops, windows, length)};
  const Rows both = ops.dropout(ops.beside(parts), options.dropout, Purpose::dropout_output, 0);
  return ops.apply(Function::relu, ops.linear(both, "dense"));
}

/// As in CSRec, whose sum over the horizontal filters stays zero.
bool penalises(const TensorInfo& tensor) {
  return tensor.is_table() || tensor.name == "vertical.weight" || tensor.name == "dense.weight";
}

std::string describe(const ModelOptions& options) {
  return fmt::format("{} vertical filters, {} horizontal ones of each height up to {}",
                     options.vertical_filters, options.horizontal_filters, options.max_length);
}

}  // namespace

extern const NetworkInfo caser_network;
const NetworkInfo caser_network{
    .name = "caser",
    .summary = "convolutions over the newest items as an image (Caser)",
    .check = &check,
    .tensors = &tensors,
    .run = &run,
    .penalises = &penalises,
    .describe = &describe,
    .keys = {"vertical_filters", "horizontal_filters"},
    .examples = {"", "tie_embeddings=true padding=attend vertical_filters=2"}};

}  // namespace truenext
