// SPDX-License-Identifier: Apache-2.0
#include "kernels/packed.h"

#include <string>

#include "kernels/kernel_cases.h"
#include "kernels/reference.h"

namespace truenext::kernels {
namespace {

using testing::difference;
using testing::random_values;
using testing::same_bits;

constexpr int64_t kRows[] = {1, 5, 6, 13, 18, 64};
constexpr int64_t kColumns[] = {1, 15, 16, 17, 33, 48, 50, 64, 65, 107, 128};
constexpr int64_t kDepths[] = {1, 3, 4, 8, 50, 127, 201};

/// B [k, n] with rows `gap` longer than needed, packed either way.
struct Case {
  int64_t m, n, k, gap;
  std::vector<float> b = random_values(k * (n + gap), 2);
  std::vector<float> memory = std::vector<float>(static_cast<size_t>(packed_size(k, n)));

  std::string name() const {
    return "m " + std::to_string(m) + ", n " + std::to_string(n) + ", k " + std::to_string(k);
  }
  PackedMatrix plain() { return pack_n(k, n, b.data(), n + gap, memory.data()); }
  PackedMatrix transposed() {
    const int64_t ldb = k + gap;
    std::vector<float> turned(static_cast<size_t>(n * ldb));
    for (int64_t l = 0; l < k; ++l) {
      for (int64_t j = 0; j < n; ++j) turned[j * ldb + l] = b[l * (n + gap) + j];
    }
    return pack_t(k, n, turned.data(), ldb, memory.data());
  }
};

template <class Call>
void for_each_case(const Call& call) {
  for (const int64_t m : kRows) {
    for (const int64_t n : kColumns) {
      for (const int64_t k : kDepths) call(Case{m, n, k, (m + k) % 3});
    }
  }
}

TEST(Packed, EqualsReferenceForParts) {
  for_each_case([](Case c) {
    // Fewer rows and columns of B than were packed.
    for (const int64_t k : {c.k, (c.k + 1) / 2}) {
      for (const int64_t n : {c.n, (c.n + 1) / 2}) {
        const auto a = random_values(c.m * (c.k + 2), 1);
        auto fast = random_values(c.m * (n + 1), 3);
        auto slow = fast;
        auto turned = fast;
        reference::gemm_nn<float>(c.m, n, k, a.data(), c.k + 2, c.b.data(), c.n + c.gap,
                                  slow.data(), n + 1, false);
        packed_nn(c.m, n, k, a.data(), c.k + 2, c.plain(), fast.data(), n + 1);
        packed_nn(c.m, n, k, a.data(), c.k + 2, c.transposed(), turned.data(), n + 1);
        EXPECT_LT(difference(fast, slow), 2e-6) << c.name();
        EXPECT_TRUE(same_bits(fast, turned)) << c.name();
      }
    }
  });
}

TEST(Packed, TransposedEqualsReferenceFromAnyRowOn) {
  for_each_case([](Case c) {
    for (const int64_t first : {int64_t{0}, c.k / 2}) {
      const int64_t k = c.k - first;
      const auto a = random_values(k * (c.m + 1), 1);
      auto fast = random_values(c.m * c.n, 3);
      auto slow = fast;
      reference::gemm_tn<float>(c.m, c.n, k, a.data(), c.m + 1, c.b.data() + first * (c.n + c.gap),
                                c.n + c.gap, slow.data(), c.n, false);
      packed_tn(c.m, c.n, k, a.data(), c.m + 1, c.plain(), first, fast.data(), c.n);
      EXPECT_LT(difference(fast, slow), 2e-6) << c.name();
    }
  });
}

TEST(Packed, ZerosBehindChangeNoBit) {
  Case c{7, 70, 201, 0};
  auto a = random_values(c.m * c.k, 1);
  const int64_t seen = 130;
  for (int64_t i = 0; i < c.m; ++i) {
    std::fill(a.begin() + i * c.k + seen, a.begin() + (i + 1) * c.k, 0.0f);
  }
  std::vector<float> all(static_cast<size_t>(c.m * c.n));
  auto part = all;
  packed_nn(c.m, c.n, c.k, a.data(), c.k, c.plain(), all.data(), c.n);
  packed_nn(c.m, c.n, seen, a.data(), c.k, c.plain(), part.data(), c.n);
  EXPECT_TRUE(same_bits(all, part));
}

}  // namespace
}  // namespace truenext::kernels
