// SPDX-License-Identifier: Apache-2.0
// Counts in a model file: written, read, kept by a calibration, and refused where they do not fit.
#include "inference/stored_counts.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "inference/model_file.h"
#include "net/model.h"
#include "support/temporary_folder.h"

namespace truenext {
namespace {

NextCounts some_counts() {
  NextCounts counts;
  counts.popular = {4, 0, 7};
  counts.followers.add_row(std::vector<NextCounts::Follower>{{0, 1}, {2, 3}});
  counts.followers.add_row(std::vector<NextCounts::Follower>{});
  counts.followers.add_row(std::vector<NextCounts::Follower>{{0, 2}});
  return counts;
}

void expect_equal(const NextCounts& a, const NextCounts& b) {
  EXPECT_EQ(a.popular, b.popular);
  EXPECT_EQ(a.followers.offsets, b.followers.offsets);
  EXPECT_EQ(a.followers.values, b.followers.values);
}

class StoredCountsTest : public testing::Test {
 protected:
  void write(const std::optional<NextCounts>& counts) const {
    ModelDescription description;
    description.model = model_->options();
    description.counts = counts;
    write_model_file(file_, description, model_->parameters().views(), {"a", "b", "c"}, {});
  }
  std::string refusal() const {
    try {
      ModelFile::open(file_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      return error.what();
    }
    return "";
  }

  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "model.safetensors";
  std::unique_ptr<Model> model_ = make_model({.hidden_size = 4, .max_length = 5}, 3, 1);
};

TEST_F(StoredCountsTest, AreReadAsTheyWereWritten) {
  write(some_counts());
  const ModelFile model = ModelFile::open(file_);
  ASSERT_TRUE(model.description().counts.has_value());
  expect_equal(*model.description().counts, some_counts());
  write(std::nullopt);
  EXPECT_FALSE(ModelFile::open(file_).description().counts.has_value());
}

TEST_F(StoredCountsTest, StayWhenTheFileIsCalibrated) {
  write(some_counts());
  replace_calibration(file_, std::nullopt);
  const ModelFile model = ModelFile::open(file_);
  ASSERT_TRUE(model.description().counts.has_value());
  expect_equal(*model.description().counts, some_counts());
}

TEST_F(StoredCountsTest, AreRefusedWhereTheyDoNotFit) {
  const std::vector<std::pair<std::string, std::function<void(NextCounts&)>>> broken = {
      {"next_counts.items", [](NextCounts& c) { c.followers.values[1].item = 3; }},
      {"next_counts.items", [](NextCounts& c) { c.followers.values[0].item = -1; }},
      {"next_counts.items", [](NextCounts& c) { c.followers.values[1].item = 0; }},
      {"next_counts.items", [](NextCounts& c) { c.followers.values[2].times = 0; }},
      {"next_counts.offsets", [](NextCounts& c) { c.followers.offsets[1] = 5; }},
      {"next_counts.offsets", [](NextCounts& c) { c.followers.offsets.pop_back(); }},
      {"next_counts.popular", [](NextCounts& c) { c.popular[0] = -1; }}};
  for (const auto& [tensor, damage] : broken) {
    NextCounts counts = some_counts();
    damage(counts);
    write(counts);
    const std::string text = refusal();
    EXPECT_NE(text.find(tensor), std::string::npos) << text;
    EXPECT_NE(text.find("damaged"), std::string::npos) << text;
  }
}

TEST_F(StoredCountsTest, OfOtherItemsAreNotWritten) {
  NextCounts counts = some_counts();
  counts.popular.push_back(1);
  counts.followers.add_row({});
  EXPECT_THROW(write(counts), Error);
}

}  // namespace
}  // namespace truenext
