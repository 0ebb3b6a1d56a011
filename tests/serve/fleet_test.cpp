// SPDX-License-Identifier: Apache-2.0
#include "serve/fleet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "serve/fan_out.h"
#include "serve/keys.h"

namespace truenext::serve {
namespace {

std::string unit(int number) {
  return "u" + std::to_string(number);
}

TEST(Traffic, SharesFollowWeightsAndFewUnitsMove) {
  constexpr int kUnits = 100'000;
  const Traffic before{{{"a", 70}, {"b", 20}, {"c", 10}}, {}};
  const Traffic after{{{"a", 60}, {"b", 20}, {"c", 20}}, {}};
  std::map<std::string, int> counts;
  int moved = 0, away = 0;
  for (int i = 0; i < kUnits; ++i) {
    const std::string first = chosen_model(before, "salt", unit(i));
    const std::string second = chosen_model(after, "salt", unit(i));
    ++counts[first];
    moved += first != second;
    away += first == "c" && second != "c";  // c gains, so nobody leaves it
  }
  EXPECT_NEAR(counts["a"], 70'000, 1000);
  EXPECT_NEAR(counts["b"], 20'000, 1000);
  EXPECT_NEAR(counts["c"], 10'000, 1000);
  EXPECT_EQ(away, 0);
  EXPECT_LT(moved, 14'000);
  EXPECT_GT(moved, 9'000);
}

TEST(Traffic, NobodyGoesToAWeightOfZero) {
  const Traffic traffic{{{"a", 0}, {"b", 1}}, {}};
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(chosen_model(traffic, "", unit(i)), "b");
  EXPECT_EQ(chosen_model({{{"a", 0}}, {}}, "", "u"), "");
}

TEST(Keys, AreFoundByTheirDigest) {
  const NewKey key = make_key("shop", Role::write, "10/s");
  EXPECT_TRUE(key.key.starts_with("tnk_"));
  EXPECT_EQ(key.key.size(), 4u + 43u);
  const KeyFile file = KeyFile::parse("# comment\n\n" + key.line + " expires=2027-01-01\n", "keys");
  const Key* found = file.find(key.key, 1'700'000'000);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name, "shop");
  EXPECT_EQ(found->role, Role::write);
  EXPECT_EQ(found->rate, 10);
  EXPECT_EQ(file.find(key.key, 1'900'000'000), nullptr) << "expired";
  EXPECT_EQ(file.find(key.key + "x", 0), nullptr);
  EXPECT_EQ(file.find("", 0), nullptr);
}

TEST(Keys, WrongFilesAreNamedByLine) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  for (const std::string& text :
       {std::string(""), std::string("a read"), "a owner " + digest, "a read " + digest + "0",
        "a read " + digest + " rate=0/s", "a read " + digest + " rate=5", "a read " + digest + " x",
        "a read " + digest + " expires=soon", "a read " + digest + "\na read " + digest}) {
    EXPECT_THROW(KeyFile::parse(text, "keys"), Error) << text;
  }
}

TEST(Keys, ARateIsABucketOfASecond) {
  RateLimits limits;
  const Key key{"k", Role::read, {}, 5, 0};
  int taken = 0;
  for (int i = 0; i < 20; ++i) taken += limits.take(key, 100.0);
  EXPECT_EQ(taken, 5);
  EXPECT_TRUE(limits.take(key, 100.25));
  EXPECT_FALSE(limits.take(key, 100.25));
}

TEST(FanOut, KeepsFewUnderWayAndEndsOnce) {
  size_t open = 0, highest = 0, ended = 0;
  std::vector<size_t> waiting;
  const auto all = std::make_shared<FanOut>(
      100, 7,
      [&](size_t number) {
        highest = std::max(highest, ++open);
        waiting.push_back(number);
      },
      [&] { ++ended; });
  all->start();
  while (!waiting.empty()) {
    waiting.pop_back();
    --open;
    all->done();
  }
  EXPECT_EQ(highest, 7u);
  EXPECT_EQ(ended, 1u);
  size_t sent = 0;
  std::weak_ptr<FanOut> at_once;
  const auto immediate = std::make_shared<FanOut>(
      5000, 3,
      [&](size_t) {
        ++sent;
        at_once.lock()->done();
      },
      [&] { ++ended; });
  at_once = immediate;
  immediate->start();
  EXPECT_EQ(sent, 5000u);
  EXPECT_EQ(ended, 2u);
}

}  // namespace
}  // namespace truenext::serve
