// SPDX-License-Identifier: Apache-2.0
// Runs the kernel tests at the instruction set named by TRUENEXT_TEST_LEVEL ("AVX3", "AVX2",
// "plain"); unset = the best of this machine. A level that the machine lacks is skipped.
#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cstdlib>
#include <string>

#include "kernels/kernels.h"

namespace truenext::kernels {
namespace {

class InstructionLevel : public ::testing::Environment {
 public:
  void SetUp() override {
    const char* level = std::getenv("TRUENEXT_TEST_LEVEL");
    if (!level) return;
    const std::string name = level;
    const int64_t target = name == "AVX3" ? HWY_AVX3 : name == "AVX2" ? HWY_AVX2 : HWY_SCALAR;
    if (target != HWY_SCALAR && (hwy::SupportedTargets() & target) == 0) {
      GTEST_SKIP() << "this processor has no " << name;
    }
    hwy::SetSupportedTargetsForTest(target);
    ASSERT_STREQ(instruction_set(), hwy::TargetName(target));
  }
};

const auto* const kLevel = ::testing::AddGlobalTestEnvironment(new InstructionLevel);

}  // namespace
}  // namespace truenext::kernels
