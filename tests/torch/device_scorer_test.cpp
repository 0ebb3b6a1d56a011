// SPDX-License-Identifier: Apache-2.0
// Evaluation on the device path against evaluation on kernels.
#include "torch/device_scorer.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "eval/drawn_candidates.h"
#include "net/model.h"
#include "support/composed_views.h"
#include "support/history_times.h"
#include "support/network_cases.h"
#include "torch/test_device.h"
#include "train/devices/devices.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 61;
constexpr int32_t kTwins = 40;  ///< from here on every item has a twin with the same vector

ModelOptions small() {
  ModelOptions options;
  options.hidden_size = 16;
  options.max_length = 8;
  options.gru_hidden_size = 12;
  return options;
}

/// Histories of 1 to 12 items, some longer than the models look at, and up to three targets each,
/// of which some were seen.
Queries some_queries() {
  Queries queries;
  RandomStream random(random_key(5, Purpose::simulate));
  for (int32_t user = 0; user < 37; ++user) {
    std::vector<int32_t> history(1 + random.below(12));
    for (int32_t& item : history) item = static_cast<int32_t>(random.below(kItems));
    std::set<int32_t> targets;
    for (uint32_t i = 0; i <= user % 3u; ++i) {
      targets.insert(static_cast<int32_t>(random.below(kItems)));
    }
    if (user % 5 == 0) targets.insert(history.front());
    queries.users.push_back(2 * user);
    queries.histories.add_row(history);
    queries.targets.add_row(std::vector<int32_t>(targets.begin(), targets.end()));
  }
  const test::TestTimes told(queries.histories.offsets);
  queries.event_times = told.events;
  queries.request_times = told.requests;
  return queries;
}

/// Those of a twin are the same.
AttributeLists twin_attributes() {
  const AttributeLists all = test::some_attributes(kItems);
  AttributeLists lists;
  lists.count = all.count;
  for (int64_t item = 0; item < kItems; ++item) lists.rows.add_row(all.rows.row(item - item % 2));
  return lists;
}

class DeviceScores : public testing::TestWithParam<test::NetworkCase> {
 protected:
  DeviceScores() {
    for (int64_t i = 0; i < model_.parameters().size(); ++i) {
      at::Tensor value = borrow(model_.parameters()[i].value);
      value.copy_(test::wave_like(value, 1.7 + static_cast<double>(i)) * 0.4);
      if (value.dim() == 1) value.add_(0.5);  // scales of norms
    }
    at::Tensor table = borrow(model_.parameters()[model_.output_table()].value);
    for (int32_t item = kTwins; item + 1 < kItems; item += 2) {
      table[item + 1].copy_(table[item]);
      if (!model_.options().output_bias) continue;
      AlignedVector<float>& biases = model_.parameters().get(kOutputBias).values;
      biases[static_cast<size_t>(item + 1)] = biases[static_cast<size_t>(item)];
    }
    encoder_ = make_encoder(model_.options(), model_.parameters().views(), model_.attributes());
    host_ = make_encoder_scorer(*encoder_);
  }
  DeviceScorer device(int64_t most_numbers = DeviceScorer::kMostNumbers) const {
    return DeviceScorer(model_, test::weights_of(model_), most_numbers);
  }

  Model model_{GetParam().options, kItems, twin_attributes()};
  std::unique_ptr<SequenceEncoder> encoder_;
  std::unique_ptr<Scorer> host_;
  Queries queries_ = some_queries();
  WorkerPool pool_{2};
};

TEST_P(DeviceScores, AreThoseOfTheKernels) {
  const auto size = static_cast<size_t>(queries_.histories.size() * kItems);
  std::vector<float> expected(size), actual(size, 1e9f), single(kItems);
  host_->score(queries_, 0, 37, expected.data());
  const DeviceScorer scorer = device(5000);  // several blocks
  scorer.score(queries_, 0, 37, actual.data());
  const float largest = *std::max_element(expected.begin(), expected.end());
  ASSERT_GT(largest, 0.05f);
  for (size_t i = 0; i < size; ++i) EXPECT_NEAR(actual[i], expected[i], 2e-5f * largest) << i;
  scorer.score(queries_, 36, 37, single.data());
  EXPECT_NEAR(single[7], expected[36 * kItems + 7], 2e-5f * largest);
}

TEST_P(DeviceScores, RankAsTheKernelsDo) {
  for (const TieRule ties :
       {TieRule::half, TieRule::ahead, TieRule::behind, TieRule::lower_id, TieRule::random}) {
    for (const bool exclude : {true, false}) {
      Protocol protocol;
      protocol.ties = ties;
      protocol.exclude_seen = exclude;
      const Jagged<int64_t> expected = rank_targets(*host_, queries_, protocol, pool_);
      // Some users and targets at a time, and all.
      for (const int64_t numbers : {int64_t{500}, DeviceScorer::kMostNumbers}) {
        const Jagged<int64_t> ranks = rank_targets(device(numbers), queries_, protocol, pool_);
        EXPECT_EQ(ranks.values, expected.values) << tie_rule_name(ties) << " " << numbers;
        EXPECT_EQ(ranks.offsets, expected.offsets);
      }
    }
  }
  const Jagged<int64_t> expected = rank_targets(*host_, queries_, {}, pool_);
  EXPECT_EQ(rank_targets(device(1), queries_, {}, pool_).values, expected.values);  // one by one
}

TEST_P(DeviceScores, GiveTheListsOfTheKernels) {
  // Odd lengths end between twins for many users.
  for (const int64_t k : {1, 5, 11, 60, 100}) {
    for (const bool exclude : {true, false}) {
      const auto expected = top_items(*host_, queries_, k, exclude, pool_);
      for (const int64_t numbers : {int64_t{500}, DeviceScorer::kMostNumbers}) {
        const auto lists = top_items(device(numbers), queries_, k, exclude, pool_);
        ASSERT_EQ(lists.offsets, expected.offsets) << k;
        for (size_t i = 0; i < expected.values.size(); ++i) {
          EXPECT_EQ(lists.values[i].item, expected.values[i].item) << k << " " << i;
          EXPECT_NEAR(lists.values[i].score, expected.values[i].score,
                      1e-4f + 1e-4f * std::abs(expected.values[i].score));
        }
      }
    }
  }
  EXPECT_EQ(top_items(device(), queries_, 0, true, pool_).size(), 37);
}

TEST_P(DeviceScores, RankDrawnCandidatesAsTheKernelsDo) {
  const std::vector<SplitPoint> splits(2 * 37, SplitPoint{});
  Jagged<int32_t> histories;
  for (int64_t query = 0; query < queries_.histories.size(); ++query) {
    histories.add_row(queries_.histories.row(query));
    histories.add_row({});
  }
  for (const CandidateRule rule : {CandidateRule::clean, CandidateRule::original}) {
    Protocol protocol;
    protocol.candidates = rule;
    protocol.negatives = 20;
    protocol.ties = TieRule::behind;
    const RankingTask task{queries_,
                           protocol,
                           {whole_range(queries_)},
                           draw_negatives({histories, splits, kItems}, queries_, protocol)};
    const auto expected = rank_horizons(*host_, task, pool_);
    ASSERT_GT(*std::max_element(expected[0].ranks.values.begin(), expected[0].ranks.values.end()),
              10);
    for (const int64_t numbers : {int64_t{500}, DeviceScorer::kMostNumbers}) {
      const auto found = rank_horizons(device(numbers), task, pool_);
      EXPECT_EQ(found[0].ranks.values, expected[0].ranks.values) << numbers;
      EXPECT_EQ(found[0].repeats.values, expected[0].repeats.values) << numbers;
    }
  }
}

TEST_P(DeviceScores, AreThoseThatThePlugInGives) {
  const auto size = static_cast<size_t>(queries_.histories.size() * kItems);
  std::vector<float> expected(size), actual(size);
  device().score(queries_, 0, 37, expected.data());
  const auto scorer = devices().scorer(test::device_name(), model_.options(),
                                       model_.parameters().views(), model_.attributes());
  EXPECT_EQ(scorer->num_items(), kItems);
  scorer->score(queries_, 0, 37, actual.data());
  EXPECT_EQ(actual, expected);
}

INSTANTIATE_TEST_SUITE_P(Networks, DeviceScores, testing::ValuesIn(test::network_cases(small())),
                         test::case_name<testing::TestParamInfo<test::NetworkCase>>);

INSTANTIATE_TEST_SUITE_P(PaddingClass, DeviceScores,
                         testing::ValuesIn(test::padding_class_cases(small())),
                         test::case_name<testing::TestParamInfo<test::NetworkCase>>);

INSTANTIATE_TEST_SUITE_P(Composed, DeviceScores, testing::ValuesIn(test::composed_cases(small())),
                         test::case_name<testing::TestParamInfo<test::NetworkCase>>);

TEST(DeviceEncoder, TakesFewerHistoriesWhereTensorsAreLarger) {
  const auto most = [](const char* setting) {
    ModelOptions options = small();
    options.max_length = 20;
    OptionList list;
    options.list(list);
    apply_setting(list, setting);
    const Model model(options, kItems);
    return DeviceEncoder(model, test::weights_of(model)).most_histories(1'000'000);
  };
  EXPECT_EQ(most("num_heads=1"), 1'000'000 / (20 * 20));  // a weight for each pair
  EXPECT_EQ(most("num_heads=8"), 1'000'000 / (8 * 20 * 20));
  EXPECT_EQ(most("inner_size=100"), 1'000'000 / (20 * 100));
  EXPECT_EQ(most("name=gru4rec"), 1'000'000 / (20 * 3 * 12));  // the gates
}

class BrokenModel : public testing::Test {
 protected:
  std::string message(const Queries& queries) const {
    try {
      rank_targets(DeviceScorer(*model_, test::weights_of(*model_)), queries, {}, pool_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      return error.what();
    }
    return "no error";
  }
  void spoil(const std::string& name) {
    borrow(model_->parameters().get(name)).fill_(std::numeric_limits<float>::quiet_NaN());
  }

  std::unique_ptr<Model> model_ = make_model(small(), kItems, 1);
  mutable WorkerPool pool_{1};
};

TEST_F(BrokenModel, IsRefused) {
  EXPECT_EQ(message(some_queries()), "no error");
  spoil("final_norm.weight");
  EXPECT_NE(message(some_queries()).find("state that is not finite"), std::string::npos);
  spoil("output_embedding.weight");
  EXPECT_NE(message(some_queries()).find("item table"), std::string::npos);
}

TEST_F(BrokenModel, AndSoAreHistoriesOfAnotherDataset) {
  Queries queries = some_queries();
  queries.histories.values.back() = kItems;
  EXPECT_NE(message(queries).find("another dataset"), std::string::npos);
}

}  // namespace
}  // namespace truenext
