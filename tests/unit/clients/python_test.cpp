// SPDX-License-Identifier: Apache-2.0
// The Python example of the documentation, run as a user runs it.
#include <array>
#include <cstdio>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/clients/fake_daemon.h"

namespace insd::cli {
namespace {

using ::testing::HasSubstr;

struct Outcome {
  int status;
  std::string output;
};

Outcome first_call(const std::string& socket) {
  const std::string command = "INSD_SOCKET='" + socket +
                              "' PYTHONDONTWRITEBYTECODE=1 PYTHONPATH='" INSD_BUILD_DIR
                              "/python' /usr/bin/python3 '" INSD_SOURCE_DIR
                              "/clients/python/first_call.py' 2>&1";
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {-1, ""};
  std::string output;
  std::array<char, 512> buffer{};
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    output.append(buffer.data(), got);
  return {WEXITSTATUS(::pclose(pipe)), output};
}

TEST(PythonClient, ListsTheReaders) {
  test::FakeDaemon daemon;
  auto& reader = *daemon.readers.add_readers();
  reader.set_name("reader-a");
  reader.set_state(v1::READER_STATE_CARD_PRESENT);
  const Outcome run = first_call(daemon.target());
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("reader-a: READER_STATE_CARD_PRESENT"));
}

TEST(PythonClient, ReadsTheDetailOfAnError) {
  test::FakeDaemon daemon;
  auto detail = test::error_detail("PCSC_ABSENT");
  detail.set_retry(v1::RETRY_RULE_LATER);
  daemon.failure = test::status_with(detail);
  const Outcome run = first_call(daemon.target());
  EXPECT_EQ(run.status, 3);
  EXPECT_THAT(run.output, HasSubstr("PCSC_ABSENT: SUMMARY-OF-PCSC_ABSENT"));
  EXPECT_THAT(run.output, HasSubstr("RETRY_RULE_LATER"));
}

}  // namespace
}  // namespace insd::cli
