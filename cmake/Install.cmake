# `cmake --install build --prefix P`: the command, the library beside which the command and others
# find its plug-ins, the headers, and a CMake package with the target truenext::truenext. Everything
# finds everything relative to itself, so the prefix may be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Before 1.0 every minor version may break the interface of the library.
set_target_properties(truenext_core PROPERTIES
  EXPORT_NAME truenext VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_include_directories(truenext_core INTERFACE
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/truenext>)
target_compile_features(truenext_core INTERFACE cxx_std_20)
file(RELATIVE_PATH to_libraries /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
set_target_properties(truenext PROPERTIES INSTALL_RPATH "$ORIGIN/${to_libraries}")
install(TARGETS truenext RUNTIME)
install(TARGETS truenext_core EXPORT TruenextTargets LIBRARY)
set_target_properties(truenext_c PROPERTIES INSTALL_RPATH "$ORIGIN")
install(TARGETS truenext_c LIBRARY)
install(FILES include/truenext/truenext.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/truenext)
foreach(plugin truenext_mpi truenext_devices truenext_serve)
  if(TARGET ${plugin})
    # It finds LibTorch where it was when this was built.
    set_target_properties(${plugin} PROPERTIES
      INSTALL_RPATH "$ORIGIN" INSTALL_RPATH_USE_LINK_PATH ON)
    install(TARGETS ${plugin} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} OPTIONAL)
  endif()
endforeach()

# Manual and completion are what the command says of itself, so they are written when it is there.
set(share ${PROJECT_BINARY_DIR}/share)
install(CODE "
foreach(shell bash zsh fish)
  execute_process(COMMAND \"$<TARGET_FILE:truenext>\" completion \${shell}
                  OUTPUT_FILE \"${share}/\${shell}\" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
execute_process(COMMAND \"$<TARGET_FILE:truenext>\" --quiet man --out \"${share}/man1\"
                COMMAND_ERROR_IS_FATAL ANY)")
file(MAKE_DIRECTORY ${share})
install(DIRECTORY ${share}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR})
install(FILES ${share}/bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME truenext)
install(FILES ${share}/zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _truenext)
install(FILES ${share}/fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
        RENAME truenext.fish)

# Headers of the library: not those of the command, of the plug-ins and of what is compiled once for
# every instruction set.
install(DIRECTORY src/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/truenext
  FILES_MATCHING PATTERN "*.h"
  PATTERN "*-inl.h" EXCLUDE PATTERN "cli" EXCLUDE PATTERN "c_api" EXCLUDE PATTERN "torch" EXCLUDE
  PATTERN "serve" EXCLUDE)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Truenext)
set(made ${PROJECT_BINARY_DIR}/package)
install(EXPORT TruenextTargets NAMESPACE truenext:: DESTINATION ${package})
file(CONFIGURE OUTPUT ${made}/TruenextConfig.cmake CONTENT [[
include(CMakeFindDependencyMacro)
find_dependency(fmt)
include(${CMAKE_CURRENT_LIST_DIR}/TruenextTargets.cmake)
]] @ONLY)
write_basic_package_version_file(${made}/TruenextConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${made}/TruenextConfig.cmake ${made}/TruenextConfigVersion.cmake DESTINATION ${package})

# libtruenext_c: find_package(TruenextC) with the target truenext::truenext_c, and pkg-config. Written by hand, not
# exported: who links it needs nothing of what C++ needs. Later versions only add to the interface.
set(package_c ${CMAKE_INSTALL_LIBDIR}/cmake/TruenextC)
file(RELATIVE_PATH from_package /${package_c} /)
file(RELATIVE_PATH from_pkgconfig /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
file(CONFIGURE OUTPUT ${made}/TruenextCConfig.cmake @ONLY CONTENT [[
if(NOT TARGET truenext::truenext_c)
  get_filename_component(truenext_prefix "${CMAKE_CURRENT_LIST_DIR}/@from_package@" ABSOLUTE)
  add_library(truenext::truenext_c SHARED IMPORTED)
  set_target_properties(truenext::truenext_c PROPERTIES
    IMPORTED_LOCATION "${truenext_prefix}/@CMAKE_INSTALL_LIBDIR@/libtruenext_c.so.1"
    IMPORTED_SONAME libtruenext_c.so.1
    INTERFACE_INCLUDE_DIRECTORIES "${truenext_prefix}/@CMAKE_INSTALL_INCLUDEDIR@")
  unset(truenext_prefix)
endif()
]])
write_basic_package_version_file(${made}/TruenextCConfigVersion.cmake VERSION ${PROJECT_VERSION}
                                 COMPATIBILITY AnyNewerVersion)
install(FILES ${made}/TruenextCConfig.cmake ${made}/TruenextCConfigVersion.cmake DESTINATION ${package_c})
file(CONFIGURE OUTPUT ${made}/truenext_c.pc @ONLY CONTENT [[
prefix=${pcfiledir}/@from_pkgconfig@
includedir=${prefix}/@CMAKE_INSTALL_INCLUDEDIR@
libdir=${prefix}/@CMAKE_INSTALL_LIBDIR@

Name: truenext_c
Description: Next-item recommenders, for C and other languages
Version: @PROJECT_VERSION@
Cflags: -I${includedir}
Libs: -L${libdir} -ltruenext_c
]])
install(FILES ${made}/truenext_c.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# What a wheel holds of it (pyproject.toml), below the folder of the package: libraries and the command.
if(SKBUILD)
  set_target_properties(truenext PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
  # A wheel knows no links, and would hold every library once for each of its names.
  set_target_properties(truenext_core PROPERTIES
    VERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  set_target_properties(truenext_c PROPERTIES VERSION 1)
  install(TARGETS truenext RUNTIME DESTINATION bin COMPONENT python)
  install(TARGETS truenext_core truenext_c LIBRARY DESTINATION lib COMPONENT python
          NAMELINK_COMPONENT python_links)
  # What `python -m truenext.build_device` builds the plug-in from (Device.cmake).
  install(FILES CMakeLists.txt DESTINATION device COMPONENT python)
  install(DIRECTORY cmake DESTINATION device COMPONENT python)
  install(DIRECTORY src/torch DESTINATION device/src COMPONENT python)
  install(DIRECTORY src/ DESTINATION device/src COMPONENT python
    FILES_MATCHING PATTERN "*.h" PATTERN "*-inl.h" EXCLUDE PATTERN "cli" EXCLUDE PATTERN "c_api" EXCLUDE
    PATTERN "serve" EXCLUDE)
endif()
