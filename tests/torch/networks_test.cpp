// SPDX-License-Identifier: Apache-2.0
// Every network of the list on a device against the kernels, both in double: states and the
// gradients of all weights.
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "net/network_run.h"
#include "support/network_cases.h"
#include "torch/test_device.h"
#include "torch/torch_pass.h"

namespace truenext {
namespace {

using net::PassPurpose;
using net::Wanted;

constexpr int64_t kItems = 30;
constexpr double kValues = 1e-12, kGradients = 1e-10;  // relative to the largest

/// As long as the window, a single item, repeated items.
const std::vector<std::vector<int32_t>> kHistories = {
    {4, 9, 1, 29, 3, 3, 8, 15, 2, 7}, {11}, {5, 6, 7, 20}, {12, 4, 4, 18, 0, 25, 13}};
/// Several tokens of a sequence, none of the second.
const std::vector<int32_t> kSome = {0, 4, 9, 11, 14, 21};
const std::vector<int32_t> kNewest = {9, 10, 14, 21};

/// Without random masks, which are LibTorch's own.
ModelOptions without_dropout() {
  ModelOptions options = test::small_network();
  options.dropout = options.output_dropout = 0;
  return options;
}

at::Tensor borrowed(const double* values, at::IntArrayRef shape) {
  return at::from_blob(const_cast<double*>(values), shape, at::kDouble);
}

class DeviceNetworks : public testing::TestWithParam<test::NetworkCase> {
 protected:
  DeviceNetworks() : model_(make_model(GetParam().options, kItems, 3)) {
    test::roughen(model_->parameters());
    for (int64_t i = 0; i < model_->parameters().size(); ++i) {
      const Parameter& parameter = model_->parameters()[i];
      const at::Tensor floats =
          at::from_blob(const_cast<float*>(parameter.value.data()), parameter.shape, at::kFloat);
      leaves_.push_back(floats.to(at::kDouble).to(test::device()));
    }
  }

  void compare(const Wanted& wanted) const {
    const test::DoubleWeights weights(model_->parameters());
    test::DoubleWeights gradients = test::DoubleWeights::zeros(model_->parameters());
    const WeightViews<double> views = weights.views(gradients);
    net::Arena arena;
    test::NetworkPass<double> tile(*model_, views, sequences_, kTraining, wanted, arena);
    const at::Tensor states =
        borrowed(tile.values(), {tile.states.count, tile.states.width}).clone();
    const at::Tensor given = at::sin(at::arange(states.numel(), at::kDouble)).view_as(states);
    at::Tensor consumed = given.clone();
    const net::RowsGradient<double> to{tile.states, consumed.mutable_data_ptr<double>()};
    tile.pass.backward(std::span(&to, 1));
    test::add_lookups(tile.pass, gradients);

    net::TorchPass pass(model_->parameters().names(), leaves_, sequences_.input(wanted), kTraining);
    const net::Rows rows = model_->network().run(pass, model_->options());
    ASSERT_EQ(pass.values(rows).sizes(), states.sizes());
    EXPECT_LT(difference(pass.values(rows), states), kValues);
    const net::DeviceRowsGradient of_states{rows, given.to(test::device())};
    const std::vector<at::Tensor> found = pass.backward({&of_states, 1});
    for (int64_t i = 0; i < model_->parameters().size(); ++i) {
      const Parameter& parameter = model_->parameters()[i];
      const at::Tensor expected = borrowed(gradients[i].data(), parameter.shape);
      EXPECT_LT(difference(found[i].defined() ? found[i] : at::zeros_like(expected), expected),
                kGradients)
          << parameter.name;
    }
  }

  static constexpr PassPurpose kTraining{true, 5, 3};
  std::unique_ptr<Model> model_;
  std::vector<at::Tensor> leaves_;
  const test::Sequences sequences_{kHistories};

 private:
  /// Largest difference relative to the largest number, at least 1.
  static double difference(const at::Tensor& found, const at::Tensor& expected) {
    const double largest = std::max(1.0, expected.abs().max().item<double>());
    return (found.cpu() - expected).abs().max().item<double>() / largest;
  }
};

TEST_P(DeviceNetworks, AreThoseOfTheKernelsAtAllTokens) {
  compare(Wanted::all());
}

TEST_P(DeviceNetworks, AreThoseOfTheKernelsAtTheNewest) {
  compare(Wanted::list(kNewest));
}

TEST_P(DeviceNetworks, AreThoseOfTheKernelsAtSome) {
  compare(Wanted::list(kSome));
}

INSTANTIATE_TEST_SUITE_P(All, DeviceNetworks,
                         testing::ValuesIn(test::network_cases(without_dropout())),
                         test::case_name<testing::TestParamInfo<test::NetworkCase>>);

}  // namespace
}  // namespace truenext
