# Warnings, sanitizers and the compiler cache, for our own targets only.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# Tests convert freely between short numbers; the rest says so where it does. Clang's -Wconversion means
# more (signs too).
add_library(truenext_test_warnings INTERFACE)
target_compile_options(truenext_test_warnings INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor
                                                      -Woverloaded-virtual)
add_library(truenext_warnings INTERFACE)
target_link_libraries(truenext_warnings INTERFACE truenext_test_warnings)
target_compile_options(truenext_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wconversion>)
if(TRUENEXT_WERROR)
  target_compile_options(truenext_test_warnings INTERFACE -Werror)
endif()

if(TRUENEXT_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR NOT TRUENEXT_SANITIZE)
    message(FATAL_ERROR "TRUENEXT_FUZZ needs clang and TRUENEXT_SANITIZE: cmake --preset asan -DTRUENEXT_FUZZ=ON")
  endif()
  # Counts which code an input reaches; costs little in programs that are no fuzzers.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(TRUENEXT_SANITIZE)
  add_compile_options(-fsanitize=${TRUENEXT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TRUENEXT_SANITIZE})
  if(TRUENEXT_SANITIZE MATCHES undefined)
    # Checks of every pointer double the time that clang needs; the address sanitizer sees most of what
    # comes of a wrong one.
    add_compile_options(-fno-sanitize=null,alignment,object-size,pointer-overflow)
  endif()
endif()
