// SPDX-License-Identifier: Apache-2.0
#include "objectives/labels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "objectives/objective.h"
#include "support/differences.h"

namespace truenext {
namespace {

constexpr int64_t kDim = 5, kItems = 300;  // more than a range of items

/// Distributions drawn once for (user, end); dense, or the `kept` most probable items of each and
/// an equal rest. `mass` times as much as distributions have.
class DrawnLabels final : public LabelSource {
 public:
  explicit DrawnLabels(int64_t kept, double mass = 1) : kept_(kept), mass_(mass) {}
  int64_t num_items() const override { return kItems; }
  bool is_stored() const override { return kept_ > 0; }
  std::unique_ptr<TileLabels> of(const Tile& tile) const override {
    return std::make_unique<Rows>(*this, tile);
  }

  static std::vector<double> row(HistoryPlace place) {
    RandomStream random(random_key(5, Purpose::simulate, static_cast<uint64_t>(place.user)),
                        static_cast<uint64_t>(place.end));
    std::vector<double> row(kItems);
    double sum = 0;
    for (double& p : row) sum += p = std::exp(2 * random.normal());
    for (double& p : row) p /= sum;
    return row;
  }
  /// What the label stands for: the row itself, or what was kept of it.
  std::vector<double> known_row(HistoryPlace place) const {
    const std::vector<double> whole = massive_row(place);
    if (kept_ == 0) return whole;
    const Kept kept = keep(whole);
    std::vector<double> known(kItems, static_cast<double>(kept.rest));
    for (size_t i = 0; i < kept.items.size(); ++i) known[kept.items[i]] = kept.probabilities[i];
    return known;
  }

 private:
  std::vector<double> massive_row(HistoryPlace place) const {
    std::vector<double> whole = row(place);
    for (double& p : whole) p *= mass_;
    return whole;
  }
  struct Kept {
    std::vector<int32_t> items;
    std::vector<float> probabilities;
    float rest = 0;
  };
  Kept keep(const std::vector<double>& row) const {
    std::vector<int32_t> order(kItems);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, [&](int32_t a, int32_t b) { return row[a] > row[b]; });
    order.resize(kept_);
    std::ranges::sort(order);
    Kept kept;
    double sum = 0;
    for (const int32_t item : order) {
      kept.items.push_back(item);
      kept.probabilities.push_back(static_cast<float>(row[item]));
      sum += kept.probabilities.back();
    }
    if (kept_ < kItems) kept.rest = static_cast<float>((mass_ - sum) / (kItems - kept_));
    return kept;
  }

  class Rows final : public TileLabels {
   public:
    Rows(const DrawnLabels& labels, const Tile& tile)
        : stored_(labels.is_stored()), mass_(labels.mass_) {
      for (const HistoryPlace& place : tile.targets.places) {
        rows_.push_back(labels.known_row(place));
        if (stored_) kept_.push_back(labels.keep(labels.massive_row(place)));
      }
    }
    void probabilities(int64_t begin, int64_t end, int64_t first, int64_t count,
                       float* out) const override {
      for (int64_t q = begin; q < end; ++q) {
        for (int64_t i = 0; i < count; ++i) *out++ = static_cast<float>(rows_[q][first + i]);
      }
    }
    bool is_stored() const override { return stored_; }
    double mass(int64_t) const override { return mass_; }
    StoredLabel stored(int64_t query) const override {
      const Kept& kept = kept_[query];
      return {kept.items, kept.probabilities, kept.rest};
    }

   private:
    bool stored_;
    double mass_;
    std::vector<std::vector<double>> rows_;
    std::vector<Kept> kept_;
  };
  int64_t kept_;
  double mass_;
};

struct Problem {
  Tile tile;
  std::vector<double> states, table;

  Problem() {
    tile.sequences.add_row(std::vector<int32_t>{3, 1, 4});
    tile.sequences.add_row(std::vector<int32_t>{2, 7});
    tile.streams = {10, 11};
    const std::vector<int32_t> next = {1, 4, 299, 7, 5};
    for (int32_t row = 0; row < 5; ++row) {
      tile.targets.rows.push_back(row);
      tile.targets.items.push_back(next[row]);
      tile.targets.weights.push_back(row == 1 ? 0.5f : 1.0f);
      if (row == 2) {  // a second positive
        tile.targets.items.push_back(270);
        tile.targets.weights.push_back(0.25f);
      }
      tile.targets.offsets.push_back(std::ssize(tile.targets.items));
      tile.targets.places.push_back({row < 3 ? 10 : 11, row < 3 ? row + 1 : row - 3});
    }
    RandomStream random(random_key(1, Purpose::simulate));
    states.resize(tile.tokens() * kDim);
    table.resize(kItems * kDim);
    for (double& value : states) value = random.normal();
    for (double& value : table) value = random.normal();
  }

  double run(const Objective& objective, std::vector<double>& state_grad,
             TableGradient<double>& table_grad) const {
    ObjectiveInput<double> input;
    input.states = states.data();
    input.table = table.data();
    input.dim = kDim;
    input.tile = &tile;
    input.divisor = tile.targets.size();
    input.seed = 7;
    state_grad.resize(states.size());
    return objective.evaluate(input, state_grad.data(), table_grad);
  }
  double loss(const Objective& objective) const {
    std::vector<double> state_grad;
    TableGradient<double> table_grad(kItems, kDim);
    return run(objective, state_grad, table_grad);
  }
  double score(int64_t query, int64_t item) const {
    double sum = 0;
    for (int64_t c = 0; c < kDim; ++c) sum += states[query * kDim + c] * table[item * kDim + c];
    return sum;
  }
};

ObjectiveOptions options(double share, CandidateSet candidates = CandidateSet::full) {
  ObjectiveOptions o;
  o.criterion = "softmax";
  o.candidates = candidates;
  o.negatives = 6;
  o.label_share = share;
  return o;
}

/// The student's loss of csrec.md 1.4 as it is written there, at `beta`, per query and without the
/// weights of several positives: (1 - beta) CE + beta KL(t || q), t = (p + one-hot) / 2, and beta
/// times the entropy of t, by which the loss differs from cross-entropy with the mixed target.
double written_out(const Problem& problem, const std::vector<double>& label, int64_t query,
                   int32_t target, double beta) {
  double all = 0;
  for (int64_t i = 0; i < kItems; ++i) all += std::exp(problem.score(query, i));
  double divergence = 0, entropy = 0;
  for (int64_t i = 0; i < kItems; ++i) {
    const double t = (label[i] + (i == target ? 1 : 0)) / 2;
    const double log_q = problem.score(query, i) - std::log(all);
    divergence += t * (std::log(t) - log_q);
    entropy -= t * std::log(t);
  }
  const double hard = std::log(all) - problem.score(query, target);
  return (1 - beta) * hard + beta * divergence + beta * entropy;
}

TEST(Labels, AreTheStudentLossOfCsrecButForAConstant) {
  Problem problem;
  problem.tile.targets.weights = {1, 1, 1, 0, 1, 1};
  const DrawnLabels labels(0);
  for (const double beta : {0.25, 0.75, 1.0}) {
    Objective objective(options(beta / 2), kItems);
    objective.learn_from(labels);
    double expected = 0;
    for (int64_t q = 0; q < 5; ++q) {
      const HistoryPlace place = problem.tile.targets.places[q];
      const double share = place.end > 0 ? beta : 0;  // the first of user 11 has no history
      expected += written_out(problem, DrawnLabels::row(place), q,
                              problem.tile.targets.positives(q)[0], share);
    }
    EXPECT_NEAR(problem.loss(objective), expected / 5, 2e-7) << beta;  // labels are float
  }
}

// As published of early exit: the target u = (1 - s) item + s p adds up to more than 1, and so many
// times is the log-sum taken.
TEST(Labels, ThatAreNoDistributionsCountWithTheirMass) {
  Problem problem;
  problem.tile.targets.weights = {1, 1, 1, 0, 1, 1};
  for (const int64_t kept : {int64_t{0}, int64_t{20}, kItems}) {
    const DrawnLabels labels(kept, 1.7);
    Objective objective(options(0.4), kItems);
    objective.learn_from(labels);
    double expected = 0;
    for (int64_t q = 0; q < 5; ++q) {
      const HistoryPlace place = problem.tile.targets.places[q];
      const double share = place.end > 0 ? 0.4 : 0;
      const std::vector<double> label = labels.known_row(place);
      double all = 0;
      for (int64_t i = 0; i < kItems; ++i) all += std::exp(problem.score(q, i));
      for (int64_t i = 0; i < kItems; ++i) {
        const double hard = i == problem.tile.targets.positives(q)[0] ? 1 - share : 0;
        expected += (hard + share * label[i]) * (std::log(all) - problem.score(q, i));
      }
    }
    EXPECT_NEAR(problem.loss(objective), expected / 5, 1e-6) << kept;
  }
}

/// csrec.md 1.6 without its last term, for one query: CE + alpha KL(f || g) + (1 - alpha) KL(g ||
/// f).
double tied(const Problem& problem, const std::vector<double>& g, int64_t query, int32_t target,
            double alpha) {
  double all = 0;
  for (int64_t i = 0; i < kItems; ++i) all += std::exp(problem.score(query, i));
  double forward = 0, backward = 0;
  for (int64_t i = 0; i < kItems; ++i) {
    const double log_f = problem.score(query, i) - std::log(all);
    forward += std::exp(log_f) * (log_f - std::log(g[i]));
    backward += g[i] * (std::log(g[i]) - log_f);
  }
  return std::log(all) - problem.score(query, target) + alpha * forward + (1 - alpha) * backward;
}

double entropy(const std::vector<double>& p) {
  double sum = 0;
  for (const double x : p) sum -= x * std::log(x);
  return sum;
}

// The loss is divided by 2 - alpha, so that the target's weights sum to 1, and lacks the constant
// entropy of g.
TEST(Labels, TieATrainingLevelTeacherToItsAuxiliary) {
  Problem problem;
  problem.tile.targets.weights = {1, 1, 1, 0, 1, 1};
  const DrawnLabels labels(0);
  for (const double alpha : {0.0, 0.25, 0.75, 1.0}) {
    ObjectiveOptions o = options((1 - alpha) / (2 - alpha));
    o.label_reverse = alpha / (2 - alpha);
    Objective objective(o, kItems);
    objective.learn_from(labels);
    double expected = 0;
    for (int64_t q = 0; q < 5; ++q) {
      const HistoryPlace place = problem.tile.targets.places[q];
      const int32_t target = problem.tile.targets.positives(q)[0];
      if (place.end == 0) {  // nothing to be tied to
        expected += written_out(problem, DrawnLabels::row(place), q, target, 0);
        continue;
      }
      const std::vector<double> g = DrawnLabels::row(place);
      expected += (tied(problem, g, q, target, alpha) + (1 - alpha) * entropy(g)) / (2 - alpha);
    }
    EXPECT_NEAR(problem.loss(objective), expected / 5, 1e-6) << alpha;
  }
}

TEST(Labels, DivergenceFromOneselfIsNothing) {
  class Own final : public LabelSource {
   public:
    explicit Own(const Problem& problem) : problem_(problem) {}
    int64_t num_items() const override { return kItems; }
    bool is_stored() const override { return false; }
    std::unique_ptr<TileLabels> of(const Tile&) const override {
      class Rows final : public TileLabels {
       public:
        explicit Rows(const Problem& problem) : problem_(problem) {}
        void probabilities(int64_t begin, int64_t end, int64_t first, int64_t count,
                           float* out) const override {
          for (int64_t q = begin; q < end; ++q) {
            double all = 0;
            for (int64_t i = 0; i < kItems; ++i) all += std::exp(problem_.score(q, i));
            for (int64_t i = first; i < first + count; ++i) {
              *out++ = static_cast<float>(std::exp(problem_.score(q, i)) / all);
            }
          }
        }

       private:
        const Problem& problem_;
      };
      return std::make_unique<Rows>(problem_);
    }

   private:
    const Problem& problem_;
  };
  const Problem problem;
  const Own labels(problem);
  ObjectiveOptions o = options(0);
  o.label_reverse = 2;
  Objective plain(options(0), kItems), tied(o, kItems);
  tied.learn_from(labels);
  EXPECT_NEAR(problem.loss(plain), problem.loss(tied), 1e-6);
  std::vector<double> grad, other;
  TableGradient<double> table(kItems, kDim), other_table(kItems, kDim);
  problem.run(plain, grad, table);
  problem.run(tied, other, other_table);
  for (size_t i = 0; i < grad.size(); ++i) EXPECT_NEAR(grad[i], other[i], 1e-6);
}

class LabelsOfEveryKind
    : public testing::TestWithParam<std::tuple<int64_t, CandidateSet, double, double>> {};

TEST_P(LabelsOfEveryKind, GradientsEqualDifferences) {
  const auto [kept, candidates, reverse, mass] = GetParam();
  Problem problem;
  const DrawnLabels labels(kept, mass);
  ObjectiveOptions o = options(0.4, candidates);
  o.label_reverse = reverse;
  Objective objective(o, kItems);
  objective.learn_from(labels);
  std::vector<double> state_grad;
  TableGradient<double> table_grad(kItems, kDim);
  problem.run(objective, state_grad, table_grad);
  const auto loss = [&] { return problem.loss(objective); };
  for (size_t i = 0; i < problem.states.size(); ++i) {
    EXPECT_NEAR(state_grad[i], test::central_difference(problem.states[i], 1e-5, loss), 1e-7) << i;
  }
  const std::span<double> dense = table_grad.make_dense();
  for (const int64_t item : {0, 1, 4, 5, 7, 100, 255, 256, 270, 299}) {
    for (int64_t c = 0; c < kDim; ++c) {
      double& value = problem.table[item * kDim + c];
      EXPECT_NEAR(dense[item * kDim + c], test::central_difference(value, 1e-5, loss), 1e-7)
          << item << " " << c;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, LabelsOfEveryKind,
                         testing::Values(std::tuple(int64_t{0}, CandidateSet::full, 0.0, 1.0),
                                         std::tuple(int64_t{20}, CandidateSet::full, 0.0, 1.0),
                                         std::tuple(kItems, CandidateSet::full, 0.0, 1.0),
                                         std::tuple(int64_t{20}, CandidateSet::uniform, 0.0, 1.0),
                                         std::tuple(int64_t{0}, CandidateSet::full, 0.6, 1.0),
                                         std::tuple(int64_t{20}, CandidateSet::full, 1.5, 1.0),
                                         std::tuple(int64_t{0}, CandidateSet::full, 0.0, 1.7),
                                         std::tuple(int64_t{20}, CandidateSet::full, 0.0, 1.7)));

TEST(Labels, StoredWholeAreTheSameAsDense) {
  const Problem problem;
  const DrawnLabels dense(0), stored(kItems);
  Objective by_blocks(options(0.5), kItems), from_store(options(0.5), kItems);
  by_blocks.learn_from(dense);
  from_store.learn_from(stored);
  EXPECT_NEAR(problem.loss(by_blocks), problem.loss(from_store), 1e-9);
}

TEST(Labels, WithoutAShareTheLossIsThePlainOne) {
  const Problem problem;
  const DrawnLabels labels(20);
  Objective objective(options(0), kItems);
  const double plain = problem.loss(objective);
  objective.learn_from(labels);
  EXPECT_NEAR(problem.loss(objective), plain, 1e-12);
}

TEST(Labels, OneHotLabelOfTheTargetChangesNothing) {
  class OneHot final : public LabelSource {
   public:
    int64_t num_items() const override { return kItems; }
    bool is_stored() const override { return true; }
    std::unique_ptr<TileLabels> of(const Tile& tile) const override {
      class Rows final : public TileLabels {
       public:
        explicit Rows(const Tile& tile) : tile_(tile) {}
        void probabilities(int64_t begin, int64_t end, int64_t first, int64_t count,
                           float* out) const override {
          for (int64_t q = begin; q < end; ++q) {
            for (int64_t i = 0; i < count; ++i) {
              *out++ = tile_.targets.positives(q)[0] == first + i ? 1.0f : 0.0f;
            }
          }
        }
        bool is_stored() const override { return true; }
        StoredLabel stored(int64_t query) const override {
          return {tile_.targets.positives(query).first(1), one_, 0};
        }

       private:
        const Tile& tile_;
        std::vector<float> one_{1.0f};
      };
      return std::make_unique<Rows>(tile);
    }
  };
  Problem problem;
  problem.tile.targets.weights = {1, 1, 1, 0, 1, 1};
  const OneHot labels;
  for (const CandidateSet candidates : {CandidateSet::full, CandidateSet::uniform}) {
    Objective plain(options(0, candidates), kItems), mixed(options(0.375, candidates), kItems);
    mixed.learn_from(labels);
    std::vector<double> grad, other;
    TableGradient<double> table(kItems, kDim), other_table(kItems, kDim);
    EXPECT_NEAR(problem.run(plain, grad, table), problem.run(mixed, other, other_table), 1e-7);
    for (size_t i = 0; i < grad.size(); ++i) EXPECT_NEAR(grad[i], other[i], 1e-7);
  }
}

TEST(Labels, OfSampledCandidatesAreRenormalisedOverThem) {
  const std::vector<int32_t> items = {2, 9}, candidates = {9, 4, 2, 9, 7};
  const std::vector<float> probabilities = {0.5f, 0.3f};
  const std::vector<uint8_t> counted = {1, 1, 0, 1, 1};
  RowTarget target;
  mix_target({items, probabilities, 0.1f}, 0.5, candidates, counted, std::vector<int32_t>{1},
             std::vector<float>{2}, target);
  // Of 9, 4, 9, 7: .3 .1 .3 .1, in all .8; half of the weight of 2 is the label's.
  const std::vector<double> expected = {0.375, 0.125 + 1, 0, 0.375, 0.125};
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(target.weights[i], expected[i], 1e-6);
}

TEST(Labels, WhatMakesNoSenseIsRefusedWithTheReason) {
  const auto text = [](const ObjectiveOptions& o, int64_t kept) -> std::string {
    try {
      Objective objective(o, kItems);
      const DrawnLabels labels(kept);
      objective.learn_from(labels);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  ObjectiveOptions bce = options(0.3);
  bce.criterion = "bce";
  EXPECT_NE(text(bce, 5).find("no likelihood of one item"), std::string::npos);
  EXPECT_NE(text(options(0.3, CandidateSet::buckets), 5).find("buckets leave out"),
            std::string::npos);
  EXPECT_NE(text(options(0.3, CandidateSet::uniform), 0).find("labels.kept"), std::string::npos);
  EXPECT_EQ(text(options(0.3, CandidateSet::uniform), 5), "");
}

}  // namespace
}  // namespace truenext
