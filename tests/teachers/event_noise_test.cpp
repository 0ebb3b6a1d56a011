// SPDX-License-Identifier: Apache-2.0
#include "teachers/event_noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "data/noise.h"
#include "data/noise_truth.h"
#include "eval/detection.h"
#include "support/network_cases.h"
#include "support/small_data.h"
#include "teachers/teacher_file.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 40;

class EventNoiseTest : public testing::Test {
 protected:
  EventNoiseTest() { set_quiet(true); }
  ~EventNoiseTest() override { set_interrupted(false); }

  /// A model of random weights that sees `length` items.
  Member member(int64_t length) {
    ModelOptions options = test::small_network();
    options.init = StartValues::small;
    options.max_length = length;
    const auto path =
        test::write_teacher(folder_ / ("model" + std::to_string(length) + ".safetensors"), options,
                            dataset_, static_cast<uint64_t>(length));
    return open_member(path.string(), dataset_);
  }
  std::vector<Member> two_members() {
    std::vector<Member> members;
    members.push_back(member(3));
    members.push_back(member(20));
    return members;
  }
  EventNoise score(const EventNoiseOptions& options, std::span<const Member> members,
                   int threads = 1) {
    WorkerPool pool(threads);
    return score_events(options, members, dataset_, pool);
  }
  double popularity(int32_t item) const {
    double count = 1, all = static_cast<double>(kItems);
    for (int64_t user = 0; user < dataset_.num_users(); ++user) {
      const auto events = dataset_.histories().row(user).first(
          static_cast<size_t>(dataset_.splits()[user].train_end));
      count += static_cast<double>(std::ranges::count(events, item));
      all += static_cast<double>(events.size());
    }
    return count / all;
  }
  /// ln of a probability, all in double but for the state.
  double ln(const Member& member, const std::vector<int32_t>& history, int32_t item) const {
    if (history.empty()) return std::log(popularity(item));
    const SequenceEncoder& encoder = member.model->encoder();
    Jagged<int32_t> one;
    const auto seen = std::min(std::ssize(history), encoder.max_length());
    one.add_row(std::span(history).last(static_cast<size_t>(seen)));
    std::vector<float> state(static_cast<size_t>(encoder.dim()));
    encoder.encode_last(one, state.data());
    std::vector<double> scores;
    for (int64_t i = 0; i < kItems; ++i) {
      double sum = 0;
      for (int64_t d = 0; d < encoder.dim(); ++d) {
        sum += static_cast<double>(state[d]) *
               static_cast<double>(encoder.item_table()[i * encoder.dim() + d]);
      }
      scores.push_back(sum);
    }
    double all = 0;
    for (const double s : scores) all += std::exp(s);
    return scores[item] - std::log(all);
  }

  test::TemporaryFolder folder_;
  Dataset dataset_ = Dataset::open(test::ring_dataset(folder_, 60, kItems, 12));
};

TEST_F(EventNoiseTest, AgreesWithEveryHistoryAskedAlone) {
  const std::vector<Member> members = two_members();
  const EventNoiseOptions options{.following = 2, .rate = 0.2, .any_item = 0.7};
  const EventNoise noise = score(options, members);
  ASSERT_EQ(noise.offsets.size(), static_cast<size_t>(dataset_.num_users() + 1));
  int64_t e = 0;
  for (int64_t user = 0; user < dataset_.num_users(); ++user) {
    ASSERT_EQ(noise.offsets[user], e);
    const auto row = dataset_.histories().row(user);
    const std::vector<int32_t> events(row.begin(), row.begin() + dataset_.splits()[user].train_end);
    for (int64_t t = 0; t < std::ssize(events); ++t, ++e) {
      double loss[2], following = 0;
      for (int k = 0; k < 2; ++k) {
        loss[k] = -ln(members[k], {events.begin(), events.begin() + t}, events[t]);
        for (int64_t j = t + 1; j < std::min(t + 3, std::ssize(events)); ++j) {
          std::vector<int32_t> before(events.begin(), events.begin() + j);
          const double with = ln(members[k], before, events[j]);
          before.erase(before.begin() + t);
          following += (with - ln(members[k], before, events[j])) / 2;
        }
      }
      const double mean = (loss[0] + loss[1]) / 2, p = popularity(events[t]);
      EXPECT_NEAR(noise.loss[e], mean, 1e-4);
      EXPECT_NEAR(noise.excess[e], mean + std::log(p), 1e-4);
      EXPECT_NEAR(noise.following[e], following, 1e-4);
      EXPECT_NEAR(noise.disagreement[e], std::abs(loss[0] - loss[1]) / 2, 1e-4);
      const double odds = 0.2 / 0.8 * (0.7 / kItems + 0.3 * p) * std::exp(mean - following);
      EXPECT_NEAR(noise.score[e], odds / (1 + odds), 1e-4);
    }
  }
  EXPECT_EQ(std::ssize(noise.score), e);
  EXPECT_EQ(noise.without_history, dataset_.num_users());
}

TEST_F(EventNoiseTest, FirstAndLastEventOfAUserAndNothingBehind) {
  std::vector<Member> members;
  members.push_back(member(20));
  const EventNoise noise = score({}, members), alone = score({.following = 0}, members);
  EXPECT_TRUE(noise.disagreement.empty());
  EXPECT_EQ(noise.loss, alone.loss);
  EXPECT_NE(noise.score, alone.score);
  for (const float following : alone.following) EXPECT_EQ(following, 0);
  for (int64_t user = 0; user < dataset_.num_users(); ++user) {
    EXPECT_NEAR(noise.excess[noise.offsets[user]], 0, 1e-6) << "popularity answers";
    EXPECT_EQ(noise.following[noise.offsets[user + 1] - 1], 0) << "nothing is behind";
  }
}

TEST_F(EventNoiseTest, SameBitsForAnyNumberOfThreadsAndFollowingUpToAllOfThem) {
  const std::vector<Member> members = two_members();
  const EventNoise one = score({.following = 100}, members);
  for (const int threads : {3, 8}) {
    const EventNoise other = score({.following = 100}, members, threads);
    EXPECT_EQ(one.loss, other.loss);
    EXPECT_EQ(one.excess, other.excess);
    EXPECT_EQ(one.following, other.following);
    EXPECT_EQ(one.disagreement, other.disagreement);
    EXPECT_EQ(one.score, other.score);
  }
}

TEST_F(EventNoiseTest, OneMemberTwiceIsThatMemberAndAgrees) {
  std::vector<Member> members;
  members.push_back(member(20));
  const EventNoise one = score({}, members);
  members.push_back(member(20));
  const EventNoise twice = score({}, members);
  EXPECT_EQ(one.loss, twice.loss);
  EXPECT_EQ(one.score, twice.score);
  for (const float disagreement : twice.disagreement) EXPECT_EQ(disagreement, 0);
}

/// In a ring where the next item is nearly certain, counts of pairs find clicks: a genuine jump is
/// a surprise too, but explains what comes after it.
TEST_F(EventNoiseTest, FindsClicksAmongJumps) {
  NoiseOptions options;
  options.source = dataset_.folder();
  options.out = folder_ / "noisy";
  options.seed = 7;
  add_noise(options);
  const Dataset noisy = Dataset::open(options.out);
  const NoiseTruth truth = NoiseTruth::open(noisy);
  std::vector<Member> members;
  members.push_back(open_member(kItemToItemMember, noisy));
  WorkerPool pool(1);
  const EventNoise noise = score_events({}, members, noisy, pool);
  std::vector<uint8_t> sought;
  for (int64_t user = 0; user < noisy.num_users(); ++user) {
    for (int64_t t = 0; t < noisy.splits()[user].train_end; ++t) {
      const NoiseMark mark = truth.mark(noisy.histories().offsets[user] + t);
      sought.push_back(mark == NoiseMark::injected ? 1 : 0);
    }
  }
  const Detection score = detect(noise.score, sought), loss = detect(noise.loss, sought);
  EXPECT_GT(score.sought, 30);
  EXPECT_GT(score.auc, 0.9);
  EXPECT_GT(score.average_precision, loss.average_precision + 0.1);
}

TEST_F(EventNoiseTest, Refusals) {
  const std::vector<Member> members = two_members();
  struct Case {
    EventNoiseOptions options;
    std::span<const Member> members;
    std::string says;
  };
  for (const Case& one :
       {Case{{.following = -1}, members, "--following"}, Case{{.rate = 0}, members, "--rate"},
        Case{{.rate = 1}, members, "--rate"}, Case{{.any_item = 1.5}, members, "any item"},
        Case{{}, {}, "--score"}}) {
    try {
      score(one.options, one.members);
      FAIL() << one.says;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_NE(std::string(error.what()).find(one.says), std::string::npos) << error.what();
    }
  }
  set_interrupted(true);
  try {
    score({}, members);
    FAIL() << "goes on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::interrupted);
  }
}

}  // namespace
}  // namespace truenext
