// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/context.h"

#include <algorithm>
#include <string_view>

#include "drivers/pcsc/errors.h"

namespace insd::pcsc {
namespace {

constexpr std::size_t kMaxReaders = 64;
// Room for 64 of the longest names; a list that needs more than four times as much is not believed.
constexpr DWORD kListBytes = kMaxReaders * MAX_READERNAME;
constexpr DWORD kMaxListBytes = 4 * kListBytes;

// The names of a multi-string: each ends with a NUL, the list with an empty name or with its length. A name
// that comes twice is given once, because a call with that name can only reach one of the two.
std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty() && names.size() < kMaxReaders) {
    const std::string_view name = list.substr(0, list.find('\0'));
    if (name.empty()) break;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
    list.remove_prefix(std::min(list.size(), name.size() + 1));
  }
  return names;
}

}  // namespace

Context::Context(const PcscApi& api) : api_(api) {
  check(api_, api_.establish_context(&handle_), "SCardEstablishContext");
}

Context::~Context() {
  api_.release_context(handle_);
}

std::vector<std::string> Context::readers() const {
  std::string list(kListBytes, '\0');
  auto length = static_cast<DWORD>(list.size());
  LONG result = api_.list_readers(handle_, list.data(), &length);
  if (result == SCARD_E_INSUFFICIENT_BUFFER) {
    list.assign(kMaxListBytes, '\0');
    length = kMaxListBytes;
    result = api_.list_readers(handle_, list.data(), &length);
  }
  if (result == SCARD_E_NO_READERS_AVAILABLE) return {};
  check(api_, result, "SCardListReaders");
  return split(std::string_view(list).substr(0, length));
}

void Context::cancel() const {
  api_.cancel(handle_);
}

}  // namespace insd::pcsc
