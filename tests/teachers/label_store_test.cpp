// SPDX-License-Identifier: Apache-2.0
#include "teachers/label_store.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "batch/batch.h"
#include "net/model.h"
#include "support/network_cases.h"
#include "support/small_data.h"
#include "teachers/asked_labels.h"
#include "teachers/teacher_file.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kItems = 40;

class LabelStoreTest : public testing::Test {
 protected:
  LabelStoreTest() { set_quiet(true); }

  /// Two teachers of different lengths.
  std::vector<Member> teachers() {
    std::vector<Member> members;
    ModelOptions options = test::small_network();
    options.init = StartValues::small;
    for (const int64_t length : {3, 20}) {
      options.max_length = length;
      const std::string name = "teacher" + std::to_string(length) + ".safetensors";
      members.push_back(open_member(
          test::write_teacher(folder_ / name, options, dataset_, static_cast<uint64_t>(length))
              .string(),
          dataset_));
    }
    return members;
  }
  LabelRule rule(int64_t kept, Mixing mixing = Mixing::probability) const {
    LabelRule rule;
    rule.kept = kept;
    rule.mixing.mixing = mixing;
    rule.mixing.temperature = 2;
    rule.mixing.weights = {0.25, 0.75};
    return rule;
  }
  LabelStore store(const std::string& name, const LabelRule& rule,
                   const std::vector<Member>& members, int threads = 1) {
    WorkerPool pool(threads);
    write_labels(folder_ / name, false, rule, members, dataset_, pool);
    return LabelStore(folder_ / name, dataset_);
  }
  std::string bytes(const std::string& name) const {
    std::string all;
    for (const char* file :
         {"labels.json", "offsets.bin", "items.bin", "probabilities.bin", "rest.bin"}) {
      all += read_file(folder_ / name / file);
    }
    return all;
  }

  test::TemporaryFolder folder_;
  Dataset dataset_ = Dataset::open(test::ring_dataset(folder_, 60, kItems, 12));
};

/// Every tile of an epoch of random windows, whose lengths are neither teacher's.
TEST_F(LabelStoreTest, WholeStoreAgreesWithAskedTeachersOverRandomWindows) {
  const std::vector<Member> members = teachers();
  double largest_mass = 0;
  for (const auto& [mixing, running_sum] :
       {std::pair(Mixing::probability, false), std::pair(Mixing::logit, false),
        std::pair(Mixing::confidence, false), std::pair(Mixing::early_exit, false),
        std::pair(Mixing::early_exit, true)}) {
    LabelRule whole = rule(kItems, mixing);
    whole.mixing.running_sum = running_sum;
    if (running_sum) whole.mixing.weights = {1, 1};
    const std::string name = std::string(word_of(mixing)) + (running_sum ? "-sum" : "");
    const LabelStore stored = store(name, whole, members);
    EXPECT_EQ(stored.running_sums(), running_sum);
    const AskedLabels asked(whole.mixing, members, dataset_);
    BatchOptions options;
    options.max_length = 5;
    options.window = TrainingWindow::random;
    options.with_places = true;
    Batcher batcher(dataset_, options);
    int64_t compared = 0;
    for (int64_t b = 0; b < batcher.batches_per_epoch(); ++b) {
      for (const Tile& tile : batcher.make(b).tiles) {
        const auto from_store = stored.of(tile), from_teachers = asked.of(tile);
        const int64_t queries = tile.targets.size();
        std::vector<float> one(queries * kItems), other(one.size());
        from_store->probabilities(0, queries, 0, kItems, one.data());
        for (int64_t first = 0; first < kItems; first += 16) {  // in pieces
          const int64_t count = std::min<int64_t>(16, kItems - first);
          std::vector<float> piece(queries * count);
          from_teachers->probabilities(0, queries, first, count, piece.data());
          for (int64_t i = 0; i < queries * count; ++i) {
            other[i / count * kItems + first + i % count] = piece[i];
          }
        }
        for (int64_t q = 0; q < queries; ++q) {
          double sum = 0;
          for (int64_t i = 0; i < kItems; ++i) {
            EXPECT_NEAR(one[q * kItems + i], other[q * kItems + i], 1e-6);
            sum += one[q * kItems + i];
          }
          EXPECT_NEAR(sum, from_store->mass(q), 1e-5);
          EXPECT_NEAR(sum, from_teachers->mass(q), 1e-5);
          if (!running_sum) EXPECT_NEAR(sum, 1, 1e-5);
          largest_mass = std::max(largest_mass, sum);
          ++compared;
        }
      }
    }
    EXPECT_GT(compared, 100);
  }
  EXPECT_NEAR(largest_mass, 2, 1e-5);  // both teachers, not divided
}

/// Worked out for one history: what each teacher sees, softmax at the temperature, weighted mean.
TEST_F(LabelStoreTest, LabelIsTheMixOfWhatTeachersSayOfTheHistory) {
  const std::vector<Member> members = teachers();
  const LabelStore stored = store("labels", rule(kItems), members);
  const int32_t user = 7;
  const int64_t end = dataset_.splits()[user].train_end - 1;
  std::vector<double> expected(kItems, 0.0);
  for (size_t k = 0; k < 2; ++k) {
    const SequenceEncoder& encoder = members[k].model->encoder();
    const auto history = dataset_.histories().row(user).first(static_cast<size_t>(end));
    const auto seen = history.last(std::min<size_t>(history.size(), k == 0 ? 3 : 20));
    Jagged<int32_t> histories;
    histories.add_row(seen);
    std::vector<float> state(encoder.dim());
    encoder.encode_last({histories.values, histories.offsets}, state.data());
    std::vector<double> p(kItems);
    double sum = 0;
    for (int64_t i = 0; i < kItems; ++i) {
      double score = 0;
      for (int64_t c = 0; c < encoder.dim(); ++c) {
        score += static_cast<double>(state[c]) * encoder.item_table()[i * encoder.dim() + c];
      }
      sum += p[i] = std::exp(score / 2);
    }
    for (int64_t i = 0; i < kItems; ++i) expected[i] += (k == 0 ? 0.25 : 0.75) * p[i] / sum;
  }
  const StoredLabel label = stored.label({user, end});
  ASSERT_EQ(std::ssize(label.items), kItems);
  for (int64_t i = 0; i < kItems; ++i) EXPECT_NEAR(label.probabilities[i], expected[i], 1e-6);
}

TEST_F(LabelStoreTest, KeepsTheMostProbableAndSharesTheRest) {
  const std::vector<Member> members = teachers();
  const LabelStore whole = store("whole", rule(kItems), members);
  const LabelStore some = store("some", rule(6), members);
  const HistoryPlace place{3, 4};
  const StoredLabel all = whole.label(place), kept = some.label(place);
  ASSERT_EQ(kept.items.size(), 6u);
  EXPECT_TRUE(std::ranges::is_sorted(kept.items));
  float least = 1;
  double sum = 0;
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(kept.probabilities[i], all.probabilities[kept.items[i]]);
    least = std::min(least, kept.probabilities[i]);
    sum += kept.probabilities[i];
  }
  const auto above = std::ranges::count_if(all.probabilities, [&](float p) { return p > least; });
  EXPECT_EQ(above, 5);
  EXPECT_NEAR(sum + (kItems - 6) * static_cast<double>(kept.rest), 1, 1e-5);
  EXPECT_EQ(whole.label(place).rest, 0);
}

TEST_F(LabelStoreTest, SameBytesForAnyNumberOfThreadsAndOtherOnesForOtherRules) {
  const std::vector<Member> members = teachers();
  const std::string fingerprint = store("one", rule(6), members).fingerprint();
  EXPECT_EQ(store("three", rule(6), members, 3).fingerprint(), fingerprint);
  EXPECT_EQ(bytes("one"), bytes("three"));
  EXPECT_TRUE(has_labels(folder_ / "one", fingerprint));
  EXPECT_FALSE(has_labels(folder_ / "nothing", fingerprint));
  std::vector<LabelRule> others(4, rule(6));
  others[0].kept = 7;
  others[1].mixing.temperature = 3;
  others[2].mixing.weights = {0.5, 0.5};
  others[3].newest = 2;
  for (const LabelRule& other : others) {
    EXPECT_NE(label_fingerprint(other, members, dataset_), fingerprint);
  }
  EXPECT_NE(label_fingerprint(rule(6), std::span(members).first(1), dataset_), fingerprint);
}

TEST_F(LabelStoreTest, OfTheNewestTargetsOnlySaysWhatItLacks) {
  LabelRule newest = rule(6);
  newest.newest = 2;
  const std::vector<Member> members = teachers();
  const LabelStore some = store("newest", newest, members);
  const LabelStore all = store("all", rule(6), members);
  const int64_t train_end = dataset_.splits()[5].train_end;
  const StoredLabel a = some.label({5, train_end - 1}), b = all.label({5, train_end - 1});
  EXPECT_TRUE(std::ranges::equal(a.items, b.items));
  EXPECT_THROW(some.label({5, train_end - 3}), Error);
  EXPECT_THROW(all.label({5, train_end}), Error);
}

TEST_F(LabelStoreTest, CountsAreTeachersToo) {
  const std::vector<Member> popularity =
      open_members(std::vector<std::string>{kPopularityMember}, dataset_);
  LabelRule plain = rule(kItems);
  plain.mixing.weights.clear();
  plain.mixing.temperature = 1;
  const LabelStore stored = store("popularity", plain, popularity);
  const std::vector<int64_t> counts =
      count_items(dataset_.histories(), dataset_.splits(), kItems, &SplitPoint::train_end);
  const auto most = static_cast<double>(*std::ranges::max_element(counts));
  double sum = 0;
  for (const int64_t count : counts) sum += std::exp(5 * (2 * count / most - 1));
  const StoredLabel label = stored.label({0, 1});
  for (int64_t i = 0; i < kItems; ++i) {
    EXPECT_NEAR(label.probabilities[i], std::exp(5 * (2 * counts[i] / most - 1)) / sum, 1e-6);
  }

  const std::vector<Member> pairs =
      open_members(std::vector<std::string>{kItemToItemMember}, dataset_);
  const LabelStore followers = store("followers", plain, pairs);
  const int32_t newest = dataset_.histories().row(4)[1];
  std::vector<double> times(kItems, 0.0);
  double all = 0, events = kItems;
  for (int64_t user = 0; user < dataset_.num_users(); ++user) {
    const auto history = dataset_.histories().row(user);
    for (int64_t i = 1; i < dataset_.splits()[user].train_end; ++i) {
      if (history[i - 1] != newest) continue;
      ++times[history[i]];
      ++all;
    }
  }
  for (const int64_t count : counts) events += static_cast<double>(count);
  const StoredLabel next = followers.label({4, 2});
  for (int64_t i = 0; i < kItems; ++i) {
    const double expected = (times[i] + (counts[i] + 1) / events) / (all + 1);
    EXPECT_NEAR(next.probabilities[i], expected, 1e-5) << i;
  }
}

TEST_F(LabelStoreTest, DamagedOrForeignLabelsAreRefused) {
  struct Bad {
    const char* what;
    std::function<void(const fs::path&)> damage;
    const char* words;
  };
  const auto cut = [](const char* file) {
    return [file](const fs::path& labels) {
      fs::resize_file(labels / file, fs::file_size(labels / file) - 4);
    };
  };
  const auto replace = [](const char* from, const char* to) {
    return [from, to](const fs::path& labels) {
      std::string text = read_file(labels / "labels.json");
      const size_t at = text.find(from);
      ASSERT_NE(at, std::string::npos) << from;
      write_file_atomically(labels / "labels.json", text.replace(at, std::string(from).size(), to));
    };
  };
  const std::vector<Bad> table = {
      {"no folder", [](const fs::path& labels) { fs::remove_all(labels); }, "holds no soft labels"},
      {"no json",
       [](const fs::path& labels) { write_file_atomically(labels / "labels.json", "{"); },
       "holds no soft labels"},
      {"items cut", cut("items.bin"), "truncated or damaged"},
      {"probabilities cut", cut("probabilities.bin"), "truncated or damaged"},
      {"rest cut", cut("rest.bin"), "truncated or damaged"},
      {"offsets cut", cut("offsets.bin"), "offsets.bin"},
      {"version", replace("\"version\": 1", "\"version\": 9"), "version 9"},
      {"no rows", replace("\"rows\"", "\"lines\""), "no usable \"rows\""},
      {"negative", replace("\"kept\": 6", "\"kept\": -6"), "impossible"},
      {"other newest", replace("\"newest\": 0", "\"newest\": 1"), "damaged"},
      {"foreign", replace(dataset_.split_fingerprint().c_str(), "00000000"), "label these data"},
      {"items out of order",
       [](const fs::path& labels) {
         std::string items = read_file(labels / "items.bin");
         std::swap_ranges(items.begin(), items.begin() + 4, items.begin() + 4);
         write_file_atomically(labels / "items.bin", items);
       },
       "no ascending items"},
      {"no probability",
       [](const fs::path& labels) {
         std::string numbers = read_file(labels / "probabilities.bin");
         std::fill_n(numbers.begin(), 4, '\xff');  // NaN
         write_file_atomically(labels / "probabilities.bin", numbers);
       },
       "are no probabilities"},
      {"item out of range",
       [](const fs::path& labels) {
         std::string items = read_file(labels / "items.bin");
         items[3] = 0x7f;
         write_file_atomically(labels / "items.bin", items);
       },
       "damaged"}};
  const std::vector<Member> members = teachers();
  for (const Bad& bad : table) {
    fs::remove_all(folder_ / "labels");
    store("labels", rule(6), members);
    bad.damage(folder_ / "labels");
    try {
      const LabelStore opened(folder_ / "labels", dataset_);
      ADD_FAILURE() << bad.what << ": no error";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(bad.words), std::string::npos)
          << bad.what << ": " << error.what();
    }
  }
}

TEST_F(LabelStoreTest, TeachersOfOtherItemsAreRefusedWithTheFirstThatDiffers) {
  const Dataset other = Dataset::open(test::prepare_pairs(
      folder_, test::ring_log(60, kItems, 12) + "u0 extra\nu1 extra\n", "other"));
  const fs::path more =
      test::write_teacher(folder_ / "more.safetensors", test::small_network(), other, 1);
  const auto text = [&](const std::string& name) -> std::string {
    try {
      open_member(name, dataset_);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(text(more.string()).find("knows 41 items"), std::string::npos);
  EXPECT_NE(text("nobody").find("no such run folder"), std::string::npos);
  const Dataset renamed =
      Dataset::open(test::prepare_pairs(folder_, test::ring_log(60, kItems, 12, 2), "renamed"));
  const fs::path order =
      test::write_teacher(folder_ / "order.safetensors", test::small_network(), renamed, 1);
  const std::string words = text(order.string());
  EXPECT_NE(words.find("its item "), std::string::npos) << words;
}

}  // namespace
}  // namespace truenext
