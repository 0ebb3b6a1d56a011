// SPDX-License-Identifier: Apache-2.0
#include "net/scoring.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "kernels/overloads.h"
#include "net/tensors.h"

namespace truenext {

std::string Scoring::text() const {
  if (cosine) return fmt::format("cosine / {}{}", temperature, learned ? ", learned" : "");
  return bias ? "inner product and a bias" : "inner product";
}

Scoring scoring_of(const ModelOptions& options) {
  Scoring scoring;
  scoring.cosine = options.similarity == Similarity::cosine;
  if (scoring.cosine) {
    scoring.temperature = options.temperature;
    scoring.learned = options.learned_temperature;
  }
  scoring.bias = options.output_bias;
  scoring.vector_width = options.hidden_size;
  return scoring;
}

void check_scoring(const ModelOptions& options) {
  if (options.similarity != Similarity::cosine) return;
  check_usage(
      !options.output_bias,
      "model.similarity = \"cosine\" with model.output_bias = true: a cosine leaves out how "
      "long a vector is so that no item scores more for itself, and a bias would put that "
      "back; set model.output_bias=false, or model.similarity=product");
  check_usage(!options.padding_class,
              "model.similarity = \"cosine\" with model.padding_class = true: the class of padding "
              "is CSRec's, whose scores are products; set model.padding_class=false, or "
              "model.similarity=product");
}

net::Rows score_states(net::Ops& ops, net::Rows states, const Scoring& scoring) {
  if (scoring.cosine) {
    const net::Rows units =
        ops.scale(ops.unit_rows(states, kSmallestLength), 1 / scoring.temperature);
    return scoring.learned ? ops.multiply(units, ops.parameter(kScoreGain)) : units;
  }
  if (!scoring.bias) return states;
  const net::Rows one = ops.scale(ops.columns(states, 0, 1), 0, 1);
  return ops.beside(std::array{states, one});
}

namespace {

template <typename T>
T length_of(int64_t width, const T* row) {
  return std::sqrt(kernels::dot(width, row, row));
}

}  // namespace

template <typename T>
void make_unit(int64_t width, T* row) {
  const T length = std::max(length_of(width, row), static_cast<T>(kSmallestLength));
  kernels::scale(width, T(1) / length, row);
}

template <typename T>
void make_unit_backward(int64_t width, const T* vector, T* gradient) {
  const T length = length_of(width, vector);
  const T least = static_cast<T>(kSmallestLength);
  // Of (g - u <u, g>) / |v| with the unit vector u = v / |v|.
  const T inverse = T(1) / std::max(length, least);
  const T along = kernels::dot(width, vector, gradient) * inverse * inverse;
  if (length > least) kernels::axpy(width, -along, vector, gradient);
  kernels::scale(width, inverse, gradient);
}

template void make_unit(int64_t, float*);
template void make_unit(int64_t, double*);
template void make_unit_backward(int64_t, const float*, float*);
template void make_unit_backward(int64_t, const double*, double*);

}  // namespace truenext
