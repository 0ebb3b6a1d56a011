// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "inference/error_text.h"
#include "inference/model_weights.h"
#include "inference/safetensors.h"
#include "interop/memory_state_dict.h"
#include "interop/model_export.h"
#include "interop/model_import.h"
#include "interop/naming_scheme.h"
#include "support/test_files.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 6;

ModelOptions gsasrec_options() {
  ModelOptions options;
  options.hidden_size = 4;
  options.num_heads = 2;
  options.max_length = 5;
  return options;
}

MemoryStateDict sample(const std::string& names, ModelOptions options) {
  MemoryStateDict state;
  options.resolve();
  float first = 0;
  for (const ForeignTensor& tensor : naming_scheme(names).tensors(options, kItems)) {
    state.add(tensor.name, tensor.shape, first += 1000);
  }
  return state;
}

ImportOptions two_heads() {
  ImportOptions options;
  options.heads = 2;
  return options;
}

TEST(ModelImport, InfersSizesAndTakesRowsOneToN) {
  const MemoryStateDict state = sample("gsasrec", gsasrec_options());
  EXPECT_EQ(state.tensors().size(), 33u);  // the original's count
  const ImportedModel model = import_model(state, two_heads());
  const ModelOptions& options = model.description.model;
  EXPECT_EQ(options.block, "gsasrec");
  EXPECT_EQ(options.hidden_size, 4);
  EXPECT_EQ(options.num_blocks, 2);
  EXPECT_EQ(options.num_heads, 2);
  EXPECT_EQ(options.max_length, 5);
  EXPECT_EQ(options.inner_size, 4);
  EXPECT_FALSE(options.tie_embeddings);
  EXPECT_EQ(model.item_ids, (std::vector<std::string>{"1", "2", "3", "4", "5", "6"}));
  EXPECT_EQ(model.values.at("item_embedding.weight").front(), 1000 + 4);
  EXPECT_EQ(model.values.at("item_embedding.weight").size(), 24u);
  EXPECT_EQ(model.values.at("position_embedding.weight").front(), 2000);
  EXPECT_EQ(model.values.at("blocks.0.query.weight").front(), 7000);
  EXPECT_EQ(model.values.at("blocks.0.ffn_norm.bias").front(), 6000);
  EXPECT_NO_THROW(make_encoder(options, model.weights()));
}

TEST(ModelImport, FindsATiedTableByTheAbsenceOfTheOther) {
  MemoryStateDict state = sample("gsasrec", gsasrec_options());
  state.remove("output_embedding.weight");
  EXPECT_TRUE(import_model(state, two_heads()).description.model.tie_embeddings);
}

TEST(ModelImport, NamesMissingExtraAndMisshapenTensors) {
  const auto error = [](const MemoryStateDict& state, ExitCode wanted = ExitCode::data) {
    ExitCode code = ExitCode::ok;
    const std::string text = error_text([&] { import_model(state, two_heads()); }, &code);
    EXPECT_EQ(code, wanted) << text;
    return text;
  };
  const MemoryStateDict whole = sample("gsasrec", gsasrec_options());
  MemoryStateDict state = whole;
  state.remove("transformer_blocks.1.multihead_attention.val_proj.bias");
  EXPECT_NE(error(state).find("multihead_attention.val_proj.bias of shape [4] is missing"),
            std::string::npos);
  state = whole;
  state.add("transformer_blocks.1.output.weight", {4, 4}, 0);
  EXPECT_NE(error(state).find("transformer_blocks.1.output.weight"), std::string::npos);
  state = whole;
  state.remove("output_embedding.weight");
  state.add("output_embedding.weight", {7, 4}, 0);
  EXPECT_NE(error(state).find("output_embedding.weight has the shape [7, 4], expected [8, 4]"),
            std::string::npos);
  state = whole;
  state.remove("item_embedding.weight");
  EXPECT_NE(error(state).find("not a checkpoint of the kind \"gsasrec\""), std::string::npos);
  state.add("item_embedding.weight", {2, 4}, 0);
  EXPECT_NE(error(state).find("has 2 rows"), std::string::npos);
}

TEST(ModelImport, CountsBlocksByAnyOfTheirTensors) {
  MemoryStateDict state = sample("gsasrec", gsasrec_options());
  // The first tensor of the last block, by which blocks could be counted.
  state.remove("transformer_blocks.1.first_norm.weight");
  EXPECT_NE(error_text([&] {
              import_model(state, two_heads());
            }).find("transformer_blocks.1.first_norm.weight of shape [4] is missing"),
            std::string::npos);
  state = sample("gsasrec", gsasrec_options());
  state.add("transformer_blocks.4000000000.first_norm.weight", {4}, 0);  // no block, a stray tensor
  EXPECT_NE(error_text([&] {
              import_model(state, two_heads());
            }).find("transformer_blocks.4000000000.first_norm.weight of shape [4] does not"),
            std::string::npos);
}

TEST(ModelImport, CountsBlocksOfPmixerByAnyOfTheirTensors) {
  ModelOptions options = gsasrec_options();
  options.block = "pmixer";
  options.tie_embeddings = true;
  MemoryStateDict state = sample("relevance-2023", options);
  state.remove("attention_layernorms.1.weight");
  state.remove("attention_layernorms.1.bias");
  ImportOptions wanted = two_heads();
  wanted.names = "relevance-2023";
  EXPECT_NE(error_text([&] {
              import_model(state, wanted);
            }).find("attention_layernorms.1.weight of shape [4] is missing"),
            std::string::npos);
}

TEST(ModelImport, LeavesOutWhatAllNamesBeginWith) {
  const MemoryStateDict plain = sample("gsasrec", gsasrec_options());
  MemoryStateDict wrapped;
  for (size_t i = 0; i < plain.tensors().size(); ++i) {
    const TensorInfo& info = plain.tensors()[i];
    wrapped.add_values("module.net." + info.name, info.shape, plain.read(i));
  }
  const ImportedModel model = import_model(wrapped, two_heads());
  EXPECT_EQ(model.values, import_model(plain, two_heads()).values);
  ASSERT_FALSE(model.notes.empty());
  EXPECT_NE(model.notes.front().find("\"module.net.\""), std::string::npos);
  wrapped.add("other", {4}, 0);  // which is outside
  EXPECT_NE(error_text([&] { import_model(wrapped, two_heads()); }).find("is missing"),
            std::string::npos);
}

TEST(ModelImport, NeedsHeadsThatFit) {
  const MemoryStateDict state = sample("gsasrec", gsasrec_options());
  ImportOptions options;
  EXPECT_NE(error_text([&] { import_model(state, options); }).find("--heads"), std::string::npos);
  options.heads = 3;
  EXPECT_NE(error_text([&] { import_model(state, options); }).find("model.num_heads = 3"),
            std::string::npos);
}

TEST(ModelImport, PutsItemsInTheOrderOfTheDataset) {
  const MemoryStateDict state = sample("gsasrec", gsasrec_options());
  const Catalogue catalogue{{"4", "1", "6"}, {"four", "one", "six"}, "data", "split"};
  ImportOptions options = two_heads();
  options.catalogue = &catalogue;
  const ImportedModel model = import_model(state, options);
  EXPECT_EQ(model.item_ids, (std::vector<std::string>{"4", "1", "6", "2", "3", "5"}));
  EXPECT_EQ(model.titles[1], "one");
  EXPECT_EQ(model.titles[5], "");
  EXPECT_EQ(model.items_outside_catalogue, 3);
  EXPECT_EQ(model.description.dataset_fingerprint, "data");
  const std::vector<float>& table = model.values.at("item_embedding.weight");
  EXPECT_EQ(table[0], 1000 + 4 * 4);
  EXPECT_EQ(table[4], 1000 + 1 * 4);
  EXPECT_EQ(table[12], 1000 + 2 * 4);
}

TEST(ModelImport, RefusesADatasetOfOtherItems) {
  const MemoryStateDict state = sample("gsasrec", gsasrec_options());
  for (const char* id : {"7", "0", "-1", "x", "", "2.0", "1"}) {
    const Catalogue catalogue{{"1", id}, {}, "", ""};
    ImportOptions options = two_heads();
    options.catalogue = &catalogue;
    EXPECT_NE(error_text([&] { import_model(state, options); }).find("is no row"),
              std::string::npos)
        << id;
  }
}

class ModelExchange : public testing::Test {
 protected:
  ModelFile write(const ModelOptions& options, const std::vector<std::string>& ids) {
    ModelDescription description;
    description.model = options;
    weights_ = random_weights(options, static_cast<int64_t>(ids.size()));
    write_model_file(folder_ / "model", description, weights_.views, ids, {});
    return ModelFile::open(folder_ / "model");
  }
  /// Exports and imports again, the items in the model's order.
  ImportedModel round_trip(const ModelFile& model, const std::string& names) {
    export_state_dict(model, names, folder_ / "exported");
    Catalogue catalogue;
    for (int64_t item = 0; item < model.num_items(); ++item) {
      catalogue.ids.emplace_back(model.item_id(item));
    }
    ImportOptions options = two_heads();
    options.names = names;
    options.catalogue = &catalogue;
    return import_model(*open_state_dict(folder_ / "exported"), options);
  }
  void expect_same(const ModelFile& model, const ImportedModel& back) {
    ASSERT_EQ(back.values.size(), model.weights().size());
    for (const auto& [name, view] : model.weights()) {
      const std::vector<float> wanted(view.data, view.data + view.size());
      EXPECT_EQ(back.values.at(name), wanted) << name;
    }
  }
  test::TemporaryFolder folder_;
  ModelWeights weights_;
};

TEST_F(ModelExchange, NamesWhatTheOtherCodeMustBeTold) {
  ModelOptions options = gsasrec_options();
  options.block = "post-norm";
  options.tie_embeddings = true;
  const auto differences = [&] {
    return export_state_dict(write(options, {"1", "2"}), "s3rec", folder_ / "exported").differences;
  };
  EXPECT_TRUE(differences().empty());
  options.activation = FeedForward::relu;
  ASSERT_EQ(differences().size(), 1u);
  EXPECT_NE(differences()[0].find("model.activation"), std::string::npos);
  options.num_heads = 4;
  EXPECT_EQ(differences().size(), 2u);
}

TEST_F(ModelExchange, RefusesDilationsThatTheOtherCodeCannotHave) {
  ModelOptions options;
  options.name = "nextitnet";
  options.hidden_size = 4;
  options.num_blocks = 3;
  options.dilations = {1, 2};
  options.tie_embeddings = true;
  options.padding = PaddingUse::attend;
  const ModelFile model = write(options, {"1", "2"});
  EXPECT_NE(error_text([&] {
              export_state_dict(model, "csrec-nextitnet", folder_ / "exported");
            }).find("3 blocks and model.dilations of 2"),
            std::string::npos);
}

const std::vector<std::string> kMixedNumbers = {"3", "1", "6", "2", "5", "4"};

TEST_F(ModelExchange, ComesBackTheSameAsGsasrec) {
  for (const bool tied : {false, true}) {
    ModelOptions options = gsasrec_options();
    options.tie_embeddings = tied;
    const ModelFile model = write(options, kMixedNumbers);
    const ImportedModel back = round_trip(model, "gsasrec");
    expect_same(model, back);
    EXPECT_EQ(back.description.model.tie_embeddings, tied);
    EXPECT_EQ(back.item_ids, kMixedNumbers);
  }
}

TEST_F(ModelExchange, ComesBackTheSameAsPmixer) {
  ModelOptions options = gsasrec_options();
  options.block = "pmixer";
  options.tie_embeddings = true;
  options.padding = PaddingUse::attend;
  const ModelFile model = write(options, kMixedNumbers);
  const ImportedModel back = round_trip(model, "pmixer");
  expect_same(model, back);
  EXPECT_EQ(back.description.model.padding, PaddingUse::attend);
}

ModelOptions pmixer_options(PaddingUse padding) {
  ModelOptions options = gsasrec_options();
  options.block = "pmixer";
  options.tie_embeddings = true;
  options.padding = padding;
  return options;
}

TEST_F(ModelExchange, HasTheRowsOfEitherLayoutOfPmixer) {
  const ModelFile model = write(pmixer_options(PaddingUse::attend), kMixedNumbers);
  const struct {
    const char* names;
    int64_t positions, zeros;
  } cases[] = {{"pmixer", 6, 1}, {"relevance-2023", 5, 0}};
  for (const auto& c : cases) {
    export_state_dict(model, c.names, folder_ / "exported");
    const int64_t shape[] = {c.positions, 4};
    const SafetensorsFile file(folder_ / "exported");
    const auto table = file.floats("pos_emb.weight", shape);
    const float* ours = model.weights().at("position_embedding.weight").data;
    for (int64_t i = 0; i < 4 * c.zeros; ++i) EXPECT_EQ(table[i], 0) << c.names;
    EXPECT_TRUE(std::equal(table.begin() + 4 * c.zeros, table.end(), ours)) << c.names;
    // The reader tells the two apart by themselves.
    ImportOptions options = two_heads();
    options.names = "pmixer";
    const ImportedModel back = import_model(*open_state_dict(folder_ / "exported"), options);
    EXPECT_EQ(back.description.model.max_length, 5) << c.names;
    EXPECT_EQ(back.values.at("position_embedding.weight"), std::vector<float>(ours, ours + 20));
  }
}

TEST_F(ModelExchange, SaysInWhatTheOtherCodeDiffers) {
  const struct {
    const char* names;
    PaddingUse padding;
    std::vector<std::string> parts;  ///< one of each difference, in order
  } cases[] = {{"pmixer", PaddingUse::none, {"norm_first", "model.padding = \"attend\""}},
               {"pmixer", PaddingUse::attend, {"norm_first"}},
               {"relevance-2023", PaddingUse::none, {"shorter than 5 items"}},
               {"relevance-2023", PaddingUse::attend, {}}};
  for (const auto& c : cases) {
    const ModelFile model = write(pmixer_options(c.padding), kMixedNumbers);
    const ExportReport report = export_state_dict(model, c.names, folder_ / "exported");
    ASSERT_EQ(report.differences.size(), c.parts.size()) << c.names;
    for (size_t i = 0; i < c.parts.size(); ++i) {
      EXPECT_NE(report.differences[i].find(c.parts[i]), std::string::npos) << report.differences[i];
    }
  }
  const ModelFile model = write(gsasrec_options(), kMixedNumbers);
  EXPECT_TRUE(export_state_dict(model, "gsasrec", folder_ / "exported").differences.empty());
}

TEST_F(ModelExchange, LeavesAMapOfIdsThatAreNoRowNumbers) {
  const ModelFile model = write(gsasrec_options(), {"a", "b\tc", "3", "d\\e", "f\ng", "6"});
  const ExportReport report = export_state_dict(model, "gsasrec", folder_ / "x.safetensors");
  EXPECT_EQ(report.id_map, folder_ / "x.id_map.tsv");
  EXPECT_EQ(test::file_bytes(report.id_map),
            "row\titem\n1\ta\n2\tb\\tc\n3\t3\n4\td\\\\e\n5\tf\\ng\n6\t6\n");
  const ModelFile numbered = write(gsasrec_options(), kMixedNumbers);
  EXPECT_TRUE(export_state_dict(numbered, "gsasrec", folder_ / "y.safetensors").id_map.empty());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "y.id_map.tsv"));
  for (const char* name : {"w.v1", "w.v2"}) {
    EXPECT_EQ(export_state_dict(model, "gsasrec", folder_ / name).id_map,
              folder_ / (std::string(name) + ".id_map.tsv"));
  }
}

TEST_F(ModelExchange, RefusesNamesOfFilesThatTorchLoads) {
  const ModelFile model = write(gsasrec_options(), kMixedNumbers);
  for (const char* name : {"x.pt", "x.pth", "x.ckpt", "x.bin"}) {
    ExitCode code = ExitCode::ok;
    const std::string text =
        error_text([&] { export_state_dict(model, kOwnNames, folder_ / name); }, &code);
    EXPECT_EQ(code, ExitCode::usage);
    EXPECT_NE(text.find("safetensors.torch.load_file"), std::string::npos) << text;
    EXPECT_FALSE(std::filesystem::exists(folder_ / name));
  }
}

TEST_F(ModelExchange, ExportsRowsInTheOrderOfTheOriginalNumbers) {
  const ModelFile model = write(gsasrec_options(), kMixedNumbers);
  const ExportReport report = export_state_dict(model, "gsasrec", folder_ / "exported");
  EXPECT_TRUE(report.rows_by_number);
  EXPECT_EQ(report.tensors, 33);
  const SafetensorsFile file(folder_ / "exported");
  EXPECT_EQ(file.metadata().at("format"), "pt");
  const int64_t shape[] = {8, 4};
  const auto table = file.floats("item_embedding.weight", shape);
  const float* ours = model.weights().at("item_embedding.weight").data;
  for (size_t c = 0; c < 4; ++c) {
    EXPECT_EQ(table[c], 0);
    EXPECT_EQ(table[28 + c], 0);
    EXPECT_EQ(table[3 * 4 + c], ours[c]);          // raw id 3 is item 0
    EXPECT_EQ(table[4 * 4 + c], ours[5 * 4 + c]);  // raw id 4 is item 5
  }
  EXPECT_EQ(file.tensors().at("transformer_blocks.0.multihead_attention.query_proj.weight").shape,
            (std::vector<int64_t>{4, 4}));
}

TEST_F(ModelExchange, KeepsTheOrderOfItemsWithoutNumbers) {
  const ModelFile model = write(gsasrec_options(), {"a", "b", "c", "1", "2", "3"});
  EXPECT_FALSE(export_state_dict(model, "gsasrec", folder_ / "exported").rows_by_number);
  const SafetensorsFile file(folder_ / "exported");
  const int64_t shape[] = {8, 4};
  EXPECT_EQ(file.floats("item_embedding.weight", shape)[4],
            model.weights().at("item_embedding.weight").data[0]);
}

TEST_F(ModelExchange, ExportsEveryModelUnderItsOwnNames) {
  ModelOptions options;
  options.name = "gru4rec";
  options.hidden_size = 4;
  options.gru_hidden_size = 5;
  const ModelFile model = write(options, kMixedNumbers);
  const ExportReport report = export_state_dict(model, "truenext", folder_ / "exported");
  const SafetensorsFile file(folder_ / "exported");
  EXPECT_EQ(report.tensors, static_cast<int64_t>(file.tensors().size()));
  for (const auto& [name, view] : model.weights()) {
    const auto values = file.floats(name, view.shape);
    EXPECT_TRUE(std::equal(values.begin(), values.end(), view.data)) << name;
  }
}

TEST_F(ModelExchange, RefusesNamesOfAnotherKindOfModel) {
  const ModelFile model = write(gsasrec_options(), kMixedNumbers);
  ExitCode code = ExitCode::ok;
  const auto error = [&](const char* names) {
    return error_text([&] { export_state_dict(model, names, folder_ / "exported"); }, &code);
  };
  EXPECT_NE(error("pmixer").find("--names pmixer"), std::string::npos);
  EXPECT_EQ(code, ExitCode::usage);
  EXPECT_NE(error("nobody").find("gsasrec, pmixer"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "exported"));
}

TEST_F(ModelExchange, WritesAModelFileThatRecommends) {
  const MemoryStateDict state = sample("gsasrec", gsasrec_options());
  import_model(state, two_heads()).write(folder_ / "imported");
  const ModelFile model = ModelFile::open(folder_ / "imported");
  EXPECT_EQ(model.find_item("6"), 5);
  EXPECT_EQ(model.encoder().max_length(), 5);
}

}  // namespace
}  // namespace truenext
