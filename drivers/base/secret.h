// SPDX-License-Identifier: Apache-2.0
// Memory for a PIN (the PIN law, rule 5): locked, never copied, wiped when it ends.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "drivers/base/bytes.h"

namespace insd {

/// A secret of at most kCapacity bytes. Its page is locked in memory where the system allows it and left out
/// of core dumps; the bytes are wiped on destruction and on move. It has no operator<< and no conversion to
/// string.
class SecretString {
 public:
  static constexpr std::size_t kCapacity = 256;

  SecretString() = default;
  /// Copies `text`, which stays the caller's to wipe. Throws Error(PIN_MALFORMED) above kCapacity.
  explicit SecretString(std::string_view text);
  SecretString(SecretString&& other) noexcept = default;
  SecretString& operator=(SecretString&& other) noexcept = default;
  SecretString(const SecretString&) = delete;
  SecretString& operator=(const SecretString&) = delete;
  ~SecretString() = default;

  [[nodiscard]] std::string_view view() const;
  [[nodiscard]] ByteView bytes() const { return as_bytes(view()); }
  [[nodiscard]] std::size_t size() const { return view().size(); }
  [[nodiscard]] bool empty() const { return size() == 0; }

 private:
  struct Page;
  struct PageDeleter {
    void operator()(Page* page) const;
  };
  std::unique_ptr<Page, PageDeleter> page_;
};

/// Overwrites memory in a way the compiler keeps.
void wipe(void* memory, std::size_t size);

}  // namespace insd
