# Open MPI lets mpirun start several processes that train one model (docs/scaling.md). Its C interface
# comes with a pkg-config file; CMake's own module would want the C language or the C++ bindings.
#   UPNEXT_MPI_FOUND            whether the training library is built with it
#   PkgConfig::UPNEXT_OPENMPI   headers and library
set(UPNEXT_MPI_FOUND FALSE)
if(UPNEXT_MPI STREQUAL "ON")
  pkg_check_modules(UPNEXT_OPENMPI REQUIRED IMPORTED_TARGET ompi-c)
  set(UPNEXT_MPI_FOUND TRUE)
elseif(UPNEXT_MPI STREQUAL "AUTO")
  pkg_check_modules(UPNEXT_OPENMPI QUIET IMPORTED_TARGET ompi-c)
  set(UPNEXT_MPI_FOUND ${UPNEXT_OPENMPI_FOUND})
endif()
if(UPNEXT_MPI_FOUND)
  message(STATUS "Open MPI ${UPNEXT_OPENMPI_VERSION}: mpirun can train in several processes")
else()
  message(STATUS "No Open MPI (UPNEXT_MPI=${UPNEXT_MPI}): training in one process")
endif()
