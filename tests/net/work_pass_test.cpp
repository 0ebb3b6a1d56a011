// SPDX-License-Identifier: Apache-2.0
#include "net/work_pass.h"

#include <gtest/gtest.h>

#include "net/network.h"
#include "net/operation_list.h"

namespace truenext::net {
namespace {

using testing::Ask;
using testing::Operation;
using testing::Tile;

/// What one operation on two sequences of 3 and 5 tokens is said to do.
struct Counted {
  double products, attention, widest;
  Rows rows;
};

Counted count(const std::vector<TensorInfo>& tensors, const Ask ask, const auto& run) {
  const Tile tile({3, 5}, 4, ask);
  const TensorNames names(tensors);
  WorkPass pass(names, tensors, tile.input());
  const Rows rows = run(pass, pass.lookup("t", item_ids(pass.input()), Layout::tokens));
  return {pass.product_work(), pass.attention_work(), pass.widest(), rows};
}

const TensorInfo kTable{"t", {11, 4}, Start::table};

TEST(WorkPass, CountsProductsOfRowsWithWeights) {
  const std::vector<TensorInfo> tensors{kTable, {"w.weight", {6, 4}}, {"c.weight", {5, 12}}};
  const Counted linear =
      count(tensors, Ask::all, [](Ops& ops, Rows x) { return ops.linear(x, "w", false); });
  EXPECT_EQ(linear.products, 2 * 8 * 6 * 4);
  EXPECT_EQ(linear.rows.width, 6);
  EXPECT_EQ(linear.widest, 6);
  const Counted conv = count(tensors, Ask::newest, [](Ops& ops, Rows x) {
    return ops.conv(x, {"c", 3, 1, false}, ops.wanted());
  });
  EXPECT_EQ(conv.products, 2 * 2 * 5 * 12);
  const Counted slide = count(tensors, Ask::newest, [](Ops& ops, Rows x) {
    return ops.slide(ops.windows(x, 4, ops.wanted()), 4, 3, "c", false);
  });
  EXPECT_EQ(slide.products, 2 * (2 * 2) * 5 * 12);
  EXPECT_EQ(slide.rows.count, 4);
}

TEST(WorkPass, CountsPairsThatAttentionSees) {
  const auto attend = [](bool causal) {
    return [causal](Ops& ops, Rows x) {
      AttentionCall call;
      call.heads = 2;
      call.causal = causal;
      return ops.attention(ops.pick(x), x, x, call, ops.wanted());
    };
  };
  const Counted all = count({kTable}, Ask::all, attend(true));
  EXPECT_EQ(all.attention, 2 * 2 * 4 * (3 * 4 / 2 + 5 * 6 / 2));
  EXPECT_EQ(all.widest, 2 * (3 * 3 + 5 * 5) / 8.0);
  EXPECT_EQ(count({kTable}, Ask::newest, attend(true)).attention, 2 * 2 * 4 * (3 + 5));
  EXPECT_EQ(count({kTable}, Ask::all, attend(false)).attention, 2 * 2 * 4 * (3 * 3 + 5 * 5));
  EXPECT_EQ(all.products, 0);
}

TEST(WorkPass, CountsGatesOfAGruAtEveryToken) {
  const std::vector<TensorInfo> tensors{
      kTable, {"g.input_weight", {9, 4}}, {"g.hidden_weight", {9, 3}}};
  const Counted gru = count(tensors, Ask::newest,
                            [](Ops& ops, Rows x) { return ops.gru(x, {"g."}, ops.wanted()); });
  EXPECT_EQ(gru.products, 2 * 8 * (9 * 4 + 9 * 3));
  EXPECT_EQ(gru.rows.count, 2);
  EXPECT_EQ(gru.widest, 9);
}

/// The shape of every result, which networks go by, is that of the kernels.
TEST(WorkPass, GivesTheShapesOfTheKernels) {
  for (const auto& list :
       {testing::element_operations(), testing::row_operations(), testing::sequence_operations()}) {
    for (const Operation& operation : list) {
      for (const Ask ask : {Ask::all, Ask::some}) {
        const Tile tile({7, 0, 2}, 5, ask);
        const auto numbers = testing::random_numbers(operation, tile);
        const TensorNames names(numbers.infos);
        WorkPass pass(names, numbers.infos, tile.input());
        const Rows rows = operation.run(pass, tile);
        const auto outcome = testing::evaluate<float>(operation, tile, numbers, false);
        EXPECT_EQ(rows.count, outcome.rows) << operation.name;
        EXPECT_EQ(rows.width, outcome.width) << operation.name;
      }
    }
  }
}

TEST(WorkPass, RunsEveryNetwork) {
  for (const NetworkInfo* network : network_list()) {
    ModelOptions options;
    options.name = network->name;
    options.hidden_size = 8;
    options.resolve();
    const std::vector<TensorInfo> tensors = network->tensors(options, 11);
    const TensorNames names(tensors);
    const Tile tile({3, 5}, 4, Ask::newest);
    WorkPass pass(names, tensors, tile.input());
    const Rows states = network->run(pass, options);
    EXPECT_EQ(states.count, 2) << network->name;
    EXPECT_EQ(states.width, 8) << network->name;
    EXPECT_GT(pass.product_work(), 0) << network->name;
  }
}

}  // namespace
}  // namespace truenext::net
