// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sim {

/// An xs:dateTime with a time zone ("Z" or "+02:00"), fractions of a second dropped; nothing on any other
/// text.
std::optional<std::chrono::sys_seconds> parse_instant(std::string_view text);

/// The simulator's clock: the machine's, shifted as the configuration says.
struct SimClock {
  std::chrono::seconds shift{0};
  [[nodiscard]] std::chrono::sys_seconds now() const;
};

/// Empty when `text` is within 20 minutes of `now`, else why not.
std::string stale(std::string_view text, std::chrono::sys_seconds now);

/// As the HTTP header Date writes it.
std::string http_date(std::chrono::sys_seconds instant);

}  // namespace sim
