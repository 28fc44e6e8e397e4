// SPDX-License-Identifier: Apache-2.0
#include "drivers/vitale/pointers.h"

#include <algorithm>

#include "drivers/base/error.h"
#include "drivers/iso7816/tlv.h"
#include "drivers/vitale/files.h"

namespace insd::vitale {
namespace {

// An application: reference (2), unknown (2), name. A file: name (8), reference of its application (2),
// identifier (2), possibly more.
constexpr std::size_t kReference = 2;
constexpr std::size_t kApplicationHead = 4;
constexpr std::size_t kFileName = 8;
constexpr std::size_t kFileEntry = kFileName + kReference + 2;
constexpr std::size_t kShortestName = 5;
constexpr std::size_t kLongestName = 16;

struct Application {
  ByteView reference, name;
};

std::vector<Application> applications(const std::vector<iso7816::Tlv>& level) {
  std::vector<Application> found;
  const auto list = iso7816::find_tlv(level, tag::kApplications);
  if (!list) return found;
  for (const iso7816::Tlv& entry : iso7816::parse_tlv(*list)) {
    if (entry.tag != tag::kApplication) continue;
    if (entry.value.size() < kApplicationHead + kShortestName ||
        entry.value.size() > kApplicationHead + kLongestName) {
      throw Error(Code::CARD_DATA_INVALID, "pointer file: an application of a length that none has");
    }
    found.push_back({entry.value.first(kReference), entry.value.subspan(kApplicationHead)});
  }
  return found;
}

}  // namespace

std::vector<PointedFile> decode_pointers(ByteView file) {
  std::vector<PointedFile> files;
  const auto pointers = iso7816::find_tlv(iso7816::parse_tlv(file), tag::kPointers);
  if (!pointers) return files;
  const auto level = iso7816::parse_tlv(*pointers);
  const auto known = applications(level);
  for (const iso7816::Tlv& entry : level) {
    if (entry.tag != tag::kFile || files.size() == kMaxPointedFiles) continue;
    if (entry.value.size() < kFileEntry) {
      throw Error(Code::CARD_DATA_INVALID, "pointer file: a file entry cut short");
    }
    const ByteView reference = entry.value.subspan(kFileName, kReference);
    const auto of = std::ranges::find_if(known, [&](const Application& application) {
      return std::ranges::equal(application.reference, reference);
    });
    if (of == known.end()) continue;
    files.push_back({of->name, {entry.value[kFileEntry - 2], entry.value[kFileEntry - 1]}});
  }
  return files;
}

}  // namespace insd::vitale
