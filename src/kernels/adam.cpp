// SPDX-License-Identifier: Apache-2.0
// Adam in one pass: 28 bytes of traffic per parameter (36 with an average of the weights), nothing
// is read twice. In the first-level
// cache the divisions decide: with size and epsilon multiplied by the bias correction of the second
// moment (Kingma and Ba 2015, end of section 2) one of two goes away.
#include "kernels/adam.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/adam.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
// After foreach_target.h
#include <hwy/cache_control.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/vec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace truenext::kernels {
namespace HWY_NAMESPACE {
namespace {

/// Rows of a table lie far apart: so many ahead are fetched.
constexpr int64_t kAhead = 4;
/// Idle steps between two looks at whether anything still moves.
constexpr int64_t kLook = 16;
constexpr float kHalfUlp = 0x1p-25f;  ///< smaller than this share of p, a summand changes no bit
constexpr float kStalled = 1e-36f;    ///< decayed moments stall below, among the denormals

struct Factors {
  V keep1, take1, keep2, take2, epsilon, size, l2, shrink, average;

  HWY_INLINE explicit Factors(const AdamFactors& f)
      : keep1(all(f.keep1)),
        take1(all(f.take1)),
        keep2(all(f.keep2)),
        take2(all(f.take2)),
        epsilon(all(f.epsilon)),
        size(all(f.size)),
        l2(all(f.l2)),
        shrink(all(f.shrink)),
        average(all(f.average)) {}
};

/// The average after a step that left the parameter at p.
HWY_INLINE V averaged(V average, V p, V take) {
  return hn::MulAdd(take, hn::Sub(p, average), average);
}

/// One vector of parameters. The only place with the arithmetic, so that all paths give its bits.
struct Element {
  V p, m, v;

  HWY_INLINE void decay_moments(const Factors& f, V g) {
    m = hn::MulAdd(f.keep1, m, hn::Mul(f.take1, g));
    v = hn::MulAdd(f.keep2, v, hn::Mul(hn::Mul(f.take2, g), g));
  }
  /// decay_moments() by a gradient of zero, with its bits.
  HWY_INLINE void coast(const Factors& f) {
    m = hn::MulAdd(f.keep1, m, zero());
    v = hn::MulAdd(f.keep2, v, zero());
  }
  template <class Part>
  HWY_INLINE V quotient(V epsilon, const Part& part) const {
    return hn::Div(m, part.rest(hn::Add(hn::Sqrt(v), epsilon), all(1.0f)));
  }
  template <class Part>
  HWY_INLINE void step(const Factors& f, V grad, const Part& part) {
    decay_moments(f, hn::MulAdd(f.l2, p, grad));
    p = hn::MulAdd(f.size, quotient(f.epsilon, part), hn::Mul(p, f.shrink));
  }
};

template <bool kAverage>
HWY_INLINE void step_row(int64_t n, const Factors& f, const float* grad, const AdamTable& at) {
  for_each(n, [&](int64_t i, auto part) HWY_ATTR {
    Element e{part.load(at.parameter + i), part.load(at.moment1 + i), part.load(at.moment2 + i)};
    e.step(f, part.load(grad + i), part);
    part.store(e.m, at.moment1 + i);
    part.store(e.v, at.moment2 + i);
    part.store(e.p, at.parameter + i);
    if constexpr (kAverage) {
      part.store(averaged(part.load(at.average + i), e.p, f.average), at.average + i);
    }
  });
}

/// Without l2 and decay an idle row comes to rest: its updates shrink by beta1 / sqrt(beta2) a
/// step, up to the learning rate and bias corrections, which `ceiling` bounds. The condition is
/// stricter than beta1 < sqrt(beta2) because second moments lose more than that to rounding when
/// they are denormal.
bool comes_to_rest(const IdleSteps& idle) {
  const AdamFactors& f = idle.steps[0];
  return f.l2 == 0 && std::isfinite(idle.ceiling) && f.epsilon > 0 &&
         f.keep1 < 0.995f * std::sqrt(HWY_MAX(2 * f.keep2 - 1, 0.0f));
}

/// Whether no later step can change a bit of p, with a factor of two to spare for rounding.
template <class Part>
HWY_INLINE bool rests(const Element& e, const AdamFactors& last, float ceiling, const Part& part) {
  const float reach = 2 * ceiling;
  const V update = hn::Mul(hn::Abs(e.quotient(all(last.epsilon), part)), all(reach));
  const V limit = hn::Mul(hn::Abs(e.p), all(kHalfUlp));
  const M small =
      hn::And(hn::Lt(update, limit), hn::Gt(limit, all(reach * kStalled / last.epsilon)));
  return hn::AllTrue(D(), hn::Or(small, hn::Eq(e.m, zero())));
}

/// The average of kN vectors that rest, from step t on. It has come to rest, too, once a step
/// changes no bit of it: a later one takes no more, and rounding is monotone.
template <int kN>
HWY_INLINE void settle_average(const IdleSteps& idle, int64_t t, const Element* e, V* average) {
  V before[kN];
  for (int j = 0; j < kN; ++j) before[j] = average[j];
  for (bool moves = true; moves && t < idle.count;) {
    for (const int64_t end = HWY_MIN(t + kLook, idle.count); t < end; ++t) {
      const V take = all(idle.steps[t].average);
      for (int j = 0; j < kN; ++j) {
        before[j] = average[j];
        average[j] = averaged(average[j], e[j].p, take);
      }
    }
    moves = false;
    for (int j = 0; j < kN; ++j) {
      moves = moves || !hn::AllTrue(D(), hn::Eq(before[j], average[j]));
    }
  }
}

/// kN vectors of a row side by side. kMayRest: comes_to_rest(), so that parameters do not feed
/// their own gradients and the steps of a row can overlap.
template <int kN, bool kMayRest, bool kAverage, class Part>
HWY_INLINE void idle_vectors(const IdleSteps& idle, int64_t at, const Part& part,
                             const AdamTable& table) {
  Element e[kN];
  V average[kN];
  for (int j = 0; j < kN; ++j) {
    const int64_t i = at + j * kLanes;
    e[j] = {part.load(table.parameter + i), part.load(table.moment1 + i),
            part.load(table.moment2 + i)};
    if constexpr (kAverage) average[j] = part.load(table.average + i);
  }
  const Factors first(idle.steps[0]);  // the betas are those of every step
  int64_t t = 0;
  for (bool moves = true; moves && t < idle.count;) {
    for (const int64_t end = HWY_MIN(t + kLook, idle.count); t < end; ++t) {
      if constexpr (kMayRest) {
        const V epsilon = all(idle.steps[t].epsilon);
        const V size = all(idle.steps[t].size);
        for (int j = 0; j < kN; ++j) {
          e[j].coast(first);
          e[j].p = hn::MulAdd(size, e[j].quotient(epsilon, part), e[j].p);
        }
      } else {
        const Factors f(idle.steps[t]);
        for (int j = 0; j < kN; ++j) e[j].step(f, zero(), part);
      }
      if constexpr (kAverage) {
        const V take = all(idle.steps[t].average);
        for (int j = 0; j < kN; ++j) average[j] = averaged(average[j], e[j].p, take);
      }
    }
    if (t == idle.count) break;
    moves = !kMayRest;
    for (int j = 0; j < kN; ++j) {
      moves = moves || !rests(e[j], idle.steps[t - 1], idle.ceiling, part);
    }
  }
  if constexpr (kAverage) settle_average<kN>(idle, t, e, average);
  for (bool moves = true; moves && t < idle.count;) {
    M same = hn::FirstN(D(), static_cast<size_t>(kLanes));
    for (const int64_t end = HWY_MIN(t + kLook, idle.count); t < end; ++t) {
      for (int j = 0; j < kN; ++j) {
        const Element before = e[j];
        e[j].coast(first);
        const M kept = hn::And(hn::Eq(before.m, e[j].m), hn::Eq(before.v, e[j].v));
        same = t + 1 == end ? hn::And(same, kept) : same;
      }
    }
    moves = !hn::AllTrue(D(), same);
  }
  for (int j = 0; j < kN; ++j) {
    const int64_t i = at + j * kLanes;
    part.store(e[j].p, table.parameter + i);
    part.store(e[j].m, table.moment1 + i);
    part.store(e[j].v, table.moment2 + i);
    if constexpr (kAverage) part.store(average[j], table.average + i);
  }
}

/// All vectors of one row.
template <bool kMayRest, bool kAverage>
void idle_row(const IdleSteps& idle, const AdamTable& row) {
  constexpr int kGroup = kLanes >= 16 ? 4 : 2;
  int64_t at = 0;
  for (; at + kGroup * kLanes <= row.dim; at += kGroup * kLanes) {
    idle_vectors<kGroup, kMayRest, kAverage>(idle, at, Whole{}, row);
  }
  for (; at + kLanes <= row.dim; at += kLanes) {
    idle_vectors<1, kMayRest, kAverage>(idle, at, Whole{}, row);
  }
  if (at < row.dim) {
    const Part part{hn::FirstN(D(), static_cast<size_t>(row.dim - at))};
    idle_vectors<1, kMayRest, kAverage>(idle, at, part, row);
  }
}

}  // namespace

void adam_numbers(int64_t n, const AdamFactors& step, const float* grad, const AdamTable& table) {
  if (table.average) {
    step_row<true>(n, Factors(step), grad, table);
  } else {
    step_row<false>(n, Factors(step), grad, table);
  }
}

void adam_rows(int64_t count, const int32_t* rows, const AdamFactors& step, const float* grad,
               const AdamTable& table) {
  const Factors f(step);
  constexpr int64_t kLine = 16;  // floats
  for (int64_t i = 0; i < count; ++i) {
    const int64_t ahead = rows[HWY_MIN(i + kAhead, count - 1)] * table.dim;
    for (int64_t c = 0; c < table.dim; c += kLine) {
      hwy::Prefetch(table.parameter + ahead + c);
      hwy::Prefetch(table.moment1 + ahead + c);
      hwy::Prefetch(table.moment2 + ahead + c);
      if (table.average) hwy::Prefetch(table.average + ahead + c);
    }
    const AdamTable row = table.row(rows[i]);
    if (table.average) {
      step_row<true>(table.dim, f, grad + i * table.dim, row);
    } else {
      step_row<false>(table.dim, f, grad + i * table.dim, row);
    }
  }
}

void adam_idle(int64_t row, const IdleSteps& idle, const AdamTable& table) {
  if (idle.count <= 0) return;
  const AdamTable at = table.row(row);
  if (comes_to_rest(idle)) {
    at.average ? idle_row<true, true>(idle, at) : idle_row<true, false>(idle, at);
  } else {
    at.average ? idle_row<false, true>(idle, at) : idle_row<false, false>(idle, at);
  }
}

void adagrad_rows(std::span<const int32_t> rows, const AdagradStep& step, const float* grad,
                  const AdagradTable& table) {
  const int64_t dim = table.dim;
  const V l2 = all(step.l2);
  const V shrink = all(1 - step.decay);
  for (const int32_t number : rows) {
    float* row = table.parameter + number * dim;
    V squares = zero();
    for_each(dim, [&](int64_t c, auto part) HWY_ATTR {
      const V g = hn::MulAdd(l2, part.load(row + c), part.load(grad + c));
      squares = hn::MulAdd(g, g, squares);
    });
    float& sum = table.sums[number];
    sum += sum_of(squares) / static_cast<float>(dim);
    const float root = std::sqrt(sum) + step.epsilon;
    const V size = all(root > 0 ? -step.learning_rate / root : 0.0f);
    for_each(dim, [&](int64_t c, auto part) HWY_ATTR {
      const V p = part.load(row + c);
      const V g = hn::MulAdd(l2, p, part.load(grad + c));
      part.store(hn::MulAdd(size, g, hn::Mul(p, shrink)), row + c);
    });
    grad += dim;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace truenext::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace truenext::kernels {

HWY_EXPORT(adam_numbers);
HWY_EXPORT(adam_rows);
HWY_EXPORT(adam_idle);
HWY_EXPORT(adagrad_rows);

// Scalars are computed in double and rounded once, as in PyTorch.
AdamFactors adam_factors(const AdamStep& step) {
  AdamFactors f;
  f.keep1 = static_cast<float>(step.beta1);
  f.take1 = static_cast<float>(1 - step.beta1);
  f.keep2 = static_cast<float>(step.beta2);
  f.take2 = static_cast<float>(1 - step.beta2);
  const double root = std::sqrt(step.correction2);
  f.epsilon = static_cast<float>(step.epsilon * root);
  f.size = static_cast<float>(-step.learning_rate / step.correction1 * root);
  f.l2 = static_cast<float>(step.l2);
  f.shrink = static_cast<float>(1 - step.decay);
  return f;
}

float idle_ceiling(float ceiling, const AdamFactors& step) {
  if (step.shrink != 1) return std::numeric_limits<float>::infinity();
  return std::max(ceiling, std::abs(step.size));
}

void adam(int64_t n, const AdamStep& step, const float* grad, float* parameter, float* moment1,
          float* moment2) {
  adam(n, adam_factors(step), grad, {1, parameter, moment1, moment2});
}

void adam(int64_t n, const AdamFactors& step, const float* grad, const AdamTable& table) {
  HWY_DYNAMIC_DISPATCH(adam_numbers)(n, step, grad, table);
}

void adam_rows(int64_t count, const int32_t* rows, const AdamFactors& step, const float* grad,
               const AdamTable& table) {
  HWY_DYNAMIC_DISPATCH(adam_rows)(count, rows, step, grad, table);
}

void adam_idle(int64_t row, const IdleSteps& idle, const AdamTable& table) {
  HWY_DYNAMIC_DISPATCH(adam_idle)(row, idle, table);
}

void adagrad_rows(std::span<const int32_t> rows, const AdagradStep& step, const float* grad,
                  const AdagradTable& table) {
  HWY_DYNAMIC_DISPATCH(adagrad_rows)(rows, step, grad, table);
}

}  // namespace truenext::kernels
#endif  // HWY_ONCE
