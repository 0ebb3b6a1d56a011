// SPDX-License-Identifier: Apache-2.0
// Checkpoints of CSRec's code: every network with its tensors, of which states must be those of
// that code's equations on those tensors, written down in doubles (csrec_reference.h).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "inference/model_weights.h"
#include "interop/csrec_reference.h"
#include "interop/import_helpers.h"
#include "interop/memory_state_dict.h"
#include "interop/model_import.h"
#include "interop/naming_scheme.h"
#include "support/test_files.h"

namespace truenext {
namespace {

using Items = test::CsrecReference::Items;
using Row = test::CsrecReference::Row;
using Row32 = std::vector<float>;

constexpr int64_t kItems = 9;
constexpr int64_t kUsers = 5;
constexpr int64_t kLength = 6;

/// A network of that code: what it is told of a small model, and its equations.
struct Kind {
  const char* names;
  const char* network;
  std::vector<const char*> shape;     ///< settings that its tensors tell
  std::vector<std::string> settings;  ///< and those that import is given
  size_t tensors;
  std::function<Row(const test::CsrecReference&, const Items&)> state;
};

const std::vector<Kind>& kinds() {
  using Reference = test::CsrecReference;
  static const std::vector<Kind> all = {
      {"csrec-gru4rec",
       "gru4rec",
       {"gru_hidden_size=5", "gru_layers=2"},
       {"model.max_length=6"},
       7,
       [](const Reference& r, const Items& items) { return r.gru4rec(items, 2); }},
      {"csrec-narm",
       "narm",
       {"gru_hidden_size=5"},
       {"model.max_length=6"},
       7,
       [](const Reference& r, const Items& items) { return r.narm(items); }},
      {"csrec-nextitnet",
       "nextitnet",
       {"num_blocks=4", "kernel_size=2", "padding=attend"},
       {"model.max_length=6", "model.dilations=[1,2]"},
       35,
       [](const Reference& r, const Items& items) {
         return r.nextitnet(items, kLength, {1, 2, 1, 2});
       }},
      {"csrec-sasrec",
       "sasrec",
       {"block=csrec", "inner_size=7", "num_heads=2"},
       {},
       36,
       [](const Reference& r, const Items& items) { return r.sasrec(items, 2, 2); }},
      {"csrec-caser",
       "caser",
       {"vertical_filters=2", "horizontal_filters=3", "padding=attend"},
       {},
       20,
       [](const Reference& r, const Items& items) { return r.caser(items, kLength); }},
      {"csrec-bert",
       "bert4rec",
       {"block=csrec-bert", "inner_size=7", "tie_embeddings=false", "output_bias=true"},
       {},
       38,
       [](const Reference& r, const Items& items) { return r.bert(items, kLength, 2, 2); }}};
  return all;
}

ModelOptions small_options(const Kind& kind) {
  ModelOptions options;
  options.name = kind.network;
  options.hidden_size = 4;
  options.max_length = kLength;
  options.tie_embeddings = true;
  OptionList list;
  options.list(list);
  for (const char* setting : kind.shape) apply_setting(list, setting);
  options.resolve();
  return options;
}

/// A file of that code with random weights, row 0 of its tables included.
MemoryStateDict state_of(const Kind& kind) {
  MemoryStateDict state;
  RandomStream random(random_key(3, Purpose::initialise));
  for (const ForeignTensor& tensor :
       naming_scheme(kind.names).tensors(small_options(kind), kItems)) {
    std::vector<int64_t> shape = tensor.shape;
    std::replace(shape.begin(), shape.end(), kAnyExtent, kUsers);
    int64_t size = 1;
    for (const int64_t extent : shape) size *= extent;
    std::vector<float> values(static_cast<size_t>(size));
    for (float& value : values) value = static_cast<float>(0.5 * random.normal());
    state.add_values(tensor.name, shape, values);
  }
  return state;
}

using test::named;
using test::says;

class CsrecNames : public testing::TestWithParam<Kind> {};

TEST_P(CsrecNames, GiveTheStatesOfThatCodesEquations) {
  const MemoryStateDict state = state_of(GetParam());
  const ImportedModel model = import_model(state, named(GetParam().names, GetParam().settings));
  const TensorMap weights = model.weights();
  const auto encoder = make_encoder(model.description.model, weights);
  const test::CsrecReference reference(state);
  for (const Items& items : {Items{4}, Items{9, 1}, Items{2, 2, 7}, Items{1, 8, 3, 5, 6}}) {
    Jagged<int32_t> history;
    std::vector<int32_t> ours;
    for (const int64_t item : items) ours.push_back(static_cast<int32_t>(item - 1));
    history.add_row(ours);
    const std::vector<float> states = last_states(*encoder, history);
    const Row wanted = GetParam().state(reference, items);
    const bool biased = model.description.model.output_bias;
    ASSERT_EQ(states.size(), wanted.size() + (biased ? 1 : 0));
    if (biased) {
      EXPECT_EQ(states.back(), 1.0f);  // that the bias is multiplied with
    }
    for (size_t c = 0; c < wanted.size(); ++c) {
      EXPECT_NEAR(states[c], wanted[c], 2e-5 * (1 + std::abs(wanted[c]))) << items.size();
    }
  }
}

TEST_P(CsrecNames, TellTheModelByItsTensors) {
  const Kind& kind = GetParam();
  const MemoryStateDict state = state_of(kind);
  EXPECT_EQ(state.tensors().size(), kind.tensors);
  const ModelOptions wanted = small_options(kind);
  for (const char* names : {kind.names, "csrec"}) {  // the family finds its own
    const ImportedModel model = import_model(state, named(names, kind.settings));
    const ModelOptions& options = model.description.model;
    EXPECT_EQ(options.name, kind.network) << names;
    EXPECT_EQ(options.hidden_size, 4);
    EXPECT_EQ(options.max_length, kLength);
    EXPECT_EQ(options.num_blocks, wanted.num_blocks);
    EXPECT_EQ(options.inner_size, wanted.inner_size);
    EXPECT_EQ(options.kernel_size, wanted.kernel_size);
    EXPECT_EQ(options.gru_layers, wanted.gru_layers);
    EXPECT_EQ(options.vertical_filters, wanted.vertical_filters);
    EXPECT_EQ(options.horizontal_filters, wanted.horizontal_filters);
    EXPECT_EQ(options.tie_embeddings, wanted.tie_embeddings);
    EXPECT_EQ(options.padding, wanted.padding);
    EXPECT_EQ(model.item_ids.size(), static_cast<size_t>(kItems));
    EXPECT_EQ(model.item_ids.front(), "1");
  }
}

/// Rows of a table: 1..n are items, row 0 and a mask's come along where the network has a place.
TEST_P(CsrecNames, KeepRowsThatAreNoItemsWhereTheyAreSeen) {
  const MemoryStateDict state = state_of(GetParam());
  const ImportedModel model = import_model(state, named(GetParam().names, GetParam().settings));
  const NamingScheme& scheme = naming_scheme(GetParam().names);
  std::vector<float> table;
  for (size_t i = 0; i < state.tensors().size(); ++i) {
    if (state.tensors()[i].name == scheme.item_table) table = state.read(i);
  }
  ASSERT_EQ(table.size(), static_cast<size_t>(4 * (kItems + scheme.extra_rows)));
  const auto part = [&](int64_t begin, int64_t end) {
    return std::vector<float>(table.begin() + 4 * begin, table.begin() + 4 * end);
  };
  EXPECT_EQ(model.values.at("item_embedding.weight"), part(1, kItems + 1));
  EXPECT_EQ(model.values.contains("padding_embedding"), scheme.sees_padding);
  if (scheme.sees_padding) {
    EXPECT_EQ(model.values.at("padding_embedding"), part(0, 1));
  }
  const bool own = !scheme.sees_padding;
  EXPECT_TRUE(model.description.model.padding_class);
  ASSERT_EQ(model.values.contains("padding_class.weight"), own);
  const bool tied = model.description.model.tie_embeddings;
  if (own && tied) {
    EXPECT_EQ(model.values.at("padding_class.weight"), part(0, 1));
  }
  if (scheme.extra_rows == 2) {
    EXPECT_EQ(model.values.at("mask_embedding"), part(kItems + 1, kItems + 2));
  }
}

INSTANTIATE_TEST_SUITE_P(All, CsrecNames, testing::ValuesIn(kinds()), [](const auto& test) {
  std::string name = test.param.names;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

const Kind& kind_of(const std::string& names) {
  return *std::find_if(kinds().begin(), kinds().end(),
                       [&](const Kind& kind) { return names == kind.names; });
}

// Row 0 is a class of that code's softmax, unless one says that it is to be none.
TEST(CsrecCheckpoints, BringTheClassOfPadding) {
  const MemoryStateDict bert = state_of(kind_of("csrec-bert"));
  const ImportedModel model = import_model(bert, named("csrec-bert"));
  EXPECT_TRUE(says(model.notes, "model.padding_class = true"));
  for (size_t i = 0; i < bert.tensors().size(); ++i) {
    const std::vector<float> values = bert.read(i);
    if (bert.tensors()[i].name == "out.weight") {
      EXPECT_EQ(model.values.at("padding_class.weight"), Row32(values.begin(), values.begin() + 4));
    }
    if (bert.tensors()[i].name == "out.bias") {
      EXPECT_EQ(model.values.at("padding_class.bias"), Row32(1, values[0]));
    }
  }
  for (const Kind& kind : kinds()) {
    std::vector<std::string> settings = kind.settings;
    settings.emplace_back("model.padding_class=false");
    const ImportedModel without = import_model(state_of(kind), named(kind.names, settings));
    EXPECT_FALSE(without.description.model.padding_class);
    EXPECT_FALSE(without.values.contains("padding_class.weight")) << kind.names;
    EXPECT_FALSE(without.weights().contains("padding_class.bias")) << kind.names;
  }
}

TEST(CsrecCheckpoints, LeaveOutWhatTheForwardPassDoesNotRead) {
  const Kind& caser = kind_of("csrec-caser");
  const ImportedModel model = import_model(state_of(caser), named(caser.names));
  EXPECT_TRUE(says(model.notes, "user_embedding.weight, fc2.weight, fc2.bias"));
  MemoryStateDict without = state_of(caser);
  without.remove("user_embedding.weight");
  EXPECT_EQ(import_model(without, named(caser.names)).values, model.values);
}

TEST(CsrecCheckpoints, SayWhatWasTakenWithoutBeingTold) {
  const Kind& next = kind_of("csrec-nextitnet");
  const ImportedModel model =
      import_model(state_of(next), named(next.names, {"model.max_length=10"}));
  EXPECT_EQ(model.description.model.dilations, (std::vector<int64_t>{1}));
  EXPECT_TRUE(says(model.notes, "model.dilations = [1]"));
  const Kind& sasrec = kind_of("csrec-sasrec");
  EXPECT_TRUE(
      says(import_model(state_of(sasrec), named(sasrec.names)).notes, "model.num_heads = 2"));
}

TEST(CsrecCheckpoints, NameWhatIsMissingExtraOrMisshapen) {
  const struct {
    const char* names;
    std::function<void(MemoryStateDict&)> change;
    const char* says;
  } cases[] = {
      {"csrec-gru4rec", [](MemoryStateDict& s) { s.remove("gru_layers.weight_ih_l1"); },
       "gru_layers.weight_ih_l1 of shape [15, 5] is missing"},
      {"csrec-gru4rec", [](MemoryStateDict& s) { s.add("gru_layers.bias_ih_l0", {15}, 0); },
       "gru_layers.bias_ih_l0 of shape [15] does not belong"},
      {"csrec-narm",
       [](MemoryStateDict& s) {
         s.remove("b.weight");
         s.add("b.weight", {4, 9}, 0);
       },
       "b.weight has the shape [4, 9], expected [4, 10]"},
      {"csrec-nextitnet", [](MemoryStateDict& s) { s.remove("residual_blocks.2.ln2.bias"); },
       "residual_blocks.2.ln2.bias of shape [4] is missing"},
      {"csrec-nextitnet",
       [](MemoryStateDict& s) {
         s.remove("residual_blocks.0.conv1.weight");
         s.add("residual_blocks.0.conv1.weight", {4, 4}, 0);
       },
       "residual_blocks.0.conv1.weight has the shape [4, 4], expected 4 extents"},
      {"csrec-sasrec",
       [](MemoryStateDict& s) {
         s.add("out.weight", {10, 4}, 0);
       },
       "out.weight of shape [10, 4] does not belong"},
      {"csrec-caser",
       [](MemoryStateDict& s) {
         s.remove("fc2.weight");
         s.add("fc2.weight", {4, 4}, 0);
       },
       "fc2.weight has the shape [4, 4], expected [4, 8]"},
      {"csrec-caser", [](MemoryStateDict& s) { s.remove("conv_h.5.weight"); },
       "conv_h.5.weight of shape [3, 1, 6, 4] is missing"},
      {"csrec-caser",
       [](MemoryStateDict& s) {
         s.add("conv_h.6.weight", {3, 1, 7, 4}, 0);
       },
       "conv_h.6.weight of shape [3, 1, 7, 4] does not belong"},
      {"csrec-bert",
       [](MemoryStateDict& s) {
         s.remove("embedding.mat.weight");
         s.add("embedding.mat.weight", {8, 4}, 0);
       },
       "embedding.mat.weight has the shape [8, 4], expected [4, 4]"},
      {"csrec-bert", [](MemoryStateDict& s) { s.remove("out.bias"); },
       "out.bias of shape [10] is missing"},
      {"csrec-gru4rec", [](MemoryStateDict& s) { s.remove("gru_layers.weight_hh_l0"); },
       "gru_layers.weight_hh_l0 is missing"},
  };
  for (const auto& c : cases) {
    const Kind& kind = kind_of(c.names);
    MemoryStateDict state = state_of(kind);
    c.change(state);
    const test::Caught error =
        test::caught([&] { import_model(state, named(c.names, kind.settings)); });
    EXPECT_EQ(error.code, ExitCode::data) << c.says;
    EXPECT_TRUE(error.says(c.says)) << c.says << "\n" << error.message;
  }
}

TEST(CsrecCheckpoints, BringTheOutputBiasOfBert4Rec) {
  const MemoryStateDict state = state_of(kind_of("csrec-bert"));
  const ImportedModel model = import_model(state, named("csrec-bert"));
  const TensorMap weights = model.weights();
  for (size_t i = 0; i < state.tensors().size(); ++i) {
    if (state.tensors()[i].name != "out.bias") continue;
    const std::vector<float> theirs = state.read(i);
    const float* ours = weights.at("output_bias").data;
    EXPECT_EQ(std::vector<float>(ours, ours + kItems),
              std::vector<float>(theirs.begin() + 1, theirs.end()));
  }
}

TEST(CsrecCheckpoints, AskForWhatNoTensorTells) {
  for (const char* names : {"csrec-gru4rec", "csrec-narm", "csrec-nextitnet"}) {
    const MemoryStateDict state = state_of(kind_of(names));
    const test::Caught error = test::caught([&] { import_model(state, named(names)); });
    EXPECT_EQ(error.code, ExitCode::usage) << names;
    EXPECT_TRUE(error.says("give it with --set model.max_length=N")) << error.message;
  }
  const MemoryStateDict caser = state_of(kind_of("csrec-caser"));
  const test::Caught told =
      test::caught([&] { import_model(caser, named("csrec-caser", {"model.max_length=6"})); });
  EXPECT_EQ(told.code, ExitCode::usage);
  const MemoryStateDict next = state_of(kind_of("csrec-nextitnet"));  // four blocks
  const test::Caught uneven = test::caught([&] {
    import_model(next, named("csrec-nextitnet", {"model.max_length=6", "model.dilations=[1,2,4]"}));
  });
  EXPECT_EQ(uneven.code, ExitCode::usage);
  EXPECT_TRUE(uneven.says("3 distances for the 4 blocks")) << uneven.message;
}

TEST(CsrecCheckpoints, CountRecurrentLayersByAnyOfTheirTensors) {
  MemoryStateDict state = state_of(kind_of("csrec-gru4rec"));
  state.remove("gru_layers.weight_hh_l1");
  const test::Caught error =
      test::caught([&] { import_model(state, named("csrec-gru4rec", {"model.max_length=6"})); });
  EXPECT_TRUE(error.says("gru_layers.weight_hh_l1 of shape [15, 5] is missing")) << error.message;
}

}  // namespace
}  // namespace truenext
