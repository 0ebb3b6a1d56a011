// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "net/encoder.h"

namespace truenext {

/// State = sum of the table rows of the history, so that scores are easy to foretell.
class SumEncoder : public SequenceEncoder {
 public:
  SumEncoder(std::vector<float> table, int64_t dim) : table_(std::move(table)), dim_(dim) {}
  int64_t dim() const override { return dim_; }
  int64_t num_items() const override { return static_cast<int64_t>(table_.size()) / dim_; }
  int64_t max_length() const override { return 100; }
  std::span<const float> item_table() const override { return table_; }
  void encode_all(JaggedView<int32_t>, float*, const HistoryTimes&) const override {
    throw std::logic_error("ranking asks for last states only");
  }
  void encode_last(JaggedView<int32_t> histories, float* states,
                   const HistoryTimes&) const override {
    for (int64_t row = 0; row < histories.size(); ++row) {
      for (int64_t c = 0; c < dim_; ++c) {
        states[row * dim_ + c] = 0;
        for (const int32_t item : histories.row(row)) {
          states[row * dim_ + c] += table_[static_cast<size_t>(item * dim_ + c)];
        }
      }
    }
  }

 private:
  std::vector<float> table_;
  int64_t dim_;
};

}  // namespace truenext
