// SPDX-License-Identifier: Apache-2.0
// What is read in the place of item tables with model.attributes and model.output_bias.
#include "net/composed_tables.h"

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "net/encoder.h"
#include "net/network_run.h"
#include "support/composed_views.h"
#include "support/test_files.h"

namespace truenext {
namespace {

ModelOptions small(bool tied, bool attributes, bool bias) {
  ModelOptions options;
  options.name = "gru4rec";
  options.hidden_size = 2;
  options.gru_hidden_size = 3;
  options.max_length = 4;
  options.tie_embeddings = tied;
  options.attributes = attributes ? AttributeUse::add : AttributeUse::none;
  options.output_bias = bias;
  return options;
}

/// Items 0, 1, 2: both attributes (one of them twice), none, the second.
AttributeLists three_items() {
  Jagged<int32_t> rows;
  rows.add_row(std::vector<int32_t>{1, 0, 1});
  rows.add_row(std::vector<int32_t>{});
  rows.add_row(std::vector<int32_t>{1});
  return distinct_attributes(rows, 2);
}

std::unique_ptr<Model> numbered(const ModelOptions& options) {
  auto model = make_model(options, 3, 1, three_items());
  ParameterSet& parameters = model->parameters();
  const auto put = [&](const char* name, AlignedVector<float> values) {
    if (parameters.names().find(name) >= 0) parameters.get(name).values = std::move(values);
  };
  put(kInputTable, {1, 2, 3, 4, 5, 6});
  put(kOutputTable, {-1, -2, -3, -4, -5, -6});
  put(kAttributeTable, {10, 20, 30, 60});
  put(kOutputBias, {7, 8, 9});
  put(kPaddingClass, {70, 80});
  put(kPaddingClassBias, {90});
  put(kPaddingVector, {50, 60});
  return model;
}

std::unique_ptr<Model> numbered(bool tied, bool attributes, bool bias) {
  return numbered(small(tied, attributes, bias));
}

using Numbers = std::vector<float>;

Numbers read_of(const Model& model, int64_t table) {
  const Tensor& read = model.parameters()[table].readable();
  return {read.values.begin(), read.values.end()};
}

TEST(ComposedTables, HoldRowsPlusTheMeanOfTheirAttributesAndTheBiases) {
  const struct {
    bool tied, attributes, bias;
    Numbers input, scores;
  } cases[] = {
      {true, true, false, {21, 42, 3, 4, 35, 66}, {21, 42, 3, 4, 35, 66}},
      {false, true, false, {21, 42, 3, 4, 35, 66}, {19, 38, -3, -4, 25, 54}},
      {true, false, true, {1, 2, 3, 4, 5, 6}, {1, 2, 7, 3, 4, 8, 5, 6, 9}},
      {false, false, true, {1, 2, 3, 4, 5, 6}, {-1, -2, 7, -3, -4, 8, -5, -6, 9}},
      {true, true, true, {21, 42, 3, 4, 35, 66}, {21, 42, 7, 3, 4, 8, 35, 66, 9}},
      {false, true, true, {21, 42, 3, 4, 35, 66}, {19, 38, 7, -3, -4, 8, 25, 54, 9}},
  };
  WorkerPool pool(2);
  for (const auto& c : cases) {
    const auto model = numbered(c.tied, c.attributes, c.bias);
    model->compose(pool);
    EXPECT_EQ(read_of(*model, model->input_table()), c.input);
    EXPECT_EQ(read_of(*model, model->score_table()), c.scores);
    const auto encoder =
        make_encoder(model->options(), model->parameters().views(), model->attributes());
    EXPECT_EQ(Numbers(encoder->item_table().begin(), encoder->item_table().end()), c.scores);
    EXPECT_EQ(encoder->dim(), c.bias ? 3 : 2);
    EXPECT_EQ(encoder->vector_dim(), 2);
  }
}

// A last row for padding, which only training sees.
TEST(ComposedTables, HoldPaddingWhereItIsAClass) {
  const struct {
    bool tied, attributes, bias, attend;
    Numbers input, scores, in_use;
  } cases[] = {
      {true,
       false,
       false,
       false,
       {1, 2, 3, 4, 5, 6, 70, 80},
       {1, 2, 3, 4, 5, 6, 70, 80},
       {1, 2, 3, 4, 5, 6}},
      {false,
       false,
       false,
       false,
       {1, 2, 3, 4, 5, 6},
       {-1, -2, -3, -4, -5, -6, 70, 80},
       {-1, -2, -3, -4, -5, -6}},
      {true,
       true,
       false,
       false,
       {21, 42, 3, 4, 35, 66, 70, 80},
       {21, 42, 3, 4, 35, 66, 70, 80},
       {21, 42, 3, 4, 35, 66}},
      {false,
       true,
       true,
       false,
       {21, 42, 3, 4, 35, 66},
       {19, 38, 7, -3, -4, 8, 25, 54, 9, 70, 80, 90},
       {19, 38, 7, -3, -4, 8, 25, 54, 9}},
      // One vector for both where embeddings are tied, else two.
      {true,
       false,
       true,
       true,
       {1, 2, 3, 4, 5, 6},
       {1, 2, 7, 3, 4, 8, 5, 6, 9, 50, 60, 90},
       {1, 2, 7, 3, 4, 8, 5, 6, 9}},
      {false,
       false,
       false,
       true,
       {1, 2, 3, 4, 5, 6},
       {-1, -2, -3, -4, -5, -6, 70, 80},
       {-1, -2, -3, -4, -5, -6}},
  };
  WorkerPool pool(2);
  for (const auto& c : cases) {
    ModelOptions options = small(c.tied, c.attributes, c.bias);
    options.padding_class = true;
    options.padding = c.attend ? PaddingUse::attend : PaddingUse::none;
    const auto model = numbered(options);
    model->compose(pool);
    EXPECT_EQ(read_of(*model, model->input_table()), c.input);
    EXPECT_EQ(read_of(*model, model->score_table()), c.scores);
    const bool shared = c.tied && c.attend;
    EXPECT_EQ(model->parameters().names().find(kPaddingClass) < 0, shared);
    const auto encoder =
        make_encoder(model->options(), model->parameters().views(), model->attributes());
    EXPECT_EQ(encoder->num_items(), 3);
    EXPECT_EQ(Numbers(encoder->item_table().begin(), encoder->item_table().end()), c.in_use);
  }
}

// Those of CSRec's networks on its Last.FM, whose tables have a row for padding.
TEST(ComposedTables, HaveAsManyParametersAsThatCodeWithAClassForPadding) {
  const struct {
    const char* settings;
    int64_t count;
  } cases[] = {
      {"name=gru4rec gru_hidden_size=64 gru_layers=2", 286'720},
      {"name=narm gru_hidden_size=128", 356'416},
      {"name=nextitnet num_blocks=5 kernel_size=3 dilations=[1] padding=attend", 362'368},
      {"name=sasrec block=csrec inner_size=128 num_blocks=2 num_heads=2", 301'760},
  };
  for (const auto& c : cases) {
    ModelOptions options;
    options.hidden_size = 64;
    options.max_length = 20;
    options.tie_embeddings = true;
    options.padding_class = true;
    OptionList list;
    options.list(list);
    std::istringstream settings(c.settings);
    for (std::string setting; settings >> setting;) apply_setting(list, setting);
    EXPECT_EQ(Model(options, 3646).parameters().count(), c.count) << c.settings;
  }
}

TEST(ComposedTables, AreNotMadeWithoutTheOptions) {
  const auto model = numbered(true, false, false);
  WorkerPool pool(1);
  model->compose(pool);
  EXPECT_FALSE(model->composed().exist());
  EXPECT_TRUE(model->composed().places().empty());
  EXPECT_FALSE(model->parameters()[model->input_table()].composed);
  EXPECT_EQ(model->score_table(), model->output_table());
  EXPECT_FALSE(model->attributes().exist());
}

TEST(ComposedTables, ChangeNoOtherStartValue) {
  const auto plain = make_model(small(false, false, false), 3, 1);
  const auto all = make_model(small(false, true, true), 3, 1, three_items());
  for (int64_t i = 0; i < plain->parameters().size(); ++i) {
    const Parameter& parameter = plain->parameters()[i];
    EXPECT_TRUE(
        test::same_bits(all->parameters().get(parameter.name).values, parameter.value.values));
  }
  const Numbers biases(3, 0.0f);
  EXPECT_TRUE(test::same_bits(all->parameters().get(kOutputBias).values, biases));
}

// States are the network's over composed inputs, and end in a one for the bias.
TEST(ComposedTables, AreWhatStatesAndScoresAreMadeOf) {
  const auto composed = numbered(true, true, true);
  const auto plain = make_model(small(true, false, false), 3, 1);
  for (int64_t i = 0; i < plain->parameters().size(); ++i) {
    Parameter& parameter = plain->parameters()[i];
    parameter.value = composed->parameters().get(parameter.name);
  }
  plain->parameters().get(kInputTable).values = {21, 42, 3, 4, 35, 66};
  Jagged<int32_t> histories;
  histories.add_row(std::vector<int32_t>{0, 2, 1});
  histories.add_row(std::vector<int32_t>{2});
  std::vector<float> states(6), wanted(4);
  make_encoder(composed->options(), composed->parameters().views(), composed->attributes())
      ->encode_last(histories, states.data());
  make_encoder(plain->options(), plain->parameters().views())
      ->encode_last(histories, wanted.data());
  EXPECT_EQ(states, (Numbers{wanted[0], wanted[1], 1, wanted[2], wanted[3], 1}));
}

TEST(ComposedTables, NeedAttributesThatFit) {
  const ModelOptions options = small(true, true, false);
  const test::Caught none = test::caught([&] { make_model(options, 3, 1); });
  EXPECT_EQ(none.code, ExitCode::usage);
  EXPECT_TRUE(none.says("model.attributes = \"add\"")) << none.message;

  const auto model = numbered(true, true, false);
  const struct {
    std::vector<int32_t> last;
    int64_t count;
    const char* what;
  } cases[] = {{{2}, 2, "item 2 has the attribute 2 after -1"},
               {{-1}, 2, "item 2 has the attribute -1"},
               {{1, 1}, 2, "item 2 has the attribute 1 after 1"},
               {{1, 0}, 2, "item 2 has the attribute 0 after 1"},
               {{1}, 3, "attribute_embedding.weight has 2 rows for 3 attributes"}};
  for (const auto& c : cases) {
    AttributeLists lists;
    lists.count = c.count;
    lists.rows.add_row(std::vector<int32_t>{0, 1});
    lists.rows.add_row(std::vector<int32_t>{});
    lists.rows.add_row(c.last);
    const test::Caught error =
        test::caught([&] { make_encoder(options, model->parameters().views(), lists); });
    EXPECT_EQ(error.code, ExitCode::data);
    EXPECT_TRUE(error.says(c.what)) << error.message;
  }
  AttributeLists short_of_one = three_items();
  short_of_one.rows.offsets.pop_back();
  const test::Caught error =
      test::caught([&] { make_encoder(options, model->parameters().views(), short_of_one); });
  EXPECT_TRUE(error.says("of 2 items for a table of 3")) << error.message;
}

}  // namespace
}  // namespace truenext
