// SPDX-License-Identifier: Apache-2.0
#include "inference/model_file.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "inference/error_text.h"
#include "inference/memory_file.h"
#include "inference/model_weights.h"
#include "inference/safetensors.h"
#include "support/test_files.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 5;
const std::vector<std::string> kIds = {"661", "1193", "", "b\xff\n", "914"};
const std::vector<std::string> kTitles = {"James", "Cuckoo", "", "Quote \"x\"", "Lady"};

ModelDescription description() {
  ModelDescription result;
  result.model.hidden_size = 8;
  result.model.max_length = 6;
  result.config_toml = "[train]\nepochs = 3\n";
  result.dataset_fingerprint = "0123";
  result.split_fingerprint = "4567";
  result.loss_name = "gBCE(t=0.75), 256 uniform negatives";
  result.exclude_seen = false;
  result.validation = "ndcg@10=0.1712 at epoch 40";
  return result;
}

class ModelFileTest : public testing::Test {
 protected:
  ModelFileTest() : weights_(random_weights(description().model, kItems)) {}
  void write(const std::filesystem::path& path) {
    write_model_file(path, description(), weights_.views, kIds, kTitles);
  }
  std::string open_error(const std::filesystem::path& path) {
    ExitCode code = ExitCode::ok;
    const std::string text = error_text([&] { ModelFile::open(path); }, &code);
    if (!text.empty()) {
      EXPECT_EQ(code, ExitCode::data);
    }
    if (std::filesystem::is_regular_file(path)) {
      const test::LentFile lent(path);
      EXPECT_EQ(error_text([&] { ModelFile::from_memory(lent.memory()); }), text);
      EXPECT_EQ(error_text([&] { ModelFile::from_memory(test::owned_memory(path)); }), text);
    }
    return text;
  }
  /// The written file with one metadata value changed (nullptr: left out).
  std::filesystem::path with_metadata(const std::string& key, const char* value) {
    write(folder_ / "whole");
    const SafetensorsFile whole(folder_ / "whole");
    SafetensorsWriter writer;
    for (const auto& [name, tensor] : whole.tensors()) {
      writer.add(name, tensor.dtype, tensor.shape, tensor.bytes);
    }
    for (const auto& [name, text] : whole.metadata()) {
      if (name != key) writer.set_metadata(name, text);
    }
    if (value != nullptr) writer.set_metadata(key, value);
    writer.write(folder_ / "changed");
    return folder_ / "changed";
  }

  ModelWeights weights_;
  test::TemporaryFolder folder_;
};

TEST_F(ModelFileTest, CalibrationIsKeptReplacedAndRemovedWithoutTouchingTheRest) {
  write(folder_ / "model.safetensors");
  const std::string plain = read_file(folder_ / "model.safetensors");
  EXPECT_FALSE(ModelFile::open(folder_ / "model.safetensors").description().calibration);
  for (const double scale : {0.5, 0.25}) {
    Calibration calibration;
    calibration.scale = scale;
    replace_calibration(folder_ / "", calibration);  // the run folder
    const ModelFile model = ModelFile::open(folder_ / "model.safetensors");
    ASSERT_TRUE(model.description().calibration);
    EXPECT_EQ(*model.description().calibration, calibration);
    EXPECT_EQ(model.title(1), kTitles[1]);
  }
  replace_calibration(folder_ / "model.safetensors", std::nullopt);
  EXPECT_EQ(read_file(folder_ / "model.safetensors"), plain);
}

TEST_F(ModelFileTest, DamagedCalibrationIsRefused) {
  const std::string text =
      open_error(with_metadata("truenext.calibration", "[calibration]\nscale = -1.0\n"));
  EXPECT_NE(text.find("its calibration cannot be used"), std::string::npos) << text;
}

TEST_F(ModelFileTest, GivesBackAllThatWasWritten) {
  const std::filesystem::path file = folder_ / kModelFileName;
  write(file);
  const test::LentFile lent(file);
  using Opener = std::function<ModelFile()>;
  for (const Opener& opener :
       {Opener([&] { return ModelFile::open(file); }),
        Opener([&] { return ModelFile::open(folder_.path()); }),
        Opener([&] { return ModelFile::from_memory(lent.memory()); }),
        Opener([&] { return ModelFile::from_memory(test::owned_memory(file)); })}) {
    const ModelFile model = opener();
    const ModelDescription& found = model.description();
    EXPECT_EQ(found.config_toml, "[train]\nepochs = 3\n");
    EXPECT_EQ(found.dataset_fingerprint, "0123");
    EXPECT_EQ(found.split_fingerprint, "4567");
    EXPECT_EQ(found.loss_name, "gBCE(t=0.75), 256 uniform negatives");
    EXPECT_FALSE(found.exclude_seen);
    EXPECT_EQ(found.validation, "ndcg@10=0.1712 at epoch 40");
    EXPECT_EQ(found.model.hidden_size, 8);
    EXPECT_EQ(found.model.num_heads, 1);
    ASSERT_EQ(model.num_items(), kItems);
    for (int64_t item = 0; item < kItems; ++item) {
      EXPECT_EQ(model.item_id(item), kIds[item]);
      EXPECT_EQ(model.title(item), kTitles[item]);
      EXPECT_EQ(model.find_item(kIds[item]), static_cast<int32_t>(item));
    }
    EXPECT_EQ(model.find_item("662"), std::nullopt);
    Jagged<int32_t> history;
    history.add_row(std::vector<int32_t>{4, 0, 2});
    const auto encoder = make_encoder(description().model, weights_.views);
    EXPECT_EQ(last_states(model.encoder(), history), last_states(*encoder, history));
  }
}

TEST_F(ModelFileTest, HasTheSameBytesForTheSameContent) {
  write(folder_ / "a");
  write(folder_ / "b");
  EXPECT_EQ(read_file(folder_ / "a"), read_file(folder_ / "b"));
}

TEST_F(ModelFileTest, MayLackTitles) {
  write_model_file(folder_ / "a", description(), weights_.views, kIds, {});
  EXPECT_EQ(ModelFile::open(folder_ / "a").title(3), "");
}

TEST_F(ModelFileTest, StaysUsableWhenMoved) {
  write(folder_ / "a");
  ModelFile first = ModelFile::open(folder_ / "a");
  ModelFile second = std::move(first);
  EXPECT_EQ(second.find_item("914"), 4);
  first = std::move(second);
  EXPECT_EQ(first.item_id(1), "1193");
}

TEST_F(ModelFileTest, RefusesToWriteWhatItCouldNotRead) {
  const auto write_error = [&](std::vector<std::string> ids, std::vector<std::string> titles) {
    return error_text(
        [&] { write_model_file(folder_ / "a", description(), weights_.views, ids, titles); });
  };
  EXPECT_NE(write_error({"1", "2", "3", "2", "5"}, {}).find("\"2\" occurs twice"),
            std::string::npos);
  EXPECT_NE(write_error({"1", "2", "3", "4"}, {}).find("4 item ids"), std::string::npos);
  EXPECT_NE(write_error(kIds, {"one"}).find("1 titles for 5 items"), std::string::npos);
  weights_.views.erase("final_norm.bias");
  EXPECT_NE(write_error(kIds, {}).find("final_norm.bias"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a"));
}

TEST_F(ModelFileTest, SaysWhatIsWrongWithAPath) {
  EXPECT_NE(open_error(folder_ / "nowhere").find("no such file"), std::string::npos);
  EXPECT_NE(open_error(folder_.path()).find("holds no model.safetensors"), std::string::npos);
  test::write_bytes(folder_ / "torch", "PK\x03\x04 and more bytes");
  EXPECT_NE(open_error(folder_ / "torch").find("truenext import"), std::string::npos);
  test::write_bytes(folder_ / "text", "just some text, long enough");
  EXPECT_NE(open_error(folder_ / "text").find("not a safetensors file"), std::string::npos);
}

TEST_F(ModelFileTest, OpensWhateverTheHeaderLengthLooksLike) {
  // The first bytes are that length: among 64 neighbouring multiples of 8 one ends in 0x80, with
  // which a pickle begins.
  for (size_t extra = 0; extra < 64; ++extra) {
    ModelDescription longer = description();
    longer.config_toml += std::string(8 * extra, ' ');
    write_model_file(folder_ / kModelFileName, longer, weights_.views, kIds, kTitles);
    EXPECT_EQ(open_error(folder_.path()), "") << extra;
  }
}

TEST_F(ModelFileTest, SaysWhatIsWrongWithTheMetadata) {
  EXPECT_NE(open_error(with_metadata("truenext.version", nullptr)).find("not a model of truenext"),
            std::string::npos);
  EXPECT_NE(open_error(with_metadata("truenext.version", "2")).find("use a newer truenext"),
            std::string::npos);
  EXPECT_NE(open_error(with_metadata("truenext.version", "one")).find("damaged"),
            std::string::npos);
  EXPECT_NE(open_error(with_metadata("truenext.loss", nullptr)).find("truenext.loss is missing"),
            std::string::npos);
  EXPECT_NE(open_error(with_metadata("truenext.exclude_seen", "maybe")).find("maybe"),
            std::string::npos);
  const auto with_model = [&](const char* toml) {
    return open_error(with_metadata("truenext.model", toml));
  };
  EXPECT_NE(with_model("[model]\nhidden_size = 9\n").find("expected [5, 9]"), std::string::npos);
  EXPECT_NE(with_model("[model]\nhidden_sise = 9\n").find("model.hidden_size"), std::string::npos);
  EXPECT_NE(with_model("[model\n").find("not valid TOML"), std::string::npos);
  EXPECT_NE(with_model("[model]\nhidden_size = 8\nnum_heads = 3").find("model.num_heads"),
            std::string::npos);
}

TEST_F(ModelFileTest, RefusesIdsThatDoNotFit) {
  const auto with_offsets = [&](std::vector<int64_t> offsets) {
    write(folder_ / "whole");
    const SafetensorsFile whole(folder_ / "whole");
    SafetensorsWriter writer;
    for (const auto& [name, tensor] : whole.tensors()) {
      if (name == "item_ids.offsets") continue;
      writer.add(name, tensor.dtype, tensor.shape, tensor.bytes);
    }
    writer.add("item_ids.offsets", DType::i64, {static_cast<int64_t>(offsets.size())},
               std::as_bytes(std::span(offsets)));
    for (const auto& [name, text] : whole.metadata()) writer.set_metadata(name, text);
    writer.write(folder_ / "changed");
    return open_error(folder_ / "changed");
  };
  EXPECT_EQ(with_offsets({0, 3, 7, 7, 10, 13}), "");
  EXPECT_NE(with_offsets({0, 3, 7, 7, 10, 14}).find("do not fit"), std::string::npos);
  EXPECT_NE(with_offsets({0, 3, 20, 7, 10, 13}).find("do not ascend"), std::string::npos);
  EXPECT_NE(with_offsets({0, 3, 7, 10, 13}).find("4 item ids"), std::string::npos);
  EXPECT_NE(with_offsets({}).find("do not fit"), std::string::npos);
}

TEST_F(ModelFileTest, NoCutFileIsTakenForWhole) {
  write(folder_ / "whole");
  const std::string bytes = read_file(folder_ / "whole");
  for (size_t size = 0; size < bytes.size(); size += 7) {
    test::write_bytes(folder_ / "cut", std::string_view(bytes).substr(0, size));
    EXPECT_NE(open_error(folder_ / "cut"), "") << size;
  }
}

}  // namespace
}  // namespace truenext
