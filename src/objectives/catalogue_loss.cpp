// SPDX-License-Identifier: Apache-2.0
#include "objectives/catalogue_loss.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/overloads.h"
#include "kernels/scratch.h"
#include "objectives/query_rows.h"

namespace truenext {
namespace {

/// A piece of scores, 128 KB in float: with the rows it is made of it stays in the second-level
/// cache.
constexpr int64_t kBlockQueries = 128;
constexpr int64_t kRangeItems = 256;
/// Numbers of a table from which on a gradient of its size for every tile costs more than making
/// scores twice.
constexpr int64_t kLargeTable = int64_t{1} << 18;

template <typename T>
T* piece_of_scores() {
  return kernels::scratch<T>(kernels::Scratch::objective_states, kBlockQueries * kRangeItems);
}

}  // namespace

template <typename T>
bool CatalogueLoss<T>::pays(int64_t num_items, int64_t dim) {
  return num_items * dim >= kLargeTable;
}

template <typename T>
CatalogueLoss<T>::CatalogueLoss(const Criterion& criterion, std::span<const T> table, int64_t dim,
                                int64_t divisor, std::span<Part> parts, LabelUse use,
                                double temperature)
    : criterion_(criterion),
      table_(table),
      dim_(dim),
      num_items_(static_cast<int64_t>(table.size()) / dim),
      share_(1.0 / static_cast<double>(divisor)),
      use_(use),
      temperature_(temperature),
      parts_(parts) {
  int64_t queries = 0;
  for (size_t p = 0; p < parts.size(); ++p) {
    const Targets& targets = parts[p].tile->targets;
    costs_.emplace_back(use.reverse > 0 ? targets.size() : 0, 0.0);
    std::vector<WholeRow>& rows = rows_.emplace_back(static_cast<size_t>(targets.size()));
    for (int64_t q = 0; q < targets.size(); ++q) {
      const auto weights = targets.positive_weights(q);
      rows[q].negatives = num_items_ - std::ssize(weights);
      for (const float weight : weights) rows[q].weight += weight;
      const TileLabels* labels = parts[p].labels;
      if (labels) rows[q].weight += label_weight(std::ssize(rows_) - 1, q) * (labels->mass(q) - 1);
    }
    for (int64_t begin = 0; begin < targets.size(); begin += kBlockQueries) {
      const int64_t end = std::min(targets.size(), begin + kBlockQueries);
      blocks_.push_back({static_cast<int64_t>(p), begin, end});
    }
    queries += targets.size();
  }
  const auto labelled = std::ranges::find_if(parts, [](const Part& p) { return p.labels; });
  if (labelled != parts.end()) means_.emplace(table, dim, labelled->labels->is_stored());
  gathered_.resize(static_cast<size_t>(queries * dim_));
  T* first = gathered_.data();
  for (const Part& part : parts) {
    queries_.push_back(first);
    first += part.tile->targets.size() * dim_;
  }
}

template <typename T>
void CatalogueLoss<T>::score(const Block& block, Range range, T* scores) const {
  kernels::gemm_nt(block.end - block.begin, range.count, dim_,
                   queries_[block.part] + block.begin * dim_, dim_,
                   table_.data() + range.first * dim_, dim_, scores, range.count, false);
}

template <typename T>
double CatalogueLoss<T>::apply(int64_t part, int64_t query, Range range, T* scores) const {
  thread_local std::vector<int32_t> places;
  thread_local std::vector<float> weights;
  const Targets& targets = parts_[part].tile->targets;
  const auto positives = targets.positives(query);
  const auto hard = static_cast<float>(1 - label_share_of(part, query));
  places.clear();
  weights.clear();
  for (size_t p = 0; p < positives.size(); ++p) {
    const int64_t place = positives[p] - range.first;
    if (place < 0 || place >= range.count) continue;
    places.push_back(static_cast<int32_t>(place));
    weights.push_back(hard * targets.positive_weights(query)[p]);
  }
  const std::span<T> row(scores, static_cast<size_t>(range.count));
  return apply_row<T>(criterion_, {row, places, weights, &rows_[part][query]}, share_);
}

template <typename T>
void CatalogueLoss<T>::survey(const Block& block, Range range, T* scores, T* grads,
                              LabelDivergence<T>* divergence) {
  for (int64_t q = block.begin; q < block.end; ++q) {
    WholeRow& row = rows_[block.part][q];
    const double before = row.top;
    criterion_.survey({scores + (q - block.begin) * range.count, static_cast<size_t>(range.count)},
                      row);
    if (row.top == before) continue;
    const double smaller = std::exp(before - row.top);  // 0 at first
    kernels::scale(dim_, static_cast<T>(smaller), grads + (q - block.begin) * dim_);
    if (divergence) divergence->rescale(q - block.begin, smaller);
  }
}

// Of a softmax: the gradient of a score is w e^(score - top) / sum - w_p, w the positives' weights
// together.
template <typename T>
double CatalogueLoss<T>::finish(const Block& block, T* grads) const {
  const Targets& targets = parts_[block.part].tile->targets;
  double loss = 0;
  for (int64_t q = block.begin; q < block.end; ++q) {
    const WholeRow& row = rows_[block.part][q];
    const T* state = queries_[block.part] + q * dim_;
    T* grad = grads + (q - block.begin) * dim_;
    kernels::scale(dim_, static_cast<T>(share_ * row.weight / row.sum), grad);
    const double all = row.top + std::log(row.sum);
    const double hard = 1 - label_share_of(block.part, q);
    const auto positives = targets.positives(q);
    for (size_t p = 0; p < positives.size(); ++p) {
      const double weight = hard * targets.positive_weights(q)[p];
      const T* item = table_.data() + positives[p] * dim_;
      loss += weight * (all - static_cast<double>(kernels::dot(dim_, state, item)));
      kernels::axpy(dim_, static_cast<T>(-share_ * weight), item, grad);
    }
  }
  return loss * share_;
}

template <typename T>
ObjectiveInput<T> CatalogueLoss<T>::input_of(const Part& part) const {
  ObjectiveInput<T> input;
  input.states = part.states;
  input.by_query = part.by_query;
  input.dim = dim_;
  input.tile = part.tile;
  input.temperature = temperature_;
  return input;
}

template <typename T>
void CatalogueLoss<T>::add_to_states(int64_t part, int64_t begin, int64_t end,
                                     const T* grads) const {
  scatter_states(input_of(parts_[part]), begin, end, grads, parts_[part].state_grad);
}

template <typename T>
void CatalogueLoss<T>::run_rows(int64_t unit) {
  Block& block = blocks_[unit];
  const Part& part = parts_[block.part];
  const int64_t count = block.end - block.begin;
  const ObjectiveInput<T> input = input_of(part);
  gather_states(input, block.begin, block.end, queries_[block.part] + block.begin * dim_);
  T* scores = piece_of_scores<T>();
  T* grads = kernels::scratch<T>(kernels::Scratch::objective_gradients, count * dim_);
  std::fill_n(grads, count * dim_, T(0));
  block.loss = 0;
  std::optional<LabelDivergence<T>> divergence;
  if (part.labels && use_.reverse > 0)
    divergence.emplace(*part.labels, block.begin, block.end, dim_);
  for (int64_t first = 0; first < num_items_; first += kRangeItems) {
    const Range range{first, std::min(kRangeItems, num_items_ - first)};
    score(block, range, scores);
    if (divergence) divergence->take(first, range.count, scores);
    if (criterion_.needs_survey()) {
      survey(block, range, scores, grads, divergence ? &*divergence : nullptr);
    } else {
      for (int64_t q = block.begin; q < block.end; ++q) {
        block.loss += apply(block.part, q, range, scores + (q - block.begin) * range.count);
      }
    }
    kernels::gemm_nn(count, dim_, range.count, scores, range.count, table_.data() + first * dim_,
                     dim_, grads, dim_, true);
    if (divergence) divergence->add(range.count, scores, table_.data() + first * dim_);
  }
  if (criterion_.needs_survey()) {
    if (divergence) block.loss += start_divergence(block, *divergence, grads);
    block.loss += finish(block, grads);
    block.loss += finish_labels(block, grads);
  }
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
  const int64_t first = unit * kRangeItems;
  const Range range{first, std::min(kRangeItems, num_items_ - first)};
  const auto parts = static_cast<int64_t>(parts_.size());
  const int64_t levels = std::bit_width(static_cast<uint64_t>(parts)) + 1;
  const int64_t size = range.count * dim_;
  T* room = kernels::scratch<T>(kernels::Scratch::objective_scores, levels * size);
  add_up(0, parts, range, room, room + size);
  kernels::axpy(size, T(1), room, table_grad + first * dim_);
}

template <typename T>
void CatalogueLoss<T>::add_part(int64_t part, Range range, T* sum) const {
  T* scores = piece_of_scores<T>();
  const int64_t queries = queries_of(part);
  for (int64_t begin = 0; begin < queries; begin += kBlockQueries) {
    const Block block{part, begin, std::min(queries, begin + kBlockQueries)};
    score(block, range, scores);
    std::vector<T> raw;
    if (use_.reverse > 0) raw.assign(scores, scores + (block.end - begin) * range.count);
    for (int64_t q = begin; q < block.end; ++q) {
      apply(part, q, range, scores + (q - begin) * range.count);
    }
    apply_labels(block, range, scores);
    if (use_.reverse > 0) apply_divergence(block, range, raw, scores);
    kernels::gemm_tn(range.count, dim_, block.end - begin, scores, range.count,
                     queries_[part] + begin * dim_, dim_, sum, dim_, begin > 0);
  }
}

// sum [items, dim] = gradient of a range of items by parts first .. last - 1: the left half, as
// many parts as the next lower power of two, plus the right one.
template <typename T>
void CatalogueLoss<T>::add_up(int64_t first, int64_t last, Range range, T* sum, T* room) const {
  const int64_t parts = last - first;
  const int64_t size = range.count * dim_;
  if (parts == 1) {
    if (queries_of(first) == 0) std::fill_n(sum, size, T(0));
    return add_part(first, range, sum);
  }
  const auto half = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(parts)) / 2);
  add_up(first, first + half, range, sum, room);
  add_up(first + half, last, range, room, room + size);
  kernels::axpy(size, T(1), room, sum);
}

template class CatalogueLoss<float>;
template class CatalogueLoss<double>;

}  // namespace truenext
