// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/jagged.h"
#include "base/random.h"
#include "net/encoder.h"
#include "support/history_times.h"

namespace truenext {

/// Weights of a model that own their values.
struct ModelWeights {
  std::map<std::string, std::vector<float>> values;
  TensorMap views;

  void set(const std::string& name, std::vector<int64_t> shape, std::vector<float> data) {
    std::vector<float>& kept = values[name] = std::move(data);
    views[name] = {std::move(shape), kept.data()};
  }
};

/// Seeded weights for every tensor of a model: about N(0, spread^2), norms about 1.
inline ModelWeights random_weights(const ModelOptions& options, int64_t num_items,
                                   double spread = 0.3) {
  ModelWeights weights;
  RandomStream random(random_key(7, Purpose::initialise));
  for (const TensorInfo& info : model_tensors(options, num_items)) {
    const bool is_norm = info.name.find("norm.weight") != std::string::npos;
    int64_t size = 1;
    for (const int64_t extent : info.shape) size *= extent;
    std::vector<float> data(static_cast<size_t>(size));
    for (float& value : data) {
      value = static_cast<float>((is_norm ? 1.0 : 0.0) + spread * random.normal());
    }
    weights.set(info.name, info.shape, std::move(data));
  }
  return weights;
}

/// Seeded histories with lengths from 1 to longest.
inline Jagged<int32_t> random_histories(int64_t count, int64_t longest, int64_t num_items) {
  Jagged<int32_t> histories;
  RandomStream random(random_key(11, Purpose::simulate));
  for (int64_t i = 0; i < count; ++i) {
    std::vector<int32_t> row(1 + random.below(static_cast<uint32_t>(longest)));
    for (int32_t& item : row) {
      item = static_cast<int32_t>(random.below(static_cast<uint32_t>(num_items)));
    }
    histories.add_row(row);
  }
  return histories;
}

inline std::vector<float> last_states(const SequenceEncoder& encoder,
                                      JaggedView<int32_t> histories) {
  std::vector<float> states(static_cast<size_t>(histories.size() * encoder.dim()));
  encoder.encode_last(histories, states.data(), test::TestTimes(histories.offsets).view());
  return states;
}

inline std::vector<float> all_states(const SequenceEncoder& encoder,
                                     JaggedView<int32_t> histories) {
  std::vector<float> states(histories.values.size() * static_cast<size_t>(encoder.dim()));
  encoder.encode_all(histories, states.data(), test::TestTimes(histories.offsets).view());
  return states;
}

}  // namespace truenext
