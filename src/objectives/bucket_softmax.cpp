// SPDX-License-Identifier: Apache-2.0
#include "objectives/bucket_softmax.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/aligned.h"
#include "base/random.h"
#include "base/used_rows.h"
#include "kernels/overloads.h"
#include "objectives/largest.h"
#include "objectives/query_rows.h"

namespace truenext {
namespace {

/// Items whose inner products with the centres are made at a time.
constexpr int64_t kRangeItems = 1024;
/// Score of an item that stands among the positives already: its exponential is zero.
constexpr double kNowhere = -1e30;

template <typename T>
class Buckets {
 public:
  Buckets(const Criterion& criterion, const BucketSizes& sizes, const ObjectiveInput<T>& input,
          int64_t num_items)
      : criterion_(criterion),
        input_(input),
        dim_(input.dim),
        count_(sizes.buckets),
        queries_(input.tile->targets.size()),
        positives_(input.tile->targets.most()),
        num_items_(num_items) {
    states_.resize(static_cast<size_t>(queries_ * dim_));
    gather_states(input, 0, queries_, states_.data());
    const AlignedVector<T> centres = mix();
    members_ = nearest(centres, states_.data(), queries_, sizes.queries);
    items_ = nearest(centres, input.table, num_items_, sizes.items);
    narrow();
    best_loss_.assign(static_cast<size_t>(queries_), -1.0);
    best_bucket_.assign(static_cast<size_t>(queries_), -1);
  }

  /// Scores become their gradients, bucket after bucket; each query remembers its largest loss.
  void apply() {
    for (int64_t b = 0; b < count_; ++b) apply_bucket(b);
  }

  /// Sum of the losses and the gradients that belong to them.
  double differentiate(T* state_grad, TableGradient<T>& table_grad) {
    const auto covered = std::count_if(best_bucket_.begin(), best_bucket_.end(),
                                       [](int64_t bucket) { return bucket >= 0; });
    if (covered == 0) return 0;
    const double share = static_cast<double>(queries_) / static_cast<double>(covered) /
                         static_cast<double>(input_.divisor);
    AlignedVector<T> grads(states_.size(), T(0)), rows_grad(rows_.size(), T(0));
    for (int64_t b = 0; b < count_; ++b) {
      add_bucket(b, static_cast<T>(share), grads.data(), rows_grad.data());
    }
    double loss = 0;
    for (int64_t q = 0; q < queries_; ++q) loss += best_bucket_[q] >= 0 ? best_loss_[q] : 0;
    scatter_states(input_, 0, queries_, grads.data(), state_grad);
    TableGradient<T> sparse(num_items_, dim_);
    sparse.set_rows(std::move(used_), std::move(rows_grad));
    table_grad.add(std::move(sparse));
    return loss * share;
  }

 private:
  /// Centres [buckets, dim]: normal mixtures of the tile's states.
  AlignedVector<T> mix() const {
    // Sampled candidates, which no run has besides, draw with index 0.
    RandomStream random(random_key(input_.seed, Purpose::negatives, input_.step, 1),
                        input_.tile->streams[0]);
    AlignedVector<T> weights(static_cast<size_t>(count_ * queries_));
    for (T& weight : weights) weight = static_cast<T>(random.normal());
    AlignedVector<T> centres(static_cast<size_t>(count_ * dim_));
    kernels::gemm_nn(count_, dim_, queries_, weights.data(), queries_, states_.data(), dim_,
                     centres.data(), dim_, false);
    return centres;
  }

  /// For every centre the `wanted` of n rows with the largest inner products, ascending.
  std::vector<std::vector<int32_t>> nearest(const AlignedVector<T>& centres, const T* rows,
                                            int64_t n, int64_t wanted) const {
    std::vector<Largest<T>> largest(static_cast<size_t>(count_), Largest<T>(std::min(wanted, n)));
    AlignedVector<T> scores(static_cast<size_t>(count_ * std::min(n, kRangeItems)));
    for (int64_t first = 0; first < n; first += kRangeItems) {
      const int64_t here = std::min(n - first, kRangeItems);
      kernels::gemm_nt(count_, here, dim_, centres.data(), dim_, rows + first * dim_, dim_,
                       scores.data(), here, false);
      for (int64_t b = 0; b < count_; ++b) {
        largest[b].show(first, {scores.data() + b * here, static_cast<size_t>(here)});
      }
    }
    std::vector<std::vector<int32_t>> numbers;
    for (Largest<T>& one : largest) numbers.push_back(one.take());
    return numbers;
  }

  /// Numbers positives and buckets' items by the distinct rows in use, which are copied together.
  void narrow() {
    const Targets& targets = input_.tile->targets;
    std::vector<int32_t> ids;
    for (int64_t q = 0; q < queries_; ++q) {
      const std::span<const int32_t> positives = targets.positives(q);
      ids.insert(ids.end(), positives.begin(), positives.end());
      ids.resize(static_cast<size_t>((q + 1) * positives_), positives[0]);
    }
    for (const auto& bucket : items_) ids.insert(ids.end(), bucket.begin(), bucket.end());
    used_ = number_used_rows(ids, num_items_);
    auto next = ids.begin() + queries_ * positives_;
    targets_.assign(ids.begin(), next);
    for (auto& bucket : items_) {
      std::copy_n(next, bucket.size(), bucket.begin());
      next += static_cast<std::ptrdiff_t>(bucket.size());
    }
    rows_.resize(used_.size() * static_cast<size_t>(dim_));
    for (size_t i = 0; i < used_.size(); ++i) {
      std::copy_n(input_.table + used_[i] * dim_, dim_, rows_.data() + i * dim_);
    }
  }

  /// The bucket's own states or items side by side.
  AlignedVector<T> together(const std::vector<int32_t>& numbers,
                            const AlignedVector<T>& from) const {
    AlignedVector<T> out(numbers.size() * static_cast<size_t>(dim_));
    for (size_t i = 0; i < numbers.size(); ++i) {
      std::copy_n(from.data() + numbers[i] * dim_, dim_, out.data() + i * dim_);
    }
    return out;
  }

  int64_t width(int64_t bucket) const {
    return positives_ + static_cast<int64_t>(items_[bucket].size());
  }

  void apply_bucket(int64_t b) {
    const std::vector<int32_t>& members = members_[b];
    const std::vector<int32_t>& items = items_[b];
    const int64_t width = this->width(b);
    const AlignedVector<T> x = together(members, states_);
    const AlignedVector<T> y = together(items, rows_);
    AlignedVector<T>& scores = scores_.emplace_back(members.size() * static_cast<size_t>(width));
    kernels::gemm_nt(static_cast<int64_t>(members.size()), width - positives_, dim_, x.data(), dim_,
                     y.data(), dim_, scores.data() + positives_, width, false);
    std::vector<int32_t> first(static_cast<size_t>(positives_));
    std::iota(first.begin(), first.end(), 0);
    for (size_t i = 0; i < members.size(); ++i) {
      const int32_t q = members[i];
      T* row = scores.data() + static_cast<int64_t>(i) * width;
      const auto weights = input_.tile->targets.positive_weights(q);
      std::fill(row + weights.size(), row + positives_, static_cast<T>(kNowhere));
      for (int64_t p = 0; p < std::ssize(weights); ++p) {
        const int32_t target = targets_[q * positives_ + p];
        kernels::gemm_nt(1, 1, dim_, states_.data() + q * dim_, dim_, rows_.data() + target * dim_,
                         dim_, row + p, 1, false);
        const auto twin = std::lower_bound(items.begin(), items.end(), target);
        if (twin != items.end() && *twin == target) {
          row[positives_ + (twin - items.begin())] = static_cast<T>(kNowhere);
        }
      }
      const double loss = criterion_.apply(ScoreRow<T>{
          {row, static_cast<size_t>(width)}, std::span(first).first(weights.size()), weights});
      if (loss > best_loss_[q]) {
        best_loss_[q] = loss;
        best_bucket_[q] = b;
      }
    }
  }

  void add_bucket(int64_t b, T share, T* grads, T* rows_grad) {
    const std::vector<int32_t>& members = members_[b];
    const std::vector<int32_t>& items = items_[b];
    const int64_t width = this->width(b);
    const auto rows = static_cast<int64_t>(members.size());
    AlignedVector<T>& scores = scores_[b];
    for (int64_t i = 0; i < rows; ++i) {
      const bool chosen = best_bucket_[members[i]] == b;
      for (T* g = scores.data() + i * width; g < scores.data() + (i + 1) * width; ++g) {
        *g = chosen ? *g * share : T(0);
      }
    }
    const AlignedVector<T> x = together(members, states_);
    const AlignedVector<T> y = together(items, rows_);
    AlignedVector<T> x_grad(x.size()), y_grad(y.size());
    const int64_t others = width - positives_;
    kernels::gemm_nn(rows, dim_, others, scores.data() + positives_, width, y.data(), dim_,
                     x_grad.data(), dim_, false);
    kernels::gemm_tn(others, dim_, rows, scores.data() + positives_, width, x.data(), dim_,
                     y_grad.data(), dim_, false);
    for (int64_t i = 0; i < rows; ++i) {
      const int32_t q = members[i];
      for (int64_t p = 0; p < positives_; ++p) {
        const T g = scores[i * width + p];
        const int64_t target = targets_[q * positives_ + p] * dim_;
        kernels::axpy(dim_, g, rows_.data() + target, grads + q * dim_);
        kernels::axpy(dim_, g, states_.data() + q * dim_, rows_grad + target);
      }
      kernels::axpy(dim_, T(1), x_grad.data() + i * dim_, grads + q * dim_);
    }
    for (size_t i = 0; i < items.size(); ++i) {
      kernels::axpy(dim_, T(1), y_grad.data() + i * dim_, rows_grad + items[i] * dim_);
    }
  }

  const Criterion& criterion_;
  const ObjectiveInput<T>& input_;
  int64_t dim_, count_, queries_, positives_, num_items_;
  AlignedVector<T> states_;                    ///< [queries, dim]
  std::vector<std::vector<int32_t>> members_;  ///< queries of each bucket
  std::vector<std::vector<int32_t>> items_;    ///< items of each bucket, as places in used_
  std::vector<int32_t> used_;                  ///< distinct items, ascending
  AlignedVector<T> rows_;                      ///< their rows of the table
  std::vector<int32_t> targets_;               ///< positives of each query, as places in used_
  std::vector<AlignedVector<T>> scores_;       ///< of each bucket [members, positives + items]
  std::vector<double> best_loss_;
  std::vector<int64_t> best_bucket_;  ///< -1: in no bucket
};

}  // namespace

template <typename T>
double bucket_softmax(const Criterion& criterion, const BucketSizes& sizes,
                      const ObjectiveInput<T>& input, T* state_grad, TableGradient<T>& table_grad) {
  Buckets<T> buckets(criterion, sizes, input, table_grad.num_rows());
  buckets.apply();
  return buckets.differentiate(state_grad, table_grad);
}

template double bucket_softmax(const Criterion&, const BucketSizes&, const ObjectiveInput<float>&,
                               float*, TableGradient<float>&);
template double bucket_softmax(const Criterion&, const BucketSizes&, const ObjectiveInput<double>&,
                               double*, TableGradient<double>&);

}  // namespace truenext
