// SPDX-License-Identifier: Apache-2.0
#include "objectives/observation.h"

#include <algorithm>
#include <cmath>

#include "kernels/overloads.h"
#include "objectives/query_rows.h"

namespace truenext {
namespace {

constexpr int64_t kBlockQueries = 128;
constexpr int64_t kRangeItems = 256;
/// Beyond it 1 + e^h is e^h, and e^h still a float.
constexpr double kLargestAffinity = 80;

/// Affinities h of one query become sigmoid(-h); costs are -ln sigmoid(h) + largest + log_items.
template <typename T>
void observe(int64_t count, const T* largest, T log_items, T* h, T* costs) {
  for (int64_t i = 0; i < count; ++i) {
    h[i] = std::min(h[i], static_cast<T>(kLargestAffinity));
    costs[i] = largest[i] + log_items - h[i];
  }
  kernels::exp_shifted(count, T(0), h);
  for (int64_t i = 0; i < count; ++i) {
    const T more = T(1) + h[i];
    costs[i] += std::log(more);
    h[i] = T(1) / more;
  }
}

}  // namespace

template <typename T>
void raise_largest(const ObservationTables<T>& tables, std::span<const int32_t> targets,
                   int64_t first, int64_t last, T* largest, int32_t* owners) {
  constexpr int64_t kWidth = ObservationTables<T>::kWidth;
  std::fill(owners + first, owners + last, -1);
  AlignedVector<T> rows(static_cast<size_t>(kBlockQueries * kWidth));
  AlignedVector<T> affinities(static_cast<size_t>(kBlockQueries * (last - first)));
  for (size_t begin = 0; begin < targets.size(); begin += kBlockQueries) {
    const auto some =
        targets.subspan(begin, std::min<size_t>(kBlockQueries, targets.size() - begin));
    for (size_t k = 0; k < some.size(); ++k) {
      std::copy_n(tables.observed + some[k] * kWidth, kWidth, rows.data() + k * kWidth);
    }
    kernels::gemm_nt(std::ssize(some), last - first, kWidth, rows.data(), kWidth,
                     tables.meant + first * kWidth, kWidth, affinities.data(), last - first, false);
    for (size_t k = 0; k < some.size(); ++k) {
      const T* row = affinities.data() + k * (last - first);
      for (int64_t i = first; i < last; ++i) {
        if (!(row[i - first] > largest[i])) continue;
        largest[i] = row[i - first];
        owners[i] = some[k];
      }
    }
  }
}

template <typename T>
ObservationTerm<T>::ObservationTerm(CatalogueLoss<T>& loss, const ObservationTables<T>& tables,
                                    double weight)
    : loss_(loss), tables_(tables), weight_(weight), dim_(loss.dim()) {
  constexpr int64_t kWidth = ObservationTables<T>::kWidth;
  int64_t part = 0;
  for (const auto& one : loss.parts()) {
    const Targets& targets = one.tile->targets;
    first_rows_.push_back(std::ssize(targets_));
    for (int64_t q = 0; q < targets.size(); ++q) targets_.push_back(targets.positives(q)[0]);
    for (int64_t begin = 0; begin < targets.size(); begin += kBlockQueries) {
      blocks_.push_back({part, begin, std::min(targets.size(), begin + kBlockQueries)});
    }
    ++part;
  }
  rows_.resize(targets_.size() * kWidth);
  row_grads_.resize(rows_.size());
  means_.resize(targets_.size());
  for (size_t q = 0; q < targets_.size(); ++q) {
    std::copy_n(tables.observed + targets_[q] * kWidth, kWidth, rows_.data() + q * kWidth);
  }
}

template <typename T>
void ObservationTerm<T>::pieces(const Block& block, int64_t first, int64_t count, T* chances,
                                T* costs, T* slopes) const {
  constexpr int64_t kWidth = ObservationTables<T>::kWidth;
  const int64_t queries = block.end - block.begin;
  kernels::gemm_nt(queries, count, dim_, loss_.states(block.part) + block.begin * dim_, dim_,
                   loss_.table().data() + first * dim_, dim_, chances, count, false);
  kernels::gemm_nt(queries, count, kWidth, rows_.data() + first_row(block) * kWidth, kWidth,
                   tables_.meant + first * kWidth, kWidth, slopes, count, false);
  const auto log_items = static_cast<T>(std::log(static_cast<double>(tables_.items)));
  for (int64_t q = 0; q < queries; ++q) {
    const WholeRow& row = loss_.row(block.part, block.begin + q);
    kernels::exp_shifted(count, static_cast<T>(row.top), chances + q * count);
    kernels::scale(count, static_cast<T>(1 / row.sum), chances + q * count);
    observe(count, tables_.largest + first, log_items, slopes + q * count, costs + q * count);
  }
}

template <typename T>
double ObservationTerm<T>::factor(const Block& block, int64_t query) const {
  return weight_ * loss_.share() * loss_.row(block.part, query).weight;
}

template <typename T>
void ObservationTerm<T>::run_rows(int64_t unit) {
  constexpr int64_t kWidth = ObservationTables<T>::kWidth;
  Block& block = blocks_[unit];
  const int64_t queries = block.end - block.begin;
  AlignedVector<T> chances(static_cast<size_t>(queries * kRangeItems));
  AlignedVector<T> costs(chances.size()), slopes(chances.size());
  AlignedVector<T> plain(static_cast<size_t>(queries * dim_), T(0));  // sum_i q_i e_i
  AlignedVector<T> weighted(plain.size(), T(0));                      // the same times the bracket
  AlignedVector<T> sloped(static_cast<size_t>(queries * kWidth), T(0));
  std::fill_n(means_.begin() + first_row(block), queries, 0.0);
  for (int64_t first = 0; first < tables_.items; first += kRangeItems) {
    const int64_t count = std::min(kRangeItems, tables_.items - first);
    pieces(block, first, count, chances.data(), costs.data(), slopes.data());
    for (int64_t q = 0; q < queries; ++q) {
      double mean = 0;
      for (int64_t i = q * count; i < (q + 1) * count; ++i) {
        costs[i] *= chances[i];
        slopes[i] *= chances[i];
        mean += static_cast<double>(costs[i]);
      }
      means_[first_row(block) + q] += mean;
    }
    const T* items = loss_.table().data() + first * dim_;
    kernels::gemm_nn(queries, dim_, count, chances.data(), count, items, dim_, plain.data(), dim_,
                     true);
    kernels::gemm_nn(queries, dim_, count, costs.data(), count, items, dim_, weighted.data(), dim_,
                     true);
    kernels::gemm_nn(queries, kWidth, count, slopes.data(), count, tables_.meant + first * kWidth,
                     kWidth, sloped.data(), kWidth, true);
  }
  finish(block, plain.data(), weighted.data(), sloped.data());
}

// By a score the gradient is q_i ([...]_i - their mean), by the affinity h_{y,i} it is
// -q_i sigmoid(-h).
template <typename T>
void ObservationTerm<T>::finish(Block& block, const T* plain, const T* weighted, const T* slopes) {
  constexpr int64_t kWidth = ObservationTables<T>::kWidth;
  const int64_t queries = block.end - block.begin;
  AlignedVector<T> grads(static_cast<size_t>(queries * dim_));
  block.loss = 0;
  for (int64_t q = 0; q < queries; ++q) {
    const double by = factor(block, block.begin + q);
    const double mean = means_[first_row(block) + q];
    block.loss += by * mean;
    for (int64_t c = q * dim_; c < (q + 1) * dim_; ++c) {
      grads[c] = static_cast<T>(by) * (weighted[c] - static_cast<T>(mean) * plain[c]);
    }
    T* row = row_grads_.data() + (first_row(block) + q) * kWidth;
    for (int64_t c = 0; c < kWidth; ++c) row[c] = static_cast<T>(-by) * slopes[q * kWidth + c];
  }
  loss_.add_to_states(block.part, block.begin, block.end, grads.data());
}

template <typename T>
void ObservationTerm<T>::collect(ObservationGradients<T>& gradients) {
  constexpr int64_t kWidth = ObservationTables<T>::kWidth;
  for (const Block& block : blocks_) loss_.parts()[block.part].loss += block.loss;
  for (size_t q = 0; q < targets_.size(); ++q) {
    kernels::axpy(kWidth, T(1), row_grads_.data() + q * kWidth,
                  gradients.observed.data() + targets_[q] * kWidth);
  }
}

template <typename T>
int64_t ObservationTerm<T>::item_units() const {
  return (tables_.items + kRangeItems - 1) / kRangeItems;
}

template <typename T>
void ObservationTerm<T>::run_items(int64_t unit, T* table_grad,
                                   ObservationGradients<T>& gradients) const {
  constexpr int64_t kWidth = ObservationTables<T>::kWidth;
  const int64_t first = unit * kRangeItems;
  const int64_t count = std::min(kRangeItems, tables_.items - first);
  AlignedVector<T> chances(static_cast<size_t>(kBlockQueries * count));
  AlignedVector<T> costs(chances.size()), slopes(chances.size());
  for (const Block& block : blocks_) {
    const int64_t queries = block.end - block.begin;
    pieces(block, first, count, chances.data(), costs.data(), slopes.data());
    for (int64_t q = 0; q < queries; ++q) {
      const auto by = static_cast<T>(factor(block, block.begin + q));
      const auto mean = static_cast<T>(means_[first_row(block) + q]);
      for (int64_t i = 0; i < count; ++i) {
        const T chance = by * chances[q * count + i];
        costs[q * count + i] = chance * (costs[q * count + i] - mean);
        slopes[q * count + i] *= -chance;
        gradients.largest[first + i] += chance;
      }
    }
    kernels::gemm_tn(count, dim_, queries, costs.data(), count,
                     loss_.states(block.part) + block.begin * dim_, dim_, table_grad + first * dim_,
                     dim_, true);
    kernels::gemm_tn(count, kWidth, queries, slopes.data(), count,
                     rows_.data() + first_row(block) * kWidth, kWidth,
                     gradients.meant.data() + first * kWidth, kWidth, true);
  }
}

template <typename T>
void hand_back_largest(const ObservationTables<T>& tables, ObservationGradients<T>& gradients) {
  constexpr int64_t kWidth = ObservationTables<T>::kWidth;
  for (int64_t item = 0; item < tables.items; ++item) {
    const int32_t owner = tables.owners[item];
    if (owner < 0) continue;
    const T by = gradients.largest[item];
    kernels::axpy(kWidth, by, tables.meant + item * kWidth,
                  gradients.observed.data() + owner * kWidth);
    kernels::axpy(kWidth, by, tables.observed + owner * kWidth,
                  gradients.meant.data() + item * kWidth);
  }
}

template void raise_largest(const ObservationTables<float>&, std::span<const int32_t>, int64_t,
                            int64_t, float*, int32_t*);
template void raise_largest(const ObservationTables<double>&, std::span<const int32_t>, int64_t,
                            int64_t, double*, int32_t*);
template void hand_back_largest(const ObservationTables<float>&, ObservationGradients<float>&);
template void hand_back_largest(const ObservationTables<double>&, ObservationGradients<double>&);
template class ObservationTerm<float>;
template class ObservationTerm<double>;

}  // namespace truenext
