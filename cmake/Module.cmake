# One CMake target per module; `src/` is the include root, so a path tells the module.
#   upnext_module(NAME SOURCES a.cpp ... DEPENDS other modules and libraries ...)
function(upnext_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(upnext_${name} OBJECT ${ARG_SOURCES})
  target_include_directories(upnext_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(upnext_${name} PUBLIC ${ARG_DEPENDS} PRIVATE upnext_warnings)
endfunction()

#   upnext_test(NAME SOURCES a_test.cpp ... DEPENDS libraries ... LABELS labels ...)
# One googletest binary per module.
function(upnext_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LABELS" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name}_test PRIVATE ${ARG_DEPENDS} GTest::gtest_main upnext_warnings)
  target_compile_definitions(${name}_test PRIVATE
    UPNEXT_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    UPNEXT_SHARED_DATA="${PROJECT_SOURCE_DIR}/../shared/data")
  # Optimising test code costs a third of its compile time and speeds nothing up that matters.
  target_compile_options(${name}_test PRIVATE -O1)
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_test(NAME ${name} COMMAND ${name}_test)
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
endfunction()
