// SPDX-License-Identifier: Apache-2.0
// A file descriptor with its owner. The clients' own: they link nothing of drivers/.
#pragma once

#include <unistd.h>

namespace insd::cli {

/// A negative one is none.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }

 private:
  int number_;
};

}  // namespace insd::cli
