// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "base/resources.h"
#include "cli/bench.h"
#include "kernels/kernels.h"

namespace truenext::cli {
namespace {

struct Shape {
  int64_t m, n, k;
};
// The usual yardstick, a projection of a tile, and scores over a catalogue.
constexpr Shape kShapes[] = {{1024, 1024, 1024}, {512, 128, 128}, {256, 3416, 128}};
constexpr double kSampleSeconds = 0.01;  // long enough for the clock
constexpr int kSamples = 8;

double gflops_of(const Shape& shape) {
  const std::vector<float> a(static_cast<size_t>(shape.m * shape.k), 0.5f);
  const std::vector<float> b(static_cast<size_t>(shape.n * shape.k), 0.25f);
  std::vector<float> c(static_cast<size_t>(shape.m * shape.n));
  const double flop = 2.0 * static_cast<double>(shape.m) * static_cast<double>(shape.n * shape.k);
  double best = 0;
  for (int sample = 0; sample < kSamples; ++sample) {
    double seconds = 0, done = 0;
    const double begin = process_cpu_seconds();
    while (seconds < kSampleSeconds) {
      kernels::gemm_nt(shape.m, shape.n, shape.k, a.data(), shape.k, b.data(), shape.k, c.data(),
                       shape.n, false);
      done += flop;
      seconds = process_cpu_seconds() - begin;
    }
    best = std::max(best, 1e-9 * done / seconds);
  }
  return best;
}

}  // namespace

double sgemm_peak() {
  double best = 0;
  for (const Shape& shape : kShapes) best = std::max(best, gflops_of(shape));
  return best;
}

}  // namespace truenext::cli
