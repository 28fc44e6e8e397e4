# SPDX-License-Identifier: Apache-2.0
find_package(GTest REQUIRED)
include(GoogleTest)

# insd_test(name LABEL unit|system|hostile|long SOURCES a.cpp ... LINK x ... [ISOLATED] [TIMEOUT s])
# One GoogleTest program. Of label system or long, each of its tests is a CTest test: they wait more than they compute,
# and run side by side; ISOLATED runs each in namespaces of its own (tests/isolate), where a real pcscd may be started.
# Else the program is one CTest test (a process costs more than most of its tests) and reports each in gtest/<name>.xml.
function(insd_test name)
  cmake_parse_arguments(arg "ISOLATED" "LABEL;TIMEOUT" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINK} GTest::gmock GTest::gtest_main insd_warnings)
  target_compile_definitions(${name} PRIVATE
    INSD_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" INSD_SOURCE_DIR="${PROJECT_SOURCE_DIR}" INSD_BUILD_DIR="${PROJECT_BINARY_DIR}")
  if(arg_ISOLATED)
    set_target_properties(${name} PROPERTIES CROSSCOMPILING_EMULATOR ${PROJECT_SOURCE_DIR}/tests/isolate)
  endif()
  if(arg_LABEL MATCHES "system|long")
    if(NOT arg_TIMEOUT)
      set(arg_TIMEOUT 60)
    endif()
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT})
    return()
  endif()
  # Read by CTest when it starts: a preset that builds some programs tests those.
  set(tests ${CMAKE_CURRENT_BINARY_DIR}/${name}_tests.cmake)
  file(GENERATE OUTPUT ${tests} CONTENT "if(EXISTS \"$<TARGET_FILE:${name}>\")
  add_test(${name} ${CMAKE_CROSSCOMPILING_EMULATOR} \"$<TARGET_FILE:${name}>\" --gtest_brief=1
    --gtest_output=xml:${PROJECT_BINARY_DIR}/gtest/${name}.xml)
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT 600)
endif()
")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${tests})
endfunction()
