// SPDX-License-Identifier: Apache-2.0
// What each kind of noise does, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>
#include <set>

#include "data/noisy.h"

namespace truenext {
namespace {

using test::clean_dataset;
using test::noise_options;
using test::Noisy;

/// A user with `length` events of items i0, i1, ... in turn.
std::string round(const char* user, int length, int items) {
  std::string text;
  for (int i = 0; i < length; ++i) text += fmt::format("{},i{}\n", user, i % items);
  return text;
}

Dataset of_table(const test::TemporaryFolder& folder, const std::string& text) {
  PrepareOptions options = test::csv_options(folder, text);
  options.out = folder / "clean";
  return test::prepared(options);
}

std::map<std::string, int> injected_items(const Noisy& noisy) {
  std::map<std::string, int> counts;
  const auto rows = noisy.data.histories();
  for (size_t event = 0; event < rows.values.size(); ++event) {
    if (noisy.truth.mark(static_cast<int64_t>(event)) != NoiseMark::injected) continue;
    ++counts[std::string(noisy.data.items().raw(rows.values[event]))];
  }
  return counts;
}

/// 4 items of which i0 has three quarters of the training events; i3 is held out by everybody.
Dataset unequal_items(const test::TemporaryFolder& folder) {
  std::string text = "user,item\n";
  for (int user = 0; user < 50; ++user) {
    for (int i = 0; i < 16; ++i) text += fmt::format("u{},i{}\n", user, i < 12 ? 0 : 1 + i % 2);
    text += fmt::format("u{},i3\nu{},i3\n", user, user);
  }
  return of_table(folder, text);
}

TEST(RandomClick, TakesAllItemsButThoseHeldOutEquallyOften) {
  const test::TemporaryFolder folder;
  const auto counts = injected_items(
      test::noisy(noise_options(unequal_items(folder), NoiseKind::random_click, 0.75)));
  EXPECT_EQ(counts.count("i3"), 0u);
  ASSERT_EQ(counts.size(), 3u);
  for (const auto& [item, count] : counts) EXPECT_NEAR(count, 200, 60) << item;  // 5 sigma
}

TEST(PopularClick, TakesItemsAsOftenAsTheyAreTrainedOn) {
  const test::TemporaryFolder folder;
  const auto counts = injected_items(
      test::noisy(noise_options(unequal_items(folder), NoiseKind::popular_click, 0.75)));
  EXPECT_EQ(counts.count("i3"), 0u);
  ASSERT_EQ(counts.size(), 3u);
  EXPECT_NEAR(counts.at("i0"), 450, 53);
  EXPECT_NEAR(counts.at("i1"), 75, 41);
}

TEST(RandomClick, StandsAtEveryPlaceEquallyOften) {
  const test::TemporaryFolder folder;
  std::string text = "user,item\n";
  for (int user = 0; user < 200; ++user) text += round(fmt::format("u{}", user).c_str(), 5, 9);
  const Noisy noisy =
      test::noisy(noise_options(of_table(folder, text), NoiseKind::random_click, 0.9));
  std::map<int64_t, int> places;  // genuine events before it
  const auto rows = noisy.data.histories();
  for (int64_t user = 0; user < rows.size(); ++user) {
    int64_t genuine = 0;
    for (int64_t event = rows.offsets[user]; event < rows.offsets[user + 1]; ++event) {
      if (noisy.truth.mark(event) == NoiseMark::injected) {
        ++places[genuine];
      } else {
        ++genuine;
      }
    }
  }
  ASSERT_EQ(places.size(), 4u);  // 3 training events
  for (const auto& [place, count] : places) EXPECT_NEAR(count, 135, 50) << place;
}

TEST(Clicks, GoToNobodyWhoseHeldOutItemsAreAllThereAre) {
  const test::TemporaryFolder folder;
  const Dataset clean = of_table(folder, "user,item\na,x\na,x\na,x\nb,y\nb,x\nb,x\nb,y\nb,x\n");
  const Noisy noisy = test::noisy(noise_options(clean, NoiseKind::random_click, 0.5));
  EXPECT_EQ(noisy.report.injected, 2);
  EXPECT_EQ(noisy.data.splits()[0].train_end, 3);  // y, which a has not
  EXPECT_EQ(noisy.data.splits()[1].train_end, 3);  // b holds out both items
  const Dataset single = of_table(folder, "user,item\na,x\na,x\na,x\n");
  const auto error =
      test::caught([&] { add_noise(noise_options(single, NoiseKind::random_click, 0.6)); });
  EXPECT_EQ(error.code, ExitCode::data);
  EXPECT_TRUE(error.says("no click can be inserted")) << error.message;
}

TEST(Swap, ChangesPlacesOfNeighboursAndLeavesTimes) {
  const test::TemporaryFolder folder;
  const Dataset clean = clean_dataset(folder, true);
  const Noisy noisy = test::noisy(noise_options(clean, NoiseKind::swap, 0.5));
  ASSERT_GT(noisy.report.swapped, 0);
  for (size_t event = 0; event < noisy.data.histories().values.size(); ++event) {
    const int64_t at = static_cast<int64_t>(event), origin = noisy.truth.origin(at);
    EXPECT_EQ(std::abs(origin - at), noisy.truth.mark(at) == NoiseMark::swapped ? 1 : 0);
    EXPECT_EQ(noisy.truth.origin(origin), at);
    EXPECT_EQ(noisy.data.times().values[event], clean.times().values[event]);
  }
}

TEST(Swap, AnyTwoNeighboursCanBeAPair) {
  const test::TemporaryFolder folder;
  std::string text = "user,item\n";
  for (int user = 0; user < 300; ++user) text += round(fmt::format("u{}", user).c_str(), 6, 9);
  const Noisy noisy = test::noisy(noise_options(of_table(folder, text), NoiseKind::swap, 0.3));
  std::map<int64_t, int> firsts;
  for (int64_t event = 0; event < noisy.data.num_events(); ++event) {
    if (noisy.truth.origin(event) == event + 1) ++firsts[event % 6];
  }
  ASSERT_EQ(firsts.size(), 3u);  // pairs of 4 training events
  for (const auto& [place, count] : firsts) EXPECT_NEAR(count, 60, 35) << place;
}

TEST(Drop, LeavesTwoEventsToEverybodyWhoHadThem) {
  const test::TemporaryFolder folder;
  const Dataset clean = clean_dataset(folder, false);
  const Noisy noisy = test::noisy(noise_options(clean, NoiseKind::drop, 0.99));
  int64_t loose = 0;
  for (int64_t user = 0; user < clean.num_users(); ++user) {
    const int64_t before = clean.splits()[user].train_end;
    EXPECT_EQ(noisy.data.splits()[user].train_end, std::min<int64_t>(before, 2));
    loose += std::max<int64_t>(before - 2, 0);
  }
  EXPECT_EQ(noisy.report.dropped, loose);  // fewer than the rate asks for
}

TEST(AccountMix, GivesBothUsersTheEventsOfBothInOneOrder) {
  const test::TemporaryFolder folder;
  const Dataset clean = of_table(
      folder, "user,item\n" + round("a", 12, 20) + "b,x0\nb,x1\nb,x2\nb,x3\nb,x4\nb,x5\nb,x6\n");
  const Noisy noisy = test::noisy(noise_options(clean, NoiseKind::account_mix, 0.9));
  EXPECT_EQ(noisy.report.users_changed, 2);
  EXPECT_EQ(noisy.report.mixed_in, 15);
  const auto rows = noisy.data.histories();
  const auto training = [&](int64_t user) {
    const auto row = rows.row(user).first(static_cast<size_t>(noisy.data.splits()[user].train_end));
    return std::vector<int32_t>(row.begin(), row.end());
  };
  EXPECT_EQ(training(0), training(1));
  EXPECT_FALSE(std::is_sorted(training(0).begin(), training(0).end()));  // not one after the other
  EXPECT_EQ(noisy.truth.owner(rows.offsets[1]), noisy.truth.owner(rows.offsets[0]));
}

TEST(AccountMix, GoesByTimeAndKeepsTheFutureAndTheHeldOutAway) {
  const test::TemporaryFolder folder;
  PrepareOptions options = test::csv_options(folder,
                                             "user,item,time\na,p,10\na,q,20\na,r,30\na,s,40\n"
                                             "b,s,5\nb,t,15\nb,u,25\nb,v,35\nb,w,45\nb,x,55\n");
  options.out = folder / "clean";
  const Dataset clean = test::prepared(options);  // r and s of a, w and x of b are held out
  const Noisy noisy = test::noisy(noise_options(clean, NoiseKind::account_mix, 0.9));
  EXPECT_EQ(
      test::sequences(noisy.data),
      (test::Lines{"a: p t q u r s", "b: s p t q u v w x"}));  // s is a's; v came later than r
  EXPECT_EQ(noisy.report.left_out, 2);
  EXPECT_EQ(noisy.report.mixed_in, 4);
  const auto times = noisy.data.times().row(0);
  EXPECT_EQ(std::vector<int64_t>(times.begin(), times.end()),
            (std::vector<int64_t>{10, 15, 20, 25, 30, 40}));
  EXPECT_EQ(noisy.truth.owner(1), 1);
  EXPECT_EQ(noisy.truth.mark(1), NoiseMark::mixed_in);
}

TEST(AccountMix, SharesAccountsAmongThatManyUsers) {
  const test::TemporaryFolder folder;
  const Dataset clean = clean_dataset(folder, false);
  std::set<int64_t> trained;
  for (int64_t user = 0; user < clean.num_users(); ++user) {
    if (clean.splits()[user].train_end > 0) trained.insert(user);
  }
  const Noisy noisy = test::noisy(noise_options(clean, NoiseKind::account_mix, 0.5));
  const double users = static_cast<double>(trained.size());
  EXPECT_LE(noisy.report.users_changed, 2 * std::llround(users / 4));
  EXPECT_GE(noisy.report.users_changed, 2 * std::llround(users / 4) - 4);  // all left out
}

struct Refused {
  const char* name;
  std::function<void(const Dataset& clean, NoiseOptions& options)> spoil;
  ExitCode code;
  const char* message;
  friend std::ostream& operator<<(std::ostream& out, const Refused& row) { return out << row.name; }
};

class RefusedNoise : public testing::TestWithParam<Refused> {};

TEST_P(RefusedNoise, SaysWhyAndWritesNothing) {
  const test::TemporaryFolder folder;
  const Dataset clean = clean_dataset(folder, true);
  NoiseOptions options = noise_options(clean, NoiseKind::random_click, 0.2);
  options.overwrite = false;
  GetParam().spoil(clean, options);
  const std::string before = folder.listing();
  const auto error = test::caught([&] { add_noise(options); });
  EXPECT_EQ(error.code, GetParam().code);
  EXPECT_TRUE(error.says(GetParam().message)) << error.message;
  EXPECT_EQ(folder.listing(), before);
}

void make_windows(const Dataset& clean, NoiseOptions& options) {
  PrepareOptions prepare;
  prepare.source.path = (clean.folder().parent_path() / "events.csv").string();
  prepare.out = options.source = clean.folder().parent_path() / "windows";
  prepare.split.method = SplitMethod::windows;
  prepare.split.window_length = 5;
  prepare_dataset(prepare);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedNoise,
    testing::Values(
        Refused{"rate_of_one", [](auto&, auto& o) { o.rate = 1; }, ExitCode::usage, "--rate 1: "},
        Refused{"rate_below_0", [](auto&, auto& o) { o.rate = -0.1; }, ExitCode::usage,
                "want a share, 0 or above and below 1"},
        Refused{"rate_nan", [](auto&, auto& o) { o.rate = std::nan(""); }, ExitCode::usage,
                "--rate nan: "},
        Refused{"no_folder", [](auto& c, auto& o) { o.source = c.folder() / "none"; },
                ExitCode::data, "no such folder"},
        Refused{"no_dataset", [](auto& c, auto& o) { o.source = c.folder().parent_path(); },
                ExitCode::data, "not a dataset folder"},
        Refused{"windows", make_windows, ExitCode::usage, "a dataset of windows"},
        Refused{"out_is_there",
                [](auto& c, auto& o) {
                  o.out = c.folder().parent_path() / "there";
                  std::filesystem::create_directory(o.out);
                },
                ExitCode::usage, "--overwrite"},
        Refused{"out_is_the_source",
                [](auto& c, auto& o) {
                  o.out = c.folder() / "";
                  o.overwrite = true;
                },
                ExitCode::usage, "is the source itself"},
        Refused{"noisy_already",
                [](auto& c, auto& o) {
                  o.out = c.folder().parent_path() / "first";
                  add_noise(o);
                  o.source = o.out;
                  o.out = c.folder().parent_path() / "second";
                },
                ExitCode::usage, "is noisy already (random-click noise, rate 0.2, seed 7)"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace truenext
