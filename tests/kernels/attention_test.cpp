// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention_cases.h"
#include "kernels/kernels.h"
#include "kernels/reference.h"

namespace truenext::kernels {
namespace {

using testing::AttentionCase;
using testing::difference;
using testing::for_each_attention;
using testing::same_bits;

std::vector<float> forward(const AttentionCase<float>& c, float* saved = nullptr) {
  std::vector<float> out(static_cast<size_t>(c.tokens() * c.shape.dim), -7.0f);
  attention(c.shape, c.q(), c.k(), c.v(), out.data(), saved);
  return out;
}

std::vector<float> slow_forward(const AttentionCase<float>& c, float* saved = nullptr) {
  std::vector<float> out(static_cast<size_t>(c.tokens() * c.shape.dim));
  reference::attention(c.shape, c.q(), c.k(), c.v(), c.key_of_pad(), c.value_of_pad(), out.data(),
                       saved);
  return out;
}

/// Gradients of q, k, v in the layout of the packed inputs, then those of the pads.
std::vector<float> backward(const AttentionCase<float>& c) {
  std::vector<float> saved(static_cast<size_t>(attention_saved_size(c.shape)));
  forward(c, saved.data());
  std::vector<float> grad(c.packed.size() + static_cast<size_t>(2 * c.shape.dim), 0.5f);
  float* q = grad.data();
  float* pads = grad.data() + c.packed.size();
  attention_backward(c.shape, c.q(), c.k(), c.v(), saved.data(), c.out_grad.data(), q,
                     q + c.shape.dim, q + 2 * c.shape.dim, c.is_padded ? pads : nullptr,
                     c.is_padded ? pads + c.shape.dim : nullptr);
  return grad;
}

std::vector<float> slow_backward(const AttentionCase<float>& c) {
  std::vector<float> saved(static_cast<size_t>(reference::attention_saved_size(c.shape)));
  slow_forward(c, saved.data());
  std::vector<float> grad(c.packed.size() + static_cast<size_t>(2 * c.shape.dim), 0.5f);
  float* q = grad.data();
  float* pads = grad.data() + c.packed.size();
  const reference::AttentionGradients<float> arrays{c.q(),
                                                    c.k(),
                                                    c.v(),
                                                    c.key_of_pad(),
                                                    c.value_of_pad(),
                                                    q,
                                                    q + c.shape.dim,
                                                    q + 2 * c.shape.dim,
                                                    c.is_padded ? pads : nullptr,
                                                    c.is_padded ? pads + c.shape.dim : nullptr};
  reference::attention_backward(c.shape, arrays, saved.data(), c.out_grad.data());
  return grad;
}

TEST(Attention, EqualsReference) {
  for_each_attention([](const std::vector<int64_t>& lengths, int64_t dim, int64_t heads,
                        bool causal, bool padded, double rate) {
    const AttentionCase<float> c(lengths, dim, heads, causal, padded, rate);
    EXPECT_LT(difference(forward(c), slow_forward(c)), 3e-6) << c.name();
  });
}

TEST(Attention, BackwardEqualsReference) {
  for_each_attention([](const std::vector<int64_t>& lengths, int64_t dim, int64_t heads,
                        bool causal, bool padded, double rate) {
    const AttentionCase<float> c(lengths, dim, heads, causal, padded, rate);
    EXPECT_LT(difference(backward(c), slow_backward(c)), 1e-5) << c.name();
  });
}

TEST(Attention, SurvivesLargeScores) {
  for (const double spread : {10.0, 100.0}) {
    const AttentionCase<float> c({70, 9}, 32, 1, true, true, 0.2, spread);
    for (const float value : forward(c)) EXPECT_TRUE(std::isfinite(value));
    for (const float value : backward(c)) EXPECT_TRUE(std::isfinite(value));
  }
  const AttentionCase<float> c({70, 9}, 32, 1, true, true, 0.0, 5.0);
  EXPECT_LT(difference(forward(c), slow_forward(c)), 1e-4);  // scores near 100: 7 digits of them
}

TEST(Attention, SequenceDoesNotDependOnItsBatch) {
  const AttentionCase<float> c({31, 100, 0, 64, 1}, 48, 2, true, true, 0.3);
  const auto together = forward(c);
  const auto together_grad = backward(c);
  for (int64_t s = 0; s < c.shape.sequences; ++s) {
    const int64_t n = c.offsets[static_cast<size_t>(s) + 1] - c.offsets[static_cast<size_t>(s)];
    if (n == 0) continue;
    const int64_t at = c.offsets[static_cast<size_t>(s)];
    AttentionShape one = c.shape;
    const std::vector<int64_t> offsets = {0, n};
    one.sequences = 1;
    one.offsets = offsets.data();
    one.streams = c.streams.data() + s;
    const int64_t shift = at * one.q_stride;
    std::vector<float> out(static_cast<size_t>(n * one.dim));
    std::vector<float> saved(static_cast<size_t>(attention_saved_size(one)));
    attention(one, c.q() + shift, c.k() + shift, c.v() + shift, out.data(), saved.data());
    EXPECT_TRUE(std::equal(out.begin(), out.end(), together.begin() + at * one.dim));
    std::vector<float> grad(static_cast<size_t>(n * one.q_stride), 0.5f), pads(2 * 48);
    attention_backward(one, c.q() + shift, c.k() + shift, c.v() + shift, saved.data(),
                       c.out_grad.data() + at * one.dim, grad.data(), grad.data() + one.dim,
                       grad.data() + 2 * one.dim, pads.data(), pads.data() + one.dim);
    EXPECT_TRUE(std::equal(grad.begin(), grad.end(), together_grad.begin() + shift));
  }
}

TEST(Attention, CausalQueriesDoNotSeeTheFuture) {
  AttentionCase<float> c({90}, 32, 2, true, false, 0.0);
  const auto before = forward(c);
  for (int64_t i = 50 * c.shape.q_stride; i < 90 * c.shape.q_stride; ++i) {
    c.packed[static_cast<size_t>(i)] += 1.0f;
  }
  const auto after = forward(c);
  EXPECT_TRUE(std::equal(before.begin(), before.begin() + 50 * 32, after.begin()));
  EXPECT_GT(difference(before, after), 1e-3);
}

// Callers size their memory before they have the keys. At 16 keys the column of the padding key
// makes rows longer; that memory was once overrun.
TEST(Attention, SavedSizeDoesNotNeedThePadKey) {
  for (const int64_t n : {15, 16, 17, 64, 80}) {
    AttentionCase<float> c({n}, 8, 1, true, true, 0.0);
    c.shape.max_length = 200;
    const int64_t size = attention_saved_size(c.shape);
    c.shape.pad_key = c.shape.pad_value = nullptr;
    EXPECT_EQ(attention_saved_size(c.shape), size) << n;
  }
}

TEST(Attention, LastRowAloneEqualsTheLastRowOfAll) {
  for (const int64_t n : {1, 7, 64, 65, 107, 200}) {
    for (const bool padded : {false, true}) {
      AttentionCase<float> c({n}, 48, 3, true, padded, 0.0);
      c.shape.max_length = padded ? 200 : 0;
      const auto all = forward(c);
      std::vector<float> last(48), slow(48);
      const float* q = c.q() + (n - 1) * c.shape.q_stride;
      const int64_t stride = c.shape.k_stride;
      attention_last(n, 48, 3, q, c.k(), stride, c.v(), stride, c.key_of_pad(), c.value_of_pad(),
                     200, last.data());
      reference::attention_last(n, 48, 3, q, c.k(), stride, c.v(), stride, c.key_of_pad(),
                                c.value_of_pad(), 200, slow.data());
      EXPECT_TRUE(std::equal(last.begin(), last.end(), all.end() - 48)) << n;
      EXPECT_LT(difference(last, slow), 2e-6);
    }
  }
}

TEST(Attention, ShorterViewOfAHistoryKeepsTheMaskOfItsNewestEvents) {
  // The newest 20 of 50 events draw the same dropout as when the rest is cut off. Equal queries and
  // keys make all weights equal; columns of v show which keys were kept.
  const int64_t dim = 64;
  const auto kept_keys = [&](int64_t n) {
    AttentionCase<float> c({n}, dim, 1, false, false, 0.5);
    std::fill(c.packed.begin(), c.packed.end(), 0.0f);
    for (int64_t j = 0; j < n; ++j) {
      c.packed[static_cast<size_t>(j * c.shape.v_stride + 2 * dim + (n - 1 - j))] = 1.0f;
    }
    const auto out = forward(c);
    std::vector<bool> kept;
    for (int64_t i = 0; i < 20; ++i) {
      for (int64_t j = 0; j < 20; ++j) {
        kept.push_back(out[static_cast<size_t>((n - 1 - i) * dim + j)] > 0);
      }
    }
    return kept;
  };
  EXPECT_EQ(kept_keys(20), kept_keys(50));
}

}  // namespace
}  // namespace truenext::kernels
