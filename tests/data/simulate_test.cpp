// SPDX-License-Identifier: Apache-2.0
#include "data/simulate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "data/simulated_process.h"
#include "support/test_files.h"

namespace truenext {
namespace {

struct Line {
  int64_t user = 0, item = 0, time = 0;
};

class Simulate : public ::testing::Test {
 protected:
  std::filesystem::path log(const char* name = "log.csv") const { return folder_ / name; }

  static std::vector<Line> lines(const std::filesystem::path& path) {
    std::istringstream text(read_file(path));
    std::string line;
    std::getline(text, line);
    EXPECT_EQ(line, "user,item,time");
    std::vector<Line> all;
    while (std::getline(text, line)) {
      Line entry;
      EXPECT_EQ(std::sscanf(line.c_str(), "%ld,%ld,%ld", &entry.user, &entry.item, &entry.time), 3);
      all.push_back(entry);
    }
    return all;
  }

  test::TemporaryFolder folder_;
};

SimulateOptions small() {
  SimulateOptions options;
  options.users = 300;
  options.items = 60;
  options.interests = 4;
  options.events = 15;
  options.seed = 11;
  return options;
}

TEST_F(Simulate, TheSameOptionsGiveTheSameBytesOnAnyNumberOfThreads) {
  SimulateOptions options = small();
  options.repeat = 0.1;
  options.noise_random = 0.1;
  options.noise_mix = 0.1;
  options.noise_swap = 0.2;
  simulate(options, log("a.csv"), 1);
  simulate(options, log("b.csv"), 3);
  EXPECT_EQ(read_file(log("a.csv")), read_file(log("b.csv")));
  EXPECT_EQ(read_file(log("a.truth")), read_file(log("b.truth")));
  options.seed = 12;
  simulate(options, log("c.csv"));
  EXPECT_NE(read_file(log("a.csv")), read_file(log("c.csv")));
}

TEST_F(Simulate, UsersComeInOrderAndTimeOnlyGrows) {
  const SimulateReport report = simulate(small(), log());
  const auto all = lines(log());
  EXPECT_EQ(static_cast<int64_t>(all.size()), report.events);
  EXPECT_EQ(report.users, 300);
  EXPECT_EQ(all.back().user, 300);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_GE(all[i].item, 1);
    EXPECT_LE(all[i].item, 60);
    if (i == 0) continue;
    EXPECT_TRUE(all[i].user == all[i - 1].user + 1 ||
                (all[i].user == all[i - 1].user && all[i].time > all[i - 1].time));
  }
}

TEST_F(Simulate, WithoutNoiseTheTruthsHistoryIsTheLogsAndNothingRepeats) {
  EXPECT_EQ(simulate(small(), log()).repeats, 0);
  const SimulatedTruth truth = SimulatedTruth::open(log("log.truth"));
  std::vector<std::vector<int32_t>> users(300);
  for (const Line& line : lines(log())) {
    users[static_cast<size_t>(line.user - 1)].push_back(static_cast<int32_t>(line.item - 1));
  }
  for (int64_t user = 0; user < 300; ++user) {
    const auto& items = users[static_cast<size_t>(user)];
    const auto history = truth.history(user);
    EXPECT_TRUE(std::equal(history.begin(), history.end(), items.begin(), items.end() - 1));
    EXPECT_EQ(std::set<int32_t>(items.begin(), items.end()).size(), items.size());
  }
}

TEST_F(Simulate, DistributionsSumToOne) {
  SimulateOptions options = small();
  options.repeat = 0.3;
  simulate(options, log());
  const SimulatedTruth truth = SimulatedTruth::open(log("log.truth"));
  std::vector<float> p(60);
  for (int64_t user = 0; user < truth.num_users(); ++user) {
    truth.distribution(user, p);
    EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1.0, 1e-5);
    EXPECT_GE(*std::min_element(p.begin(), p.end()), 0.0f);
    EXPECT_FLOAT_EQ(p[3], static_cast<float>(truth.probability(user, 3)));
  }
}

/// Randomised probability transforms of events under the stated distribution are uniform exactly
/// when the events follow it; a chi-square over ten cells tells.
double chi_square_of_transforms(const SimulateOptions& options, bool last_only) {
  const SimulatedProcess process(options);
  std::vector<uint8_t> seen(static_cast<size_t>(options.items));
  std::vector<double> p;
  std::vector<double> cells(10);
  RandomStream random(random_key(1, Purpose::bootstrap));
  double count = 0;
  for (int64_t user = 0; user < options.users; ++user) {
    const std::vector<int32_t> events = process.draw(user, seen);
    for (size_t i = last_only ? events.size() - 1 : 1; i < events.size(); ++i) {
      process.next_distribution(std::span(events).first(i), p);
      const auto item = static_cast<size_t>(events[i]);
      double below = random.uniform() * p[item];
      for (size_t other = 0; other < p.size(); ++other) {
        // Ordered by probability, so that an error in the shape of the distribution shows.
        if (p[other] > p[item] || (p[other] == p[item] && other < item)) below += p[other];
      }
      ++cells[std::min<size_t>(9, static_cast<size_t>(below * 10))];
      ++count;
    }
  }
  double chi_square = 0;
  for (const double cell : cells) chi_square += std::pow(cell - count / 10, 2) / (count / 10);
  return chi_square;
}

constexpr double kChiSquare9 = 33.72;  // 9 degrees of freedom, 1 in 10,000

TEST(SimulatedProcess, EventsFollowTheStatedDistribution) {
  SimulateOptions options = small();
  options.users = 2000;
  EXPECT_LT(chi_square_of_transforms(options, false), kChiSquare9);
  EXPECT_LT(chi_square_of_transforms(options, true), kChiSquare9);
  options.repeat = 0.25;
  EXPECT_LT(chi_square_of_transforms(options, false), kChiSquare9);
  options.drift = 0;  // interests run dry, the slow way of drawing is taken
  options.events = 29;
  options.items = 62;
  EXPECT_LT(chi_square_of_transforms(options, false), kChiSquare9);
}

TEST(SimulatedProcess, NextItemFrequenciesMatchTheDistributionItemByItem) {
  // One history, many draws: the fourth event of users whose first three agree is rare, so instead
  // every user's second event is compared, summed over users (expected counts are exact).
  SimulateOptions options = small();
  options.users = 20000;
  const SimulatedProcess process(options);
  std::vector<uint8_t> seen(60);
  std::vector<double> expected(60), observed(60), p;
  for (int64_t user = 0; user < options.users; ++user) {
    const auto events = process.draw(user, seen);
    process.next_distribution(std::span(events).first(1), p);
    for (size_t item = 0; item < 60; ++item) expected[item] += p[item];
    ++observed[static_cast<size_t>(events[1])];
  }
  double chi_square = 0;
  for (size_t item = 0; item < 60; ++item) {
    ASSERT_GT(expected[item], 5);
    chi_square += std::pow(observed[item] - expected[item], 2) / expected[item];
  }
  EXPECT_LT(chi_square, 111.1);  // 59 degrees of freedom, less than 1 in 10,000
}

TEST(SimulatedProcess, LengthsHaveTheMeanThatWasAskedFor) {
  SimulateOptions options = small();
  options.items = 100000;
  options.interests = 10;
  const SimulatedProcess process(options);
  double sum = 0;
  for (int64_t user = 0; user < 20000; ++user) {
    EXPECT_GE(process.length(user), SimulatedProcess::kShortest);
    sum += static_cast<double>(process.length(user));
  }
  EXPECT_NEAR(sum / 20000, options.events, 0.3);
  options.items = 12;
  options.interests = 2;
  EXPECT_LE(SimulatedProcess(options).length(0), 6);
}

TEST_F(Simulate, NoiseHasTheRatesThatWereAskedFor) {
  SimulateOptions options = small();
  options.users = 5000;
  options.noise_random = 0.15;
  options.noise_mix = 0.05;
  options.noise_swap = 0.2;
  const SimulateReport report = simulate(options, log());
  const auto events = static_cast<double>(report.events);
  EXPECT_NEAR(static_cast<double>(report.random_clicks) / events, 0.15, 0.005);
  EXPECT_NEAR(static_cast<double>(report.mixed_in) / events, 0.05, 0.005);
  // The last event never moves and ends have one neighbour only, so a little less than asked for.
  EXPECT_NEAR(static_cast<double>(report.swapped) / events, 0.2, 0.025);
}

TEST_F(Simulate, RepeatsHaveTheRateThatWasAskedFor) {
  SimulateOptions options = small();
  options.users = 5000;
  options.repeat = 0.2;
  const SimulateReport report = simulate(options, log());
  // The first event of a user cannot repeat anything.
  EXPECT_NEAR(
      static_cast<double>(report.repeats) / static_cast<double>(report.events - report.users), 0.2,
      0.01);
}

TEST_F(Simulate, NoiseLeavesTheTruthAndTheHeldOutEventAlone) {
  SimulateOptions options = small();
  simulate(options, log("clean.csv"));
  options.noise_random = options.noise_mix = options.noise_swap = 0.3;
  simulate(options, log("noisy.csv"));
  const SimulatedTruth clean = SimulatedTruth::open(log("clean.truth"));
  const SimulatedTruth noisy = SimulatedTruth::open(log("noisy.truth"));
  std::vector<int64_t> last_clean(300), last_noisy(300);
  for (const Line& line : lines(log("clean.csv"))) {
    last_clean[static_cast<size_t>(line.user - 1)] = line.item;
  }
  for (const Line& line : lines(log("noisy.csv"))) {
    last_noisy[static_cast<size_t>(line.user - 1)] = line.item;
  }
  EXPECT_EQ(last_clean, last_noisy);
  for (int64_t user = 0; user < 300; ++user) {
    const auto a = clean.history(user);
    const auto b = noisy.history(user);
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
  }
  EXPECT_EQ(noisy.options().noise_mix, 0.3);
}

TEST_F(Simulate, DamagedTruthFilesAreRefused) {
  simulate(small(), log());
  const std::string good = read_file(log("log.truth"));
  const auto refuse = [&](const std::string& bytes, const char* what) {
    write_file_atomically(log("bad.truth"), bytes);
    EXPECT_THROW(SimulatedTruth::open(log("bad.truth")), Error) << what;
  };
  refuse("", "empty");
  refuse(good.substr(0, 100), "cut in the header");
  refuse(good.substr(0, 500), "cut in the offsets");
  refuse(good.substr(0, good.size() - 4), "cut in the items");
  refuse("X" + good.substr(1), "other magic");
  std::string bytes = good;
  bytes[8 + 5] = 1;  // 2^40 users
  refuse(bytes, "too many users");
  bytes = good;
  bytes[128 + 8 + 7] = '\x80';
  refuse(bytes, "offsets that fall");
  bytes = good;
  bytes[bytes.size() - 1] = '\x7F';
  write_file_atomically(log("bad.truth"), bytes);
  const SimulatedTruth truth = SimulatedTruth::open(log("bad.truth"));
  EXPECT_THROW(truth.history(truth.num_users() - 1), Error) << "an item out of range";
  EXPECT_THROW(truth.history(300), Error) << "a user out of range";
}

TEST_F(Simulate, ImpossibleOptionsAreRefusedBeforeAnythingIsWritten) {
  const auto refuse = [&](auto change) {
    SimulateOptions options = small();
    change(options);
    try {
      simulate(options, log("none.csv"));
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
    }
  };
  refuse([](SimulateOptions& o) { o.users = 0; });
  refuse([](SimulateOptions& o) { o.items = 9; });
  refuse([](SimulateOptions& o) { o.interests = 61; });
  refuse([](SimulateOptions& o) { o.events = 4; });
  refuse([](SimulateOptions& o) { o.events = std::nan(""); });
  refuse([](SimulateOptions& o) { o.drift = 1.5; });
  refuse([](SimulateOptions& o) { o.noise_random = 0.5, o.noise_mix = 0.5; });
  refuse([](SimulateOptions& o) { o.noise_swap = -0.1; });
  EXPECT_FALSE(std::filesystem::exists(log("none.csv")));
  EXPECT_THROW(simulate(small(), log("log.truth")), Error);
}

TEST_F(Simulate, DegenerateWorldsWork) {
  for (const double drift : {0.0, 1.0}) {
    SimulateOptions options;
    options.users = 1;
    options.items = 10;
    options.interests = 10;  // one item each
    options.events = 5;
    options.drift = drift;
    options.noise_mix = 0.5;  // nobody to mix with
    EXPECT_EQ(simulate(options, log()).events, 5);
    const SimulatedTruth truth = SimulatedTruth::open(log("log.truth"));
    std::vector<float> p(10);
    truth.distribution(0, p);
    EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1.0, 1e-6);
  }
}

}  // namespace
}  // namespace truenext
