// SPDX-License-Identifier: Apache-2.0
// Every operation of Ops on a device against the kernels, both in double: the table of operations
// is that of tests/net/operations_test.cpp.
#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include "net/operation_list.h"
#include "torch/test_device.h"
#include "torch/torch_pass.h"

namespace truenext::net::testing {
namespace {

using kernels::testing::difference;

// Relative to the largest. A norm over one column by an epsilon of 1e-12 makes 1e6 of roundings.
constexpr double kValues = 1e-12, kGradients = 1e-9;

/// All but those with random masks, which are LibTorch's own.
const std::vector<Operation>& operations() {
  static const std::vector<Operation> all = [] {
    std::vector<Operation> some;
    for (const auto& list : {element_operations(), row_operations(), sequence_operations()}) {
      std::copy_if(list.begin(), list.end(), std::back_inserter(some),
                   [](const Operation& one) { return one.name.find("drop") == std::string::npos; });
    }
    return some;
  }();
  return all;
}

std::vector<Tile> tiles() {
  std::vector<Tile> all;
  for (const Ask ask : {Ask::all, Ask::some, Ask::newest}) {
    for (const int64_t width : {1, 5, 17}) {
      all.emplace_back(std::vector<int64_t>{1, 2, 7, 19}, width, ask);
      all.emplace_back(std::vector<int64_t>{7, 0, 1, 19, 2}, width, ask);
    }
    all.emplace_back(std::vector<int64_t>{1}, 5, ask);
    all.emplace_back(std::vector<int64_t>{0}, 5, ask);
    all.emplace_back(std::vector<int64_t>{}, 5, ask);
  }
  return all;
}

at::Tensor upload(const std::vector<double>& values, at::IntArrayRef shape) {
  return at::tensor(values).view(shape).to(test::device());
}

std::vector<double> fetch(const at::Tensor& values) {
  const at::Tensor all = values.cpu().contiguous();
  return {all.const_data_ptr<double>(), all.const_data_ptr<double>() + all.numel()};
}

Outcome on_device(const Operation& operation, const Tile& tile, const Numbers& numbers) {
  std::vector<at::Tensor> weights;
  for (size_t i = 0; i < numbers.infos.size(); ++i) {
    weights.push_back(upload(numbers.values[i], numbers.infos[i].shape));
  }
  const TensorNames names(numbers.infos);
  TorchPass pass(names, weights, tile.input(), {true, 3, 5});
  const Rows y = operation.run(pass, tile);
  Outcome outcome{y.count, y.width, fetch(pass.values(y)), {}};
  const DeviceRowsGradient given{y, upload(cotangent(y.size()), {y.count, y.width})};
  const std::vector<at::Tensor> gradients = pass.backward({&given, 1});
  for (size_t i = 0; i < weights.size(); ++i) {
    outcome.gradients.push_back(
        fetch(gradients[i].defined() ? gradients[i] : at::zeros_like(weights[i])));
  }
  return outcome;
}

class DeviceOperations : public ::testing::TestWithParam<size_t> {};

TEST_P(DeviceOperations, GiveWhatTheKernelsGive) {
  const Operation& operation = operations()[GetParam()];
  for (const Tile& tile : tiles()) {
    SCOPED_TRACE(std::to_string(tile.sequences()) + " sequences, " + std::to_string(tile.tokens()) +
                 " tokens, width " + std::to_string(tile.width) + ", " +
                 std::to_string(tile.rows()) + " wanted");
    const Numbers numbers = random_numbers(operation, tile);
    const Outcome expected = evaluate<double>(operation, tile, numbers);
    const Outcome found = on_device(operation, tile, numbers);
    ASSERT_EQ(found.rows, expected.rows);
    ASSERT_EQ(found.width, expected.width);
    EXPECT_LT(difference(found.values, expected.values), kValues);
    for (size_t i = 0; i < numbers.infos.size(); ++i) {
      EXPECT_LT(difference(found.gradients[i], expected.gradients[i]), kGradients)
          << numbers.infos[i].name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, DeviceOperations, ::testing::Range(size_t{0}, operations().size()),
                         [](const auto& given) { return operations()[given.param].name; });

/// The first of equal numbers gets the gradient of their maximum.
TEST(DeviceMaximum, OfEqualNumbersIsTheFirst) {
  const Tile tile({3, 2}, 1, Ask::all);
  const Operation operation{"ties", only_x, [](Ops& ops, const Tile& whole) {
                              return ops.segment_max(token_rows(ops, "x"), whole.offsets);
                            }};
  const Numbers numbers{only_x(tile), {{1, 2, 2, 0.5, 0.5}}};
  const Outcome found = on_device(operation, tile, numbers);
  EXPECT_EQ(found.values, (std::vector<double>{2, 0.5}));
  const std::vector<double> given = cotangent(2);
  EXPECT_EQ(found.gradients[0], (std::vector<double>{0, given[0], 0, given[1], 0}));
  EXPECT_EQ(found.gradients[0], evaluate<double>(operation, tile, numbers).gradients[0]);
}

/// Masks keep about the share that they should, are drawn in training only, and anew for a step.
TEST(DeviceDropout, FollowsThePurposeOfThePass) {
  const Tile tile({50}, 40, Ask::all);
  const Numbers numbers{only_x(tile), {std::vector<double>(2000, 1.0)}};
  const TensorNames names(numbers.infos);
  const std::vector<at::Tensor> weights{upload(numbers.values[0], {50, 40})};
  const auto run = [&](const PassPurpose& purpose) {
    TorchPass pass(names, weights, tile.input(), purpose);
    const Rows y = pass.dropout(token_rows(pass, "x"), 0.25, Purpose::dropout_embedding, 0);
    return fetch(pass.values(y));
  };
  EXPECT_EQ(run({}), numbers.values[0]);
  const std::vector<double> step = run({true, 3, 5});
  EXPECT_EQ(step, run({true, 3, 5}));
  EXPECT_NE(step, run({true, 3, 6}));
  EXPECT_NE(step, run({true, 4, 5}));
  const auto kept = std::count(step.begin(), step.end(), 1 / 0.75);
  EXPECT_EQ(kept + std::count(step.begin(), step.end(), 0.0), 2000);
  EXPECT_NEAR(static_cast<double>(kept), 1500, 100);  // five standard deviations
}

}  // namespace
}  // namespace truenext::net::testing
