// SPDX-License-Identifier: Apache-2.0
#include "objectives/observation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "base/used_rows.h"
#include "support/differences.h"

namespace truenext {
namespace {

constexpr int64_t kDim = 3, kItems = 300;  // more than a range of items
constexpr int64_t kWidth = ObservationTables<double>::kWidth;
constexpr double kWeight = 0.7;

using Vector = AlignedVector<double>;

/// Two tiles of a batch, one state for each target.
struct Batch {
  std::array<Tile, 2> tiles;
  std::array<Vector, 2> states;

  Batch(uint64_t seed, const std::vector<int32_t>& first, const std::vector<int32_t>& second) {
    RandomStream random(random_key(seed, Purpose::simulate));
    int64_t number = 0;
    for (const auto& targets : {first, second}) {
      Tile& tile = tiles[number];
      for (size_t row = 0; row < targets.size(); ++row) {
        tile.targets.rows.push_back(static_cast<int32_t>(row));
        tile.targets.items.push_back(targets[row]);
        tile.targets.weights.push_back(1);
        tile.targets.offsets.push_back(std::ssize(tile.targets.items));
      }
      states[number].resize(targets.size() * kDim);
      for (double& value : states[number]) value = random.normal();
      ++number;
    }
  }
  int64_t queries() const { return tiles[0].targets.size() + tiles[1].targets.size(); }
  std::vector<int32_t> targets() const {
    std::vector<int32_t> all = tiles[0].targets.items;
    all.insert(all.end(), tiles[1].targets.items.begin(), tiles[1].targets.items.end());
    return UsedRows(all, kItems).take_rows();
  }
};

/// Everything that is trained, and the running maximum.
struct World {
  Vector table, observed, meant, largest;
  std::vector<int32_t> owners;

  World() {
    RandomStream random(random_key(2, Purpose::simulate));
    table.resize(kItems * kDim);
    observed.resize(kItems * kWidth);
    meant.resize(kItems * kWidth);
    for (Vector* tensor : {&table, &observed, &meant}) {
      for (double& value : *tensor) value = random.normal() / (tensor == &table ? 1 : 6);
    }
    largest.assign(kItems, -10.0);
    owners.assign(kItems, -1);
  }
  double affinity(int64_t y, int64_t i) const {
    double sum = 0;
    for (int64_t c = 0; c < kWidth; ++c) sum += observed[y * kWidth + c] * meant[i * kWidth + c];
    return sum;
  }
  ObservationTables<double> tables() const {
    return {observed.data(), meant.data(), largest.data(), owners, kItems};
  }
  void begin(const Batch& batch) {
    const ObservationTables<double> now = tables();
    for (int64_t first = 0; first < kItems; first += 128) {
      raise_largest(now, batch.targets(), first, std::min(kItems, first + 128), largest.data(),
                    owners.data());
    }
  }
};

struct Result {
  double loss = 0;
  std::array<Vector, 2> states;
  Vector table;
  ObservationGradients<double> tables{kItems};
};

/// The term alone, and with it the plain loss over the same rows.
struct Both {
  Result plain, with_term;
};

Both run(const World& world, const Batch& batch) {
  Both both;
  for (Result* result : {&both.plain, &both.with_term}) {
    const auto criterion = find_criterion("softmax").make({kItems, kItems - 1});
    std::array<CatalogueLoss<double>::Part, 2> parts;
    for (size_t p = 0; p < 2; ++p) {
      result->states[p].assign(batch.states[p].size(), 0.0);
      parts[p] = {&batch.tiles[p], true, batch.states[p].data(), result->states[p].data()};
    }
    CatalogueLoss<double> loss(*criterion, world.table, kDim, batch.queries(), parts);
    result->table.assign(world.table.size(), 0.0);
    for (int64_t unit = 0; unit < loss.row_units(); ++unit) loss.run_rows(unit);
    loss.collect_losses();
    for (int64_t unit = 0; unit < loss.item_units(); ++unit) {
      loss.run_items(unit, result->table.data());
    }
    if (result == &both.with_term) {
      ObservationTerm<double> term(loss, world.tables(), kWeight);
      for (int64_t unit = term.row_units() - 1; unit >= 0; --unit) term.run_rows(unit);
      term.collect(result->tables);
      for (int64_t unit = 0; unit < term.item_units(); ++unit) {
        term.run_items(unit, result->table.data(), result->tables);
      }
      hand_back_largest(world.tables(), result->tables);
    }
    for (const auto& part : parts) result->loss += part.loss;
  }
  return both;
}

/// csrec.md 1.6 as it is written there: the mean over the batch of
/// sum_i q_i [-ln sigmoid(h_{y,i}) + M_i + ln N], M_i the larger of `before` and the batch's own.
double written_out(const World& world, const Batch& batch, const Vector& before) {
  Vector maximum = before;
  for (int64_t i = 0; i < kItems; ++i) {
    for (const int32_t y : batch.targets()) maximum[i] = std::max(maximum[i], world.affinity(y, i));
  }
  double sum = 0;
  for (size_t p = 0; p < 2; ++p) {
    for (int64_t q = 0; q < batch.tiles[p].targets.size(); ++q) {
      const int32_t y = batch.tiles[p].targets.items[q];
      std::vector<double> scores(kItems);
      double all = 0;
      for (int64_t i = 0; i < kItems; ++i) {
        for (int64_t c = 0; c < kDim; ++c) {
          scores[i] += batch.states[p][q * kDim + c] * world.table[i * kDim + c];
        }
        all += std::exp(scores[i]);
      }
      for (int64_t i = 0; i < kItems; ++i) {
        const double sigmoid = 1 / (1 + std::exp(-world.affinity(y, i)));
        sum += std::exp(scores[i]) / all * (-std::log(sigmoid) + maximum[i] + std::log(kItems));
      }
    }
  }
  return kWeight * sum / static_cast<double>(batch.queries());
}

std::vector<Batch> two_batches() {
  return {{3, {5, 7, 5, 299}, {0, 7}}, {4, {8, 9}, {260, 1, 8}}};
}

TEST(Observation, IsTheTermOfCsrecOverTwoBatches) {
  World world;
  Vector before = world.largest;
  for (const Batch& batch : two_batches()) {
    world.begin(batch);
    const Both both = run(world, batch);
    EXPECT_NEAR(both.with_term.loss - both.plain.loss, written_out(world, batch, before), 1e-12);
    for (int64_t i = 0; i < kItems; ++i) {
      double largest = before[i];
      for (const int32_t y : batch.targets()) largest = std::max(largest, world.affinity(y, i));
      EXPECT_NEAR(world.largest[i], largest, 1e-14);
      EXPECT_EQ(world.owners[i] >= 0, largest > before[i]) << i;
    }
    before = world.largest;
  }
  // The second batch raised some maxima and found others too high.
  const auto raised = std::ranges::count_if(world.owners, [](int32_t owner) { return owner >= 0; });
  EXPECT_GT(raised, 20);
  EXPECT_LT(raised, kItems - 20);
}

TEST(Observation, GradientsEqualDifferences) {
  World world;
  std::vector<Batch> batches = two_batches();
  world.begin(batches[0]);
  const Vector before = world.largest;
  Batch& batch = batches[1];
  world.begin(batch);
  const Both both = run(world, batch);
  const auto loss = [&] { return written_out(world, batch, before); };
  const auto check = [&](double& value, double gradient, const char* what, int64_t at) {
    EXPECT_NEAR(gradient, test::central_difference(value, 1e-5, loss), 2e-9) << what << " " << at;
  };
  for (size_t p = 0; p < 2; ++p) {
    for (size_t i = 0; i < batch.states[p].size(); ++i) {
      check(batch.states[p][i], both.with_term.states[p][i] - both.plain.states[p][i], "state", i);
    }
  }
  for (const int64_t item : {0, 5, 8, 255, 256, 299}) {
    for (int64_t c = 0; c < kDim; ++c) {
      const int64_t i = item * kDim + c;
      check(world.table[i], both.with_term.table[i] - both.plain.table[i], "table", i);
    }
    for (const int64_t c : {0, 17, 63}) {
      const int64_t i = item * kWidth + c;
      check(world.observed[i], both.with_term.tables.observed[i], "observed", i);
      check(world.meant[i], both.with_term.tables.meant[i], "meant", i);
    }
  }
}

TEST(Observation, StaysFiniteWhereAffinitiesAreLarge) {
  World world;
  for (double& value : world.observed) value *= 40;
  for (double& value : world.meant) value *= 40;
  const Batch batch(3, {5, 7}, {0});
  world.begin(batch);
  const Both both = run(world, batch);
  EXPECT_TRUE(std::isfinite(both.with_term.loss));
  for (const double value : both.with_term.tables.meant) EXPECT_TRUE(std::isfinite(value));
}

}  // namespace
}  // namespace truenext
