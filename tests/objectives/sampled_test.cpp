// SPDX-License-Identifier: Apache-2.0
// Objectives with sampled candidates: several weighted targets, who shares a draw, what a negative
// may not be, and log-Q.
#include "objectives/sampled.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "base/error.h"
#include "support/differences.h"

namespace truenext {
namespace {

constexpr int64_t kDim = 4;

std::vector<int64_t> some_counts(int64_t items) {
  std::vector<int64_t> counts(static_cast<size_t>(items));
  for (int64_t i = 0; i < items; ++i) counts[i] = 1 + i % 7;
  return counts;
}

/// Two sequences; queries have two, one, three and one weighted positives.
struct Problem {
  Tile tile;
  int64_t items;
  std::vector<double> states, table, state_grad;

  explicit Problem(int64_t num_items) : items(num_items) {
    tile.sequences.add_row(std::vector<int32_t>{3, 1});
    tile.sequences.add_row(std::vector<int32_t>{2, 7, 5});
    tile.streams = {10, 11};
    tile.targets.rows = {0, 1, 2, 4};
    tile.targets.items = {1, 4, 4, 7, 5, 0, 8};
    tile.targets.weights = {1.25f, 0.75f, 1, 1.5f, 1, 0.5f, 1};
    tile.targets.offsets = {0, 2, 3, 6, 7};
    tile.seen.add_row(std::vector<int32_t>{1, 3, 4});
    tile.seen.add_row(std::vector<int32_t>{0, 2, 5, 7, 8});
    tile.pool = std::make_shared<const std::vector<int32_t>>(tile.targets.items);
    RandomStream random(random_key(1, Purpose::simulate));
    states.resize(static_cast<size_t>(tile.tokens() * kDim));
    table.resize(static_cast<size_t>(items * kDim));
    for (double& value : states) value = random.normal();
    for (double& value : table) value = random.normal();
    state_grad.resize(states.size());
  }

  double run(const Objective& objective, TableGradient<double>& table_grad, uint64_t step = 0) {
    ObjectiveInput<double> input;
    input.states = states.data();
    input.table = table.data();
    input.dim = kDim;
    input.tile = &tile;
    input.divisor = tile.targets.size();
    input.seed = 7;
    input.step = step;
    return objective.evaluate(input, state_grad.data(), table_grad);
  }
  double loss(const Objective& objective, uint64_t step = 0) {
    TableGradient<double> table_grad(items, kDim);
    return run(objective, table_grad, step);
  }
};

ObjectiveOptions options(const std::string& criterion, CandidateSet candidates,
                         NegativeShare share = NegativeShare::position,
                         Exclusion exclude = Exclusion::none) {
  ObjectiveOptions o;
  o.criterion = criterion;
  o.candidates = candidates;
  o.share = share;
  o.exclude = exclude;
  o.negatives = 6;
  return o;
}

using Choice = std::tuple<std::string, CandidateSet, NegativeShare, Exclusion, int64_t>;
class EverySampledObjective : public testing::TestWithParam<Choice> {};

TEST_P(EverySampledObjective, GradientsEqualFiniteDifferences) {
  const auto& [criterion, candidates, share, exclude, items] = GetParam();
  Problem problem(items);
  const Objective objective(options(criterion, candidates, share, exclude), items,
                            some_counts(items));
  TableGradient<double> table_grad(items, kDim);
  problem.run(objective, table_grad);
  const std::vector<double> state_grad = problem.state_grad;
  const std::vector<double> dense(table_grad.make_dense().begin(), table_grad.make_dense().end());
  const auto slope = [&](double& value) {
    return test::central_difference(value, 1e-5, [&] { return problem.loss(objective); });
  };
  for (size_t i = 0; i < problem.states.size(); ++i) {
    EXPECT_NEAR(state_grad[i], slope(problem.states[i]), 1e-8);
  }
  for (size_t i = 0; i<problem.table.size(); i += items> 100 ? 5 : 1) {
    EXPECT_NEAR(dense[i], slope(problem.table[i]), 1e-8);
  }
}

// 12 items: the table gradient is dense; 400 items: the table is narrowed to the rows in use.
INSTANTIATE_TEST_SUITE_P(Own, EverySampledObjective,
                         testing::Combine(testing::Values("bce", "gbce", "softmax", "bpr-max"),
                                          testing::Values(CandidateSet::uniform,
                                                          CandidateSet::popularity,
                                                          CandidateSet::mixed, CandidateSet::batch),
                                          testing::Values(NegativeShare::position),
                                          testing::Values(Exclusion::none, Exclusion::history),
                                          testing::Values(12, 400)));
INSTANTIATE_TEST_SUITE_P(
    Shared, EverySampledObjective,
    testing::Combine(testing::Values("bce", "softmax", "top1"),
                     testing::Values(CandidateSet::uniform, CandidateSet::batch),
                     testing::Values(NegativeShare::sequence, NegativeShare::batch),
                     testing::Values(Exclusion::none, Exclusion::positive, Exclusion::history),
                     testing::Values(12, 400)));

TEST(SampledObjective, NegativesAreOutsideWhatIsExcluded) {
  Problem problem(12);
  const Tile& tile = problem.tile;
  for (const Exclusion exclude : {Exclusion::positive, Exclusion::history}) {
    const ObjectiveOptions o =
        options("bce", CandidateSet::mixed, NegativeShare::position, exclude);
    const Objective objective(o, 12, some_counts(12));
    std::set<int32_t> drawn;
    for (uint64_t step = 0; step < 200; ++step) {
      const std::vector<int32_t> ids = objective.candidates(tile, 7, step);
      const auto width = std::ssize(ids) / tile.targets.size();
      for (int64_t q = 0; q < tile.targets.size(); ++q) {
        const auto positives = tile.targets.positives(q);
        const auto seen = tile.seen.row(q < 2 ? 0 : 1);
        const auto forbidden = exclude == Exclusion::history ? seen : positives;
        for (int64_t j = std::ssize(positives); j < std::ssize(positives) + 6; ++j) {
          const int32_t item = ids[q * width + j];
          EXPECT_EQ(std::count(forbidden.begin(), forbidden.end(), item), 0);
          if (q == 0) drawn.insert(item);
        }
      }
    }
    EXPECT_EQ(drawn.size(), exclude == Exclusion::history ? 9u : 10u);  // all the others come up
  }
}

TEST(SampledObjective, SharedNegativesAreTheSameForThoseWhoShareThem) {
  Problem problem(400);
  const ObjectiveOptions by_sequence =
      options("bce", CandidateSet::uniform, NegativeShare::sequence);
  const CandidateSampler sampler(by_sequence, 400, {});
  const auto owner = find_criterion("bce").make(CriterionContext{400, 6});
  const Criterion& criterion = *owner;
  const auto two = shared_negatives({by_sequence, criterion, sampler}, problem.tile, 7, 0);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].end, 2);
  EXPECT_NE(two[0].negatives, two[1].negatives);
  const ObjectiveOptions by_batch = options("bce", CandidateSet::uniform, NegativeShare::batch);
  const auto one = shared_negatives({by_batch, criterion, sampler}, problem.tile, 7, 0);
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].end, 4);
  problem.tile.streams = {50, 51};  // other users of the same batch
  EXPECT_EQ(shared_negatives({by_batch, criterion, sampler}, problem.tile, 7, 0)[0].negatives,
            one[0].negatives);
}

TEST(SampledObjective, NegativesPerTargetAreAsManyAsTheTargets) {
  // The published loss of Bacciu et al. 2023: every target has a negative of its own, and the mean
  // is over the targets.
  Problem problem(400);
  ObjectiveOptions o = options("bce-sum", CandidateSet::uniform);
  o.negatives = 1;
  o.negatives_per = NegativesPer::positive;
  const Objective objective(o, 400);
  const std::vector<int32_t> ids = objective.candidates(problem.tile, 7, 0);
  ASSERT_EQ(ids.size(), 4u * 6u);  // at most three targets and three negatives
  const Targets& targets = problem.tile.targets;
  double expected = 0;
  for (int64_t q = 0; q < targets.size(); ++q) {
    const auto positives = static_cast<int64_t>(std::ssize(targets.positives(q)));
    for (int64_t j = 0; j < 2 * positives; ++j) {
      const double* state = problem.states.data() + targets.rows[q] * kDim;
      const double* row = problem.table.data() + ids[q * 6 + j] * kDim;
      const double score = std::inner_product(state, state + kDim, row, 0.0);
      expected += j < positives ? targets.positive_weights(q)[j] * std::log1p(std::exp(-score))
                                : std::log1p(std::exp(score));
    }
  }
  EXPECT_NEAR(problem.loss(objective), expected / 4, 1e-12);
}

/// With log-Q the sampled sum of exponentials has the full one as its mean: e^(loss + s+) is an
/// unbiased estimate of sum_i e^s_i for every proposal, whoever shares the draw.
class LogQ : public testing::TestWithParam<std::tuple<CandidateSet, NegativeShare>> {};

TEST_P(LogQ, MakesThePartitionFunctionUnbiased) {
  const auto& [candidates, share] = GetParam();
  constexpr int64_t kItems = 9;
  Problem problem(kItems);
  problem.tile.targets.rows = {1};  // one query with one positive
  problem.tile.targets.items = {4};
  problem.tile.targets.weights = {1};
  problem.tile.targets.offsets = {0, 1};
  for (double& value : problem.table) value *= 0.5;
  ObjectiveOptions o = options("softmax", candidates, share);
  o.negatives = 3;
  const auto positive_score = [&] {
    const double* state = problem.states.data() + kDim;
    return std::inner_product(state, state + kDim, problem.table.data() + 4 * kDim, 0.0);
  }();
  const double full = std::exp(
      problem.loss(Objective(options("softmax", CandidateSet::full), kItems)) + positive_score);
  const auto mean_of = [&](bool log_q) {
    o.log_q = log_q;
    const Objective objective(o, kItems, some_counts(kItems));
    constexpr int kSteps = 40000;
    double sum = 0, squares = 0;
    for (int step = 0; step < kSteps; ++step) {
      const double z =
          std::exp(problem.loss(objective, static_cast<uint64_t>(step)) + positive_score);
      sum += z;
      squares += z * z;
    }
    const double mean = sum / kSteps;
    return std::pair(mean, std::sqrt((squares / kSteps - mean * mean) / kSteps));
  };
  const auto [corrected, error] = mean_of(true);
  EXPECT_NEAR(corrected, full, 4 * error);
  EXPECT_LT(error, 0.02 * full);  // the statement above is worth something
  const auto [plain, plain_error] = mean_of(false);
  EXPECT_GT(std::abs(plain - full), 10 * plain_error);
}

INSTANTIATE_TEST_SUITE_P(
    All, LogQ,
    testing::Combine(testing::Values(CandidateSet::uniform, CandidateSet::popularity,
                                     CandidateSet::mixed),
                     testing::Values(NegativeShare::position, NegativeShare::batch)));

TEST(SampledObjective, LogQApproachesTheFullSoftmaxGradient) {
  constexpr int64_t kItems = 12;
  Problem problem(kItems);
  TableGradient<double> exact(kItems, kDim);
  const double loss = problem.run(Objective(options("softmax", CandidateSet::full), kItems), exact);
  const std::vector<double> states = problem.state_grad;
  double before = 1e9;
  for (const int64_t negatives : {50, 800, 12800}) {
    ObjectiveOptions o = options("softmax", CandidateSet::popularity);
    o.negatives = negatives;
    o.log_q = true;
    TableGradient<double> sampled(kItems, kDim);
    const double estimate = problem.run(Objective(o, kItems, some_counts(kItems)), sampled);
    double distance = std::abs(estimate - loss);
    for (size_t i = 0; i < states.size(); ++i) {
      distance = std::max(distance, std::abs(states[i] - problem.state_grad[i]));
    }
    EXPECT_LT(distance, before);
    before = distance / 2;  // sixteen times the draws, a quarter of the error
  }
  EXPECT_LT(before, 0.01);
}

TEST(SampledObjective, RefusesCombinationsWithoutMeaning) {
  const auto refuses = [](const ObjectiveOptions& o) {
    EXPECT_THROW(Objective(o, 10, some_counts(10)), Error) << o.describe();
  };
  ObjectiveOptions o = options("bce", CandidateSet::uniform);
  o.log_q = true;  // is about the softmax
  refuses(o);
  o = options("softmax", CandidateSet::uniform, NegativeShare::position, Exclusion::history);
  o.log_q = true;
  refuses(o);
  o = options("bce", CandidateSet::uniform, NegativeShare::batch);
  o.negatives_per = NegativesPer::positive;
  refuses(o);
  o = options("gbce", CandidateSet::uniform);
  o.negatives_per = NegativesPer::positive;
  refuses(o);
  refuses(options("softmax", CandidateSet::full, NegativeShare::batch));
  EXPECT_THROW(Objective(options("bce", CandidateSet::popularity), 10), Error);  // without counts
}

TEST(SampledObjective, SaysItsName) {
  ObjectiveOptions o = options("softmax", CandidateSet::mixed, NegativeShare::sequence);
  o.log_q = true;
  o.future.future_items = 5;
  o.future.relevance = Relevance::linear;
  EXPECT_EQ(Objective(o, 10, some_counts(10)).name(),
            "sampled softmax, 6 0.5 popularity^0.75 else uniform negatives per sequence, log-Q "
            "corrected, 5 future items (linear, mean1), all positions");
}

}  // namespace
}  // namespace truenext
