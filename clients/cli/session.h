// SPDX-License-Identifier: Apache-2.0
// One run of insctl: what the process gives it, and what the commands share.
#pragma once

#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <string>

#include "clients/cli/client.h"
#include "clients/cli/lease_file.h"
#include "clients/cli/options.h"
#include "clients/cli/words.h"

namespace insd::cli {

/// What the process gives: passed in, so that tests can be a process.
struct Surroundings {
  std::ostream& out;         ///< results
  std::ostream& err;         ///< progress, questions, errors
  int input = 0;             ///< descriptor that answers are read from
  bool interactive = false;  ///< `input` is a terminal and a person can see `err`
  std::function<const char*(const char*)> environment;
};

struct Session {
  const Options& options;
  Surroundings& io;
  Language language;
  Client client;
  LeaseFile lease_file;

  [[nodiscard]] std::string say(Word word, std::initializer_list<std::string_view> arguments = {}) const {
    return cli::say(language, word, arguments);
  }
  [[nodiscard]] std::string term(std::string_view code) const { return cli::term(language, code); }
};

/// One line from `descriptor` without its end, at most 256 bytes; empty at the end of input. Not for secrets.
std::string read_line(int descriptor);

}  // namespace insd::cli
