// SPDX-License-Identifier: Apache-2.0
// Teachers that are told times (model.time): they are told those of the training history, and asked
// when the event that they are asked about was.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/log.h"
#include "support/network_cases.h"
#include "support/small_data.h"
#include "support/test_files.h"
#include "support/timed_data.h"
#include "teachers/asked_history.h"
#include "teachers/asked_labels.h"
#include "teachers/event_noise.h"
#include "teachers/label_store.h"
#include "teachers/teacher_file.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 40;

class TimedTeachers : public testing::Test {
 protected:
  TimedTeachers() { set_quiet(true); }

  std::string write(TimeUse time, GapUse form) {
    ModelOptions options = test::small_network();
    options.init = StartValues::small;
    options.max_length = 6;
    options.time = time;
    options.time_form = form;
    const auto path = folder_ / (std::string(word_of(time)) + ".safetensors");
    return test::write_teacher(path, options, dataset_, 9).string();
  }
  std::vector<Member> members() {
    std::vector<Member> members;
    members.push_back(open_member(write(TimeUse::request, GapUse::input_attention), dataset_));
    members.push_back(open_member(write(TimeUse::past, GapUse::attention), dataset_));
    return members;
  }
  /// ln of the probability of every item, of one member for one history.
  static std::vector<double> ln(const Member& member, const std::vector<int32_t>& history,
                                const std::vector<int64_t>& times, int64_t asked) {
    const SequenceEncoder& encoder = member.model->encoder();
    Jagged<int32_t> one;
    one.add_row(history);
    std::vector<float> state(static_cast<size_t>(encoder.dim()));
    encoder.encode_last(one, state.data(), {times, std::span(&asked, 1)});
    std::vector<double> scores;
    double all = 0;
    for (int64_t i = 0; i < kItems; ++i) {
      double sum = 0;
      for (int64_t d = 0; d < encoder.dim(); ++d) {
        sum += static_cast<double>(state[d]) *
               static_cast<double>(encoder.item_table()[i * encoder.dim() + d]);
      }
      scores.push_back(sum);
      all += std::exp(sum);
    }
    for (double& score : scores) score -= std::log(all);
    return scores;
  }

  test::TemporaryFolder folder_;
  Dataset dataset_ = Dataset::open(
      test::prepare_timed(folder_, test::timed_log(test::ring_log(60, kItems, 12)), "timed"));
};

TEST_F(TimedTeachers, AreAskedWhenTheEventWas) {
  Queries asked;
  add_asked(dataset_, {3, 4}, &asked);
  add_asked(dataset_, {3, 4, 1}, &asked);
  const auto items = dataset_.histories().row(3);
  const auto times = dataset_.times().row(3);
  EXPECT_TRUE(std::ranges::equal(asked.histories.row(0), items.first(4)));
  EXPECT_EQ(asked.histories.values[5], items[2]);
  EXPECT_EQ(asked.event_times, (std::vector<int64_t>{times[0], times[1], times[2], times[3],
                                                     times[0], times[2], times[3]}));
  EXPECT_EQ(asked.request_times, (std::vector<int64_t>{times[4], times[4]}));
}

TEST_F(TimedTeachers, StoreWhatTheySayOfTheHistoryAndItsTimes) {
  const std::vector<Member> teachers = members();
  LabelRule rule;
  rule.kept = kItems;
  rule.mixing.weights = {0.25, 0.75};
  WorkerPool pool(2);
  write_labels(folder_ / "labels", false, rule, teachers, dataset_, pool);
  const LabelStore stored(folder_ / "labels", dataset_);
  const int32_t user = 7;
  const int64_t end = dataset_.splits()[user].train_end - 1;
  const auto items = dataset_.histories().row(user).first(static_cast<size_t>(end));
  const auto times = dataset_.times().row(user);
  const std::vector<int32_t> history(items.begin(), items.end());
  const std::vector<int64_t> when(times.begin(), times.begin() + end);
  const auto first = ln(teachers[0], history, when, times[end]);
  const auto second = ln(teachers[1], history, when, times[end]);
  const StoredLabel label = stored.label({user, end});
  ASSERT_EQ(std::ssize(label.items), kItems);
  for (int64_t i = 0; i < kItems; ++i) {
    EXPECT_NEAR(label.probabilities[i], 0.25 * std::exp(first[i]) + 0.75 * std::exp(second[i]),
                1e-6);
  }
  // Asked in every step they say the same.
  const AskedLabels asked(rule.mixing, teachers, dataset_);
  BatchOptions options;
  options.max_length = 5;
  options.with_places = true;
  const Batch batch = Batcher(dataset_, options).make(0);
  for (const Tile& tile : batch.tiles) {
    const int64_t numbers = tile.targets.size() * kItems;
    std::vector<float> one(static_cast<size_t>(numbers)), other(one.size());
    stored.of(tile)->probabilities(0, tile.targets.size(), 0, kItems, one.data());
    asked.of(tile)->probabilities(0, tile.targets.size(), 0, kItems, other.data());
    for (int64_t i = 0; i < numbers; ++i) EXPECT_NEAR(one[i], other[i], 1e-6);
  }
}

TEST_F(TimedTeachers, ScoreEventsByTheirTimes) {
  std::vector<Member> teachers;
  teachers.push_back(open_member(write(TimeUse::request, GapUse::input), dataset_));
  WorkerPool pool(2);
  const EventNoise noise = score_events({.following = 1}, teachers, dataset_, pool);
  const auto items = dataset_.histories().row(0);
  const auto times = dataset_.times().row(0);
  const std::vector<int32_t> history(items.begin(), items.begin() + 3), without{items[0], items[1]};
  const std::vector<int64_t> when(times.begin(), times.begin() + 3), rest{times[0], times[1]};
  const double loss = -ln(teachers[0], without, rest, times[2])[items[2]];
  EXPECT_NEAR(noise.loss[2], loss, 1e-5);
  const double following = ln(teachers[0], history, when, times[3])[items[3]] -
                           ln(teachers[0], without, rest, times[3])[items[3]];
  EXPECT_NEAR(noise.following[2], following, 1e-5);
}

TEST_F(TimedTeachers, AreRefusedWhereThereAreNoTimes) {
  const Dataset untimed = Dataset::open(test::ring_dataset(folder_, 60, kItems, 12));
  const std::string path = write(TimeUse::past, GapUse::attention);
  const auto refused = test::caught([&] { (void)open_member(path, untimed); });
  EXPECT_EQ(refused.code, ExitCode::data);
  EXPECT_TRUE(refused.says("has no times")) << refused.message;
}

}  // namespace
}  // namespace truenext
