// SPDX-License-Identifier: Apache-2.0
#include "train/ranks/gradient_wire.h"

#include <ATen/Functions.h>
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

std::vector<uint32_t> bits(const at::Tensor& tensor) {
  const at::Tensor whole = tensor.contiguous();
  return bits(std::span<const float>(whole.data_ptr<float>(), whole.numel()));
}

/// Six parameters: a matrix that lies transposed in memory, one without gradient, a vector, and a
/// table of each kind: of touched rows, dense, untouched.
TileGradients<float> every_kind() {
  TileGradients<float> gradients;
  gradients.loss = 0.1 + 0.2;
  gradients.dense.resize(6);
  gradients.tables.resize(6);
  gradients.dense[0] = at::arange(6, at::kFloat).reshape({2, 3}).t();
  gradients.dense[2] = at::full({3}, -0.0f);
  gradients.tables[3] = TableGradient<float>(100, 2);
  gradients.tables[3].set_rows({4, 99}, {1e-40f, -0.0f, 3.0f, 1.0f / 3});
  gradients.tables[4] = TableGradient<float>(3, 2);
  gradients.tables[4].make_dense()[5] = 7;
  gradients.tables[5] = TableGradient<float>(10, 4);
  return gradients;
}

void expect_same(const TileGradients<float>& a, const TileGradients<float>& b) {
  EXPECT_EQ(a.loss, b.loss);
  ASSERT_EQ(a.dense.size(), b.dense.size());
  ASSERT_EQ(a.tables.size(), b.tables.size());
  for (size_t i = 0; i < a.dense.size(); ++i) {
    ASSERT_EQ(a.dense[i].defined(), b.dense[i].defined()) << i;
    if (!a.dense[i].defined()) continue;
    EXPECT_EQ(a.dense[i].sizes(), b.dense[i].sizes()) << i;
    EXPECT_EQ(bits(a.dense[i]), bits(b.dense[i])) << i;
  }
  for (size_t i = 0; i < a.tables.size(); ++i) {
    EXPECT_EQ(a.tables[i].num_rows(), b.tables[i].num_rows()) << i;
    EXPECT_EQ(a.tables[i].dim(), b.tables[i].dim()) << i;
    EXPECT_EQ(a.tables[i].dense(), b.tables[i].dense()) << i;
    EXPECT_EQ(a.tables[i].empty(), b.tables[i].empty()) << i;
    EXPECT_TRUE(std::ranges::equal(a.tables[i].rows(), b.tables[i].rows())) << i;
    EXPECT_EQ(bits(a.tables[i].values()), bits(b.tables[i].values())) << i;
  }
}

TEST(GradientWire, BringsEveryKindOfGradientOverBitForBit) {
  expect_same(GradientWire::unpack(GradientWire::pack(every_kind())), every_kind());
}

TEST(GradientWire, WhatCameOverAddsLikeWhatWasSent) {
  TileGradients<float> here = every_kind();
  here.add(every_kind());
  TileGradients<float> there = GradientWire::unpack(GradientWire::pack(every_kind()));
  GradientWire::add(there, GradientWire::unpack(GradientWire::pack(every_kind())));
  expect_same(there, here);
}

TEST(GradientWire, TablesCostTheirTouchedRowsOnly) {
  TileGradients<float> gradients;
  gradients.dense.resize(1);
  gradients.tables.emplace_back(int64_t{1} << 30, 4);
  const size_t untouched = GradientWire::pack(gradients).size();
  gradients.tables[0].set_rows({1, 2, 3}, AlignedVector<float>(12, 1.0f));
  EXPECT_LT(untouched, 100u);
  EXPECT_EQ(GradientWire::pack(gradients).size(), untouched + 3 * (4 + 4 * 4));
}

}  // namespace
}  // namespace truenext
