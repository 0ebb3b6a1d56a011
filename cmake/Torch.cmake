# LibTorch of the user's PyTorch, 2.7 or newer: TRUENEXT_TORCH_DIR is the folder of its torch package.
# Without a word it is what `scripts/setup --with-torch` found last (.torch/current).
# find_package(Torch) drags in compiler flags for the whole tree, so only paths are taken from there.
#   truenext_torch           link this to get the headers (SYSTEM), libraries and run path
#   TRUENEXT_TORCH_VERSION   e.g. 2.13.0; also a compile definition (a string) of truenext_torch's users
#   TRUENEXT_LIB_torch_cuda  where this LibTorch has CUDA
set(torch_needed 2.7)
set(torch_default "$ENV{TRUENEXT_TORCH_DIR}")
if(NOT torch_default AND EXISTS ${PROJECT_SOURCE_DIR}/.torch/current/include)
  file(REAL_PATH ${PROJECT_SOURCE_DIR}/.torch/current torch_default)
endif()
set(TRUENEXT_TORCH_DIR "${torch_default}" CACHE PATH "Folder of PyTorch's torch package")
set(torch_advice "Run `scripts/setup --with-torch`, give -DTRUENEXT_TORCH_DIR=<the torch folder of a "
                 "PyTorch ${torch_needed} or newer>, or build without devices: -DTRUENEXT_TORCH=OFF.")
list(JOIN torch_advice "" torch_advice)
if(NOT TRUENEXT_TORCH_DIR)
  message(FATAL_ERROR "TRUENEXT_TORCH is ON but no PyTorch is known. ${torch_advice}")
endif()
file(REAL_PATH "${TRUENEXT_TORCH_DIR}" torch_root BASE_DIRECTORY ${PROJECT_SOURCE_DIR})

# The folder may change between two configurations of one build tree: never keep old findings.
foreach(name torch torch_cpu c10 torch_cuda c10_cuda)
  unset(TRUENEXT_LIB_${name} CACHE)
  find_library(TRUENEXT_LIB_${name} ${name} PATHS ${torch_root}/lib NO_DEFAULT_PATH)
endforeach()
foreach(name torch torch_cpu c10)
  if(NOT TRUENEXT_LIB_${name})
    message(FATAL_ERROR "There is no lib${name}.so in ${torch_root}/lib. ${torch_advice}")
  endif()
endforeach()

# Newer versions keep the numbers in headeronly/ and only include them from the old place.
set(torch_version_lines "")
foreach(folder headeronly csrc/api/include/torch)
  if(NOT torch_version_lines AND EXISTS ${torch_root}/include/torch/${folder}/version.h)
    file(STRINGS ${torch_root}/include/torch/${folder}/version.h torch_version_lines
         REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  endif()
endforeach()
set(TRUENEXT_TORCH_VERSION "")
foreach(part MAJOR MINOR PATCH)
  string(REGEX MATCH "TORCH_VERSION_${part} ([0-9]+)" unused "${torch_version_lines}")
  list(APPEND TRUENEXT_TORCH_VERSION ${CMAKE_MATCH_1})
endforeach()
list(JOIN TRUENEXT_TORCH_VERSION . TRUENEXT_TORCH_VERSION)
if(NOT TRUENEXT_TORCH_VERSION VERSION_GREATER_EQUAL ${torch_needed})
  message(FATAL_ERROR "The LibTorch in ${torch_root} is ${TRUENEXT_TORCH_VERSION}, too old or "
    "without headers: PyTorch ${torch_needed} or newer is needed. ${torch_advice}")
endif()

add_library(truenext_torch INTERFACE)
target_include_directories(truenext_torch SYSTEM INTERFACE
  ${torch_root}/include ${torch_root}/include/torch/csrc/api/include)
target_compile_definitions(truenext_torch INTERFACE TRUENEXT_TORCH_VERSION="${TRUENEXT_TORCH_VERSION}")
target_link_libraries(truenext_torch INTERFACE ${TRUENEXT_LIB_torch} ${TRUENEXT_LIB_torch_cpu}
                                             ${TRUENEXT_LIB_c10})
target_link_options(truenext_torch INTERFACE "-Wl,-rpath,${torch_root}/lib")
# Wheels carry another fmt in their include folder; ours must be found first, because that is the
# one we link.
set(first ${PROJECT_BINARY_DIR}/include-first)
file(MAKE_DIRECTORY ${first})
get_target_property(fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
file(CREATE_LINK ${fmt_include}/fmt ${first}/fmt SYMBOLIC)
target_include_directories(truenext_torch SYSTEM BEFORE INTERFACE ${first})
if(TRUENEXT_LIB_torch_cuda)
  # The CUDA part registers itself and nobody refers to it by name, so the linker would drop it.
  target_link_libraries(truenext_torch INTERFACE
    "-Wl,--push-state,--no-as-needed,${TRUENEXT_LIB_torch_cuda},${TRUENEXT_LIB_c10_cuda},--pop-state")
  # Wheels find the libraries of CUDA itself by their own run path, which the linker may not follow.
  target_link_libraries(truenext_torch INTERFACE "-Wl,--allow-shlib-undefined")
  message(STATUS "LibTorch ${TRUENEXT_TORCH_VERSION} with CUDA: ${torch_root}")
else()
  message(STATUS "LibTorch ${TRUENEXT_TORCH_VERSION}: ${torch_root}")
endif()
