# A file added is a file built: modules and test programs are the .cpp files of their folders.

#   truenext_module(NAME [COLD] [SOURCES generated files ...] [DEPENDS other modules and libraries ...])
# COLD: nobody waits for what it does; -O1 takes a third off the time of compiling.
# Everything in src/NAME. `src/` is the include root, so a path tells the module.
function(truenext_module name)
  cmake_parse_arguments(ARG "COLD" "" "SOURCES;DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  add_library(truenext_${name} OBJECT ${sources} ${ARG_SOURCES})
  target_include_directories(truenext_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(truenext_${name} PUBLIC ${ARG_DEPENDS} PRIVATE truenext_warnings)
  if(ARG_COLD)
    target_compile_options(truenext_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  truenext_group(truenext_${name} ${sources})
  if(name STREQUAL base)
    truenext_precompile(truenext_base <fmt/format.h>)
  else()
    truenext_precompile(truenext_${name} REUSE_FROM truenext_base)
  endif()
endfunction()

# Files are compiled in groups of eight: most of the time of one goes into what all of them include and
# into the same templates of the JSON library. Alone stay files that define the same names by design
# (the entries of a list: readers, networks, criteria), files that are one class in several, and the
# kernels, which include themselves again for every instruction level.
option(TRUENEXT_UNITY "Compile the files of a module in groups; OFF for who edits them" ON)

function(truenext_group target)
  if(NOT TRUENEXT_UNITY OR target MATCHES "_(kernels|net|objectives)$")
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  set(alone ${ARGN})
  list(FILTER alone INCLUDE REGEX "/readers/")
  set_source_files_properties(${alone} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

#   truenext_tests(FOLDER [DEPENDS libraries ...] [LABEL label])
# The googletest programs of tests/FOLDER. The end of a file's name says where it belongs:
#   *_data_test.cpp, *_e2e_test.cpp, *_slow_test.cpp   FOLDER_data_test ... with label data, e2e, slow
#   every other *_test.cpp                             FOLDER_test with label unit, or the given LABEL
# Files of other names are taken by the CMakeLists.txt of the folder, which only exceptions need.
function(truenext_tests folder)
  cmake_parse_arguments(ARG "" "LABEL" "DEPENDS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  set(where ${PROJECT_SOURCE_DIR}/tests/${folder})
  file(GLOB_RECURSE plain CONFIGURE_DEPENDS ${where}/*_test.cpp)
  foreach(label data e2e slow)
    set(labelled ${plain})
    list(FILTER labelled INCLUDE REGEX "_${label}_test\\.cpp$")
    list(FILTER plain EXCLUDE REGEX "_${label}_test\\.cpp$")
    truenext_test_program(${folder}_${label} ${label} "${labelled}" "${ARG_DEPENDS}")
  endforeach()
  truenext_test_program(${folder} ${ARG_LABEL} "${plain}" "${ARG_DEPENDS}")
  if(EXISTS ${where}/CMakeLists.txt)
    add_subdirectory(${where})
  endif()
endfunction()

function(truenext_test_program name label sources depends)
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE ${depends} truenext_testing)
  if(name STREQUAL torch)
    truenext_precompile(torch_test ${precompiled_tests} ${precompiled_torch})
  elseif(name STREQUAL base)
    truenext_precompile(base_test ${precompiled_tests})
  else()
    truenext_precompile(${name}_test REUSE_FROM base_test)
  endif()
  if(label STREQUAL e2e)  # starts the command
    target_compile_definitions(${name}_test PRIVATE TRUENEXT_PROGRAM="$<TARGET_FILE:truenext>")
    add_dependencies(${name}_test truenext)
  endif()
  add_test(NAME ${name} COMMAND ${name}_test)
  set_tests_properties(${name} PROPERTIES LABELS ${label})
  # `cmake --build build --target tests_unit` builds the programs of a label.
  if(NOT TARGET tests_${label})
    add_custom_target(tests_${label})
  endif()
  add_dependencies(tests_${label} ${name}_test)
endfunction()
