// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "eval/answers.h"

namespace truenext {
namespace {

/// Rows of length 1 in the place of a model's item table; the state of a history is the row of its
/// last item, so that their product is a cosine and everything that ranks states ranks items, too.
class CosineEncoder final : public SequenceEncoder {
 public:
  explicit CosineEncoder(const SequenceEncoder& model)
      : dim_(model.vector_dim()), table_(static_cast<size_t>(model.num_items() * dim_)) {
    for (int64_t item = 0; item < num_items(); ++item) {
      const size_t from = static_cast<size_t>(item * model.dim());
      std::copy_n(model.item_table().begin() + from, dim_, table_.begin() + item * dim_);
      const auto row = std::span<float>(table_).subspan(static_cast<size_t>(item * dim_),
                                                        static_cast<size_t>(dim_));
      double squares = 0;
      for (const float value : row) squares += static_cast<double>(value) * value;
      if (squares == 0) continue;
      const double length = std::sqrt(squares);
      for (float& value : row) value = static_cast<float>(value / length);
    }
  }

  int64_t dim() const override { return dim_; }
  int64_t num_items() const override { return static_cast<int64_t>(table_.size()) / dim_; }
  int64_t max_length() const override { return 1; }
  void encode_last(JaggedView<int32_t> histories, float* states,
                   const HistoryTimes& /*times*/) const override {
    for (int64_t row = 0; row < histories.size(); ++row) {
      const int32_t item = checked_window(histories, row, 1, num_items()).back();
      std::copy_n(table_.begin() + item * dim_, dim_, states + row * dim_);
    }
  }
  void encode_all(JaggedView<int32_t> histories, float* states,
                  const HistoryTimes& times) const override {
    encode_last(histories, states, times);  // one item each
  }
  std::span<const float> item_table() const override { return table_; }

 private:
  int64_t dim_;
  std::vector<float> table_;
};

/// An encoder's scorer that owns its encoder.
class CosineScorer final : public Scorer {
 public:
  explicit CosineScorer(const SequenceEncoder& model)
      : encoder_(model), scorer_(make_encoder_scorer(encoder_)) {}

  int64_t num_items() const override { return encoder_.num_items(); }
  void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const override {
    scorer_->score(queries, begin, end, scores);
  }
  bool scores_ranges() const override { return true; }
  std::unique_ptr<BlockScores> block(const Queries& queries, int64_t begin, int64_t end,
                                     std::vector<float>& memory) const override {
    return scorer_->block(queries, begin, end, memory);
  }

 private:
  CosineEncoder encoder_;
  std::unique_ptr<Scorer> scorer_;
};

}  // namespace

std::unique_ptr<Scorer> make_cosine_scorer(const SequenceEncoder& model) {
  return std::make_unique<CosineScorer>(model);
}

}  // namespace truenext
