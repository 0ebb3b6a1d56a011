// SPDX-License-Identifier: Apache-2.0
#include "train/loop/window_warning.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/log.h"
#include "support/small_data.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"

namespace truenext {
namespace {

/// Users with these numbers of training items; leave-last holds out two more of each.
Dataset histories(const test::TemporaryFolder& folder, const std::vector<int>& lengths) {
  std::string log;
  for (size_t user = 0; user < lengths.size(); ++user) {
    for (int i = 0; i < lengths[user] + 2; ++i) log += fmt::format("u{} i{}\n", user, i);
  }
  return Dataset::open(test::prepare_pairs(folder, log));
}

BatchOptions windows(int64_t max_length) {
  BatchOptions options;
  options.max_length = max_length;
  return options;
}

TEST(WindowWarning, CountsUsersAndPositionsThatDoNotFit) {
  const test::TemporaryFolder folder;
  const Dataset dataset = histories(folder, {5, 6, 11, 21, 1});
  const OutsideWindow outside = outside_window(dataset, windows(5));
  EXPECT_EQ(outside.users, 4);  // a single item trains nothing
  EXPECT_EQ(outside.cut_users, 2);
  EXPECT_EQ(outside.positions, 4 + 5 + 10 + 20);
  EXPECT_EQ(outside.lost_positions, 5 + 15);
  EXPECT_EQ(outside_window(dataset, windows(20)).lost_positions, 0);
  BatchOptions random = windows(5);
  random.window = TrainingWindow::random;
  EXPECT_EQ(outside_window(dataset, random).lost_positions, 0);
}

TEST(WindowWarning, SpeaksOfMoreThanAQuarterOfThePositions) {
  OutsideWindow outside = {10, 9, 400, 100};
  EXPECT_EQ(window_warning(outside, 20), "");
  outside.lost_positions = 101;
  const std::string text = window_warning(outside, 20);
  for (const char* part : {"newest 20 items", "9 of 10 users", "101 of 400 positions (25 %)",
                           "model.max_length", "train.window"}) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }
  EXPECT_EQ(window_warning({}, 20), "");
}

TEST(WindowWarning, ARunSaysItOnce) {
  set_quiet(true);  // warnings stay
  const test::TemporaryFolder folder;
  const std::filesystem::path data = test::ring_dataset(folder);
  const auto said = [&](int64_t max_length, TrainingWindow window) {
    TrainRequest r = test::small_training(folder / "run", data);
    r.config.model.max_length = max_length;
    r.config.train.window = window;
    r.config.train.epochs = 2;
    testing::internal::CaptureStderr();
    Trainer(r).fit();
    const std::string text = testing::internal::GetCapturedStderr();
    int times = 0;
    for (size_t at = text.find("never an input"); at != std::string::npos; ++times) {
      at = text.find("never an input", at + 1);
    }
    return times;
  };
  EXPECT_EQ(said(3, TrainingWindow::newest), 1);
  EXPECT_EQ(said(3, TrainingWindow::random), 0);
  EXPECT_EQ(said(8, TrainingWindow::newest), 0);
}

}  // namespace
}  // namespace truenext
