# Open MPI lets mpirun start several processes that train one model (docs/scaling.md). Its C interface
# comes with a pkg-config file; CMake's own module would want the C language or the C++ bindings.
#   TRUENEXT_MPI_FOUND            whether training is built with it
#   PkgConfig::TRUENEXT_OPENMPI   headers and library
set(TRUENEXT_MPI_FOUND FALSE)
if(TRUENEXT_MPI STREQUAL "ON")
  pkg_check_modules(TRUENEXT_OPENMPI REQUIRED IMPORTED_TARGET ompi-c)
  set(TRUENEXT_MPI_FOUND TRUE)
elseif(TRUENEXT_MPI STREQUAL "AUTO")
  pkg_check_modules(TRUENEXT_OPENMPI QUIET IMPORTED_TARGET ompi-c)
  set(TRUENEXT_MPI_FOUND ${TRUENEXT_OPENMPI_FOUND})
endif()
if(TRUENEXT_MPI_FOUND)
  message(STATUS "Open MPI ${TRUENEXT_OPENMPI_VERSION}: mpirun can train in several processes")
else()
  message(STATUS "No Open MPI (TRUENEXT_MPI=${TRUENEXT_MPI}): training in one process")
endif()
