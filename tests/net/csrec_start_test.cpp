// SPDX-License-Identifier: Apache-2.0
// model.init = "csrec": every tensor of CSRec's networks within the bound or with the deviation
// that its code starts it with.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "net/model.h"
#include "support/network_cases.h"
#include "support/test_files.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 299;
constexpr int64_t kWidth = 64;

/// Uniform in +-size, N(0, size^2), or equal to size.
enum class Form { uniform, normal, equal };

struct Expected {
  const char* network;
  const char* setting;
  const char* tensor;
  Form form;
  double size;
};

// Recurrent width 32, kernel 3, 6 places, 3 vertical and 4 horizontal filters.
const double kXavierTable = std::sqrt(2.0 / (kItems + 1 + kWidth));
const Expected kExpected[] = {
    {"gru4rec", "gru_layers=2", "item_embedding.weight", Form::normal, kXavierTable},
    {"gru4rec", "gru_layers=2", "gru.0.input_weight", Form::uniform, std::sqrt(6.0 / (96 + 64))},
    {"gru4rec", "gru_layers=2", "gru.0.hidden_weight", Form::uniform, std::sqrt(6.0 / (96 + 32))},
    {"gru4rec", "gru_layers=2", "gru.1.input_weight", Form::uniform, 1 / std::sqrt(32.0)},
    {"gru4rec", "gru_layers=2", "gru.1.hidden_weight", Form::uniform, 1 / std::sqrt(32.0)},
    {"gru4rec", "padding=attend", "padding_embedding", Form::normal, kXavierTable},
    {"gru4rec", "gru_layers=2", "dense.weight", Form::uniform, 1 / std::sqrt(32.0)},
    {"gru4rec", "gru_layers=2", "dense.bias", Form::uniform, 1 / std::sqrt(32.0)},
    {"narm", "gru_layers=1", "item_embedding.weight", Form::normal, kXavierTable},
    {"narm", "gru_layers=1", "gru.0.input_weight", Form::uniform, 1 / std::sqrt(32.0)},
    {"narm", "gru_layers=1", "attention_key.weight", Form::normal, std::sqrt(2.0 / 64)},
    {"narm", "gru_layers=1", "attention_value.weight", Form::normal, std::sqrt(2.0 / 33)},
    {"narm", "gru_layers=1", "output.weight", Form::normal, std::sqrt(2.0 / (64 + 64))},
    {"nextitnet", "padding=attend", "item_embedding.weight", Form::uniform,
     std::sqrt(1.0 / kItems)},
    {"nextitnet", "padding=attend", "padding_embedding", Form::uniform, std::sqrt(1.0 / kItems)},
    {"nextitnet", "padding=attend", "blocks.1.conv2.weight", Form::uniform, 1 / std::sqrt(192.0)},
    {"nextitnet", "padding=attend", "blocks.0.conv1.bias", Form::uniform, 1 / std::sqrt(192.0)},
    {"nextitnet", "padding=attend", "blocks.0.norm1.weight", Form::equal, 1},
    {"nextitnet", "padding=attend", "blocks.0.norm1.bias", Form::equal, 0},
    {"nextitnet", "padding=attend", "dense.weight", Form::normal, std::sqrt(2.0 / 128)},
    {"nextitnet", "padding=attend", "dense.bias", Form::equal, 0.1},
    {"sasrec", "block=csrec", "item_embedding.weight", Form::normal, 0.02},
    {"sasrec", "block=csrec", "position_embedding.weight", Form::normal, 0.02},
    {"sasrec", "block=csrec", "blocks.1.ffn1.weight", Form::normal, 0.02},
    {"sasrec", "block=csrec", "blocks.1.query.bias", Form::equal, 0},
    {"sasrec", "block=csrec", "embedding_norm.weight", Form::equal, 1},
    {"caser", "padding=attend", "item_embedding.weight", Form::normal, 1.0 / 64},
    {"caser", "padding=attend", "padding_embedding", Form::normal, 1.0 / 64},
    {"caser", "padding=attend", "vertical.weight", Form::uniform, 1 / std::sqrt(6.0)},
    {"caser", "padding=attend", "vertical_bias", Form::uniform, 1 / std::sqrt(6.0)},
    {"caser", "padding=attend", "horizontal.5.weight", Form::uniform, 1 / std::sqrt(320.0)},
    {"caser", "padding=attend", "horizontal.5.bias", Form::uniform, 1 / std::sqrt(320.0)},
    {"caser", "padding=attend", "dense.weight", Form::normal, std::sqrt(2.0 / (64 + 216))},
    {"caser", "padding=attend", "dense.bias", Form::equal, 0},
    {"narm", "padding_class=true", "padding_class.weight", Form::normal, kXavierTable},
    {"sasrec", "padding_class=true", "padding_class.weight", Form::normal, 0.02},
    {"bert4rec", "block=csrec-bert", "item_embedding.weight", Form::normal, 1},
    {"bert4rec", "block=csrec-bert", "position_embedding.weight", Form::normal, 1},
    {"bert4rec", "block=csrec-bert", "mask_embedding", Form::normal, 1},
    {"bert4rec", "block=csrec-bert", "output_embedding.weight", Form::uniform, 0.125},
    {"bert4rec", "block=csrec-bert", "embedding_map.bias", Form::uniform, 0.125},
    {"bert4rec", "block=csrec-bert", "blocks.0.ffn2.weight", Form::uniform, 1.0 / 16},
};

ModelOptions options_of(const std::string& network, const std::string& setting) {
  ModelOptions options;
  options.name = network;
  options.hidden_size = kWidth;
  options.gru_hidden_size = 32;
  options.max_length = 6;
  options.init = StartValues::csrec;
  OptionList list;
  options.list(list);
  apply_setting(list, setting);
  options.resolve();
  return options;
}

TEST(CsrecStart, IsThatOfEachNetworksCode) {
  for (const Expected& want : kExpected) {
    const std::string where = std::string(want.network) + " " + want.tensor;
    const auto model = make_model(options_of(want.network, want.setting), kItems, 3);
    double largest = 0, squares = 0, count = 0;
    for (const float value : model->parameters().get(want.tensor).values) {
      ASSERT_TRUE(std::isfinite(value)) << where;
      if (want.form == Form::equal) {
        ASSERT_EQ(value, static_cast<float>(want.size)) << where;
      }
      largest = std::max(largest, std::abs(static_cast<double>(value)));
      squares += static_cast<double>(value) * value;
      ++count;
    }
    const double deviation = std::sqrt(squares / count);
    if (want.form == Form::uniform) {
      EXPECT_LE(largest, want.size * (1 + 1e-6)) << where;
      if (count > 10) {
        EXPECT_GT(largest, 0.85 * want.size) << where;
      }
    }
    if (want.form == Form::normal) {
      EXPECT_NEAR(deviation / want.size, 1, 4 / std::sqrt(2 * count)) << where;
    }
  }
}

TEST(CsrecStart, DependsOnTheSeedAndOnNothingElse) {
  for (const Expected& want : kExpected) {
    const ModelOptions options = options_of(want.network, want.setting);
    const auto one = make_model(options, kItems, 3), same = make_model(options, kItems, 3);
    const auto other = make_model(options, kItems, 4);
    const auto values = [&](const auto& model) {
      return model->parameters().get(want.tensor).values;
    };
    EXPECT_EQ(values(one), values(same)) << want.tensor;
    EXPECT_EQ(values(one) == values(other), want.form == Form::equal) << want.tensor;
  }
}

TEST(CsrecStart, IsOfItsNetworksOnly) {
  const test::Caught error = test::caught([] { options_of("sr-gnn", "gnn_steps=1"); });
  EXPECT_EQ(error.code, ExitCode::usage);
  EXPECT_TRUE(error.says("sr-gnn is none of CSRec's networks")) << error.message;
}

}  // namespace
}  // namespace truenext
