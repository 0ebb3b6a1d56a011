// SPDX-License-Identifier: Apache-2.0
// Every network on the list through files: what is loaded again is what was saved.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/options.h"
#include "inference/model_file.h"
#include "inference/model_weights.h"
#include "interop/model_export.h"
#include "interop/model_import.h"
#include "interop/naming_scheme.h"
#include "net/model.h"
#include "support/composed_views.h"
#include "support/network_cases.h"
#include "support/temporary_folder.h"
#include "support/test_files.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 30;

/// A model with random weights and its file.
struct SavedModel {
  test::TemporaryFolder folder;
  std::unique_ptr<Model> model;

  explicit SavedModel(const ModelOptions& options)
      : model(make_model(options, kItems, 3, test::some_attributes(kItems))) {
    test::roughen(model->parameters());
    ModelDescription description;
    description.model = model->options();
    description.attributes = {model->attributes(), {}};
    for (int64_t a = 0; a < model->attributes().count; ++a) {
      description.attributes.ids.push_back("kind " + std::to_string(a));
    }
    std::vector<std::string> ids;  // as checkpoints of other projects number them
    for (int64_t item = 1; item <= kItems; ++item) ids.push_back(std::to_string(item));
    write_model_file(path(), description, model->parameters().views(), ids, {});
  }
  std::filesystem::path path() const { return folder / "model.safetensors"; }
};

/// A file whose first row is padding gives one even to a model that had none.
void expect_same_weights(TensorMap found, const ParameterSet& wanted) {
  if (wanted.names().find("padding_embedding") < 0) found.erase("padding_embedding");
  EXPECT_EQ(std::ssize(found), wanted.size());
  for (const auto& [name, view] : wanted.views()) {
    ASSERT_TRUE(found.contains(name)) << name;
    const TensorView& mine = found.at(name);
    ASSERT_EQ(mine.shape, view.shape) << name;
    const auto bytes = static_cast<size_t>(view.size()) * sizeof(float);
    EXPECT_EQ(std::memcmp(mine.data, view.data, bytes), 0) << name;
  }
}

class SavedNetwork : public testing::TestWithParam<test::NetworkCase> {};

TEST_P(SavedNetwork, IsTheSameWhenItIsLoaded) {
  const SavedModel saved(GetParam().options);
  const ModelFile file = ModelFile::open(saved.path());
  expect_same_weights(file.weights(), saved.model->parameters());
  EXPECT_EQ(file.num_items(), kItems);
  const auto encoder = make_encoder(saved.model->options(), saved.model->parameters().views(),
                                    saved.model->attributes());
  const Jagged<int32_t> histories = random_histories(20, 10, kItems);
  EXPECT_EQ(all_states(file.encoder(), histories), all_states(*encoder, histories));
  EXPECT_TRUE(std::ranges::equal(file.encoder().item_table(), encoder->item_table()));
}

/// What an import has to be told of this model, if names of that kind hold it.
std::vector<std::string> asked_settings(const Model& model, const std::string& names) {
  ModelOptions options = model.options();
  OptionList list;
  list.section("model", options);
  std::vector<std::string> settings;
  for (const NamingScheme* scheme : naming_schemes(names)) {
    if (scheme->network != options.name) continue;
    for (const AskedKey& asked : scheme->asked) {
      const std::string key = fmt::format("model.{}", asked.key);
      std::string value = list.find(key, "asked").toml_value();
      std::erase(value, '\'');
      settings.push_back(fmt::format("{}={}", key, value));
    }
  }
  return settings;
}

/// Names of other projects that hold this network, after a check of what went there and back.
std::set<std::string> names_that_hold(const ModelOptions& options) {
  const SavedModel saved(options);
  const ModelFile file = ModelFile::open(saved.path());
  std::set<std::string> names;
  for (const std::string& name : export_names()) {
    const std::filesystem::path path = saved.folder / (name + ".safetensors");
    const test::Caught refused = test::caught([&] { export_state_dict(file, name, path); });
    EXPECT_TRUE(refused.code == ExitCode::ok || refused.code == ExitCode::usage) << refused.message;
    if (refused.code != ExitCode::ok) continue;
    names.insert(name);
    if (name == kOwnNames) {
      const auto written = open_state_dict(path);
      const bool attributes = saved.model->attributes().exist();
      const int64_t lists = attributes ? 2 : 0;
      EXPECT_EQ(std::ssize(written->tensors()), saved.model->parameters().size() + lists);
      for (size_t i = 0; i < written->tensors().size(); ++i) {
        if (written->tensors()[i].name.starts_with("item_attributes.")) continue;
        const Tensor& wanted = saved.model->parameters().get(written->tensors()[i].name);
        EXPECT_TRUE(std::ranges::equal(written->read(i), wanted.values)) << i;
      }
      continue;
    }
    const ImportedModel back = import_model(
        *open_state_dict(path), {.names = name, .settings = asked_settings(*saved.model, name)});
    expect_same_weights(back.weights(), saved.model->parameters());
  }
  return names;
}

TEST_P(SavedNetwork, GoesToOtherProjectsAndComesBack) {
  EXPECT_TRUE(names_that_hold(GetParam().options).contains(kOwnNames));
}

INSTANTIATE_TEST_SUITE_P(All, SavedNetwork,
                         testing::ValuesIn(test::network_cases(test::small_network())),
                         [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(PaddingClass, SavedNetwork,
                         testing::ValuesIn(test::padding_class_cases(test::small_network())),
                         [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(Composed, SavedNetwork,
                         testing::ValuesIn(test::composed_cases(test::small_network())),
                         [](const auto& test) { return test.param.name; });

TEST(SavedNetworks, HoldWhatEveryNamingSchemeIsFor) {
  std::set<std::string> names;
  for (test::NetworkCase one : test::network_cases(test::small_network())) {
    names.merge(names_that_hold(one.options));
    test::NetworkCase biased = one;
    biased.options.output_bias = true;
    names.merge(names_that_hold(biased.options));
    one.options.tie_embeddings = true;
    names.merge(names_that_hold(one.options));
    one.options.padding = PaddingUse::attend;
    if (test::caught([&] { one.options.resolve(); }).code != ExitCode::ok) continue;
    names.merge(names_that_hold(one.options));
  }
  EXPECT_EQ(names.size(), export_names().size());
}

}  // namespace
}  // namespace truenext
