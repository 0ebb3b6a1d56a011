// SPDX-License-Identifier: Apache-2.0
// Examples of pretraining: what is hidden, what it is compared with, and that nothing held out is
// seen.
#include "batch/pretext.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "batch/batch.h"
#include "support/small_data.h"

namespace truenext {
namespace {

class PretextBatching : public testing::Test {
 protected:
  PretextBatching() { set_quiet(true); }

  /// Losses that need no attributes.
  static BatchOptions options(double sp = 0.5) {
    BatchOptions options;
    options.examples = Examples::prefixes;
    options.max_length = 8;
    options.batch_size = 16;
    options.pretext.emplace();
    options.pretext->aap = options.pretext->map = 0;
    options.pretext->sp = sp;
    return options;
  }
  Dataset ring() const { return Dataset::open(test::ring_dataset(folder_)); }

  test::TemporaryFolder folder_;
};

TEST_F(PretextBatching, EveryPrefixOfTheTrainingPartIsAnExample) {
  // Leave-last 1/1: of 0 1 2 3 4 5 the first four are trained on.
  const Dataset data =
      Dataset::open(test::prepare_pairs(folder_, "a 0\na 1\na 2\na 3\na 4\na 5\n"));
  BatchOptions three = options(0);
  three.max_length = 3;
  Batcher batcher(data, three);
  EXPECT_EQ(batcher.num_examples(), 3);
  const Batch batch = batcher.make(0);
  EXPECT_EQ(batch.pretext_examples, 3);
  std::set<std::vector<int32_t>> rows;
  for (const Tile& tile : batch.tiles) {
    for (int64_t s = 0; s < tile.sequences.size(); ++s) {
      const auto row = tile.sequences.row(s);
      rows.emplace(row.begin(), row.end());
      EXPECT_EQ(tile.hidden[static_cast<size_t>(tile.sequences.offsets[s + 1] - 1)], 1);
    }
  }
  EXPECT_EQ(rows, (std::set<std::vector<int32_t>>{{1, 2, 3}, {0, 1, 2}, {0, 1}}));
  EXPECT_EQ(batch.positions, 8);
  EXPECT_EQ(batcher.positions_per_epoch(), 8);
}

TEST_F(PretextBatching, TheNewestItemAndAShareOfTheOthersAreHidden) {
  const Dataset data = ring();
  Batcher batcher(data, options(0));
  double hidden = 0, others = 0;
  for (int64_t b = 0; b < batcher.batches_per_epoch(); ++b) {
    for (const Tile& tile : batcher.make(b).tiles) {
      const PretextTargets& targets = tile.pretext;
      EXPECT_EQ(std::ssize(targets.known) + std::ssize(targets.hidden), tile.tokens());
      for (const int32_t token : targets.hidden) EXPECT_EQ(tile.hidden[token], 1);
      for (const int32_t token : targets.known) EXPECT_EQ(tile.hidden[token], 0);
      hidden += static_cast<double>(std::ssize(targets.hidden) - targets.examples);
      others += static_cast<double>(tile.tokens() - targets.examples);
      for (int64_t s = 0; s < tile.sequences.size(); ++s) {
        EXPECT_EQ(tile.hidden[static_cast<size_t>(tile.sequences.offsets[s + 1] - 1)], 1);
      }
    }
  }
  EXPECT_GT(others, 1000);
  EXPECT_NEAR(hidden / others, 0.2, 0.04);
}

TEST_F(PretextBatching, NegativesAreNotInTheSequence) {
  const Dataset data = ring();
  Batcher batcher(data, options(0));
  const Batch batch = batcher.make(0);
  for (const Tile& tile : batch.tiles) {
    for (size_t i = 0; i < tile.pretext.hidden.size(); ++i) {
      const auto after = std::ranges::upper_bound(tile.sequences.offsets, tile.pretext.hidden[i]);
      const auto row = tile.sequences.row(after - tile.sequences.offsets.begin() - 1);
      EXPECT_EQ(std::ranges::count(row, tile.pretext.negatives[i]), 0);
    }
  }
}

TEST_F(PretextBatching, SegmentsAreHalfAtMostAndComeFromTrainingParts) {
  const Dataset data = ring();
  std::set<std::vector<int32_t>> stretches;  // of training parts
  for (int64_t user = 0; user < data.num_users(); ++user) {
    const auto part =
        data.histories().row(user).first(static_cast<size_t>(data.splits()[user].train_end));
    for (size_t begin = 0; begin < part.size(); ++begin) {
      for (size_t end = begin + 1; end <= part.size(); ++end) {
        stretches.emplace(part.begin() + static_cast<std::ptrdiff_t>(begin),
                          part.begin() + static_cast<std::ptrdiff_t>(end));
      }
    }
  }
  const auto told = [](const Tile& tile, int32_t newest, uint8_t hidden) {
    const auto after = std::ranges::upper_bound(tile.sequences.offsets, newest);
    std::vector<int32_t> items;
    for (int64_t token = *(after - 1); token < *after; ++token) {
      if (tile.hidden[token] == hidden) items.push_back(tile.sequences.values[token]);
    }
    return items;
  };
  Batcher batcher(data, options());
  int64_t differ = 0, segments = 0;
  for (int64_t b = 0; b < batcher.batches_per_epoch(); ++b) {
    for (const Tile& tile : batcher.make(b).tiles) {
      const PretextTargets& targets = tile.pretext;
      ASSERT_EQ(targets.around.size(), targets.segment.size());
      ASSERT_EQ(targets.around.size(), targets.other.size());
      for (size_t i = 0; i < targets.around.size(); ++i) {
        const auto taken = told(tile, targets.around[i], 1);
        const auto left = told(tile, targets.around[i], 0);
        EXPECT_EQ(told(tile, targets.segment[i], 0), taken);
        EXPECT_LE(2 * taken.size(), taken.size() + left.size());
        const auto other = told(tile, targets.other[i], 0);
        EXPECT_EQ(other.size(), taken.size());
        EXPECT_TRUE(stretches.contains(other));
        differ += other != taken;
        ++segments;
      }
    }
  }
  EXPECT_GT(segments, 300);
  EXPECT_GT(differ, segments / 2);
}

TEST_F(PretextBatching, ABatchIsAFunctionOfEpochAndNumber) {
  const Dataset data = ring();
  Batcher one(data, options()), two(data, options());
  one.start_epoch(3);
  two.start_epoch(1);
  (void)two.make(0);
  two.start_epoch(3);
  const Batch a = one.make(2), b = two.make(2);
  ASSERT_EQ(a.tiles.size(), b.tiles.size());
  for (size_t t = 0; t < a.tiles.size(); ++t) {
    EXPECT_EQ(a.tiles[t].sequences.values, b.tiles[t].sequences.values);
    EXPECT_EQ(a.tiles[t].hidden, b.tiles[t].hidden);
    EXPECT_EQ(a.tiles[t].pretext.negatives, b.tiles[t].pretext.negatives);
    const std::set<uint64_t> streams(a.tiles[t].streams.begin(), a.tiles[t].streams.end());
    EXPECT_EQ(std::ssize(streams), a.tiles[t].sequences.size());
  }
}

TEST_F(PretextBatching, RefusesWhatItHasNoDataFor) {
  const Dataset data = ring();
  BatchOptions attributes = options();
  attributes.pretext->map = 1;
  try {
    Batcher(data, attributes);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_NE(std::string(error.what()).find("--attributes FILE"), std::string::npos);
  }
  BatchOptions nothing = options(0);
  nothing.pretext->mip = 0;
  EXPECT_THROW(Batcher(data, nothing), Error);
}

}  // namespace
}  // namespace truenext
