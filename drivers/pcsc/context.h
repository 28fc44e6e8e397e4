// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "drivers/pcsc/pcsc_api.h"

namespace insd::pcsc {

/// One PC/SC context. The monitor and each reader worker have one of their own: a transmit on a context that
/// waits for events would wait with it (platform fact). Not thread safe, but cancel() may come from any
/// thread.
class Context {
 public:
  /// Throws PCSC_ABSENT, PCSC_REFUSED or PCSC_OUT_OF_CONTEXTS.
  explicit Context(const PcscApi& api);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  [[nodiscard]] SCARDCONTEXT handle() const { return handle_; }
  [[nodiscard]] const PcscApi& api() const { return api_; }

  /// Reader names as pcscd gives them; empty when there is none. Bounded to 64 readers.
  [[nodiscard]] std::vector<std::string> readers() const;

  /// Ends a blocked get_status_change; lost when none is blocked, so the caller repeats it.
  void cancel() const;

 private:
  const PcscApi& api_;
  SCARDCONTEXT handle_ = 0;
};

}  // namespace insd::pcsc
