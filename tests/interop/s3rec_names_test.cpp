// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "inference/model_weights.h"
#include "inference/safetensors.h"
#include "interop/import_helpers.h"
#include "interop/memory_state_dict.h"
#include "interop/model_export.h"
#include "interop/model_import.h"
#include "interop/naming_scheme.h"
#include "support/test_files.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 6;
constexpr int64_t kAttributes = 3;

ModelOptions small_options(const std::string& network) {
  ModelOptions options;
  options.name = network;
  options.hidden_size = 4;
  options.max_length = 5;
  options.tie_embeddings = true;
  if (network == "sasrec") {
    options.block = "post-norm";
    options.num_heads = 2;
  } else {
    options.padding = PaddingUse::attend;
    options.gru_hidden_size = 3;
  }
  options.resolve();
  return options;
}

MemoryStateDict state_of(const std::string& names, const ModelOptions& options) {
  MemoryStateDict state;
  float first = 0;
  for (const ForeignTensor& tensor : naming_scheme(names).tensors(options, kItems)) {
    std::vector<int64_t> shape = tensor.shape;
    std::replace(shape.begin(), shape.end(), kAnyExtent, kAttributes);
    state.add(tensor.name, shape, first += 1000);
  }
  return state;
}

using test::named;
using test::says;

TEST(S3recNames, HaveTheTensorsOfTheProjectsFiles) {
  EXPECT_EQ(state_of("s3rec", small_options("sasrec")).tensors().size(), 45u);
  EXPECT_EQ(state_of("s3rec-gru4rec", small_options("gru4rec")).tensors().size(), 5u);
  ModelOptions graph;  // its network need not be known for the names
  graph.padding = PaddingUse::attend;
  EXPECT_EQ(state_of("s3rec-srgnn", graph).tensors().size(), 18u);
}

TEST(S3recNames, TellSasrecBySizesAndLeavePretrainingOut) {
  const ImportedModel model =
      import_model(state_of("s3rec", small_options("sasrec")), named("s3rec"));
  const ModelOptions& options = model.description.model;
  EXPECT_EQ(options.name, "sasrec");
  EXPECT_EQ(options.block, "post-norm");
  EXPECT_EQ(options.hidden_size, 4);
  EXPECT_EQ(options.num_blocks, 2);
  EXPECT_EQ(options.num_heads, 2);
  EXPECT_EQ(options.inner_size, 16);
  EXPECT_EQ(options.max_length, 5);
  EXPECT_TRUE(options.tie_embeddings);
  EXPECT_EQ(options.padding, PaddingUse::none);
  EXPECT_EQ(model.item_ids.size(), 6u);
  EXPECT_EQ(model.values.at("item_embedding.weight").front(), 1000 + 4);  // row 1
  EXPECT_EQ(model.values.at("item_embedding.weight").back(), 1000 + 6 * 4 + 3);
  EXPECT_EQ(model.values.at("position_embedding.weight").front(), 3000);
  EXPECT_NO_THROW(make_encoder(options, model.weights()));
  EXPECT_TRUE(says(model.notes, "model.num_heads = 2")) << model.notes.size();
  EXPECT_TRUE(says(model.notes, "model.activation = gelu")) << model.notes.size();
  const ImportedModel other = import_model(state_of("s3rec", small_options("sasrec")),
                                           named("s3rec", {"model.activation=relu"}));
  EXPECT_EQ(other.description.model.activation, FeedForward::relu);
  EXPECT_FALSE(says(other.notes, "model.activation"));
  EXPECT_TRUE(says(model.notes, "attribute_embeddings.weight, aap_norm.weight"));
  ImportOptions four = named("s3rec");
  four.heads = 4;
  EXPECT_EQ(
      import_model(state_of("s3rec", small_options("sasrec")), four).description.model.num_heads,
      4);
}

TEST(S3recNames, TellGru4recByItsTensorsAndKeepThePaddingRow) {
  for (const char* names : {"s3rec", "s3rec-gru4rec"}) {
    const ImportedModel model =
        import_model(state_of("s3rec-gru4rec", small_options("gru4rec")), named(names));
    const ModelOptions& options = model.description.model;
    EXPECT_EQ(options.name, "gru4rec");
    EXPECT_EQ(options.gru_hidden_size, 3);
    EXPECT_EQ(options.max_length, 50);
    EXPECT_EQ(options.padding, PaddingUse::attend);
    EXPECT_EQ(model.values.at("padding_embedding"), (std::vector<float>{1000, 1001, 1002, 1003}));
    EXPECT_EQ(model.values.at("item_embedding.weight").front(), 1004);
    EXPECT_TRUE(says(model.notes, "model.max_length = 50"));
    EXPECT_NO_THROW(make_encoder(options, model.weights()));
  }
  EXPECT_EQ(import_model(state_of("s3rec-gru4rec", small_options("gru4rec")),
                         named("s3rec", {"model.max_length=7"}))
                .description.model.max_length,
            7);
}

TEST(S3recNames, TakeOneGraphStepWhereNoneIsToldAndOthersWhereTheyAre) {
  const MemoryStateDict state = state_of("s3rec-srgnn", small_options("sr-gnn"));
  const ImportedModel one = import_model(state, named("s3rec", {"model.readout=original"}));
  EXPECT_EQ(one.description.model.gnn_steps, 1);
  EXPECT_TRUE(says(one.notes, "model.gnn_steps = 1"));
  const ImportedModel two =
      import_model(state, named("s3rec", {"model.readout=original", "model.gnn_steps=2"}));
  EXPECT_EQ(two.description.model.gnn_steps, 2);
  EXPECT_FALSE(says(two.notes, "model.gnn_steps"));
}

TEST(S3recNames, NameWhatIsMissingExtraOrMisshapen) {
  const struct {
    const char* what;
    const char* names;
    void (*change)(MemoryStateDict&);
    const char* says;
  } cases[] = {
      {"missing", "s3rec",
       [](MemoryStateDict& s) { s.remove("item_encoder.layer.1.attention.dense.bias"); },
       "item_encoder.layer.1.attention.dense.bias of shape [4] is missing"},
      {"extra", "s3rec",
       [](MemoryStateDict& s) {
         s.add("out.weight", {6, 4}, 0);
       },
       "out.weight of shape [6, 4] does not belong"},
      {"misshapen", "s3rec",
       [](MemoryStateDict& s) {
         s.remove("LayerNorm.bias");
         s.add("LayerNorm.bias", {5}, 0);
       },
       "LayerNorm.bias has the shape [5], expected [4]"},
      {"attributes of another width", "s3rec",
       [](MemoryStateDict& s) {
         s.remove("attribute_embeddings.weight");
         s.add("attribute_embeddings.weight", {3, 5}, 0);
       },
       "attribute_embeddings.weight has the shape [3, 5], expected [any, 4]"},
      {"no items", "s3rec-gru4rec",
       [](MemoryStateDict& s) {
         s.remove("item_embeddings.weight");
         s.add("item_embeddings.weight", {2, 4}, 0);
       },
       "item_embeddings.weight has 2 rows"},
      {"biases of the GRU", "s3rec-gru4rec",
       [](MemoryStateDict& s) { s.add("gru_layers.bias_ih_l0", {9}, 0); }, "gru_layers.bias_ih_l0"},
      {"none of the family", "s3rec-gru4rec",
       [](MemoryStateDict& s) { s.remove("gru_layers.weight_ih_l0"); },
       "it has no tensor position_embeddings.weight (s3rec) or gru_layers.weight_ih_l0"}};
  for (const auto& c : cases) {
    const bool recurrent = std::string(c.names) == "s3rec-gru4rec";
    MemoryStateDict state = state_of(c.names, small_options(recurrent ? "gru4rec" : "sasrec"));
    c.change(state);
    const test::Caught error = test::caught([&] { import_model(state, named("s3rec")); });
    EXPECT_EQ(error.code, ExitCode::data) << c.what;
    EXPECT_TRUE(error.says(c.says)) << c.what << ": " << error.message;
  }
}

TEST(S3recNames, RefuseSettingsThatWeightsTell) {
  const MemoryStateDict state = state_of("s3rec-gru4rec", small_options("gru4rec"));
  for (const char* setting : {"model.hidden_size=8", "model.num_heads=2", "hidden", "=1"}) {
    const test::Caught error =
        test::caught([&] { import_model(state, named("s3rec", {setting})); });
    EXPECT_EQ(error.code, ExitCode::usage) << setting;
    EXPECT_TRUE(error.says("tells everything but model.max_length")) << error.message;
  }
  EXPECT_EQ(test::caught([&] { import_model(state, named("s3rec", {"model.max_length=0"})); }).code,
            ExitCode::usage);
}

TEST(S3recNames, WarnOfPlainSasrecUnderTheNameOfS3rec) {
  const ModelOptions options = small_options("sasrec");
  for (const bool trained : {false, true}) {
    MemoryStateDict state = state_of("s3rec", options);
    state.remove("attribute_embeddings.weight");
    std::vector<float> table(static_cast<size_t>(kAttributes * 4));
    for (size_t i = 0; i < table.size(); ++i) {
      table[i] = (i % 2 == 0 ? 1.0f : -1.0f) * (trained ? 0.25f : 0.02f);
    }
    state.add_values("attribute_embeddings.weight", {kAttributes, 4}, table);
    for (const std::string file :
         {"SASRec-Beauty.pt", "S3Rec-Beauty-150.pt", "Beauty-epochs-9.pt"}) {
      state.set_path("folder/" + file);
      const ImportedModel model = import_model(state, named("s3rec"));
      const bool wrong = !trained && file != "SASRec-Beauty.pt";
      EXPECT_EQ(says(model.warnings, "plain SASRec"), wrong) << file;
      EXPECT_EQ(says(model.notes, "pretrained: "), !wrong) << file;
    }
  }
}

class S3recExport : public testing::Test {
 protected:
  ModelFile write(const ModelOptions& options) {
    const std::vector<std::string> ids = {"3", "1", "6", "2", "5", "4"};
    ModelDescription description;
    description.model = options;
    weights_ = random_weights(options, kItems);
    write_model_file(folder_ / "model", description, weights_.views, ids, {});
    return ModelFile::open(folder_ / "model");
  }
  test::TemporaryFolder folder_;
  ModelWeights weights_;
};

TEST_F(S3recExport, ComesBackTheSame) {
  const struct {
    const char* network;
    int64_t tensors;
    size_t left_out;
  } cases[] = {{"sasrec", 36, 9}, {"gru4rec", 5, 0}};
  for (const auto& c : cases) {
    const ModelFile model = write(small_options(c.network));
    const ExportReport report = export_state_dict(model, "s3rec", folder_ / "x.safetensors");
    EXPECT_EQ(report.tensors, c.tensors);
    EXPECT_EQ(report.left_out.size(), c.left_out);
    EXPECT_EQ(report.differences.size(), c.left_out > 0 ? 0u : 1u);
    for (const std::string& difference : report.differences) {  // their window is 50
      EXPECT_NE(difference.find("model.max_length = 5 is in no tensor"), std::string::npos);
    }
    Catalogue catalogue;
    catalogue.ids = {"3", "1", "6", "2", "5", "4"};
    ImportOptions options = named("s3rec");
    if (std::string(c.network) == "gru4rec") options.settings = {"model.max_length=5"};
    options.catalogue = &catalogue;
    const ImportedModel back = import_model(*open_state_dict(folder_ / "x.safetensors"), options);
    EXPECT_EQ(back.values, weights_.values) << c.network;
    EXPECT_EQ(back.description.model.max_length, 5);
  }
}

TEST_F(S3recExport, SaysWhenTheOtherCodeRunsOverPadding) {
  ModelOptions options = small_options("gru4rec");
  options.padding = PaddingUse::none;
  const ExportReport report =
      export_state_dict(write(options), "s3rec-gru4rec", folder_ / "x.safetensors");
  ASSERT_EQ(report.differences.size(), 2u);
  EXPECT_NE(report.differences[0].find("shorter than 5 items"), std::string::npos);
  EXPECT_NE(report.differences[1].find("that code has 50 unless"), std::string::npos);
  const SafetensorsFile file(folder_ / "x.safetensors");
  const int64_t shape[] = {kItems + 2, 4};
  const auto table = file.floats("item_embeddings.weight", shape);
  EXPECT_TRUE(std::all_of(table.begin(), table.begin() + 4, [](float v) { return v == 0; }));
}

TEST_F(S3recExport, RefusesModelsThatTheProjectDoesNotHave) {
  const struct {
    const char* network;
    const char* names;
    void (*change)(ModelOptions&);
    const char* says;
  } cases[] = {
      {"sasrec", "s3rec-gru4rec", [](ModelOptions&) {},
       "the model is sasrec; these names hold gru4"},
      {"gru4rec", "s3rec", [](ModelOptions& o) { o.gru_bias = true; }, "model.gru_bias = true"},
      {"gru4rec", "s3rec", [](ModelOptions& o) { o.gru_layers = 2; }, "model.gru_layers = 2"},
      {"sasrec", "s3rec", [](ModelOptions& o) { o.block = "csrec"; }, "the model has model.block"},
      {"sasrec", "s3rec", [](ModelOptions& o) { o.tie_embeddings = false; },
       "model.tie_embeddings"},
      {"gru4rec", "pmixer", [](ModelOptions&) {}, "the model is gru4rec"}};
  for (const auto& c : cases) {
    ModelOptions options = small_options(c.network);
    c.change(options);
    const ModelFile model = write(options);
    const test::Caught error =
        test::caught([&] { export_state_dict(model, c.names, folder_ / "x.safetensors"); });
    EXPECT_EQ(error.code, ExitCode::usage) << c.says;
    EXPECT_TRUE(error.says(c.says)) << error.message;
  }
}

}  // namespace
}  // namespace truenext
