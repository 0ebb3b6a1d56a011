// SPDX-License-Identifier: Apache-2.0
// The reference attention itself: against finite differences, and against sequences that are padded
// for real.
#include "kernels/attention_runs.h"
#include "kernels/kernels.h"
#include "kernels/reference.h"

namespace truenext::kernels {
namespace {

using testing::attention_output;
using testing::attention_run;
using testing::AttentionCase;
using testing::AttentionResult;
using testing::difference;
using testing::for_each_terms;
using testing::kAdded;
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

double output_sum(const AttentionCase<double>& c) {
  const auto out = attention_output(c);
  return weighted_sum(out, c.is_listed() ? c.listed_out_grad : c.out_grad);
}

/// Slope of the sum along a random direction of rows [rows, dim] that lie `stride` apart from
/// `values` on, by central differences; `direction` receives it.
double numeric_slope(const AttentionCase<double>& c, int64_t rows, int64_t dim, int64_t stride,
                     double* values, std::vector<double>& direction) {
  constexpr double kStep = 1e-5;
  direction = testing::random_values<double>(rows * dim, 21);
  const auto move = [&](double by) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t i = 0; i < dim; ++i) {
        values[r * stride + i] += by * direction[static_cast<size_t>(r * dim + i)];
      }
    }
    return output_sum(c);
  };
  const double above = move(kStep);
  const double below = move(-2 * kStep);
  move(kStep);
  return (above - below) / (2 * kStep);
}

// Every tensor along a random direction: weights, terms, lists, dropout, heads, odd sizes.
TEST(ReferenceAttention, SlopesMatchFiniteDifferences) {
  for_each_terms<double>({1, 2, 17, 18, 0, 19, 40}, 5, [](AttentionCase<double>& c) {
    const AttentionResult<double> result = attention_run(c);
    const int64_t dim = c.shape.dim;
    const auto check = [&](const std::vector<double>& grad, int64_t rows, int64_t columns,
                           int64_t stride, double* values, double before) {
      std::vector<double> direction;
      const double slope = numeric_slope(c, rows, columns, stride, values, direction);
      double expected = 0;
      for (size_t i = 0; i < grad.size(); ++i) expected += (grad[i] - before) * direction[i];
      EXPECT_NEAR(slope, expected, 1e-7 * std::max(1.0, std::abs(expected))) << c.name();
      EXPECT_TRUE(grad.empty() || std::abs(expected) > 1e-6) << c.name();
    };
    double* packed = c.packed.data();
    double* q = c.is_listed() ? c.listed_q.data() : packed;
    check(result.q, c.queries(), dim, c.shape.q_stride, q, 0);
    check(result.k, c.tokens(), dim, c.shape.k_stride, packed + dim, 0);
    check(result.v, c.tokens(), dim, c.shape.v_stride, packed + 2 * dim, 0);
    const auto terms = [&](std::vector<double>& bias, const std::vector<double>& grad) {
      check(grad, 1, static_cast<int64_t>(bias.size()), 0, bias.data(), kAdded<double>);
    };
    terms(c.distance_bias, result.distance);
    terms(c.time_bias, result.time);
  });
}

// Every element of every tensor at a small size.
TEST(ReferenceAttention, TermGradientsMatchFiniteDifferences) {
  for_each_terms<double>({4, 1, 0, 7}, 2, [](AttentionCase<double>& c) {
    if (c.shape.heads == 3) return;
    const AttentionResult<double> result = attention_run(c);
    const auto value = [&] { return output_sum(c); };
    const auto added = [](std::vector<double> grad) {
      for (double& g : grad) g -= kAdded<double>;
      return grad;
    };
    EXPECT_LT(difference(added(result.distance), numeric_gradient(c.distance_bias, value)), 1e-8)
        << c.name();
    EXPECT_LT(difference(added(result.time), numeric_gradient(c.time_bias, value)), 1e-8)
        << c.name();
    const auto packed = numeric_gradient(c.packed, value);
    const int64_t dim = c.shape.dim;
    const auto part = [&](int64_t column) {
      const std::vector<double> from(packed.begin() + column, packed.end());
      return testing::dense_rows(from, c.tokens(), dim, c.shape.k_stride);
    };
    EXPECT_LT(difference(result.k, part(dim)), 1e-8) << c.name();
    EXPECT_LT(difference(result.v, part(2 * dim)), 1e-8) << c.name();
    const auto q = c.is_listed() ? numeric_gradient(c.listed_q, value) : part(0);
    EXPECT_LT(difference(result.q, q), 1e-8) << c.name();
  });
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
