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
foreach(plugin truenext_mpi truenext_devices)
  if(TARGET ${plugin})
    # It finds LibTorch where it was when this was built.
    set_target_properties(${plugin} PROPERTIES
      INSTALL_RPATH "$ORIGIN" INSTALL_RPATH_USE_LINK_PATH ON)
    install(TARGETS ${plugin} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
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
  PATTERN "*-inl.h" EXCLUDE PATTERN "cli" EXCLUDE PATTERN "torch" EXCLUDE)

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
