// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <gtest/gtest.h>

#include "drivers/base/error.h"

namespace insd::test {

/// The Error that `action` throws, or nothing. For EXPECT_EQ(code_of([&] { ... }), Code::CARD_PROTOCOL).
template <typename Action>
std::optional<Error> error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

template <typename Action>
std::optional<Code> code_of(Action&& action) {
  const auto error = error_of(action);
  return error ? std::optional(error->code()) : std::nullopt;
}

}  // namespace insd::test

namespace insd {

/// How GoogleTest prints a code.
inline void PrintTo(Code code, std::ostream* out) {
  *out << catalogue_entry(code).name;
}

}  // namespace insd
