# LibTorch is whatever PyTorch the user has: a wheel's folder (TRUENEXT_TORCH_DIR) or, when that is
# empty, Debian's libtorch-dev. Without a word from the user it is what scripts/setup found last
# (.torch/current). find_package(Torch) drags in global compiler flags and, for Debian, targets that
# are not installed, so only paths are taken from the installation.
#   truenext_torch           link this to get the headers (SYSTEM), libraries and run path
#   TRUENEXT_TORCH_VERSION   e.g. 1.13.1; also a compile definition (a string) of truenext_torch's users
set(torch_default "$ENV{TRUENEXT_TORCH_DIR}")
if(NOT torch_default AND EXISTS ${PROJECT_SOURCE_DIR}/.torch/current/include)
  file(REAL_PATH ${PROJECT_SOURCE_DIR}/.torch/current torch_default)
endif()
set(TRUENEXT_TORCH_DIR "${torch_default}" CACHE PATH
    "Folder with include/ and lib/ of LibTorch (a wheel's torch/); empty: Debian's libtorch-dev")

# The folder may change between two configurations of one build tree: never keep old findings.
foreach(name torch torch_cpu c10 torch_cuda c10_cuda)
  unset(TRUENEXT_LIB_${name} CACHE)
endforeach()

if(TRUENEXT_TORCH_DIR)
  file(REAL_PATH "${TRUENEXT_TORCH_DIR}" torch_root BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
  set(torch_hint PATHS ${torch_root}/lib NO_DEFAULT_PATH)
  set(torch_include ${torch_root}/include ${torch_root}/include/torch/csrc/api/include)
  set(torch_base_include ${torch_root}/include)
else()
  # /usr/include itself is searched anyway; naming it again would break #include_next.
  set(torch_hint)
  set(torch_include /usr/include/torch/csrc/api/include)
  set(torch_base_include /usr/include)
endif()

foreach(name torch torch_cpu c10)
  find_library(TRUENEXT_LIB_${name} ${name} ${torch_hint})
  if(NOT TRUENEXT_LIB_${name})
    message(FATAL_ERROR "lib${name}.so of LibTorch was not found in "
      "'${TRUENEXT_TORCH_DIR}' (empty: the system's folders). Run scripts/setup, or give "
      "-DTRUENEXT_TORCH_DIR=<folder of the torch package>, or build without training: "
      "-DTRUENEXT_TRAIN=OFF.")
  endif()
endforeach()
foreach(name torch_cuda c10_cuda)
  find_library(TRUENEXT_LIB_${name} ${name} ${torch_hint})
endforeach()

# Wheels before 2.7 use the C++ ABI from before GCC 5, which fits no other library we link.
file(STRINGS ${TRUENEXT_LIB_c10} torch_new_abi REGEX "NSt7__cxx11" LIMIT_COUNT 1)
if(NOT torch_new_abi)
  message(FATAL_ERROR "${TRUENEXT_LIB_c10} was built with _GLIBCXX_USE_CXX11_ABI=0; "
    "use a PyTorch wheel of 2.7 or newer, or Debian's libtorch-dev")
endif()

# Newer versions keep the numbers in headeronly/ and only include them from the old place.
foreach(file ${torch_base_include}/torch/headeronly/version.h
             ${torch_base_include}/torch/csrc/api/include/torch/version.h)
  if(EXISTS ${file} AND NOT torch_version_file)
    set(torch_version_file ${file})
  endif()
endforeach()
if(NOT torch_version_file)
  message(FATAL_ERROR "${torch_base_include} has no torch/version.h: not a LibTorch with headers")
endif()
set(TRUENEXT_TORCH_VERSION "")
file(STRINGS ${torch_version_file} torch_version_lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
foreach(part MAJOR MINOR PATCH)
  string(REGEX MATCH "TORCH_VERSION_${part} ([0-9]+)" unused "${torch_version_lines}")
  list(APPEND TRUENEXT_TORCH_VERSION ${CMAKE_MATCH_1})
endforeach()
list(JOIN TRUENEXT_TORCH_VERSION . TRUENEXT_TORCH_VERSION)
if(TRUENEXT_TORCH_VERSION VERSION_LESS 1.13)
  message(FATAL_ERROR "LibTorch ${TRUENEXT_TORCH_VERSION} is too old: 1.13 or newer is needed")
endif()

add_library(truenext_torch INTERFACE)
target_include_directories(truenext_torch SYSTEM INTERFACE ${torch_include})
target_compile_definitions(truenext_torch INTERFACE TRUENEXT_TORCH_VERSION="${TRUENEXT_TORCH_VERSION}")
target_link_libraries(truenext_torch INTERFACE ${TRUENEXT_LIB_torch} ${TRUENEXT_LIB_torch_cpu}
                                             ${TRUENEXT_LIB_c10})
if(TRUENEXT_LIB_torch_cuda)
  # The CUDA part registers itself and nobody refers to it by name, so the linker would drop it.
  target_link_libraries(truenext_torch INTERFACE
    "-Wl,--push-state,--no-as-needed,${TRUENEXT_LIB_torch_cuda},${TRUENEXT_LIB_c10_cuda},--pop-state")
  # Wheels find the libraries of CUDA itself by their own run path, which the linker may not follow.
  target_link_libraries(truenext_torch INTERFACE "-Wl,--allow-shlib-undefined")
  message(STATUS "LibTorch ${TRUENEXT_TORCH_VERSION} with CUDA: ${TRUENEXT_LIB_torch}")
else()
  message(STATUS "LibTorch ${TRUENEXT_TORCH_VERSION}: ${TRUENEXT_LIB_torch}")
endif()
if(TRUENEXT_TORCH_DIR)
  target_link_options(truenext_torch INTERFACE "-Wl,-rpath,${torch_root}/lib")
endif()
