// SPDX-License-Identifier: Apache-2.0
// What every network on the list promises of its passes, whatever it computes: who depends on whom,
// and that training, use and lists of wanted states agree.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>
#include <thread>
#include <vector>

#include "inference/model_weights.h"
#include "net/network_fixture.h"

namespace truenext {
namespace {

using net::PassPurpose;
using net::Wanted;
using test::kHistories;
using test::kItems;
using test::kTraining;
using test::kUse;
using test::kWanted;
using test::network_states;
using test::same_bits;
using test::Sequences;

class NetworkPasses : public test::NetworkTest {};

TEST_P(NetworkPasses, NeighboursInATileChangeNothing) {
  std::vector<std::vector<int32_t>> reversed(kHistories.rbegin(), kHistories.rend());
  for (const PassPurpose& purpose : {kUse, kTraining}) {
    const std::vector<float> together = network_states(*model_, sequences_, purpose);
    Sequences backwards(reversed);
    std::reverse(backwards.streams.begin(), backwards.streams.end());
    const std::vector<float> turned = network_states(*model_, backwards, purpose);
    for (size_t s = 0; s < kHistories.size(); ++s) {
      const Sequences single({kHistories[s]}, sequences_.streams[s]);
      const std::vector<float> alone = network_states(*model_, single, purpose);
      const int64_t count = std::ssize(kHistories[s]);
      const size_t place = kHistories.size() - 1 - s;
      EXPECT_TRUE(same_bits(alone, rows(together, sequences_.items.offsets[s], count))) << s;
      EXPECT_TRUE(same_bits(alone, rows(turned, backwards.items.offsets[place], count))) << s;
    }
  }
}

TEST_P(NetworkPasses, LooksAtWhatItSaysItLooksAt) {
  const bool causal = is_causal(model_->network(), model_->options());
  const std::vector<float> before = network_states(*model_, sequences_, kUse);
  bool looked_ahead = false;
  for (size_t s = 0; s < kHistories.size(); ++s) {
    const int64_t first = sequences_.items.offsets[s], count = std::ssize(kHistories[s]);
    for (int64_t t = 0; t < count; ++t) {
      std::vector<std::vector<int32_t>> changed = kHistories;
      changed[s][t] = static_cast<int32_t>((changed[s][t] + 10) % kItems);
      const std::vector<float> after = network_states(*model_, Sequences(changed), kUse);
      const auto same = [&](int64_t begin, int64_t n) {
        return same_bits(rows(before, begin, n), rows(after, begin, n));
      };
      const bool earlier_same = same(first, t);
      EXPECT_TRUE(earlier_same || !causal) << "the future leaks: " << s << " " << t;
      looked_ahead = looked_ahead || !earlier_same;
      EXPECT_FALSE(same(first + t, 1)) << "an item does not matter: " << s << " " << t;
      if (t + 1 < count) {
        EXPECT_FALSE(same(first + t + 1, count - t - 1)) << "the past does not matter: " << t;
      }
    }
  }
  EXPECT_EQ(looked_ahead, !causal);
}

// An item that a network is not told can be any.
TEST_P(NetworkPasses, HiddenInputsAreNotSeen) {
  if (model_->network().name == "sr-gnn") GTEST_SKIP() << "its graph is made of the items";
  std::vector<std::vector<int32_t>> changed = kHistories;
  std::vector<uint8_t> hidden;
  for (size_t s = 0; s < kHistories.size(); ++s) {
    for (size_t t = 0; t < kHistories[s].size(); ++t) {
      hidden.push_back((s + t) % 3 == 0 ? 1 : 0);
      if (hidden.back()) changed[s][t] = static_cast<int32_t>((changed[s][t] + 10) % kItems);
    }
  }
  Sequences one = sequences_, other(changed, sequences_.streams[0]);
  const std::vector<float> told = network_states(*model_, one, kTraining);
  one.hidden = other.hidden = hidden;
  const std::vector<float> states = network_states(*model_, one, kTraining);
  EXPECT_TRUE(same_bits(states, network_states(*model_, other, kTraining)));
  EXPECT_FALSE(same_bits(states, told));
}

TEST_P(NetworkPasses, WantedRowsAreThoseOfAll) {
  for (const PassPurpose& purpose : {kUse, kTraining}) {
    const std::vector<float> all = network_states(*model_, sequences_, purpose);
    const std::vector<std::vector<int32_t>> lists = {kWanted, {9, 10, 14, 21}, {12}, {}};
    for (const std::vector<int32_t>& list : lists) {
      const std::vector<float> some =
          network_states(*model_, sequences_, purpose, Wanted::list(list));
      EXPECT_TRUE(same_bits(some, picked(all, list))) << purpose.training << " " << list.size();
    }
  }
}

/// Gradients of a weighted sum of the states of some tokens.
test::DoubleWeights gradients_of_rows(const Model& model, const Sequences& sequences,
                                      const std::vector<int32_t>& tokens, bool as_list) {
  const test::DoubleWeights weights(model.parameters());
  auto gradients = test::DoubleWeights::zeros(model.parameters());
  const WeightViews<double> views = weights.views(gradients);
  net::Arena arena;
  test::soil(arena);
  test::NetworkPass<double> run(model, views, sequences, kTraining,
                                as_list ? Wanted::list(tokens) : Wanted::all(), arena);
  const int64_t width = run.states.width;
  std::vector<double> given(static_cast<size_t>(run.states.size()), 0.0);
  for (size_t i = 0; i < tokens.size(); ++i) {
    const int64_t row = as_list ? static_cast<int64_t>(i) : tokens[i];
    for (int64_t c = 0; c < width; ++c) {
      given[row * width + c] = std::sin(1.3 * static_cast<double>(tokens[i] * width + c));
    }
  }
  const net::RowsGradient<double> gradient{run.states, given.data()};
  run.pass.backward(std::span(&gradient, 1));
  test::add_lookups(run.pass, gradients);
  return gradients;
}

TEST_P(NetworkPasses, GradientsOfWantedRowsAreThoseOfAll) {
  const auto some = gradients_of_rows(*model_, sequences_, kWanted, true);
  const auto all = gradients_of_rows(*model_, sequences_, kWanted, false);
  for (int64_t i = 0; i < model_->parameters().size(); ++i) {
    for (size_t e = 0; e < some[i].size(); ++e) {
      EXPECT_NEAR(some[i][e], all[i][e], 1e-12 * (1 + std::abs(all[i][e])))
          << model_->parameters()[i].name << " " << e;
    }
  }
}

TEST_P(NetworkPasses, TrainsWithoutDropoutWhatIsUsed) {
  ModelOptions options = model_->options();
  options.dropout = options.output_dropout = 0;
  const auto plain = make_model(options, kItems, 3);
  test::roughen(plain->parameters());
  const std::vector<float> use = network_states(*model_, sequences_, kUse);
  EXPECT_TRUE(same_bits(network_states(*plain, sequences_, kTraining), use));
}

TEST_P(NetworkPasses, DropsOutAnewInEveryStep) {
  const auto with = [&](const PassPurpose& purpose) {
    return network_states(*model_, sequences_, purpose);
  };
  const std::vector<float> once = with({true, 5, 3});
  EXPECT_TRUE(same_bits(with({true, 5, 3}), once));
  EXPECT_FALSE(same_bits(with({true, 5, 4}), once));
  EXPECT_FALSE(same_bits(with({true, 6, 3}), once));
  EXPECT_FALSE(same_bits(with(kUse), once));
}

TEST_P(NetworkPasses, IsItsEncoder) {
  const auto encoder = this->encoder();
  EXPECT_EQ(encoder->dim(), dim());
  EXPECT_EQ(encoder->num_items(), kItems);
  const Parameter& output = model_->parameters()[model_->output_table()];
  EXPECT_TRUE(same_bits(encoder->item_table(), output.value.values));
  const bool fills = model_->network().fills_masks;
  EXPECT_EQ(encoder->max_length(), model_->options().max_length - (fills ? 1 : 0));
  if (fills) return;  // the next test
  const std::vector<float> all = all_states(*encoder, sequences_.items);
  EXPECT_TRUE(same_bits(all, network_states(*model_, sequences_, kUse)));
  EXPECT_TRUE(same_bits(last_states(*encoder, sequences_.items), picked(all, {9, 10, 14, 21})));
}

// A network that fills masks is asked for the state of a hidden place behind the history.
TEST_P(NetworkPasses, ThatFillMasksAreAskedForOneBehindTheHistory) {
  if (!model_->network().fills_masks) GTEST_SKIP() << "asked for the state of the newest item";
  const auto encoder = this->encoder();
  const std::vector<std::vector<int32_t>> histories = {{3, 1, 4, 1, 5, 8, 2, 6, 7}, {5}, {2, 9}};
  for (const std::vector<int32_t>& history : histories) {
    std::vector<int32_t> asked = history;
    asked.push_back(11);  // any
    Sequences sequences({asked});
    sequences.hidden.assign(asked.size(), 0);
    sequences.hidden.back() = 1;
    const auto newest = static_cast<int64_t>(history.size());
    const std::vector<float> states = network_states(*model_, sequences, kUse);
    Jagged<int32_t> one;
    one.add_row(history);
    EXPECT_TRUE(same_bits(last_states(*encoder, one), rows(states, newest, 1)));
    // After every item: as if the history ended there.
    const std::vector<float> all = all_states(*encoder, one);
    EXPECT_TRUE(same_bits(rows(all, newest - 1, 1), rows(states, newest, 1)));
  }
}

TEST_P(NetworkPasses, EncodesTheSameInAnyCompanyAndOnAnyThread) {
  const auto encoder = this->encoder();
  const Jagged<int32_t> histories = random_histories(150, 15, kItems);  // several tiles; some cut
  const std::vector<float> together = last_states(*encoder, histories);
  for (int64_t row = 0; row < histories.size(); ++row) {
    const auto whole = histories.row(row);
    const size_t window = std::min<size_t>(whole.size(), encoder->max_length());
    Jagged<int32_t> one;
    one.add_row(whole.last(window));
    ASSERT_TRUE(same_bits(last_states(*encoder, one), rows(together, row, 1))) << row;
  }
  std::vector<std::vector<float>> found(3);
  std::vector<std::thread> threads;
  for (std::vector<float>& states : found) {
    threads.emplace_back([&] { states = last_states(*encoder, histories); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<float>& states : found) EXPECT_TRUE(same_bits(states, together));
}

INSTANTIATE_TEST_SUITE_P(All, NetworkPasses,
                         testing::ValuesIn(test::network_cases(test::small_network())),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace truenext
