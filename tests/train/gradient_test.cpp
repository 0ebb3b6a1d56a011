// SPDX-License-Identifier: Apache-2.0
// Gradients of whole models with every objective against float64 finite differences.
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "net/model.h"
#include "objectives/objective.h"
#include "support/differences.h"
#include "support/tiles.h"
#include "train/steps/tile_step.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 9;

struct Case {
  std::string name;
  ModelOptions model;
  ObjectiveOptions objective;
};

ModelOptions tiny(const std::string& name, const std::string& block) {
  ModelOptions options;
  options.name = name;
  options.block = block;
  options.hidden_size = 4;
  options.num_blocks = 2;
  options.num_heads = 2;
  options.max_length = 6;
  options.dropout = 0.3;
  options.gru_hidden_size = 3;
  options.init = "xavier-normal";
  return options;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  ObjectiveOptions sampled;
  sampled.negatives = 3;
  ObjectiveOptions full;
  full.criterion = "softmax";
  full.candidates = "full";
  for (const std::string block : {"gsasrec", "pmixer", "post-norm", "csrec"}) {
    all.push_back({block + "_sampled", tiny("sasrec", block), sampled});
    all.push_back({block + "_full", tiny("sasrec", block), full});
  }
  Case tied{"gsasrec_tied", tiny("sasrec", "gsasrec"), sampled};
  tied.model.tie_embeddings = true;
  all.push_back(tied);
  Case padded{"pmixer_attending_to_padding", tiny("sasrec", "pmixer"), sampled};
  padded.model.padding = "attend";
  all.push_back(padded);
  Case gru{"gru4rec", tiny("gru4rec", "gsasrec"), full};
  gru.model.gru_layers = 2;
  gru.model.gru_bias = true;
  all.push_back(gru);
  for (Case& c : all) {
    for (char& letter : c.name) {
      if (letter == '-') letter = '_';
    }
  }
  return all;
}

class ModelGradient : public testing::TestWithParam<Case> {
 protected:
  ModelGradient() : objective_(GetParam().objective, kItems) {
    model_ = make_model(GetParam().model, kItems, 5);
    model_->parameters().convert(at::kDouble);
    for (int64_t i = 0; i < model_->parameters().size(); ++i) {  // no zero biases, no unit norms
      at::Tensor value = model_->parameters()[i].value.detach();
      const int64_t n = value.numel();
      value.add_(
          at::sin(at::arange(n, at::kDouble) * 1.7 + static_cast<double>(i)).view(value.sizes()),
          0.05);
    }
  }

  TileGradients<double> run() {
    return run_tile<double>(*model_, objective_, tile_, {3, 1, tile_.targets.size()});
  }

  std::vector<double> analytic(int64_t parameter, TileGradients<double>& gradients) {
    const Parameter& p = model_->parameters()[parameter];
    if (p.kind == ParameterKind::table) {
      const auto values = gradients.tables[parameter].make_dense();
      return {values.begin(), values.end()};
    }
    const at::Tensor grad = gradients.dense[parameter].contiguous();
    return {grad.data_ptr<double>(), grad.data_ptr<double>() + grad.numel()};
  }

  Objective objective_;
  std::unique_ptr<Model> model_;
  // One sequence as long as the window, one short, one with a single input, a repeated item.
  Tile tile_ = test::next_item_tile({{3, 1, 4, 1, 5, 8, 2}, {2, 7, 0}, {6, 6}});
};

TEST_P(ModelGradient, EqualsFiniteDifferences) {
  TileGradients<double> gradients = run();
  for (int64_t i = 0; i < model_->parameters().size(); ++i) {
    const Parameter& parameter = model_->parameters()[i];
    const std::vector<double> grad = analytic(i, gradients);
    double* values = parameter.value.data_ptr<double>();
    const int64_t n = parameter.value.numel();
    for (int64_t e = 0; e < n; e += std::max<int64_t>(1, n / 12)) {
      const double slope = test::central_difference(values[e], 1e-5, [&] { return run().loss; });
      EXPECT_NEAR(grad[e], slope, 2e-8) << parameter.name << " " << e;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, ModelGradient, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace truenext
