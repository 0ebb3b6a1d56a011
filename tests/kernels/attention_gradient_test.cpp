// SPDX-License-Identifier: Apache-2.0
// The reference attention itself: against finite differences, and against sequences that are padded
// for real.
#include "kernels/attention_cases.h"
#include "kernels/kernels.h"
#include "kernels/reference.h"

namespace truenext::kernels {
namespace {

using testing::AttentionCase;
using testing::difference;
using testing::numeric_gradient;
using testing::weighted_sum;

double loss(const AttentionCase<double>& c) {
  std::vector<double> out(static_cast<size_t>(c.tokens() * c.shape.dim));
  reference::attention<double>(c.shape, c.q(), c.k(), c.v(), c.key_of_pad(), c.value_of_pad(),
                               out.data(), nullptr);
  return weighted_sum(out, c.out_grad);
}

TEST(ReferenceAttention, GradientMatchesFiniteDifferences) {
  for (const bool causal : {true, false}) {
    for (const bool padded : {false, true}) {
      for (const double rate : {0.0, 0.4}) {
        AttentionCase<double> c({4, 1, 0, 3}, 6, 2, causal, padded, rate);
        c.shape.max_length = 9;
        std::vector<double> saved(static_cast<size_t>(reference::attention_saved_size(c.shape)));
        std::vector<double> out(static_cast<size_t>(c.tokens() * c.shape.dim));
        reference::attention(c.shape, c.q(), c.k(), c.v(), c.key_of_pad(), c.value_of_pad(),
                             out.data(), saved.data());
        const int64_t dim = c.shape.dim;
        std::vector<double> grad(c.packed.size(), 0.0);
        std::vector<double> key_grad(c.pad_key.size()), value_grad(c.pad_value.size());
        const reference::AttentionGradients<double> arrays{c.q(),
                                                           c.k(),
                                                           c.v(),
                                                           c.key_of_pad(),
                                                           c.value_of_pad(),
                                                           grad.data(),
                                                           grad.data() + dim,
                                                           grad.data() + 2 * dim,
                                                           key_grad.data(),
                                                           value_grad.data()};
        reference::attention_backward(c.shape, arrays, saved.data(), c.out_grad.data());
        const auto value = [&] { return loss(c); };
        EXPECT_LT(difference(grad, numeric_gradient(c.packed, value)), 1e-8) << c.name();
        EXPECT_LT(difference(key_grad, numeric_gradient(c.pad_key, value)), 1e-8) << c.name();
        EXPECT_LT(difference(value_grad, numeric_gradient(c.pad_value, value)), 1e-8) << c.name();
      }
    }
  }
}

// The newest n rows of a sequence that is really padded on the left with copies of the pad.
TEST(ReferenceAttention, VirtualKeyEqualsRealPadding) {
  const int64_t n = 6, length = 15, dim = 8;
  for (const double rate : {0.0, 0.5}) {
    AttentionCase<double> c({n}, dim, 2, true, true, rate);
    c.shape.max_length = length;
    std::vector<double> out(static_cast<size_t>(n * dim));
    reference::attention<double>(c.shape, c.q(), c.k(), c.v(), c.pad_key.data(), c.pad_value.data(),
                                 out.data(), nullptr);

    AttentionCase<double> padded({length}, dim, 2, true, false, rate);
    const int64_t stride = c.shape.q_stride;
    for (int64_t j = 0; j < length; ++j) {
      double* row = padded.packed.data() + j * stride;
      const int64_t from = j - (length - n);
      if (from >= 0) {
        std::copy_n(c.packed.data() + from * stride, stride, row);
      } else {
        std::copy_n(c.pad_key.data(), dim, row + dim);
        std::copy_n(c.pad_value.data(), dim, row + 2 * dim);
      }
    }
    std::vector<double> all(static_cast<size_t>(length * dim));
    reference::attention<double>(padded.shape, padded.q(), padded.k(), padded.v(), nullptr, nullptr,
                                 all.data(), nullptr);
    EXPECT_LT(difference(out, std::vector<double>(all.end() - n * dim, all.end())), 1e-12);
  }
}

}  // namespace
}  // namespace truenext::kernels
