# Warnings, sanitizers and the compiler cache, for our own targets only.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(upnext_warnings INTERFACE)
target_compile_options(upnext_warnings INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor
                                                 -Woverloaded-virtual)
if(UPNEXT_WERROR)
  target_compile_options(upnext_warnings INTERFACE -Werror)
endif()

if(UPNEXT_SANITIZE)
  add_compile_options(-fsanitize=${UPNEXT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${UPNEXT_SANITIZE})
endif()
