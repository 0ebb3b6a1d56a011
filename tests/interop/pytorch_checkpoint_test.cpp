// SPDX-License-Identifier: Apache-2.0
#include "interop/pytorch_checkpoint.h"

#include <gtest/gtest.h>

#include "inference/error_text.h"
#include "interop/torch_bytes.h"
#include "support/test_files.h"

namespace truenext {
namespace {

const std::vector<float> kTwelve = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

class PytorchCheckpointTest : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& bytes) {
    test::write_bytes(folder_ / "a.pt", bytes);
    return folder_ / "a.pt";
  }
  /// Opens a checkpoint with one tensor and reads it.
  std::string error(int64_t offset, const std::vector<int64_t>& shape,
                    const std::vector<int64_t>& strides, int64_t claimed = 12) {
    const std::string tensor = pickle_tensor(pickle_storage("0", claimed), offset, shape, strides);
    return error_of(torch_file(pickle_dict({{"a", tensor}}), {kTwelve}));
  }
  std::string error_of(const std::string& bytes) {
    ExitCode code = ExitCode::ok;
    const std::string text = error_text(
        [&] {
          const PytorchCheckpoint checkpoint(write(bytes));
          for (size_t i = 0; i < checkpoint.tensors().size(); ++i) checkpoint.read(i);
        },
        &code);
    if (!text.empty()) {
      EXPECT_EQ(code, ExitCode::data);
    }
    return text;
  }
  std::vector<float> values(int64_t offset, const std::vector<int64_t>& shape,
                            const std::vector<int64_t>& strides) {
    const std::string tensor = pickle_tensor(pickle_storage("0", 12), offset, shape, strides);
    const PytorchCheckpoint checkpoint(
        write(torch_file(pickle_dict({{"a", tensor}}), {kTwelve}, "any-name/")));
    EXPECT_EQ(checkpoint.tensors()[0].shape, shape);
    return checkpoint.read(0);
  }
  test::TemporaryFolder folder_;
};

TEST_F(PytorchCheckpointTest, HonoursOffsetsAndStrides) {
  EXPECT_EQ(values(0, {3, 4}, {4, 1}), kTwelve);
  EXPECT_EQ(values(0, {4, 3}, {1, 4}), (std::vector<float>{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));
  EXPECT_EQ(values(5, {2}, {3}), (std::vector<float>{5, 8}));
  EXPECT_EQ(values(7, {}, {}), (std::vector<float>{7}));
  EXPECT_EQ(values(12, {0, 5}, {5, 1}), (std::vector<float>{}));
  EXPECT_EQ(values(2, {1, 2}, {INT64_MAX, 1}), (std::vector<float>{2, 3}));
}

TEST_F(PytorchCheckpointTest, KeepsTheOrderOfTheFileAndSharesStorages) {
  const std::string storage = pickle_storage("0", 12);
  const PytorchCheckpoint checkpoint(
      write(torch_file(pickle_dict({{"z", pickle_tensor(storage, 0, {2}, {1})},
                                    {"a", pickle_tensor(pickle_storage("1", 1), 0, {1}, {1})},
                                    {"m", pickle_tensor(storage, 10, {2}, {1})}}),
                       {kTwelve, {42}})));
  ASSERT_EQ(checkpoint.tensors().size(), 3u);
  EXPECT_EQ(checkpoint.tensors()[0].name, "z");
  EXPECT_EQ(checkpoint.tensors()[1].name, "a");
  EXPECT_EQ(checkpoint.read(1), (std::vector<float>{42}));
  EXPECT_EQ(checkpoint.read(2), (std::vector<float>{10, 11}));
}

TEST_F(PytorchCheckpointTest, TakesTheModelOutOfACheckpointOfATraining) {
  const std::string tensor = pickle_tensor(pickle_storage("0", 12), 2, {3}, {1});
  const std::string moments = pickle_tensor(pickle_storage("1", 2), 0, {2}, {1});
  const std::string model = pickle_pairs({{pickle_text("a"), tensor}});
  // Under another key it is known by being the only dict of tensors.
  for (const char* key : {"model_state_dict", "state_dict", "network"}) {
    const PytorchCheckpoint checkpoint(
        write(torch_file(pickle_training(key, model, moments), {kTwelve, {5, 6}})));
    ASSERT_EQ(checkpoint.tensors().size(), 1u) << key;
    EXPECT_EQ(checkpoint.tensors()[0].name, "a");
    EXPECT_EQ(checkpoint.read(0), (std::vector<float>{2, 3, 4}));
  }
  const auto refused = [&](const std::string& key, const std::string& value) {
    return error_of(torch_file(pickle_training(key, value, moments), {kTwelve, {5, 6}}));
  };
  EXPECT_NE(refused("network", pickle_pairs({{pickle_text("b"), pickle_int(3)}}))
                .find("epoch: not a tensor"),
            std::string::npos);
  EXPECT_NE(refused("model_state_dict", pickle_int(3)).find("epoch: not a tensor"),
            std::string::npos);
  EXPECT_NE(refused("model_state_dict", pickle_pairs({{pickle_text("b"), pickle_int(3)}}))
                .find("b: not a tensor"),
            std::string::npos);
}

TEST_F(PytorchCheckpointTest, RefusesLayoutsOutsideTheirStorage) {
  EXPECT_NE(error(1, {3, 4}, {4, 1}).find("reaches to element 12"), std::string::npos);
  EXPECT_NE(error(0, {3}, {6}).find("reaches to element 12"), std::string::npos);
  EXPECT_NE(error(12, {1}, {1}).find("reaches to element 12"), std::string::npos);
  EXPECT_NE(error(-1, {2}, {1}).find("begins at element -1"), std::string::npos);
  EXPECT_NE(error(0, {2}, {-1}).find("negative"), std::string::npos);
  EXPECT_NE(error(0, {-2}, {1}).find("negative"), std::string::npos);
  EXPECT_NE(error(0, {3, 4}, {4}).find("2 dimensions with 1 strides"), std::string::npos);
  EXPECT_NE(error(int64_t{1} << 62, {2}, {1}).find("reaches"), std::string::npos);
  EXPECT_NE(error(INT64_MAX, {2}, {1}).find("impossibly large"), std::string::npos);
}

TEST_F(PytorchCheckpointTest, RefusesSizesBeyondTheFileBeforeTakingMemory) {
  EXPECT_NE(error(0, {int64_t{1} << 40}, {0}).find("repeat their elements"), std::string::npos);
  EXPECT_NE(error(0, {int64_t{1} << 40, int64_t{1} << 40}, {0, 0}).find("impossibly large"),
            std::string::npos);
  EXPECT_NE(error(0, {2}, {1}, int64_t{1} << 40).find("has 48 bytes"), std::string::npos);
  EXPECT_NE(error(0, {2}, {1}, int64_t{1} << 62).find("has 48 bytes"), std::string::npos);
  EXPECT_NE(error(0, {2}, {1}, 11).find("has 48 bytes, expected 11"), std::string::npos);
}

TEST_F(PytorchCheckpointTest, RefusesWhatIsNoStateDict) {
  const std::string tensor = pickle_tensor(pickle_storage("0", 12), 0, {12}, {1});
  const auto file = [&](const std::string& pickle) {
    return error_of(torch_file(pickle, {kTwelve}));
  };
  EXPECT_EQ(file(pickle_dict({{"a", tensor}})), "");
  EXPECT_NE(file(pickle_dict({{"a", tensor}, {"a", tensor}})).find("a occurs twice"),
            std::string::npos);
  EXPECT_NE(file(pickle_dict({{"epoch", pickle_int(3)}})).find("epoch: not a tensor"),
            std::string::npos);
  EXPECT_NE(file(pickle_dict({{"model", "}"}})).find("model: not a tensor"), std::string::npos);
  EXPECT_NE(file("\x80\x02" + tensor + ".").find("no dict"), std::string::npos);
  EXPECT_NE(file("\x80\x02}K\x01" + tensor + "s.").find("not a text"), std::string::npos);
  const std::string absent = pickle_tensor(pickle_storage("../0", 12), 0, {12}, {1});
  EXPECT_NE(file(pickle_dict({{"a", absent}})).find("data/../0 is missing"), std::string::npos);
  EXPECT_NE(error_of(zip_bytes({{"a/other", "x"}})).find("without data.pkl"), std::string::npos);
  EXPECT_NE(error_of(zip_bytes({{"a/data.pkl", pickle_dict({})}, {"a/byteorder", "big"}}))
                .find("byte order \"big\""),
            std::string::npos);
  EXPECT_EQ(error_of(zip_bytes({{"a/data.pkl", pickle_dict({})}, {"a/byteorder", "little"}})), "");
}

TEST_F(PytorchCheckpointTest, IsRecognisedByItsBytes) {
  const std::string tensor = pickle_tensor(pickle_storage("0", 12), 0, {12}, {1});
  const auto state = open_state_dict(write(torch_file(pickle_dict({{"a", tensor}}), {kTwelve})));
  EXPECT_EQ(state->read(0), kTwelve);
  EXPECT_NE(error_text([&] { open_state_dict(folder_ / "none"); }).find("cannot read"),
            std::string::npos);
}

}  // namespace
}  // namespace truenext
