// SPDX-License-Identifier: Apache-2.0
#include "run/run_config.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "run/tensorboard.h"

namespace truenext {
namespace {

std::string message_of(const std::function<void()>& action, ExitCode code = ExitCode::usage) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST(RunConfig, WrittenTextReadsBackTheSame) {
  RunConfig config;
  apply_preset(config, "gsasrec");
  apply_settings(config, {"train.epochs=7", "model.dropout=0.25", "data.path=some where"});
  const std::string text = config_text(config);
  const auto path = std::filesystem::temp_directory_path() / "truenext_run_config_test.toml";
  write_file_atomically(path, text);
  RunConfig again;
  apply_file(again, path);
  EXPECT_EQ(config_text(again), text);
  EXPECT_EQ(again.train.epochs, 7);
  EXPECT_EQ(again.data.path, "some where");
  std::filesystem::remove(path);
}

TEST(RunConfig, EveryPresetResolvesAndSaysWhatItIs) {
  ASSERT_GE(preset_list().size(), 4u);
  for (const Preset& preset : preset_list()) {
    RunConfig config;
    if (preset.name.starts_with("compat-")) {
      const std::string compat = preset.name.substr(7);
      EXPECT_THROW(apply_preset(config, preset.name), Error);
      const std::string base = compat == "sr-gnn-2023" ? "sr-gnn-cce" : "relevance-linear";
      apply_preset(config, base);
      EXPECT_NO_THROW(apply_compat(config, compat)) << compat;
      EXPECT_EQ(config.preset, base + " compat-" + compat);
    } else {
      if (is_scheme(preset.name)) apply_preset(config, "sasrec-cce");  // the student
      EXPECT_NO_THROW(apply_preset(config, preset.name)) << preset.name;
    }
    EXPECT_NO_THROW(config.model.resolve()) << preset.name;
    EXPECT_NO_THROW(Objective(config.objective, 3416)) << preset.name;
    EXPECT_FALSE(preset.summary.empty()) << preset.name;
  }
}

TEST(RunConfig, CompatOfAnotherNetworkIsRefused) {
  RunConfig config;
  apply_preset(config, "sasrec-cce");
  EXPECT_THROW(apply_compat(config, "sr-gnn-2023"), Error);
}

TEST(RunConfig, PresetsOfLiEtAlHaveTheirNamesToo) {
  for (const auto& [theirs, ours] :
       {std::pair("gru4rec-cce", "gru4rec-ce"), std::pair("s3rec-cce", "s3-rec"),
        std::pair("s3rec-bce", "s3-rec-bce")}) {
    RunConfig by_theirs, by_ours;
    apply_preset(by_theirs, theirs);
    apply_preset(by_ours, ours);
    EXPECT_EQ(by_theirs.preset, theirs);
    by_theirs.preset = ours;
    EXPECT_EQ(config_text(by_theirs), config_text(by_ours));
  }
}

TEST(RunConfig, CompatChangesWhatThePublishedCodeDoesAndNothingElse) {
  RunConfig config;
  apply_preset(config, "relevance-exponential");
  const std::string block = config.model.block;
  apply_compat(config, "relevance-2023");
  EXPECT_EQ(config.objective.future.normalise, Normalise::original);
  EXPECT_EQ(config.objective.future.relevance, Relevance::exponential);
  EXPECT_EQ(config.train.users, UserOrder::with_replacement);
  EXPECT_EQ(config.model.padding, PaddingUse::attend);
  EXPECT_EQ(config.model.block, block);
  const std::string message = message_of([&] { apply_compat(config, "relevance-2024"); });
  EXPECT_NE(message.find("did you mean relevance-2023?"), std::string::npos) << message;
}

TEST(RunConfig, UnknownKeysNameTheNearestKnownOne) {
  RunConfig config;
  const std::string message = message_of([&] { apply_settings(config, {"train.epoch=3"}); });
  EXPECT_NE(message.find("unknown key train.epoch; did you mean train.epochs?"), std::string::npos)
      << message;
}

TEST(RunConfig, FileErrorsNameTheLine) {
  const auto path = std::filesystem::temp_directory_path() / "truenext_run_config_bad.toml";
  write_file_atomically(path, "[model]\nhidden_size = 64\n\n[train]\nepochs = \"many\"\n");
  RunConfig config;
  const std::string message = message_of([&] { apply_file(config, path); });
  EXPECT_NE(message.find("truenext_run_config_bad.toml:5: train.epochs wants a whole number"),
            std::string::npos)
      << message;
  std::filesystem::remove(path);
}

TEST(RunConfig, ValuesOutOfRangeAreRefused) {
  RunConfig config;
  EXPECT_NE(
      message_of([&] { apply_settings(config, {"train.batch_size=0"}); }).find("out of range"),
      std::string::npos);
  EXPECT_NE(message_of([&] {
              apply_settings(config, {"objective.criterion=gbse"});
            }).find("did you mean \"gbce\"?"),
            std::string::npos);
  EXPECT_NE(message_of([&] { apply_preset(config, "gsasrek"); }).find("did you mean gsasrec?"),
            std::string::npos);
}

TEST(TensorBoard, ChecksumIsCrc32c) {
  EXPECT_EQ(crc32c("123456789", 9), 0xE3069283u);  // the check value of CRC-32C
}

TEST(TensorBoard, RecordsAreFramedAndAFileIsCutWhereACheckpointWas) {
  const auto folder = std::filesystem::temp_directory_path() / "truenext_tensorboard_test";
  std::filesystem::create_directories(folder);
  uint64_t kept = 0;
  {
    TensorBoardWriter writer(folder, true);
    writer.scalar("train/loss", 3, 0.5f);
    kept = writer.size();
    writer.scalar("train/loss", 4, 0.25f);
  }
  TensorBoardWriter again(folder, false);
  EXPECT_GT(again.size(), kept);
  again.cut(kept);
  const std::string bytes = read_file(folder / "events.out.tfevents.truenext");
  EXPECT_EQ(bytes.size(), kept);
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  ASSERT_LT(length + 16, bytes.size());  // first record: the file version
  EXPECT_NE(bytes.find("brain.Event:2"), std::string::npos);
  uint64_t second = 0;
  std::memcpy(&second, bytes.data() + length + 16, sizeof(second));
  EXPECT_EQ(length + 16 + second + 16, bytes.size());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace truenext
