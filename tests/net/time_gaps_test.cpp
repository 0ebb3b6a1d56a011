// SPDX-License-Identifier: Apache-2.0
#include "net/time_gaps.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/network_fixture.h"
#include "support/test_files.h"

namespace truenext {
namespace {

using net::Wanted;
using test::kItems;
using test::kUse;
using test::network_states;
using test::same_bits;
using test::Sequences;

/// The kinds of networks that are told times.
std::vector<test::NetworkCase> timed_cases() {
  std::vector<test::NetworkCase> cases = test::network_cases(test::small_network());
  std::erase_if(cases, [](const auto& one) { return one.options.time == TimeUse::none; });
  return cases;
}

class TimedNetwork : public test::NetworkTest {
 protected:
  const ModelOptions& options() const { return model_->options(); }
  bool past() const { return options().time == TimeUse::past; }
  /// Tokens whose states another input gives otherwise.
  std::vector<int64_t> changed(const Sequences& other) const {
    const std::vector<float> before = network_states(*model_, sequences_, kUse);
    const std::vector<float> after = network_states(*model_, other, kUse);
    std::vector<int64_t> tokens;
    for (int64_t t = 0; t < sequences_.items.offsets.back(); ++t) {
      if (!same_bits(rows(before, t, 1), rows(after, t, 1))) tokens.push_back(t);
    }
    return tokens;
  }
};

TEST_P(TimedNetwork, SeesNoLaterTimes) {
  Sequences later = sequences_;  // the first of 10 tokens: event 6 is two days later
  const auto moved = [&](size_t event) {
    later.times[event] += 200'000;
    later.query_times[event - 1] += 200'000;
  };
  for (size_t event = 6; event < 10; ++event) moved(event);
  later.query_times[9] += 200'000;
  const std::vector<int64_t> tokens = changed(later);
  ASSERT_FALSE(tokens.empty());
  // The state before it may be told when it was asked for, and no more.
  EXPECT_GE(tokens.front(), past() ? 6 : 5);
  if (!past()) {
    EXPECT_EQ(tokens.front(), 5);
  }
  EXPECT_LE(tokens.back(), 9) << "a neighbour is told";
}

TEST_P(TimedNetwork, OfARequestIsToldTheTimeOrNot) {
  Sequences asked_later = sequences_;
  asked_later.query_times[9] += 1'000'000;  // that of the first one's newest token
  const std::vector<int64_t> tokens = changed(asked_later);
  EXPECT_EQ(tokens, past() ? std::vector<int64_t>{} : std::vector<int64_t>{9});
}

TEST_P(TimedNetwork, DoesNotMindWhenItAllWas) {
  Sequences shifted = sequences_;
  for (int64_t& time : shifted.times) time += 86'400'000;
  for (int64_t& time : shifted.query_times) time += 86'400'000;
  EXPECT_TRUE(changed(shifted).empty());
}

// Whoever forgets the times is told so, in each of the ways of asking.
TEST_P(TimedNetwork, RefusesToGuessTimes) {
  const auto encoder = this->encoder();
  EXPECT_EQ(encoder->time_use(), options().time);
  const JaggedView<int32_t> histories = sequences_.items;
  std::vector<float> states(histories.values.size() * static_cast<size_t>(dim()));
  const test::TestTimes told(histories.offsets);
  const HistoryTimes partial[] = {{}, {std::span(told.events).first(5), told.requests}};
  for (const HistoryTimes& times : partial) {
    for (const auto ask : {&SequenceEncoder::encode_last, &SequenceEncoder::encode_all}) {
      const auto refused =
          test::caught([&] { ((*encoder).*ask)(histories, states.data(), times); });
      EXPECT_EQ(refused.code, ExitCode::usage);
      EXPECT_NE(refused.message.find("model.time"), std::string::npos) << refused.message;
    }
  }
  const HistoryTimes no_request{told.events, {}};
  const auto refused =
      test::caught([&] { encoder->encode_last(histories, states.data(), no_request); });
  EXPECT_EQ(refused.code, past() ? ExitCode::ok : ExitCode::usage) << refused.message;
}

// The other tensors are those of the model without times, to the bit.
TEST_P(TimedNetwork, StartsAsWithoutTimesButForWhatTheyNeed) {
  ModelOptions plain = options();
  plain.time = TimeUse::none;
  const auto without = make_model(plain, kItems, 3), with = make_model(options(), kItems, 3);
  int64_t more = 0;
  for (int64_t i = 0; i < with->parameters().size(); ++i) {
    const Parameter& parameter = with->parameters()[i];
    if (parameter.name.find("time_") != std::string::npos) {
      ++more;
    } else {
      EXPECT_TRUE(
          same_bits(parameter.value.values, without->parameters().get(parameter.name).values))
          << parameter.name;
    }
  }
  EXPECT_EQ(more, with->parameters().size() - without->parameters().size());
  const int64_t biases = net::times_in_attention(options()) ? options().num_blocks : 0;
  EXPECT_EQ(more, biases + (net::times_in_input(options()) ? 1 : 0));
}

INSTANTIATE_TEST_SUITE_P(All, TimedNetwork, testing::ValuesIn(timed_cases()),
                         [](const auto& test) { return test.param.name; });

/// Rows of G that a pass over one history reads.
std::vector<int32_t> gap_rows(TimeUse use, const std::vector<int64_t>& times, int64_t request) {
  ModelOptions options = test::small_network();
  options.name = "gru4rec";
  options.time = use;
  const auto model = make_model(options, kItems, 3);
  Sequences one({std::vector<int32_t>(times.size(), 4)});
  one.times = times;
  one.query_times.assign(times.begin() + 1, times.end());
  one.query_times.push_back(request);
  net::Arena arena;
  const WeightViews<float> weights = model->parameters().readable();
  const test::NetworkPass<float> run(*model, weights, one, test::kTraining, Wanted::all(), arena);
  const int64_t table = model->parameters().index("time_gap_embedding.weight");
  for (const net::Lookup& lookup : run.pass.lookups()) {
    if (lookup.table == table) return lookup.ids;
  }
  return {};
}

// ln 60 / .301 = 13.6, ln 86400 / .301 = 37.8, ln 2 / .301 = 2.3; no gap and a second are bucket 0.
TEST(TimeGaps, AreBucketsOfTheLogarithmOfSeconds) {
  const std::vector<int64_t> times = {1000, 1000, 1001, 1061, 87'461};
  EXPECT_EQ(gap_rows(TimeUse::request, times, 87'463), (std::vector<int32_t>{0, 0, 13, 37, 2}));
  EXPECT_EQ(gap_rows(TimeUse::past, times, 0),
            (std::vector<int32_t>{static_cast<int32_t>(kTimeBuckets), 0, 0, 13, 37}));
  const int64_t most = int64_t{1} << 60;
  EXPECT_EQ(gap_rows(TimeUse::request, {-most}, most), (std::vector<int32_t>{122}));
}

TEST(TimeOptions, AreRefusedWhereNothingReadsThem) {
  const struct {
    const char *name, *block;
    GapUse form;
    PaddingUse padding;
    const char* says;
  } cases[] = {
      {"caser", "gsasrec", GapUse::automatic, PaddingUse::none, "only sasrec, gru4rec, narm are"},
      {"bert4rec", "gsasrec", GapUse::automatic, PaddingUse::none, "bert4rec is told no times"},
      {"gru4rec", "gsasrec", GapUse::attention, PaddingUse::none, "model.time_form"},
      {"narm", "gsasrec", GapUse::input_attention, PaddingUse::none, "model.time_form"},
      {"sasrec", "pmixer", GapUse::automatic, PaddingUse::attend, "padding has no times"},
      {"sasrec", "pmixer", GapUse::input, PaddingUse::attend, ""},
      {"sasrec", "hstu", GapUse::input_attention, PaddingUse::none, ""},
  };
  for (const auto& c : cases) {
    ModelOptions options = test::small_network();
    options.name = c.name;
    options.block = c.block;
    options.padding = c.padding;
    options.time = TimeUse::past;
    options.time_form = c.form;
    const auto refused = test::caught([&] { options.resolve(); });
    EXPECT_EQ(refused.code, *c.says ? ExitCode::usage : ExitCode::ok) << c.name;
    EXPECT_NE(refused.message.find(c.says), std::string::npos) << refused.message;
    options.time = TimeUse::none;  // then the form is not read
    if (c.padding == PaddingUse::none) options.resolve();
  }
  ModelOptions options = test::small_network();
  options.time = TimeUse::request;
  options.resolve();
  EXPECT_EQ(options.time_form, GapUse::attention);
}

}  // namespace
}  // namespace truenext
