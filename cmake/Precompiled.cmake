# The headers that most files include are parsed once. Files still include what they use:
# tools/check_includes.py tells, and a build with TRUENEXT_PCH=OFF.
option(TRUENEXT_PCH "Parse the headers that most files include only once" ON)

# The compiler cache must be told that these files are ours and hold no time of day.
if(TRUENEXT_PCH AND CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE_PROGRAM})
endif()

set(precompiled_always <algorithm> <array> <cmath> <cstdint> <filesystem> <functional> <limits> <map>
    <memory> <numeric> <optional> <set> <span> <sstream> <string> <string_view> <utility> <vector>)
set(precompiled_tests <gtest/gtest.h> <nlohmann/json.hpp> <fmt/format.h>)
set(precompiled_torch <ATen/Functions.h> <ATen/TensorOperators.h> <ATen/core/Tensor.h>)

#   truenext_precompile(TARGET [headers ...])        the standard headers above, and these
#   truenext_precompile(TARGET REUSE_FROM OTHER)     what OTHER has; both are compiled alike
function(truenext_precompile target)
  if(NOT TRUENEXT_PCH)
    return()
  endif()
  if("${ARGV1}" STREQUAL REUSE_FROM)
    target_precompile_headers(${target} REUSE_FROM ${ARGV2})
  else()
    target_precompile_headers(${target} PRIVATE ${precompiled_always} ${ARGN})
  endif()
  # With it GCC's preprocessor says that a precompiled header was used, for the compiler cache.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endfunction()
