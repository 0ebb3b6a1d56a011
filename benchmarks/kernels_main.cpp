// SPDX-License-Identifier: Apache-2.0
// Speed of the kernels on one core at the sizes that training and serving use, each beside its
// plain twin. CPU time; run with
//   kernels_bench --benchmark_filter=gemm --benchmark_repetitions=5
// TRUENEXT_BENCH_LEVEL=AVX2 lowers the instruction set.
#include <hwy/targets.h>

#include <cstdlib>

#include "kernels_bench.h"

int main(int argc, char** argv) {
  const char* level = std::getenv("TRUENEXT_BENCH_LEVEL");
  if (level && std::string(level) == "AVX2") hwy::SetSupportedTargetsForTest(HWY_AVX2);
  benchmark::AddCustomContext("instruction_set", truenext::kernels::instruction_set());
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
