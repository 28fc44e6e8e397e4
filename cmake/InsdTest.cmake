# SPDX-License-Identifier: Apache-2.0
find_package(GTest REQUIRED)
include(GoogleTest)

# insd_test(name LABEL unit|system|hostile|long SOURCES a.cpp ... LINK x ... [ISOLATED] [TIMEOUT s])
# One GoogleTest program, each of its tests a CTest test. ISOLATED runs each test in namespaces of its own
# (tests/isolate), where a real pcscd may be started.
function(insd_test name)
  cmake_parse_arguments(arg "ISOLATED" "LABEL;TIMEOUT" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINK} GTest::gmock GTest::gtest_main insd_warnings)
  target_compile_definitions(${name} PRIVATE
    INSD_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" INSD_SOURCE_DIR="${PROJECT_SOURCE_DIR}" INSD_BUILD_DIR="${PROJECT_BINARY_DIR}")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(arg_ISOLATED)
    set_target_properties(${name} PROPERTIES CROSSCOMPILING_EMULATOR ${PROJECT_SOURCE_DIR}/tests/isolate)
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT})
endfunction()
