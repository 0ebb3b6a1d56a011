# A file added is a file built: modules and test programs are the .cpp files of their folders.

#   truenext_module(NAME [SOURCES generated files ...] [DEPENDS other modules and libraries ...])
# Everything in src/NAME. `src/` is the include root, so a path tells the module.
function(truenext_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  add_library(truenext_${name} OBJECT ${sources} ${ARG_SOURCES})
  target_include_directories(truenext_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(truenext_${name} PUBLIC ${ARG_DEPENDS} PRIVATE truenext_warnings)
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
