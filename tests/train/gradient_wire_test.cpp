// SPDX-License-Identifier: Apache-2.0
#include "train/ranks/gradient_wire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <vector>

namespace truenext {
namespace {

template <typename Numbers>
std::vector<uint32_t> bits(const Numbers& numbers) {
  std::vector<uint32_t> out(std::size(numbers));
  if (!out.empty()) std::memcpy(out.data(), std::data(numbers), out.size() * sizeof(float));
  return out;
}

/// Numbers of dense parameters, and tables of each kind: none (of a dense parameter), of touched
/// rows, dense, untouched.
TileGradients<float> every_kind() {
  TileGradients<float> gradients;
  gradients.loss = 0.1 + 0.2;
  gradients.dense = {0, 1, -2, -0.0f, 1e-40f, 1.0f / 3};
  gradients.tables.resize(4);
  gradients.tables[1] = TableGradient<float>(100, 2);
  gradients.tables[1].set_rows({4, 99}, {1e-40f, -0.0f, 3.0f, 1.0f / 3});
  gradients.tables[2] = TableGradient<float>(3, 2);
  gradients.tables[2].make_dense()[5] = 7;
  gradients.tables[3] = TableGradient<float>(10, 4);
  gradients.catalogue = TableGradient<float>(2, 2);
  gradients.catalogue.make_dense()[3] = -5;
  return gradients;
}

void expect_same(const TableGradient<float>& a, const TableGradient<float>& b) {
  EXPECT_EQ(a.num_rows(), b.num_rows());
  EXPECT_EQ(a.dim(), b.dim());
  EXPECT_EQ(a.dense(), b.dense());
  EXPECT_EQ(a.empty(), b.empty());
  EXPECT_TRUE(std::ranges::equal(a.rows(), b.rows()));
  EXPECT_EQ(bits(a.values()), bits(b.values()));
}

void expect_same(const TileGradients<float>& a, const TileGradients<float>& b) {
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(bits(a.dense), bits(b.dense));
  ASSERT_EQ(a.tables.size(), b.tables.size());
  for (size_t i = 0; i < a.tables.size(); ++i) expect_same(a.tables[i], b.tables[i]);
  expect_same(a.catalogue, b.catalogue);
}

TEST(GradientWire, BringsEveryKindOfGradientOverBitForBit) {
  expect_same(GradientWire::unpack(GradientWire::pack(every_kind())), every_kind());
}

TEST(GradientWire, WhatCameOverAddsLikeWhatWasSent) {
  TileGradients<float> here = every_kind();
  here.add(every_kind());
  EXPECT_EQ(here.loss, 2 * (0.1 + 0.2));
  EXPECT_EQ(here.dense[2], -4);
  EXPECT_EQ(here.catalogue.values()[3], -10);
  TileGradients<float> there = GradientWire::unpack(GradientWire::pack(every_kind()));
  GradientWire::add(there, GradientWire::unpack(GradientWire::pack(every_kind())));
  expect_same(there, here);
}

TEST(GradientWire, TablesCostTheirTouchedRowsOnly) {
  TileGradients<float> gradients;
  gradients.tables.emplace_back(int64_t{1} << 30, 4);
  const size_t untouched = GradientWire::pack(gradients).size();
  gradients.tables[0].set_rows({1, 2, 3}, AlignedVector<float>(12, 1.0f));
  EXPECT_LT(untouched, 100u);
  EXPECT_EQ(GradientWire::pack(gradients).size(), untouched + 3 * (4 + 4 * 4));
}

}  // namespace
}  // namespace truenext
