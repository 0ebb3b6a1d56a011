// SPDX-License-Identifier: Apache-2.0
// The bound. A row is x = a X + e, a query q = b Q + f with whole numbers X and Q, so
//   <q, x> = a b <Q, X> + <q, e> + <f, a X>  <=  a b <Q, X> + |q| |e| + |f| |a X|
// by Cauchy and Schwarz, with |.| the Euclidean length. A slack is |e| + phi |a X| plus what
// roundings add, and the query's length is the larger of |q| and |f| / phi. The float score differs
// from <q, x> by at most (2 dim + 16) u |q| |x|, u = 2^-24, whether its terms are fused or not
// (Higham 2002, section 3.1); the ceiling's own roundings cost less than 12 u |q| |a X| and, of the
// slack, less than 1e-6 of it.
#include "eval/compact_table.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

namespace truenext {
namespace {

using kernels::kCompactGroup;

// Between these nothing overflows, and what underflows is less than kLeastSlack * kLeast.
constexpr double kLeast = 1e-12;
constexpr double kMost = 1e12;
constexpr double kLeastSlack = 1e-20;
constexpr double kUnit = 0x1p-24;
constexpr int64_t kGroupsAtOnce = 1024;

/// The share of a row's length that a query's rounding can cost, for a query like a row.
double query_share(int64_t pairs) {
  return 0.5 * std::sqrt(static_cast<double>(2 * pairs)) /
         static_cast<double>(kernels::largest_compact_query(pairs));
}

float float_above(double value) {
  return std::nextafter(static_cast<float>(value * (1 + 1e-6)),
                        std::numeric_limits<float>::infinity());
}

/// The nearest whole number of size up to `most`, which is below 2^50. The library's function is a
/// call per number at the plain instruction level, most of the time of making a table.
double nearest_whole(double value, double most) {
  constexpr double kShift = 0x1.8p52;
  return std::clamp(value + kShift - kShift, -most, most);
}

double largest_of(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return static_cast<double>(largest);
}

}  // namespace

CompactTable::CompactTable(int64_t items, int64_t dim)
    : items_(items), dim_(dim), pairs_((dim + 1) / 2) {
  const int64_t rows = (items + kCompactGroup - 1) / kCompactGroup * kCompactGroup;
  values_.resize(static_cast<size_t>(rows * 2 * pairs_));
  scales_.resize(static_cast<size_t>(rows));
  slacks_.resize(static_cast<size_t>(rows));
}

std::optional<CompactTable> CompactTable::make(std::span<const float> table, int64_t dim,
                                               WorkerPool& pool) {
  CompactTable compact(static_cast<int64_t>(table.size()) / dim, dim);
  const int64_t groups = std::ssize(compact.scales_) / kCompactGroup;
  const int64_t tasks = (groups + kGroupsAtOnce - 1) / kGroupsAtOnce;
  std::atomic<bool> fits = true;
  pool.run(tasks, [&](int64_t task, int) {
    const int64_t last = std::min(groups, (task + 1) * kGroupsAtOnce);
    for (int64_t group = task * kGroupsAtOnce; group < last; ++group) {
      if (!compact.fill_group(group, table)) fits = false;
    }
  });
  if (!fits) return std::nullopt;
  return compact;
}

bool CompactTable::fill_group(int64_t group, std::span<const float> table) {
  const int64_t last = std::min(items_, (group + 1) * kCompactGroup);
  for (int64_t row = group * kCompactGroup; row < last; ++row) {
    const auto values = table.subspan(static_cast<size_t>(row * dim_), static_cast<size_t>(dim_));
    const double largest = largest_of(values);
    if (!(largest <= kMost)) return false;
    if (largest > 0) fill_row(row, values.data(), largest);
  }
  return true;
}

// Leaves the whole numbers of tiny rows zero, so that the error is all of them.
void CompactTable::fill_row(int64_t row, const float* values, double largest) {
  const float scale = largest < kLeast ? 0.0f : static_cast<float>(largest / 127);
  const double step = static_cast<double>(scale);
  const double inverse = scale > 0 ? 1 / step : 0;
  int8_t* to =
      values_.data() + (row / kCompactGroup * pairs_ * kCompactGroup + row % kCompactGroup) * 2;
  double errors = 0, kept = 0, squares = 0;
  for (int64_t c = 0; c < dim_; ++c) {
    const double value = static_cast<double>(values[c]);
    const double whole = nearest_whole(value * inverse, 127);
    to[c / 2 * 2 * kCompactGroup + c % 2] = static_cast<int8_t>(whole);
    errors += (value - step * whole) * (value - step * whole);
    kept += step * whole * step * whole;
    squares += value * value;
  }
  const double roundings = static_cast<double>(2 * dim_ + 16) * kUnit;
  const double slack = std::sqrt(errors) + (query_share(pairs_) + 12 * kUnit) * std::sqrt(kept) +
                       roundings * std::sqrt(squares);
  scales_[static_cast<size_t>(row)] = scale;
  slacks_[static_cast<size_t>(row)] = float_above(std::max(slack, kLeastSlack));
}

std::optional<CompactTable::Query> CompactTable::prepare(std::span<const float> state) const {
  const double largest = largest_of(state);
  if (!(largest >= kLeast && largest <= kMost)) return std::nullopt;
  const auto most = static_cast<double>(kernels::largest_compact_query(pairs_));
  Query query;
  query.values.resize(static_cast<size_t>(2 * pairs_));
  query.scale = static_cast<float>(largest / most);
  const double step = static_cast<double>(query.scale);
  double errors = 0, squares = 0;
  for (size_t c = 0; c < state.size(); ++c) {
    const double value = static_cast<double>(state[c]);
    const double whole = nearest_whole(value / step, most);
    query.values[c] = static_cast<int16_t>(whole);
    errors += (value - step * whole) * (value - step * whole);
    squares += value * value;
  }
  query.length = float_above(std::max(std::sqrt(squares), std::sqrt(errors) / query_share(pairs_)));
  return query;
}

float* CompactTable::ceilings(const Query& query, int64_t first, int64_t last,
                              std::vector<float>& memory) const {
  const int64_t group = first / kCompactGroup;
  const int64_t groups = (last + kCompactGroup - 1) / kCompactGroup - group;
  const auto size = static_cast<size_t>(groups * kCompactGroup);
  if (memory.size() < size) memory.resize(size);
  const kernels::CompactRows rows{pairs_, values_.data(), scales_.data(), slacks_.data()};
  kernels::score_ceilings(groups, rows.from_group(group),
                          {query.values.data(), query.scale, query.length}, memory.data());
  return memory.data() + (first - group * kCompactGroup);
}

int64_t CompactTable::bytes() const {
  return std::ssize(values_) +
         (std::ssize(scales_) + std::ssize(slacks_)) * static_cast<int64_t>(sizeof(float));
}

}  // namespace truenext
