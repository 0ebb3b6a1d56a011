// SPDX-License-Identifier: Apache-2.0
#include "kernels/kernel_cases.h"
#include "kernels/kernels.h"
#include "kernels/reference.h"

namespace upnext::kernels {
namespace {

using testing::difference;
using testing::random_values;

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

}  // namespace
}  // namespace upnext::kernels
