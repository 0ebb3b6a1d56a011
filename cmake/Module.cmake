# One CMake target per module; `src/` is the include root, so a path tells the module.
#   truenext_module(NAME SOURCES a.cpp ... DEPENDS other modules and libraries ...)
function(truenext_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(truenext_${name} OBJECT ${ARG_SOURCES})
  target_include_directories(truenext_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(truenext_${name} PUBLIC ${ARG_DEPENDS} PRIVATE truenext_warnings)
endfunction()

#   truenext_test(NAME SOURCES a_test.cpp ... DEPENDS libraries ... LABELS labels ...)
# One googletest binary per module.
function(truenext_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LABELS" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name}_test PRIVATE ${ARG_DEPENDS} GTest::gtest_main truenext_warnings)
  target_compile_definitions(${name}_test PRIVATE
    TRUENEXT_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    TRUENEXT_SHARED_DATA="${PROJECT_SOURCE_DIR}/../shared/data")
  # Optimising test code costs a third of its compile time and speeds nothing up that matters.
  target_compile_options(${name}_test PRIVATE -O1)
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_test(NAME ${name} COMMAND ${name}_test)
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
endfunction()
