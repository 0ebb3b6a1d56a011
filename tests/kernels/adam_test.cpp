// SPDX-License-Identifier: Apache-2.0
#include "kernels/adam.h"

#include "kernels/kernel_cases.h"
#include "kernels/kernels.h"
#include "kernels/reference.h"
#include "kernels/reference_adam.h"

namespace truenext::kernels {
namespace {

using testing::difference;
using testing::random_values;
using testing::same_bits;

AdamStep step_number(int t) {
  AdamStep step;
  step.correction1 = 1 - std::pow(step.beta1, t);
  step.correction2 = 1 - std::pow(step.beta2, t);
  return step;
}

TEST(Adam, EqualsReferenceOverManySteps) {
  for (const int64_t n : {0, 1, 7, 8, 9, 31, 64, 100, 1000}) {
    auto p = random_values(n, 1), p0 = p;
    std::vector<float> m(p.size()), v(p.size()), m0(p.size()), v0(p.size());
    for (int t = 1; t <= 20; ++t) {
      AdamStep step = step_number(t);
      step.l2 = 0.01;
      step.decay = 1e-4;
      const auto grad = random_values(n, static_cast<uint64_t>(t));
      adam(n, step, grad.data(), p.data(), m.data(), v.data());
      reference::adam(n, step, grad.data(), p0.data(), m0.data(), v0.data());
    }
    EXPECT_LT(difference(p, p0), 1e-6);
    EXPECT_LT(difference(m, m0), 1e-6);
    EXPECT_LT(difference(v, v0), 1e-6);
  }
}

TEST(Adam, FirstStepIsTheLearningRateInTheDirectionOfTheGradient) {
  const std::vector<float> grad = {3.0f, -0.002f, 0.0f};
  std::vector<float> p = {1, 1, 1}, m(3), v(3);
  adam(3, step_number(1), grad.data(), p.data(), m.data(), v.data());
  EXPECT_NEAR(p[0], 1 - 1e-3, 1e-7);
  EXPECT_NEAR(p[1], 1 + 1e-3, 1e-7);
  EXPECT_EQ(p[2], 1.0f);
}

TEST(Adam, DecoupledDecayShrinksWithoutGradient) {
  AdamStep step = step_number(1);
  step.decay = 0.25;
  const float grad = 0;
  float p = 2, m = 0, v = 0;
  adam(1, step, &grad, &p, &m, &v);
  EXPECT_FLOAT_EQ(p, 1.5f);
}

// One parameter of 1 with gradients 0.5, -1, 2, learning rate 0.1: the recurrence by hand in
// double.
TEST(Adam, FollowsThePublishedRecurrence) {
  double p = 1, m = 0, v = 0;
  float fp = 1, fm = 0, fv = 0;
  int t = 0;
  for (const double g : {0.5, -1.0, 2.0}) {
    ++t;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const double m_hat = m / (1 - std::pow(0.9, t));
    const double v_hat = v / (1 - std::pow(0.999, t));
    p -= 0.1 * m_hat / (std::sqrt(v_hat) + 1e-8);
    AdamStep step = step_number(t);
    step.learning_rate = 0.1;
    const float grad = static_cast<float>(g);
    adam(1, step, &grad, &fp, &fm, &fv);
    EXPECT_NEAR(fp, p, 1e-6);
  }
}

/// A table of 5 rows with its moments, some of them extreme, and an average that lags behind.
struct Rows {
  int64_t dim;
  std::vector<float> p, m, v, a;

  explicit Rows(int64_t width)
      : dim(width),
        p(random_values(5 * dim, 1, 0.05)),
        m(random_values(5 * dim, 2, 1e-3)),
        v(random_values(5 * dim, 3, 1e-6)),
        a(random_values(5 * dim, 4, 0.05)) {
    for (float& x : v) x = std::abs(x);
    for (int64_t c = 0; c < dim; ++c) {
      p[c] = m[c] = v[c] = 0;                        // row 0: never touched
      p[dim + c] *= 1e-9f;                           // row 1: an update is felt for long
      p[2 * dim + c] = std::ldexp(1.0f, c % 7 - 3);  // row 2: powers of two
      v[3 * dim + c] *= 1e-30f;                      // row 3: huge steps
      a[4 * dim + c] = p[4 * dim + c];               // row 4: nothing to catch up with
    }
  }
  AdamTable table() { return {dim, p.data(), m.data(), v.data()}; }
  AdamTable averaged() { return {dim, p.data(), m.data(), v.data(), a.data()}; }
};

bool operator==(const Rows& a, const Rows& b) {
  return same_bits(a.p, b.p) && same_bits(a.m, b.m) && same_bits(a.v, b.v) && same_bits(a.a, b.a);
}

std::vector<AdamFactors> steps_of(const AdamStep& like, int first, int count) {
  std::vector<AdamFactors> steps;
  for (int t = first; t < first + count; ++t) {
    AdamStep step = like;
    step.learning_rate *= t < 40 ? t / 40.0 : 1 + std::cos(0.01 * t);  // warm-up, then up and down
    step.correction1 = 1 - std::pow(step.beta1, t);
    step.correction2 = 1 - std::pow(step.beta2, t);
    steps.push_back(adam_factors(step));
    steps.back().average = static_cast<float>(std::max(0.002, 9.0 / (9 + t)));
  }
  return steps;
}

void expect_idle_equals_dense(const AdamStep& like, int first, int count) {
  const auto steps = steps_of(like, first, count);
  float ceiling = 0;
  for (const AdamFactors& f : steps) ceiling = idle_ceiling(ceiling, f);
  for (const int64_t dim : {1, 7, 16, 50, 64, 100, 128}) {
    Rows dense(dim), idle(dim);
    const std::vector<float> none(dense.p.size());
    for (const AdamFactors& step : steps) adam(5 * dim, step, none.data(), dense.table());
    for (int64_t row = 0; row < 5; ++row) {
      adam_idle(row, {count, steps.data(), ceiling}, idle.table());
    }
    EXPECT_TRUE(dense == idle) << dim << " from " << first << ", " << count << " steps";
    Rows dense_average(dim), idle_average(dim);
    for (const AdamFactors& step : steps)
      adam(5 * dim, step, none.data(), dense_average.averaged());
    for (int64_t row = 0; row < 5; ++row) {
      adam_idle(row, {count, steps.data(), ceiling}, idle_average.averaged());
    }
    EXPECT_TRUE(dense_average == idle_average)
        << "averaged, " << dim << " from " << first << ", " << count << " steps";
    EXPECT_TRUE(same_bits(dense_average.p, dense.p)) << dim;  // an average changes nothing else
  }
}

TEST(AdamIdle, EqualsDenseAdamBitForBit) {
  for (const int count : {0, 1, 2, 15, 16, 17, 130, 400, 9000}) {
    for (const int first : {1, 5, 1000}) expect_idle_equals_dense({}, first, count);
  }
}

TEST(AdamIdle, EqualsDenseAdamWhereRowsNeverRest) {
  AdamStep decay, l2, slow, bare;
  decay.decay = 1e-4;
  l2.l2 = 0.01;
  slow.beta1 = 0.9999;  // moments fall slower than their roots: updates grow
  bare.epsilon = 1e-30;
  for (const AdamStep& step : {decay, l2, slow, bare}) expect_idle_equals_dense(step, 3, 700);
}

// 1 - decay rounds to one in the first step, so that it alone does not say whether parameters
// shrink.
TEST(AdamIdle, EqualsDenseAdamWhereDecayComesLater) {
  const AdamFactors none = adam_factors({});
  AdamFactors decayed = none;
  decayed.shrink = 0.99f;
  const std::vector<AdamFactors> steps = {none, decayed, none};
  float ceiling = 0;
  for (const AdamFactors& f : steps) ceiling = idle_ceiling(ceiling, f);
  Rows dense(64), idle(64);
  const std::vector<float> gradient(dense.p.size());
  for (const AdamFactors& f : steps) adam(5 * 64, f, gradient.data(), dense.table());
  for (int64_t row = 0; row < 5; ++row) adam_idle(row, {3, steps.data(), ceiling}, idle.table());
  EXPECT_TRUE(dense == idle);
}

TEST(AdamRows, EqualsDenseAdamOnTheseRows) {
  const auto step = steps_of({}, 9, 1)[0];
  for (const int64_t dim : {1, 50, 64}) {
    for (AdamTable (Rows::*table)() : {&Rows::table, &Rows::averaged}) {
      Rows dense(dim), sparse(dim);
      const auto grad = random_values(3 * dim, 5);
      const std::vector<int32_t> rows = {4, 0, 2};
      for (int i = 0; i < 3; ++i) {
        adam(dim, step, grad.data() + i * dim, (dense.*table)().row(rows[i]));
      }
      adam_rows(3, rows.data(), step, grad.data(), (sparse.*table)());
      EXPECT_TRUE(dense == sparse) << dim;
    }
  }
}

TEST(AdamAverage, TakesItsShareOfTheParameterThatHasMoved) {
  Rows rows(7), alone(7);
  AdamFactors step = steps_of({}, 9, 1)[0];
  step.average = 0.25f;
  const auto grad = random_values(5 * 7, 5);
  const std::vector<float> before = rows.a;
  adam(5 * 7, step, grad.data(), rows.averaged());
  adam(5 * 7, step, grad.data(), alone.table());
  EXPECT_TRUE(same_bits(rows.p, alone.p));
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_NEAR(rows.a[i], 0.75 * before[i] + 0.25 * rows.p[i], 1e-6 * (1 + std::abs(rows.p[i])));
  }
}

TEST(AdagradRows, EqualsReference) {
  const AdagradStep step{0.1f, 1e-8f, 0.01f, 1e-3f};
  const std::vector<int32_t> rows = {3, 1};
  for (const int64_t dim : {1, 50, 64}) {
    auto p = random_values(5 * dim, 1), p0 = p;
    std::vector<float> sums(5), sums0(5);
    for (int t = 0; t < 10; ++t) {
      const auto grad = random_values(2 * dim, static_cast<uint64_t>(t));
      adagrad_rows(rows, step, grad.data(), {dim, p.data(), sums.data()});
      reference::adagrad_rows(rows, step, grad.data(), {dim, p0.data(), sums0.data()});
    }
    EXPECT_LT(difference(p, p0), 1e-6);
    EXPECT_LT(difference(sums, sums0), 1e-6);
    EXPECT_EQ(sums[0], 0.0f);
  }
}

}  // namespace
}  // namespace truenext::kernels
