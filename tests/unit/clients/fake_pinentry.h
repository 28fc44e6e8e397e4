// SPDX-License-Identifier: Apache-2.0
// A pinentry program that says what a test tells it, and remembers what it was told.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/clients/fake_daemon.h"

namespace insd::cli::test {

class FakePinentry {
 public:
  /// What it answers to each command, lines between \n; expanded by the shell. `then` runs after the answer
  /// to GETPIN. `script`: this shell script instead of all that.
  struct Answers {
    std::string getpin = "ERR 83886179 cancelled", confirm = "ERR 83886179 cancelled", settitle = "OK",
                setdesc = "OK", then = ":", script = {};
  };
  explicit FakePinentry(const Answers& answers);

  [[nodiscard]] std::string path() const { return directory_.path() / "pinentry"; }
  /// The directory, as PATH.
  [[nodiscard]] std::string directory() const { return directory_.path(); }
  [[nodiscard]] std::vector<std::string> heard() const;

 private:
  void write(const std::string& script) const;

  PrivateDirectory directory_;
};

}  // namespace insd::cli::test
