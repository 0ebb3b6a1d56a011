// SPDX-License-Identifier: Apache-2.0
#include "train/ranks/table_shards.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <numeric>
#include <utility>

#include "train/optimise/optimizer.h"
#include "train/ranks/gradient_wire.h"
#include "train/ranks/rank_sum.h"
#include "train/steps/tree_reducer.h"

namespace truenext {
namespace {

template <typename T>
void append(std::span<const T> values, Bytes& to) {
  const std::span<const std::byte> bytes = std::as_bytes(values);
  to.insert(to.end(), bytes.begin(), bytes.end());
}

/// The part of ascending `items` that lies in `range`, as positions in `items`.
RowRange part_of(std::span<const int32_t> items, RowRange range) {
  const auto place = [&](int64_t item) {
    return std::lower_bound(items.begin(), items.end(), item) - items.begin();
  };
  return {place(range.begin), place(range.end)};
}

std::span<const int32_t> part(std::span<const int32_t> items, RowRange range) {
  return items.subspan(static_cast<size_t>(range.begin), static_cast<size_t>(range.size()));
}

/// Rows that another rank asks for or has gradients of, counted from our first.
std::vector<int32_t> local_rows(std::span<const std::byte> bytes, RowRange kept) {
  std::vector<int32_t> rows(bytes.size() / sizeof(int32_t));
  if (!rows.empty()) std::memcpy(rows.data(), bytes.data(), bytes.size());
  for (int32_t& row : rows) row -= static_cast<int32_t>(kept.begin);
  assert(std::all_of(rows.begin(), rows.end(),
                     [&](int32_t row) { return row >= 0 && row < kept.size(); }));
  return rows;
}

Bytes copy_rows(const Tensor& values, std::span<const int32_t> rows) {
  const auto row_bytes = static_cast<size_t>(values.width()) * sizeof(float);
  const float* from = values.data();
  Bytes out(rows.size() * row_bytes);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(out.data() + i * row_bytes, from + rows[i] * values.width(), row_bytes);
  }
  return out;
}

/// What cut() packed: numbers of rows, then their values.
TableGradient<float> unpack(const Bytes& bytes, RowRange kept, int64_t dim) {
  TableGradient<float> gradient(kept.size(), dim);
  const size_t count = bytes.size() / (sizeof(int32_t) + static_cast<size_t>(dim) * sizeof(float));
  const size_t number_bytes = count * sizeof(int32_t);
  AlignedVector<float> values(count * static_cast<size_t>(dim));
  assert(number_bytes + values.size() * sizeof(float) == bytes.size());
  if (count == 0) return gradient;
  std::memcpy(values.data(), bytes.data() + number_bytes, values.size() * sizeof(float));
  gradient.set_rows(local_rows(std::span(bytes).first(number_bytes), kept), std::move(values));
  return gradient;
}

}  // namespace

RowRange rows_of_rank(int rank, int ranks, int64_t rows) {
  return {rows * rank / ranks, rows * (rank + 1) / ranks};
}

void TableShards::fetch(int64_t table, std::span<const int32_t> ids, const CatchUp& catch_up) {
  Parameter& parameter = parameters_[table];
  FetchedRows fetched;
  fetched.numbers = UsedRows(ids, parameter.shape[0]);
  const std::span<const int32_t> wanted = fetched.numbers.rows();
  const int ranks = ranks_.size();
  std::vector<Bytes> messages(static_cast<size_t>(ranks));
  for (int rank = 0; rank < ranks; ++rank) {
    const RowRange range = rows_of_rank(rank, ranks, parameter.shape[0]);
    append(part(wanted, part_of(wanted, range)), messages[rank]);
  }
  messages = ranks_.exchange(std::move(messages));
  for (Bytes& message : messages) {
    const std::vector<int32_t> rows = local_rows(message, parameter.kept);
    catch_up(rows);
    message = copy_rows(parameter.value, rows);
  }
  messages = ranks_.exchange(std::move(messages));
  // Ranges and rows are both ascending, so the answers come one behind the other.
  fetched.values = Tensor({fetched.numbers.size(), parameter.shape[1]});
  auto* to = reinterpret_cast<std::byte*>(fetched.values.data());
  for (const Bytes& message : messages) to = std::copy(message.begin(), message.end(), to);
  parameter.fetched = std::move(fetched);
}

std::vector<Bytes> TableShards::cut(const Parameter& table,
                                    const TableGradient<float>& gradient) const {
  std::vector<Bytes> messages(static_cast<size_t>(ranks_.size()));
  if (gradient.empty()) return messages;
  std::vector<int32_t> items = table.fetched->numbers.rows();
  if (!gradient.dense()) {
    std::vector<int32_t> touched;
    for (const int32_t row : gradient.rows()) touched.push_back(items[row]);
    items = std::move(touched);
  }
  const auto dim = static_cast<size_t>(gradient.dim());
  for (int rank = 0; rank < ranks_.size(); ++rank) {
    const RowRange its = part_of(items, rows_of_rank(rank, ranks_.size(), table.shape[0]));
    append(part(items, its), messages[rank]);
    append(gradient.values().subspan(static_cast<size_t>(its.begin) * dim,
                                     static_cast<size_t>(its.size()) * dim),
           messages[rank]);
  }
  return messages;
}

TableGradient<float> TableShards::sum_table(Parameter& table, TableGradient<float> mine) {
  using Gradient = TableGradient<float>;
  std::vector<Bytes> messages = cut(table, mine);
  table.fetched.reset();
  mine = Gradient();  // as large as its messages, which are all that is needed now
  messages = ranks_.exchange(std::move(messages));
  // A rank's tiles are a subtree (tiles_of), so ranks are the leaves of the tree's upper levels.
  TreeReducer<Gradient> reducer(
      ranks_.size(), [](Gradient& left, Gradient&& right) { left.add(std::move(right)); });
  for (int rank = 0; rank < ranks_.size(); ++rank) {
    reducer.deliver(rank, unpack(messages[rank], table.kept, table.shape[1]));
    messages[rank] = Bytes();
  }
  return reducer.take();
}

TileGradients<float> TableShards::sum(std::optional<TileGradients<float>> mine) {
  const auto own = [&](int64_t table) {
    return mine ? std::exchange(mine->tables[table], {}) : TableGradient<float>();
  };
  std::optional<TableGradient<float>> units;
  if (parameters_.units()) {  // numbered as the table whose rows they are made of, and so kept
    const int64_t apart = parameters_.names().find(kOutputTable);
    Parameter& table = parameters_[apart >= 0 ? apart : parameters_.index(kInputTable)];
    FetchedRows numbers{table.fetched->numbers, {}};
    units = sum_table(table, own(parameters_.size()));
    table.fetched = std::move(numbers);
  }
  std::vector<TableGradient<float>> kept(static_cast<size_t>(parameters_.size()));
  for (int64_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i].divided()) kept[i] = sum_table(parameters_[i], own(i));
  }
  TileGradients<float> total = sum_over_ranks<GradientWire>(ranks_, std::move(mine));
  for (int64_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i].divided()) total.tables[i] = std::move(kept[i]);
  }
  if (units) total.tables[parameters_.size()] = std::move(*units);
  return total;
}

double TableShards::add_squares(double before, const TableGradient<float>& kept) {
  const int rank = ranks_.rank();
  const auto value_of = [](const Bytes& bytes) {
    double value = 0;
    std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
  };
  const auto bytes_of = [](const double& value) { return std::as_bytes(std::span(&value, 1)); };
  if (rank > 0) before = value_of(ranks_.receive(rank - 1));
  const double sum = truenext::add_squares(before, kept.values());
  const int next = (rank + 1) % ranks_.size();
  ranks_.send(next, bytes_of(sum));
  Bytes total(sizeof(double));
  if (rank == 0) total = ranks_.receive(ranks_.size() - 1);
  ranks_.broadcast(total);
  return value_of(total);
}

}  // namespace truenext
