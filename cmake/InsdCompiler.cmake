# SPDX-License-Identifier: Apache-2.0
# Language level, warnings, sanitizers and ccache, for the whole tree.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(INSD_SANITIZE "" CACHE STRING "Sanitizers, as given to -fsanitize= (empty: none)")

find_program(INSD_CCACHE ccache)
if(INSD_CCACHE)
  # The base directory lets two checkouts of one tree share the cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${INSD_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()
find_program(INSD_MOLD mold)
if(INSD_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Everything of ours is included by its path from the root: "drivers/pcsc/context.h".
include_directories(${PROJECT_SOURCE_DIR})
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_HAS_CO_AWAIT)

# Own code only: generated code links no insd_warnings.
add_library(insd_warnings INTERFACE)
target_compile_options(insd_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
# GCC 12 with the optimiser on sees faults inside libstdc++ that are not there (its bugs 105329, 105651, 105562)
# and in the frames of coroutines.
target_compile_options(insd_warnings INTERFACE
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<CONFIG:Debug>>>:-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread;-Wno-restrict;-Wno-maybe-uninitialized;-Wno-mismatched-new-delete>)

if(INSD_SANITIZE)
  add_compile_options(-fsanitize=${INSD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${INSD_SANITIZE})
  target_compile_options(insd_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)
  if(INSD_SANITIZE STREQUAL "thread")
    # Boost.Asio uses fences, which ThreadSanitizer does not see; the locks beside them it does.
    target_compile_options(insd_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
    # GCC 12's ThreadSanitizer cannot start where the machine randomises more than 28 bits of an address.
    execute_process(COMMAND setarch -R true RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
    if(refused EQUAL 0)
      set(CMAKE_CROSSCOMPILING_EMULATOR setarch -R)
    endif()
  endif()
else()
  add_compile_options(-fstack-protector-strong)
  add_compile_definitions($<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
endif()

# insd_library(name SOURCES a.cpp ... LINK x ...): a static library of ours, with the warnings on.
function(insd_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC ${arg_LINK} PRIVATE insd_warnings)
endfunction()
