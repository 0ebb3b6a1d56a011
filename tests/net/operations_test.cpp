// SPDX-License-Identifier: Apache-2.0
// Every operation of Ops on the kernels: values against a naive computation, gradients in double
// against finite differences, float against double, and that each keeps to its rows.
#include "net/operation_list.h"

namespace truenext::net::testing {
namespace {

using kernels::testing::difference;
using kernels::testing::same_bits;

std::vector<Tile> tiles() {
  std::vector<Tile> all;
  for (const Ask ask : {Ask::all, Ask::some, Ask::newest}) {
    for (const int64_t width : {1, 5, 17})
      all.emplace_back(std::vector<int64_t>{7, 0, 1, 19, 2}, width, ask);
    all.emplace_back(std::vector<int64_t>{40, 0, 3}, 4, ask);
    all.emplace_back(std::vector<int64_t>{}, 5, ask);
  }
  return all;
}

const std::vector<Operation>& operations() {
  static const std::vector<Operation> all = [] {
    std::vector<Operation> list = element_operations();
    for (const auto& more : {row_operations(), sequence_operations()}) {
      list.insert(list.end(), more.begin(), more.end());
    }
    return list;
  }();
  return all;
}

class Operations : public ::testing::TestWithParam<size_t> {
 protected:
  const Operation& operation() const { return operations()[GetParam()]; }
};

std::string label(const Tile& tile) {
  return "width " + std::to_string(tile.width) + ", " + std::to_string(tile.tokens()) +
         " tokens, " + std::to_string(tile.rows()) + " wanted";
}

TEST_P(Operations, EqualNaiveComputation) {
  if (!operation().naive) GTEST_SKIP() << "no naive twin; blocks and gates have theirs in kernels";
  for (const Tile& tile : tiles()) {
    const Numbers numbers = random_numbers(operation(), tile);
    const Outcome outcome = evaluate<double>(operation(), tile, numbers);
    ASSERT_EQ(std::ssize(outcome.values), outcome.rows * outcome.width);
    std::vector<double> expected;
    for (int64_t row = 0; row < outcome.rows; ++row) {
      for (int64_t column = 0; column < outcome.width; ++column) {
        expected.push_back(operation().naive({tile, numbers, row, column}));
      }
    }
    EXPECT_LT(difference(outcome.values, expected), 1e-12) << label(tile);
  }
}

TEST_P(Operations, FloatEqualsDouble) {
  const double rounding = operation().rounding;
  for (const Tile& tile : tiles()) {
    if (tile.width < operation().least_width) continue;
    const Numbers numbers = random_numbers(operation(), tile);
    const Outcome fast = evaluate<float>(operation(), tile, numbers);
    const Outcome exact = evaluate<double>(operation(), tile, numbers);
    EXPECT_LT(difference(fast.values, exact.values), rounding) << label(tile);
    for (size_t i = 0; i < numbers.infos.size(); ++i) {
      EXPECT_LT(difference(fast.gradients[i], exact.gradients[i]), rounding)
          << label(tile) << ": " << numbers.infos[i].name;
    }
  }
}

/// Compares the gradient with differences of the loss for some elements and along two directions,
/// which everything takes part in.
class Differences {
 public:
  Differences(const Operation& operation, const Tile& tile)
      : operation_(operation), tile_(tile), numbers_(random_numbers(operation, tile)) {
    const Outcome outcome = evaluate<double>(operation, tile, numbers_);
    gradients_ = outcome.gradients;
    cotangent_ = cotangent(std::ssize(outcome.values));
  }

  void check(size_t tensor) {
    const auto size = std::ssize(numbers_.values[tensor]);
    const int64_t step = std::max<int64_t>(1, size / 16);
    for (int64_t i = tensor % step; i < size; i += step) {
      std::vector<double> direction(static_cast<size_t>(size), 0.0);
      direction[i] = 1;
      along(tensor, direction);
    }
    const double spread = 1 / std::sqrt(static_cast<double>(std::max<int64_t>(size, 1)));
    for (const uint64_t seed : {101, 102}) along(tensor, random_values<double>(size, seed, spread));
  }

 private:
  void along(size_t tensor, const std::vector<double>& direction) {
    const double expected =
        (loss(tensor, direction, kStep) - loss(tensor, direction, -kStep)) / (2 * kStep);
    double slope = 0, largest = 1;
    for (size_t i = 0; i < direction.size(); ++i) {
      slope += gradients_[tensor][i] * direction[i];
      largest = std::max(largest, std::abs(gradients_[tensor][i] * direction[i]));
    }
    EXPECT_NEAR(slope, expected, 1e-7 * largest)
        << label(tile_) << ": " << numbers_.infos[tensor].name;
  }
  double loss(size_t tensor, const std::vector<double>& direction, double step) {
    Numbers moved = numbers_;
    for (size_t i = 0; i < direction.size(); ++i) moved.values[tensor][i] += step * direction[i];
    const Outcome outcome = evaluate<double>(operation_, tile_, moved, false);
    return kernels::testing::weighted_sum(outcome.values, cotangent_);
  }

  static constexpr double kStep = 1e-5;
  const Operation& operation_;
  const Tile& tile_;
  Numbers numbers_;
  std::vector<std::vector<double>> gradients_;
  std::vector<double> cotangent_;
};

TEST_P(Operations, GradientsEqualFiniteDifferences) {
  for (const Tile& tile : tiles()) {
    Differences differences(operation(), tile);
    for (size_t i = 0; i < operation().tensors(tile).size(); ++i) differences.check(i);
  }
}

/// The numbers of sequence s alone.
Numbers alone(const Numbers& numbers, const Tile& tile, int64_t s) {
  Numbers part = numbers;
  for (size_t i = 0; i < part.infos.size(); ++i) {
    std::vector<int64_t>& shape = part.infos[i].shape;
    if (!part.infos[i].is_table() || shape[0] != tile.tokens()) continue;
    shape[0] = tile.offsets[s + 1] - tile.offsets[s];
    const auto begin = numbers.values[i].begin() + tile.offsets[s] * shape[1];
    part.values[i].assign(begin, begin + shape[0] * shape[1]);
  }
  return part;
}

TEST_P(Operations, SequenceGetsTheSameBitsAloneAndAmongOthers) {
  if (!operation().by_sequence) GTEST_SKIP() << "its rows depend on the whole tile";
  for (const Tile& tile : tiles()) {
    const Numbers numbers = random_numbers(operation(), tile);
    const Outcome together = evaluate<float>(operation(), tile, numbers);
    std::vector<double> apart;
    for (int64_t s = 0; s < tile.sequences(); ++s) {
      const Outcome one = evaluate<float>(operation(), tile.alone(s), alone(numbers, tile, s));
      apart.insert(apart.end(), one.values.begin(), one.values.end());
    }
    EXPECT_TRUE(same_bits(together.values, apart)) << label(tile);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Operations, ::testing::Range(size_t{0}, operations().size()),
                         [](const auto& given) { return operations()[given.param].name; });

}  // namespace
}  // namespace truenext::net::testing
