// SPDX-License-Identifier: Apache-2.0
#include "objectives/catalogue_loss.h"

#include <algorithm>
#include <bit>

#include "kernels/overloads.h"
#include "kernels/scratch.h"
#include "objectives/query_rows.h"

namespace truenext {
namespace {

/// Scores of a block of queries: a unit of the first phase stays in the second-level cache.
constexpr int64_t kBlockScores = int64_t{1} << 18;
/// Items of a unit of the second phase, whose gradients stay in the first- or second-level cache.
constexpr int64_t kRangeItems = 256;
/// Scores that are kept, 64 MB: more queries are taken one group after the other.
constexpr int64_t kKeptScores = int64_t{1} << 24;
/// Catalogues whose rows are made whole (objectives/full_catalogue.cpp).
constexpr int64_t kMostItems = 16384;
/// Numbers of a table from which on a gradient of its size for every tile costs more than keeping
/// scores.
constexpr int64_t kLargeTable = int64_t{1} << 18;

}  // namespace

template <typename T>
bool CatalogueLoss<T>::pays(int64_t num_items, int64_t dim) {
  return num_items <= kMostItems && num_items * dim >= kLargeTable;
}

template <typename T>
int64_t CatalogueLoss<T>::most_queries(int64_t num_items) {
  return std::max<int64_t>(1, kKeptScores / num_items);
}

template <typename T>
CatalogueLoss<T>::CatalogueLoss(const Criterion& criterion, std::span<const T> table, int64_t dim,
                                int64_t divisor, std::span<Part> parts, AlignedVector<T>& scores)
    : criterion_(criterion),
      table_(table),
      dim_(dim),
      num_items_(static_cast<int64_t>(table.size()) / dim),
      share_(1.0 / static_cast<double>(divisor)),
      parts_(parts) {
  const int64_t block = std::max<int64_t>(1, kBlockScores / num_items_);
  int64_t queries = 0;
  for (size_t p = 0; p < parts.size(); ++p) {
    const int64_t own = parts[p].tile->targets.size();
    for (int64_t begin = 0; begin < own; begin += block) {
      blocks_.push_back({static_cast<int64_t>(p), begin, std::min(own, begin + block)});
    }
    queries += own;
  }
  const auto wanted = static_cast<size_t>(queries * num_items_);
  if (scores.size() < wanted) scores.resize(wanted);
  gathered_.resize(static_cast<size_t>(queries * dim_));
  int64_t first = 0;
  for (const Part& part : parts) {
    rows_.push_back(scores.data() + first * num_items_);
    queries_.push_back(gathered_.data() + first * dim_);
    first += part.tile->targets.size();
  }
}

template <typename T>
void CatalogueLoss<T>::run_rows(int64_t unit) {
  Block& block = blocks_[unit];
  const Part& part = parts_[block.part];
  const Targets& targets = part.tile->targets;
  const int64_t count = block.end - block.begin;
  ObjectiveInput<T> input;
  input.states = part.states;
  input.by_query = part.by_query;
  input.dim = dim_;
  input.tile = part.tile;
  T* states = queries_[block.part] + block.begin * dim_;
  T* scores = rows_[block.part] + block.begin * num_items_;
  gather_states(input, block.begin, block.end, states);
  kernels::gemm_nt(count, num_items_, dim_, states, dim_, table_.data(), dim_, scores, num_items_,
                   false);
  block.loss = 0;
  for (int64_t q = block.begin; q < block.end; ++q) {
    const std::span<T> row(scores + (q - block.begin) * num_items_,
                           static_cast<size_t>(num_items_));
    block.loss +=
        apply_row<T>(criterion_, {row, targets.positives(q), targets.positive_weights(q)}, share_);
  }
  T* grads = kernels::scratch<T>(kernels::Scratch::objective_gradients, count * dim_);
  kernels::gemm_nn(count, dim_, num_items_, scores, num_items_, table_.data(), dim_, grads, dim_,
                   false);
  scatter_states(input, block.begin, block.end, grads, part.state_grad);
}

template <typename T>
void CatalogueLoss<T>::collect_losses() {
  for (Part& part : parts_) part.loss = 0;
  for (const Block& block : blocks_) parts_[block.part].loss += block.loss;
}

template <typename T>
int64_t CatalogueLoss<T>::item_units() const {
  return (num_items_ + kRangeItems - 1) / kRangeItems;
}

template <typename T>
void CatalogueLoss<T>::run_items(int64_t unit, T* table_grad) const {
  const int64_t begin = unit * kRangeItems;
  const int64_t items = std::min(kRangeItems, num_items_ - begin);
  const auto parts = static_cast<int64_t>(parts_.size());
  const int64_t levels = std::bit_width(static_cast<uint64_t>(parts)) + 1;
  T* room = kernels::scratch<T>(kernels::Scratch::objective_scores, levels * items * dim_);
  add_up(0, parts, begin, items, room, room + items * dim_);
  kernels::axpy(items * dim_, T(1), room, table_grad + begin * dim_);
}

// sum [items, dim] = gradient of a range of items by parts first .. last - 1: the left half, as
// many parts as the next lower power of two, plus the right one.
template <typename T>
void CatalogueLoss<T>::add_up(int64_t first, int64_t last, int64_t begin, int64_t items, T* sum,
                              T* room) const {
  const int64_t parts = last - first;
  if (parts == 1) {
    kernels::gemm_tn(items, dim_, parts_[first].tile->targets.size(), rows_[first] + begin,
                     num_items_, queries_[first], dim_, sum, dim_, false);
    return;
  }
  const auto half = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(parts)) / 2);
  add_up(first, first + half, begin, items, sum, room);
  add_up(first + half, last, begin, items, room, room + items * dim_);
  kernels::axpy(items * dim_, T(1), room, sum);
}

template class CatalogueLoss<float>;
template class CatalogueLoss<double>;

}  // namespace truenext
