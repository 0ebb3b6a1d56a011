// SPDX-License-Identifier: Apache-2.0
#include "objectives/sampled.h"

#include <algorithm>
#include <utility>

#include "base/used_rows.h"

namespace truenext {
namespace {

/// Score of a negative that counts for nothing: its exponential, softplus and sigmoid are zero.
constexpr float kNowhere = -1e4f;
/// Rows that no position has, for draws that a sequence or a batch shares.
constexpr uint32_t kWholeSequence = 0xffffffff, kWholeBatch = 0xfffffffe;

std::span<const int32_t> seen(const Tile& tile, int64_t sequence) {
  return tile.seen.row(sequence);
}

std::span<const int32_t> pool_of(const Tile& tile) {
  return tile.pool ? std::span<const int32_t>(*tile.pool) : std::span<const int32_t>();
}

/// Ascending items that the draws of one query avoid.
std::vector<int32_t> avoided(const SampledContext& context, const Tile& tile, int64_t query,
                             int64_t sequence) {
  std::span<const int32_t> items;
  if (context.options.exclude == Exclusion::history) items = seen(tile, sequence);
  if (context.options.exclude == Exclusion::positive && !context.options.log_q) {
    items = tile.targets.positives(query);
  }
  std::vector<int32_t> sorted(items.begin(), items.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace

std::vector<int64_t> sequences_of_queries(const Tile& tile) {
  std::vector<int64_t> sequences;
  int64_t sequence = 0;
  for (int64_t q = 0; q < tile.targets.size(); ++q) {
    while (tile.targets.rows[q] >= tile.sequences.offsets[sequence + 1]) ++sequence;
    sequences.push_back(sequence);
  }
  return sequences;
}

OwnCandidates own_candidates(const SampledContext& context, const Tile& tile, uint64_t seed,
                             uint64_t step) {
  const Targets& targets = tile.targets;
  const int64_t most = targets.most();
  OwnCandidates result;
  result.width = most + context.options.negatives_of(most);
  result.ids.resize(static_cast<size_t>(targets.size() * result.width));
  const std::vector<int64_t> sequences = sequences_of_queries(tile);
  for (int64_t q = 0; q < targets.size(); ++q) {
    const std::span<const int32_t> positives = targets.positives(q);
    const int64_t sequence = sequences[q];
    // Positions count from the newest, so a draw does not depend on how long the window is.
    const int64_t from_end = tile.sequences.offsets[sequence + 1] - 1 - targets.rows[q];
    const DrawPlace place{seed, step, tile.streams[sequence], static_cast<uint32_t>(from_end)};
    int32_t* row = result.ids.data() + q * result.width;
    int32_t* next = std::copy(positives.begin(), positives.end(), row);
    const int64_t negatives = context.options.negatives_of(std::ssize(positives));
    context.sampler.draw(place, avoided(context, tile, q, sequence), pool_of(tile),
                         {next, static_cast<size_t>(negatives)});
    std::fill(next + negatives, row + result.width, positives[0]);
  }
  return result;
}

std::vector<NegativeGroup> shared_negatives(const SampledContext& context, const Tile& tile,
                                            uint64_t seed, uint64_t step) {
  const bool whole = context.options.share == NegativeShare::batch;
  const bool avoid_seen = !whole && context.options.exclude == Exclusion::history;
  const std::vector<int64_t> sequences = sequences_of_queries(tile);
  std::vector<NegativeGroup> groups;
  for (int64_t q = 0; q < tile.targets.size(); ++q) {
    const bool same = q > 0 && (whole || sequences[q] == sequences[q - 1]);
    if (!same) {
      NegativeGroup& group = groups.emplace_back();
      group.begin = q;
      group.negatives.resize(static_cast<size_t>(context.options.negatives));
      const DrawPlace place{seed, step, whole ? 0 : tile.streams[sequences[q]],
                            whole ? kWholeBatch : kWholeSequence};
      const auto excluded = avoid_seen ? seen(tile, sequences[q]) : std::span<const int32_t>();
      context.sampler.draw(place, excluded, pool_of(tile), group.negatives);
    }
    groups.back().end = q + 1;
  }
  return groups;
}

RowCorrection::RowCorrection(const SampledContext& context, const Tile& tile)
    : sampler_(context.sampler), tile_(tile) {
  const ObjectiveOptions& options = context.options;
  mask_positives_ = options.log_q || (options.exclude == Exclusion::positive &&
                                      options.share != NegativeShare::position);
  mask_seen_ = options.exclude == Exclusion::history && options.share == NegativeShare::batch;
  log_q_ = options.log_q;
}

template <typename T>
void RowCorrection::apply(int64_t query, int64_t sequence, std::span<const int32_t> negatives,
                          std::span<T> scores) const {
  const std::span<const int32_t> positives = tile_.targets.positives(query);
  const std::span<const int32_t> history =
      mask_seen_ ? seen(tile_, sequence) : std::span<const int32_t>();
  for (size_t j = 0; j < negatives.size(); ++j) {
    const int32_t item = negatives[j];
    const bool hit =
        mask_positives_ && std::find(positives.begin(), positives.end(), item) != positives.end();
    if (hit || std::binary_search(history.begin(), history.end(), item)) {
      scores[j] = static_cast<T>(kNowhere);
    } else if (log_q_) {
      scores[j] -= static_cast<T>(sampler_.log_expected(item, std::ssize(negatives)));
    }
  }
}

template <typename T>
ScoreRow<T> target_row(const SampledContext& context, const Targets& targets, int64_t query,
                       std::span<T> scores, std::span<const int32_t> items,
                       std::span<const int32_t> positives) {
  const std::span<const float> weights = targets.positive_weights(query);
  const double share =
      context.labels ? label_share(targets, query, context.options.label_share) : 0;
  if (share == 0) return {scores, positives, weights};
  thread_local std::vector<uint8_t> counted;
  thread_local RowTarget target;
  counted.assign(scores.size(), 1);
  for (size_t i = 0; i < scores.size(); ++i) counted[i] = scores[i] > static_cast<T>(kNowhere);
  mix_target(context.labels->stored(query), share, items, counted, positives, weights, target);
  return {scores, target.places, target.weights};
}

template <typename T>
TableRows<T>::TableRows(const ObjectiveInput<T>& input, const TableGradient<T>& table_grad,
                        std::span<int32_t> ids)
    : dim_(input.dim),
      dense_(worth_dense(std::ssize(ids), table_grad.table_rows())),
      rows_(input.table) {
  if (input.held) {
    for (int32_t& id : ids) id = input.held->place(id);
  }
  if (dense_) return;
  used_ = number_used_rows(ids, table_grad.num_rows());
  narrow_.resize(used_.size() * static_cast<size_t>(dim_));
  for (size_t i = 0; i < used_.size(); ++i) {
    std::copy_n(input.table + used_[i] * dim_, dim_, narrow_.data() + i * dim_);
  }
  rows_ = narrow_.data();
}

template <typename T>
T* TableRows<T>::gradient(TableGradient<T>& table_grad) {
  if (dense_) return table_grad.make_dense().data();
  narrow_grad_.assign(narrow_.size(), T(0));
  return narrow_grad_.data();
}

template <typename T>
void TableRows<T>::finish(TableGradient<T>& table_grad) {
  if (dense_) return;
  TableGradient<T> sparse(table_grad.num_rows(), dim_, table_grad.table_rows());
  sparse.set_rows(std::move(used_), std::move(narrow_grad_));
  table_grad.add(std::move(sparse));
}

template class TableRows<float>;
template class TableRows<double>;
template ScoreRow<float> target_row(const SampledContext&, const Targets&, int64_t,
                                    std::span<float>, std::span<const int32_t>,
                                    std::span<const int32_t>);
template ScoreRow<double> target_row(const SampledContext&, const Targets&, int64_t,
                                     std::span<double>, std::span<const int32_t>,
                                     std::span<const int32_t>);
template void RowCorrection::apply(int64_t, int64_t, std::span<const int32_t>,
                                   std::span<float>) const;
template void RowCorrection::apply(int64_t, int64_t, std::span<const int32_t>,
                                   std::span<double>) const;

}  // namespace truenext
