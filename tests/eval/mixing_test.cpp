// SPDX-License-Identifier: Apache-2.0
#include "eval/mixing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"

namespace truenext {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
using Rows = std::vector<std::vector<float>>;

constexpr Mixing kAll[] = {Mixing::probability, Mixing::logit, Mixing::confidence,
                           Mixing::early_exit};

Rows random_rows(int64_t members, int64_t items, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0, 3);
  Rows rows(static_cast<size_t>(members), std::vector<float>(static_cast<size_t>(items)));
  for (auto& row : rows) {
    for (float& score : row) score = normal(random);
  }
  return rows;
}

std::vector<const float*> pointers(const Rows& rows, int64_t first = 0) {
  std::vector<const float*> result;
  for (const auto& row : rows) result.push_back(row.data() + first);
  return result;
}

/// The whole row at once, or in pieces of `step` items.
std::vector<float> mix(const MixingOptions& options, const Rows& rows, int64_t step = 0) {
  const auto items = std::ssize(rows.front());
  const Mixer mixer(options, std::ssize(rows));
  std::vector<double> weight(rows.size()), log_sum(rows.size());
  mixer.survey(pointers(rows), items, weight.data(), log_sum.data());
  std::vector<float> out(static_cast<size_t>(items), -1.0f);
  if (step == 0) step = items;
  for (int64_t first = 0; first < items; first += step) {
    mixer.probabilities(pointers(rows, first), std::min(step, items - first), weight.data(),
                        log_sum.data(), out.data() + first);
  }
  return out;
}

std::vector<double> softmax(const std::vector<double>& logits) {
  const double top = *std::max_element(logits.begin(), logits.end());
  std::vector<double> p;
  for (const double logit : logits) p.push_back(std::exp(logit - top));
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& value : p) value /= sum;
  return p;
}

/// The definition (csrec.md 1.3), loop by loop.
std::vector<double> plain(const MixingOptions& options, const Rows& rows) {
  const size_t items = rows.front().size();
  std::vector<double> w = options.weights;
  if (w.empty()) w.assign(rows.size(), 1.0);
  std::vector<std::vector<double>> p;
  std::vector<double> logits(items, 0.0);
  const double sum = std::accumulate(w.begin(), w.end(), 0.0);
  for (size_t k = 0; k < rows.size(); ++k) {
    std::vector<double> tempered;
    for (size_t i = 0; i < items; ++i) {
      tempered.push_back(static_cast<double>(rows[k][i]) / options.temperature);
      logits[i] += w[k] / sum * tempered[i];
    }
    p.push_back(softmax(tempered));
  }
  if (options.mixing == Mixing::logit) return softmax(logits);
  if (options.mixing == Mixing::confidence) {
    for (size_t k = 0; k < rows.size(); ++k) w[k] *= *std::max_element(p[k].begin(), p[k].end());
  }
  std::vector<double> running(items, 0.0), best(items, 0.0);
  double weights = 0, largest = -1;
  for (size_t k = 0; k < rows.size(); ++k) {
    weights += w[k];
    for (size_t i = 0; i < items; ++i) running[i] += w[k] * p[k][i];
    const double top = *std::max_element(running.begin(), running.end()) / weights;
    const bool last = k + 1 == rows.size();
    if (options.mixing == Mixing::early_exit ? top <= largest : !last) continue;
    largest = top;
    for (size_t i = 0; i < items; ++i) {
      best[i] = running[i] / (options.running_sum ? 1 : weights);
    }
  }
  return best;
}

void expect_near(const std::vector<float>& got, const std::vector<double>& wanted, double error) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(got[i]), wanted[i], error) << "item " << i;
  }
}

TEST(Mixing, RulesGiveTheNumbersOfTheirDefinitions) {
  // e^s: (1, 2, 5) / 8 and (6, 3, 1) / 10.
  const Rows rows{{0, std::log(2.0f), std::log(5.0f)}, {std::log(6.0f), std::log(3.0f), 0}};
  expect_near(mix({.mixing = Mixing::probability}, rows), {0.3625, 0.275, 0.3625}, 1e-6);
  expect_near(mix({.mixing = Mixing::probability, .weights = {0.2, 0.8}}, rows),
              {0.505, 0.29, 0.205}, 1e-6);
  const double roots = std::sqrt(6.0) + std::sqrt(6.0) + std::sqrt(5.0);
  expect_near(mix({.mixing = Mixing::logit}, rows),
              {std::sqrt(6.0) / roots, std::sqrt(6.0) / roots, std::sqrt(5.0) / roots}, 1e-6);
  // c = 0.625 and 0.6.
  expect_near(mix({.mixing = Mixing::confidence}, rows),
              {(0.625 * 0.125 + 0.6 * 0.6) / 1.225, (0.625 * 0.25 + 0.6 * 0.3) / 1.225,
               (0.625 * 0.625 + 0.6 * 0.1) / 1.225},
              1e-6);
  // Maxima of the averages: 0.625, 0.3625.
  expect_near(mix({.mixing = Mixing::early_exit}, rows), {0.125, 0.25, 0.625}, 1e-6);
}

TEST(Mixing, EarlyExitTakesTheMembersWhoseAverageIsSharpest) {
  // Averages of 1, 2, 3 members have the maxima 0.5, 0.7, 0.6.
  const auto row = [](double a, double b, double c) {
    return std::vector<float>{static_cast<float>(std::log(a)), static_cast<float>(std::log(b)),
                              static_cast<float>(std::log(c))};
  };
  const Rows rows{row(0.3, 0.5, 0.2), row(0.05, 0.9, 0.05), row(0.4, 0.4, 0.2)};
  MixingOptions options{.mixing = Mixing::early_exit};
  expect_near(mix(options, rows), {0.175, 0.7, 0.125}, 1e-6);
  options.running_sum = true;  // as published: not divided by the two members
  expect_near(mix(options, rows), {0.35, 1.4, 0.25}, 1e-6);
  options.weights = {0, 2, 1};  // 0.9, then 2.2 / 3
  expect_near(mix(options, rows), {0.1, 1.8, 0.1}, 1e-6);
  const Rows equal{rows[1], rows[1], rows[1]};
  options.weights.clear();
  expect_near(mix(options, equal), {0.05, 0.9, 0.05}, 1e-6);  // the first of equals: one member
}

TEST(Mixing, RulesEqualTheirDefinitionsOnRandomRows) {
  for (const Mixing mixing : kAll) {
    for (const int64_t items : {1, 7, 511, 512, 1300}) {
      for (const double temperature : {0.5, 1.0, 3.0}) {
        const Rows rows = random_rows(4, items, static_cast<uint64_t>(items));
        MixingOptions options{.mixing = mixing, .temperature = temperature};
        SCOPED_TRACE(std::string(word_of(mixing)) + " " + std::to_string(items) +
                     " items, T = " + std::to_string(temperature));
        expect_near(mix(options, rows), plain(options, rows), 2e-6);
        options.weights = {0.5, 3, 0, 0.25};
        expect_near(mix(options, rows), plain(options, rows), 2e-6);
        const std::vector<float> p = mix(options, rows);
        EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-5);
      }
    }
  }
}

TEST(Mixing, OneMemberIsTheSoftmaxOfItsScores) {
  const Rows rows = random_rows(1, 600, 3);
  for (const Mixing mixing : kAll) {
    std::vector<double> logits;
    for (const float score : rows[0]) logits.push_back(static_cast<double>(score) / 2);
    expect_near(mix({.mixing = mixing, .temperature = 2, .weights = {7}}, rows), softmax(logits),
                1e-6);
  }
}

TEST(Mixing, MembersMoveWithTheirWeights) {
  const Rows rows = random_rows(3, 100, 5);
  for (const Mixing mixing : {Mixing::probability, Mixing::logit, Mixing::confidence}) {
    const auto one = mix({.mixing = mixing, .weights = {1, 2, 4}}, rows);
    const auto other =
        mix({.mixing = mixing, .weights = {8, 2, 4}}, Rows{rows[2], rows[0], rows[1]});
    expect_near(other, std::vector<double>(one.begin(), one.end()), 1e-6);
    const auto unweighted = mix({.mixing = mixing}, rows);
    EXPECT_GT(std::abs(one[0] - unweighted[0]) + std::abs(one[1] - unweighted[1]), 1e-6f);
  }
}

TEST(Mixing, PiecesGiveTheBitsOfTheWholeRow) {
  for (const Mixing mixing : kAll) {
    const Rows rows = random_rows(3, 1700, 11);
    const MixingOptions options{.mixing = mixing, .temperature = 3, .weights = {1, 2, 1}};
    const auto whole = mix(options, rows);
    for (const int64_t step : {1, 5, 64, 513, 1000}) {
      EXPECT_EQ(mix(options, rows, step), whole) << word_of(mixing) << " " << step;
    }
  }
}

TEST(Mixing, LargeScoresStayFinite) {
  for (const Mixing mixing : kAll) {
    // Lower by 1e4: the same softmax; a gap of 1e4: certainty.
    const Rows rows{{1e4f, 1e4f - 1, -1e4f}, {-1e4f + 1, -1e4f, -3e4f}};
    const double p = 1 / (1 + std::exp(-1.0));
    expect_near(mix({.mixing = mixing}, rows), {p, 1 - p, 0}, 1e-6);
    expect_near(mix({.mixing = mixing, .temperature = 1e-2}, rows), {1, 0, 0}, 1e-6);
  }
}

TEST(Mixing, MinusInfinityIsProbabilityZero) {
  const Rows rows{{0, 0, -kInfinity, -kInfinity}, {0, -kInfinity, 0, -kInfinity}};
  expect_near(mix({.mixing = Mixing::probability}, rows), {0.5, 0.25, 0.25, 0}, 1e-6);
  expect_near(mix({.mixing = Mixing::confidence}, rows), {0.5, 0.25, 0.25, 0}, 1e-6);
  expect_near(mix({.mixing = Mixing::logit}, rows), {1, 0, 0, 0}, 1e-6);
  expect_near(mix({.mixing = Mixing::early_exit}, rows), {0.5, 0.5, 0, 0}, 1e-6);
  // A weight of 0 rules nothing out.
  for (const Mixing mixing : kAll) {
    expect_near(mix({.mixing = mixing, .weights = {0, 1}}, rows), {0.5, 0, 0.5, 0}, 1e-6);
  }
}

TEST(Mixing, MembersWithNothingToSayAreLeftOut) {
  const std::vector<float> nothing(3, -kInfinity);
  const std::vector<float> equal(3, 5.0f);
  const double third = 1.0 / 3;
  for (const Mixing mixing : {Mixing::probability, Mixing::confidence, Mixing::early_exit}) {
    expect_near(mix({.mixing = mixing}, {nothing, equal}), {third, third, third}, 1e-6);
  }
  expect_near(mix({.mixing = Mixing::logit}, {nothing, equal}), {0, 0, 0}, 0);
  for (const Mixing mixing : kAll) {
    expect_near(mix({.mixing = mixing}, {nothing, nothing}), {0, 0, 0}, 0);
  }
}

TEST(Mixing, NotANumberIsNotHidden) {
  for (const float value : {std::nanf(""), kInfinity}) {
    std::vector<float> broken(700, 0.0f);
    broken[600] = value;
    for (const Mixing mixing : {Mixing::probability, Mixing::logit, Mixing::confidence}) {
      const auto p = mix({.mixing = mixing}, {broken, std::vector<float>(700, 1.0f)});
      EXPECT_TRUE(std::isnan(p[0])) << word_of(mixing) << " " << value;
      EXPECT_TRUE(std::isnan(p[600])) << word_of(mixing) << " " << value;
    }
  }
}

TEST(Mixing, ImpossibleOptionsAreUsageErrors) {
  const auto message = [](const MixingOptions& options, int64_t members) -> std::string {
    try {
      const Mixer mixer(options, members);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({}, 2), "");
  EXPECT_EQ(message({.weights = {0, 3}}, 2), "");
  EXPECT_NE(message({}, 0).find("no member"), std::string::npos);
  EXPECT_NE(message({.weights = {1, 2}}, 3).find("2 weights for 3 members"), std::string::npos);
  EXPECT_NE(message({.weights = {1, -2}}, 2).find("weight -2"), std::string::npos);
  EXPECT_NE(message({.weights = {std::nan(""), 1}}, 2).find("weight nan"), std::string::npos);
  EXPECT_NE(message({.weights = {0, 0}}, 2).find("add up to 0"), std::string::npos);
  for (const double temperature : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    EXPECT_NE(message({.temperature = temperature}, 1).find("temperature"), std::string::npos);
  }
}

TEST(Mixing, WordsAreThoseOfTheSettings) {
  EXPECT_EQ(word_of(Mixing::early_exit), "early-exit");
  EXPECT_EQ(find_word<Mixing>("confidence"), Mixing::confidence);
}

}  // namespace
}  // namespace truenext
