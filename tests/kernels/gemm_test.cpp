// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "kernels/kernel_cases.h"
#include "kernels/kernels.h"
#include "kernels/reference.h"

namespace truenext::kernels {
namespace {

using testing::difference;
using testing::random_values;
using testing::same_bits;

enum class Kind { nt, nn, tn };

struct Product {
  Kind kind;
  int64_t m, n, k;
  int64_t gap = 0;  ///< row strides exceed the widths by this much
  bool accumulate = false;

  int64_t lda() const { return (kind == Kind::tn ? m : k) + gap; }
  int64_t ldb() const { return (kind == Kind::nt ? k : n) + gap; }
  int64_t ldc() const { return n + gap; }
  int64_t a_rows() const { return kind == Kind::tn ? k : m; }
  int64_t b_rows() const { return kind == Kind::nt ? n : k; }
  std::string name() const {
    return "kind " + std::to_string(static_cast<int>(kind)) + ", m " + std::to_string(m) + ", n " +
           std::to_string(n) + ", k " + std::to_string(k);
  }

  template <typename Function>
  static void call(const Product& p, Function f, const float* a, const float* b, float* c) {
    f(p.m, p.n, p.k, a, p.lda(), b, p.ldb(), c, p.ldc(), p.accumulate);
  }
  void fast(const float* a, const float* b, float* c) const {
    switch (kind) {
      case Kind::nt:
        return call(*this, gemm_nt, a, b, c);
      case Kind::nn:
        return call(*this, gemm_nn, a, b, c);
      case Kind::tn:
        return call(*this, gemm_tn, a, b, c);
    }
  }
  void slow(const float* a, const float* b, float* c) const {
    switch (kind) {
      case Kind::nt:
        return call(*this, reference::gemm_nt<float>, a, b, c);
      case Kind::nn:
        return call(*this, reference::gemm_nn<float>, a, b, c);
      case Kind::tn:
        return call(*this, reference::gemm_tn<float>, a, b, c);
    }
  }
};

constexpr Kind kKinds[] = {Kind::nt, Kind::nn, Kind::tn};

void expect_equals_reference(const Product& p) {
  const auto a = random_values(p.a_rows() * p.lda(), 1);
  const auto b = random_values(p.b_rows() * p.ldb(), 2);
  auto fast = random_values(p.m * p.ldc(), 3);
  auto slow = fast;
  p.fast(a.data(), b.data(), fast.data());
  p.slow(a.data(), b.data(), slow.data());
  // Rounding of k additions; columns beyond n (the gap) must be untouched and so equal.
  EXPECT_LT(difference(fast, slow), 2e-6) << p.name();
}

TEST(Gemm, EqualsReferenceForAllSmallSizes) {
  for (const Kind kind : kKinds) {
    for (const int64_t m : {0, 1, 5, 6, 7, 13, 64}) {
      for (const int64_t n : {0, 1, 15, 16, 17, 33, 50, 64, 65, 107}) {
        for (const int64_t k : {0, 1, 3, 8, 50, 127}) {
          for (const bool accumulate : {false, true}) {
            expect_equals_reference({kind, m, n, k, (m + k) % 3, accumulate});
          }
        }
      }
    }
  }
}

TEST(Gemm, EqualsReferenceAcrossCacheBlocks) {
  for (const Kind kind : kKinds) {
    expect_equals_reference({kind, 1000, 31, 100, 0, false});
    expect_equals_reference({kind, 9, 1100, 40, 5, true});
    expect_equals_reference({kind, 37, 70, 1000, 1, false});
    expect_equals_reference({kind, 20, 20, 517, 0, true});
  }
}

TEST(Gemm, RowDoesNotDependOnItsBatch) {
  for (const Kind kind : {Kind::nt, Kind::nn}) {
    for (const int64_t k : {7, 64, 128, 300}) {
      const Product many{kind, 25, 107, k};
      const auto a = random_values(many.m * k, 4);
      const auto b = random_values(many.b_rows() * many.ldb(), 5);
      std::vector<float> together(static_cast<size_t>(many.m * many.n));
      many.fast(a.data(), b.data(), together.data());
      std::vector<float> alone(together.size());
      for (int64_t i = 0; i < many.m; ++i) {
        const Product one{kind, 1, many.n, k};
        one.fast(a.data() + i * k, b.data(), alone.data() + i * many.n);
      }
      EXPECT_TRUE(same_bits(together, alone)) << many.name();
    }
  }
}

TEST(Gemm, ColumnDoesNotDependOnItsNeighbours) {
  const int64_t m = 11, n = 90, k = 128;
  const auto a = random_values(m * k, 6);
  const auto b = random_values(n * k, 7);
  std::vector<float> together(static_cast<size_t>(m * n));
  gemm_nt(m, n, k, a.data(), k, b.data(), k, together.data(), n, false);
  std::vector<float> alone(together.size());
  for (int64_t j = 0; j < n; ++j) {
    gemm_nt(m, 1, k, a.data(), k, b.data() + j * k, k, alone.data() + j, n, false);
  }
  EXPECT_TRUE(same_bits(together, alone));
}

TEST(Gemm, NamesTheInstructionSet) {
  EXPECT_GT(std::string(instruction_set()).size(), 3u);
  RecordProperty("instruction_set", instruction_set());
}

}  // namespace
}  // namespace truenext::kernels
