# The plug-in for devices alone, for a library that is installed: `python -m truenext.build_device` configures
# so, from the sources that its package holds. They must be those of that library.
#   TRUENEXT_INSTALLED   its libtruenext.so, which the plug-in finds in the process that opens it
#   TRUENEXT_TORCH_DIR   as in Torch.cmake
if(NOT CMAKE_CXX_COMPILER)
  message(FATAL_ERROR "there is no C++ compiler: apt-get install g++")
endif()
find_package(fmt QUIET)
if(NOT fmt_FOUND)
  message(FATAL_ERROR "there is no library fmt with headers: apt-get install libfmt-dev")
endif()
add_library(truenext_core SHARED IMPORTED)
set_target_properties(truenext_core PROPERTIES
  IMPORTED_LOCATION ${TRUENEXT_INSTALLED}
  INTERFACE_INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/src
  INTERFACE_LINK_LIBRARIES fmt::fmt)
include(Torch)
add_subdirectory(src/torch)
# What the library lacks (it was built with another fmt, from other sources) is found now and not when it is opened.
target_link_options(truenext_devices PRIVATE "-Wl,-z,defs")
