// SPDX-License-Identifier: Apache-2.0
// The checkpoints of Li et al. (2023) in both containers of PyTorch and as safetensors.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "interop/model_import.h"
#include "support/test_files.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

const fs::path kS3recFolder = fs::path(TRUENEXT_SHARED_DATA) / "s3rec";

ImportOptions s3rec_options() {
  ImportOptions options;
  options.names = "s3rec";
  return options;
}

std::vector<float> tensor_of(const StateDict& state, const std::string& name) {
  for (size_t i = 0; i < state.tensors().size(); ++i) {
    if (state.tensors()[i].name == name) return state.read(i);
  }
  ADD_FAILURE() << name;
  return {};
}

class S3recFolder : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kS3recFolder)) GTEST_SKIP() << kS3recFolder << " is not there";
  }
};

TEST_F(S3recFolder, HasTheSameTensorsInEveryContainer) {
  int64_t compared = 0;
  for (const auto& entry : fs::directory_iterator(kS3recFolder / "checkpoints")) {
    fs::path twin = entry.path();
    if (twin.extension() != ".pt" || !fs::exists(twin.replace_extension(".safetensors"))) continue;
    const auto state = open_state_dict(entry.path());
    const auto other = open_state_dict(twin);
    ASSERT_EQ(state->tensors().size(), other->tensors().size()) << twin;
    for (size_t i = 0; i < state->tensors().size(); ++i) {
      const std::string& name = state->tensors()[i].name;
      EXPECT_EQ(state->read(i), tensor_of(*other, name)) << twin << " " << name;
    }
    ++compared;
  }
  EXPECT_EQ(compared, 10);
}

// The older container; Beauty-epochs-150 is what S3Rec-Beauty-150-CCE was fine-tuned from.
TEST_F(S3recFolder, HasThePretrainedStarts) {
  const std::map<std::string, size_t> starts = {{"Beauty-epochs-150", 12101},
                                                {"LastFM-epochs-150", 3646}};
  for (const auto& [name, items] : starts) {
    const auto state = open_state_dict(kS3recFolder / "checkpoints" / (name + ".pt"));
    EXPECT_EQ(state->tensors().size(), 45u);
    const ImportedModel model = import_model(*state, s3rec_options());
    EXPECT_EQ(model.item_ids.size(), items);
    EXPECT_TRUE(model.warnings.empty()) << name;
    EXPECT_EQ(model.notes.front(),
              "model.num_heads = 2, as that project has it: weights do not "
              "tell; another is given with --heads");
    EXPECT_NO_THROW(make_encoder(model.description.model, model.weights()));
  }
}

TEST_F(S3recFolder, WarnsOfAPlainFileUnderAnotherName) {
  const test::TemporaryFolder folder;
  fs::copy_file(kS3recFolder / "checkpoints/SASRec-LastFM-0-CCE.pt",
                folder / "S3Rec-LastFM-150.pt");
  const auto state = open_state_dict(folder / "S3Rec-LastFM-150.pt");
  const ImportedModel model = import_model(*state, s3rec_options());
  ASSERT_EQ(model.warnings.size(), 1u);
  EXPECT_NE(model.warnings[0].find("standard deviation 0.020"), std::string::npos);
}

}  // namespace
}  // namespace truenext
