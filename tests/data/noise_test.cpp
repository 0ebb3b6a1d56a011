// SPDX-License-Identifier: Apache-2.0
// What holds for every kind of noise, on every kind of dataset.
#include "data/noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "data/dataset_files.h"
#include "data/noisy.h"

namespace truenext {
namespace {

using test::clean_dataset;
using test::noise_options;
using test::Noisy;

struct Place {
  const char* name;
  bool times;
  SplitMethod split;
};
using Case = std::tuple<NoiseKind, Place>;

/// Every clean dataset is prepared once, and noise of every kind and kRate is added to it once.
class NoiseProperties : public testing::TestWithParam<Case> {
 protected:
  struct Source {
    explicit Source(const Place& place)
        : data(clean_dataset(folder, place.times, [&](PrepareOptions& options) {
            options.split.method = place.split;
            options.split.target = SplitTarget::all;
            options.split.test = place.split == SplitMethod::leave_last ? 2 : 1;
          })) {}
    test::TemporaryFolder folder;
    Dataset data;
    std::map<NoiseKind, Noisy> noisy;
  };
  static constexpr double kRate = 0.35;
  static std::map<std::string, Source>& sources() {
    static std::map<std::string, Source> all;
    return all;
  }
  static void TearDownTestSuite() { sources().clear(); }

  NoiseKind kind() const { return std::get<0>(GetParam()); }
  NoiseOptions options(double rate = kRate) const { return noise_options(clean_, kind(), rate); }
  const Noisy& noisy() {
    const auto found = source_.noisy.find(kind());
    if (found != source_.noisy.end()) return found->second;
    NoiseOptions kept = options();
    kept.out = source_.folder / word_of(kind());
    return source_.noisy.emplace(kind(), test::noisy(kept)).first->second;
  }

  const Place place_ = std::get<1>(GetParam());
  Source& source_ = sources().try_emplace(place_.name, place_).first->second;
  const Dataset& clean_ = source_.data;
};

TEST_P(NoiseProperties, LeavesWhatIsHeldOutAlone) {
  const Dataset& now = noisy().data;
  ASSERT_EQ(now.num_users(), clean_.num_users());
  ASSERT_EQ(now.num_items(), clean_.num_items());
  const auto rest = [](const Dataset& data, auto rows, int64_t user) {
    const auto row = rows.row(user).subspan(static_cast<size_t>(data.splits()[user].train_end));
    return std::vector<int64_t>(row.begin(), row.end());
  };
  for (int64_t user = 0; user < now.num_users(); ++user) {
    EXPECT_EQ(now.users().raw(user), clean_.users().raw(user));
    EXPECT_EQ(rest(now, now.histories(), user), rest(clean_, clean_.histories(), user));
    if (now.has_times()) {
      EXPECT_EQ(rest(now, now.times(), user), rest(clean_, clean_.times(), user));
    }
    SplitPoint want = clean_.splits()[user];
    const int64_t more = now.splits()[user].train_end - want.train_end;
    for (int64_t* at :
         {&want.train_end, &want.valid_begin, &want.valid_end, &want.test_begin, &want.test_end}) {
      *at += more;
    }
    EXPECT_EQ(now.splits()[user], want);
  }
}

TEST_P(NoiseProperties, TheTruthSaysWhatEveryEventIs) {
  const auto& [report, data, truth] = noisy();
  const auto rows = data.histories(), sources = clean_.histories();
  std::map<NoiseMark, int64_t> counts;
  int64_t own_in_training = 0;
  for (int64_t user = 0; user < rows.size(); ++user) {
    std::vector<int64_t> own;
    for (int64_t event = rows.offsets[user]; event < rows.offsets[user + 1]; ++event) {
      const NoiseMark mark = truth.mark(event);
      const int64_t owner = truth.owner(event), origin = truth.origin(event);
      ++counts[mark];
      if (mark == NoiseMark::injected) {
        EXPECT_EQ(owner, -1);
        EXPECT_EQ(origin, -1);
        continue;
      }
      ASSERT_TRUE(sources.offsets[owner] <= origin && origin < sources.offsets[owner + 1]);
      EXPECT_EQ(rows.values[event], sources.values[origin]);
      EXPECT_EQ(owner == user, mark != NoiseMark::mixed_in);
      if (owner == user) own.push_back(origin);
    }
    own_in_training +=
        static_cast<int64_t>(own.size()) - sources.row_size(user) + clean_.splits()[user].train_end;
    if (kind() == NoiseKind::swap) std::sort(own.begin(), own.end());
    EXPECT_TRUE(std::is_sorted(own.begin(), own.end()));
    EXPECT_EQ(std::adjacent_find(own.begin(), own.end()), own.end());
  }
  EXPECT_EQ(counts[NoiseMark::injected], report.injected);
  EXPECT_EQ(counts[NoiseMark::swapped], report.swapped);
  EXPECT_EQ(counts[NoiseMark::mixed_in], report.mixed_in);
  EXPECT_EQ(report.source_training_events - own_in_training, report.dropped);
}

TEST_P(NoiseProperties, TellsNobodyWhatIsHeldOut) {
  const auto& [report, data, truth] = noisy();
  const auto rows = data.histories();
  for (int64_t user = 0; user < rows.size(); ++user) {
    const auto row = rows.row(user);
    const auto held_out = row.begin() + data.splits()[user].train_end;
    for (auto at = row.begin(); at < held_out; ++at) {
      const NoiseMark mark = truth.mark(rows.offsets[user] + (at - row.begin()));
      if (mark != NoiseMark::injected && mark != NoiseMark::mixed_in) continue;
      EXPECT_EQ(std::find(held_out, row.end(), *at), row.end());
    }
    if (!data.has_times()) continue;
    const auto times = data.times().row(user);
    EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  }
}

TEST_P(NoiseProperties, IsAsMuchAsTheRateSays) {
  for (const double rate : {0.1, kRate}) {
    const NoiseReport report = rate == kRate ? noisy().report : add_noise(options(rate));
    const auto events = static_cast<double>(report.source_training_events);
    const int64_t want = std::llround(rate * events);
    const bool clicks = kind() == NoiseKind::random_click || kind() == NoiseKind::popular_click;
    EXPECT_EQ(report.injected, clicks ? want : 0);
    EXPECT_EQ(report.dropped, kind() == NoiseKind::drop ? want : 0);
    EXPECT_EQ(report.swapped, kind() == NoiseKind::swap ? 2 * std::llround(rate / 2 * events) : 0);
    EXPECT_EQ(report.mixed_in > 0, kind() == NoiseKind::account_mix);
    EXPECT_GT(report.users_changed, 0);
    EXPECT_EQ(report.training_events,
              report.source_training_events + report.injected + report.mixed_in - report.dropped);
  }
}

TEST_P(NoiseProperties, EqualOptionsGiveEqualBytes) {
  const auto bytes = [](const std::filesystem::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      files[entry.path().filename().string()] = test::file_bytes(entry.path());
    }
    return files;
  };
  const auto first = bytes(noisy().data.folder());
  EXPECT_NE(noisy().data.fingerprint(), clean_.fingerprint());
  NoiseOptions again = options();
  add_noise(again);
  EXPECT_EQ(bytes(again.out), first);
  again.seed = 8;
  add_noise(again);
  EXPECT_NE(bytes(again.out), first);
  EXPECT_NE(Dataset::open(again.out).fingerprint(), noisy().data.fingerprint());
}

INSTANTIATE_TEST_SUITE_P(
    Table, NoiseProperties,
    testing::Combine(testing::ValuesIn(test::all_noise_kinds()),
                     testing::Values(Place{"times", true, SplitMethod::leave_last},
                                     Place{"no_times", false, SplitMethod::leave_last},
                                     Place{"temporal", true, SplitMethod::temporal},
                                     Place{"by_user", true, SplitMethod::by_user})),
    [](const auto& row) {
      std::string name = std::string(word_of(std::get<0>(row.param))) + "_";
      std::replace(name.begin(), name.end(), '-', '_');
      return name + std::get<1>(row.param).name;
    });

TEST(NoisyDataset, SaysWhatItIs) {
  const test::TemporaryFolder folder;
  const Dataset clean = clean_dataset(folder, true);
  EXPECT_FALSE(noise_report(clean).has_value());
  const Noisy noisy = test::noisy(noise_options(clean, NoiseKind::popular_click, 0.25));
  const auto report = noise_report(noisy.data);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->kind, NoiseKind::popular_click);
  EXPECT_EQ(report->rate, 0.25);
  EXPECT_EQ(report->seed, 7u);
  EXPECT_EQ(report->source_fingerprint, clean.fingerprint());
  EXPECT_EQ(report->source_split_fingerprint, clean.split_fingerprint());
  EXPECT_EQ(report->injected, noisy.report.injected);
  EXPECT_EQ(report->users_changed, noisy.report.users_changed);
  EXPECT_EQ(noisy.data.split_name(),
            clean.split_name() + "; popular-click noise, rate 0.25, seed 7");
}

TEST(NoisyDataset, OfRateZeroHasTheSameEvents) {
  const test::TemporaryFolder folder;
  const Dataset clean = clean_dataset(folder, true);
  const Noisy noisy = test::noisy(noise_options(clean, NoiseKind::drop, 0));
  EXPECT_EQ(noisy.data.fingerprint(), clean.fingerprint());
  EXPECT_EQ(noisy.data.split_fingerprint(), clean.split_fingerprint());
  EXPECT_EQ(noisy.report.users_changed, 0);
}

TEST(NoisyDataset, ValuesGoWithTheirEvents) {
  const test::TemporaryFolder folder;
  std::string text = "user,item,value\n";
  for (int i = 0; i < 200; ++i) text += fmt::format("u{},i{},{}\n", i % 8, i * 7 % 31, i);
  PrepareOptions prepare = test::csv_options(folder, text);
  prepare.out = folder / "clean";
  prepare.keep_values = true;
  const Dataset clean = test::prepared(prepare);
  ASSERT_TRUE(clean.has_values());
  for (const NoiseKind kind : test::all_noise_kinds()) {
    const Noisy noisy = test::noisy(noise_options(clean, kind, 0.5));
    const auto rows = noisy.data.values();
    ASSERT_EQ(rows.values.size(), static_cast<size_t>(noisy.data.num_events()));
    for (int64_t event = 0; event < noisy.data.num_events(); ++event) {
      const int64_t origin = noisy.truth.origin(event);
      if (origin >= 0) {
        EXPECT_EQ(rows.values[event], clean.values().values[origin]);
      } else if (std::find(rows.offsets.begin(), rows.offsets.end(), event) == rows.offsets.end()) {
        EXPECT_EQ(rows.values[event], rows.values[event - 1]);
      }
    }
  }
}

TEST(NoisyDataset, KeepsTitlesAndAttributes) {
  const test::TemporaryFolder folder;
  const Dataset clean = clean_dataset(folder, true, [&](PrepareOptions& options) {
    options.titles = folder.write("titles.csv", "id,title\ni1,One\ni2,Two\n");
    options.attributes = folder.write("attributes.csv", "i1,a\ni2,b\ni1,b\n");
  });
  const Noisy noisy = test::noisy(noise_options(clean, NoiseKind::drop, 0.5));
  EXPECT_EQ(noisy.data.attribute_fingerprint(), clean.attribute_fingerprint());
  EXPECT_EQ(noisy.data.title(*noisy.data.items().find("i2")), "Two");
  for (const char* file : {dataset_files::kTitles, dataset_files::kAttributes,
                           dataset_files::kAttributeIds, dataset_files::kItemIds}) {
    EXPECT_EQ(test::file_bytes(noisy.data.folder() / file),
              test::file_bytes(clean.folder() / file));
  }
}

TEST(NoiseTruth, OfADamagedFileIsRefused) {
  const test::TemporaryFolder folder;
  const Dataset clean = clean_dataset(folder, false);
  EXPECT_TRUE(test::caught([&] { NoiseTruth::open(clean); }).says("has no truth"));
  add_noise(noise_options(clean, NoiseKind::random_click, 0.2));
  const Dataset noisy = Dataset::open(folder / "noisy");
  for (const char* name :
       {dataset_files::kNoiseOrigins, dataset_files::kNoiseOwners, dataset_files::kNoiseMarks}) {
    const std::string whole = test::file_bytes(folder / "noisy" / name);
    for (const std::string& bad :
         {whole.substr(0, whole.size() / 2), std::string(whole.size(), '\x7f')}) {
      test::write_bytes(folder / "noisy" / name, bad);
      const auto error = test::caught([&] { NoiseTruth::open(noisy); });
      EXPECT_EQ(error.code, ExitCode::data) << name;
      EXPECT_TRUE(error.says(name)) << error.message;
    }
    test::write_bytes(folder / "noisy" / name, whole);
  }
}

}  // namespace
}  // namespace truenext
