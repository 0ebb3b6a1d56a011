// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "eval/evaluator.h"
#include "kernels/kernels.h"

namespace upnext {
namespace {

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

class EncoderScorer : public Scorer {
 public:
  explicit EncoderScorer(const SequenceEncoder& encoder) : encoder_(encoder) {
    check_data(all_finite(encoder.item_table()),
               "the model's item table holds values that are not finite: training diverged or the "
               "file is damaged; train again with a lower learning rate");
  }

  int64_t num_items() const override { return encoder_.num_items(); }

  void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override {
    const int64_t rows = end - begin;
    const int64_t dim = encoder_.dim();
    std::vector<float> states(static_cast<size_t>(rows * dim));
    const std::span<const int64_t> offsets(queries.histories.offsets);
    encoder_.encode_last(JaggedView<int32_t>{queries.histories.values,
                                             offsets.subspan(static_cast<size_t>(begin),
                                                             static_cast<size_t>(rows) + 1)},
                         states.data());
    check_data(all_finite(states),
               "the model gives a state that is not finite: training diverged or the file is "
               "damaged; train again with a lower learning rate");
    kernels::gemm_nt(rows, num_items(), dim, states.data(), dim, encoder_.item_table().data(), dim,
                     scores, num_items(), false);
  }

 private:
  const SequenceEncoder& encoder_;
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

 private:
  std::vector<float> scores_;
};

}  // namespace

std::unique_ptr<Scorer> make_encoder_scorer(const SequenceEncoder& encoder) {
  return std::make_unique<EncoderScorer>(encoder);
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

}  // namespace upnext
