// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "net/encoder.h"
#include "net/model.h"
#include "net/network_run.h"
#include "support/network_cases.h"

namespace truenext::test {

inline constexpr int64_t kItems = 30;
inline constexpr net::PassPurpose kUse{};
inline constexpr net::PassPurpose kTraining{true, 5, 3};

/// As long as the window, a single item, repeated items.
inline const std::vector<std::vector<int32_t>> kHistories = {
    {4, 9, 1, 29, 3, 3, 8, 15, 2, 7}, {11}, {5, 6, 7, 20}, {12, 4, 4, 18, 0, 25, 13}};
/// Some of their tokens: several of a sequence, none of the second.
inline const std::vector<int32_t> kWanted = {0, 4, 9, 11, 14, 21};

/// A model of each kind of each network and what goes through it.
class NetworkTest : public testing::TestWithParam<NetworkCase> {
 protected:
  NetworkTest() : model_(make_model(GetParam().options, kItems, 3)) {
    roughen(model_->parameters());
  }

  int64_t dim() const { return model_->options().hidden_size; }
  /// `count` rows of a matrix of states.
  std::span<const float> rows(const std::vector<float>& states, int64_t first,
                              int64_t count) const {
    return std::span(states).subspan(static_cast<size_t>(first * dim()),
                                     static_cast<size_t>(count * dim()));
  }
  std::vector<float> picked(const std::vector<float>& states,
                            const std::vector<int32_t>& tokens) const {
    std::vector<float> result;
    for (const int32_t token : tokens) {
      const auto row = rows(states, token, 1);
      result.insert(result.end(), row.begin(), row.end());
    }
    return result;
  }
  std::unique_ptr<SequenceEncoder> encoder() const {
    return make_encoder(model_->options(), model_->parameters().views());
  }

  std::unique_ptr<Model> model_;
  const Sequences sequences_{kHistories};
};

}  // namespace truenext::test
