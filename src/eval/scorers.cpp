// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/finite.h"
#include "eval/compact_table.h"
#include "eval/evaluator.h"
#include "kernels/kernels.h"

namespace truenext {
namespace {

/// Inner products of states and rows of the item table. An element of a product does not depend on
/// what else is multiplied, so ranges give the bits of whole rows.
class StateScores final : public BlockScores {
 public:
  StateScores(std::vector<float> states, const SequenceEncoder& encoder, std::vector<float>& memory)
      : states_(std::move(states)), encoder_(encoder), memory_(memory) {}
  /// One state; `compact` is made from the encoder's item table.
  StateScores(std::vector<float> state, const SequenceEncoder& encoder, std::vector<float>& memory,
              const CompactTable& compact)
      : StateScores(std::move(state), encoder, memory) {
    compact_ = &compact;
    compact_query_ = compact.prepare(states_);
  }

  float at(int64_t query, int32_t item) const override {
    float score = 0;
    multiply(states_.data() + query * encoder_.dim(), 1, item, item + 1, &score);
    return score;
  }

  Rows range(int64_t first, int64_t last) override {
    const int64_t rows = static_cast<int64_t>(states_.size()) / encoder_.dim();
    const auto size = static_cast<size_t>(rows * (last - first));
    if (memory_.size() < size) memory_.resize(size);
    multiply(states_.data(), rows, first, last, memory_.data());
    return {memory_.data(), last - first};
  }

  Rows ceilings(int64_t first, int64_t last) override {
    if (!compact_query_) return {nullptr, 0};
    return {compact_->ceilings(*compact_query_, first, last, memory_), last - first};
  }

 private:
  void multiply(const float* states, int64_t rows, int64_t first, int64_t last, float* to) const {
    const int64_t dim = encoder_.dim();
    kernels::gemm_nt(rows, last - first, dim, states, dim,
                     encoder_.item_table().data() + first * dim, dim, to, last - first, false);
  }

  std::vector<float> states_;
  const SequenceEncoder& encoder_;
  std::vector<float>& memory_;
  const CompactTable* compact_ = nullptr;
  std::optional<CompactTable::Query> compact_query_;
};

class EncoderScorer : public Scorer {
 public:
  explicit EncoderScorer(const SequenceEncoder& encoder) : encoder_(encoder) {
    check_data(all_finite(encoder.item_table()),
               "the model's item table holds values that are not finite: training diverged or the "
               "file is damaged; train again with a lower learning rate");
  }

  int64_t num_items() const override { return encoder_.num_items(); }

  void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override {
    const std::vector<float> states = encode(queries, begin, end);
    const int64_t dim = encoder_.dim();
    kernels::gemm_nt(end - begin, num_items(), dim, states.data(), dim,
                     encoder_.item_table().data(), dim, scores, num_items(), false);
  }

  bool scores_ranges() const override { return true; }
  std::unique_ptr<BlockScores> block(const Queries& queries, int64_t begin, int64_t end,
                                     std::vector<float>& memory) const override {
    std::vector<float> states = encode(queries, begin, end);
    if (compact_ && end - begin == 1) {
      return std::make_unique<StateScores>(std::move(states), encoder_, memory, *compact_);
    }
    return std::make_unique<StateScores>(std::move(states), encoder_, memory);
  }
  void make_compact(WorkerPool& pool) {
    compact_ = CompactTable::make(encoder_.item_table(), encoder_.dim(), pool);
  }

 private:
  std::vector<float> encode(const Queries& queries, int64_t begin, int64_t end) const {
    const auto rows = static_cast<size_t>(end - begin);
    std::vector<float> states(rows * static_cast<size_t>(encoder_.dim()));
    const std::span<const int64_t> offsets(queries.histories.offsets);
    encoder_.encode_last(JaggedView<int32_t>{queries.histories.values,
                                             offsets.subspan(static_cast<size_t>(begin), rows + 1)},
                         states.data(), queries.times(begin, end));
    check_data(all_finite(states),
               "the model gives a state that is not finite: training diverged or the file is "
               "damaged; train again with a lower learning rate");
    return states;
  }

  const SequenceEncoder& encoder_;
  std::optional<CompactTable> compact_;
};

/// The same row for every query.
class RepeatedScores final : public BlockScores {
 public:
  RepeatedScores(const std::vector<float>& scores, int64_t rows, std::vector<float>& memory)
      : scores_(scores), rows_(rows), memory_(memory) {}

  float at(int64_t, int32_t item) const override { return scores_[static_cast<size_t>(item)]; }
  Rows range(int64_t first, int64_t last) override {
    memory_.clear();
    for (int64_t row = 0; row < rows_; ++row) {
      memory_.insert(memory_.end(), scores_.begin() + first, scores_.begin() + last);
    }
    return {memory_.data(), last - first};
  }

 private:
  const std::vector<float>& scores_;
  int64_t rows_;
  std::vector<float>& memory_;
};

class ItemScorer : public Scorer {
 public:
  explicit ItemScorer(std::vector<float> scores) : scores_(std::move(scores)) {}

  int64_t num_items() const override { return static_cast<int64_t>(scores_.size()); }

  void score(const Queries&, int64_t begin, int64_t end, float* scores) const override {
    for (int64_t query = begin; query < end; ++query) {
      std::copy(scores_.begin(), scores_.end(), scores + (query - begin) * num_items());
    }
  }
  bool scores_ranges() const override { return true; }
  std::unique_ptr<BlockScores> block(const Queries&, int64_t begin, int64_t end,
                                     std::vector<float>& memory) const override {
    return std::make_unique<RepeatedScores>(scores_, end - begin, memory);
  }

 private:
  std::vector<float> scores_;
};

}  // namespace

std::unique_ptr<Scorer> make_encoder_scorer(const SequenceEncoder& encoder) {
  return std::make_unique<EncoderScorer>(encoder);
}

std::unique_ptr<Scorer> make_query_scorer(const SequenceEncoder& encoder, WorkerPool& pool,
                                          int64_t least_items) {
  auto scorer = std::make_unique<EncoderScorer>(encoder);
  if (encoder.num_items() >= least_items) scorer->make_compact(pool);
  return scorer;
}

std::unique_ptr<Scorer> make_item_scorer(std::vector<float> scores) {
  return std::make_unique<ItemScorer>(std::move(scores));
}

std::vector<int64_t> count_items(JaggedView<int32_t> histories, std::span<const SplitPoint> splits,
                                 int64_t num_items, int64_t SplitPoint::*end) {
  std::vector<int64_t> counts(static_cast<size_t>(num_items));
  for (int64_t user = 0; user < histories.size(); ++user) {
    const auto length = static_cast<size_t>(splits[static_cast<size_t>(user)].*end);
    for (const int32_t item : histories.row(user).first(length)) {
      ++counts[static_cast<size_t>(item)];
    }
  }
  return counts;
}

std::vector<float> count_scores(const std::vector<int64_t>& counts) {
  constexpr int64_t kExactInFloat = int64_t{1} << 24;
  std::vector<int64_t> distinct(counts);
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  const bool exact = distinct.empty() || distinct.back() < kExactInFloat;
  std::vector<float> scores;
  scores.reserve(counts.size());
  for (const int64_t count : counts) {
    const int64_t place =
        std::lower_bound(distinct.begin(), distinct.end(), count) - distinct.begin();
    scores.push_back(static_cast<float>(exact ? count : place));
  }
  return scores;
}

std::unique_ptr<Scorer> make_popularity_scorer(const Dataset& dataset) {
  return make_item_scorer(count_scores(count_items(dataset.histories(), dataset.splits(),
                                                   dataset.num_items(), &SplitPoint::train_end)));
}

}  // namespace truenext
