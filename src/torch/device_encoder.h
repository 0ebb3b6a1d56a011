// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "base/jagged.h"
#include "net/encoder.h"
#include "net/model.h"

namespace truenext {

/// Histories to states on a device: the twin of SequenceEncoder::encode_last().
class DeviceEncoder {
 public:
  /// `weights` are in the order of the model's parameters, whose own values are not read, and as
  /// passes read them (DeviceTables). The
  /// model must outlive the encoder. Data Error when a value of the item table is not finite.
  DeviceEncoder(const Model& model, std::vector<at::Tensor> weights);

  int64_t num_items() const { return model_.num_items(); }
  at::Device device() const { return weights_[0].device(); }
  /// Table that scores are taken with: [num_items, dim].
  at::Tensor item_table() const {
    return weights_[model_.score_table()].narrow(0, 0, num_items());  // never padding
  }

  /// Histories, as long as the model looks at, for which no matrix of a pass holds more than
  /// `numbers` numbers (net::WorkPass); at least 1.
  int64_t most_histories(int64_t numbers) const;
  /// The state after the newest item of each history: [histories, dim]. Data Error when a history
  /// is empty or of another catalogue, or a state is not finite; usage Error without the times that
  /// the model is told.
  at::Tensor encode_last(JaggedView<int32_t> histories, const HistoryTimes& times) const;

 private:
  const Model& model_;
  std::vector<at::Tensor> weights_;
  int64_t numbers_of_history_;  ///< in the largest matrix of a pass over one long history
};

}  // namespace truenext
