// SPDX-License-Identifier: Apache-2.0
// One run of insctl inside the test: its streams as texts.
#pragma once

#include <array>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "clients/cli/run.h"

namespace insd::cli::test {

struct Ran {
  int status = 0;
  std::string out, err;
};

using Environment = std::function<const char*(const char*)>;

// With a descriptor of the caller's as standard input: a terminal, for instance.
inline Ran run_insctl_on(int input, const std::vector<std::string>& arguments, bool interactive,
                         Environment environment) {
  std::ostringstream out;
  std::ostringstream err;
  Surroundings io{.out = out,
                  .err = err,
                  .input = input,
                  .interactive = interactive,
                  .environment = std::move(environment)};
  Ran made;
  made.status = run(arguments, io);
  made.out = out.str();
  made.err = err.str();
  return made;
}

// With a text as standard input.
inline Ran run_insctl(const std::vector<std::string>& arguments, const std::string& input, bool interactive,
                      Environment environment) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  EXPECT_EQ(::write(ends[1], input.data(), input.size()), static_cast<ssize_t>(input.size()));
  ::close(ends[1]);
  auto made = run_insctl_on(ends[0], arguments, interactive, std::move(environment));
  ::close(ends[0]);
  return made;
}

}  // namespace insd::cli::test
