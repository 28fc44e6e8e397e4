// SPDX-License-Identifier: Apache-2.0
// The Vitale 2 as data: names, files, tags, bounds and the order of attempts (specs: vitale 2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "drivers/base/bytes.h"
#include "drivers/vitale/vitale.h"

namespace insd::vitale {

/// A SELECT, CLA 00, without Le: T=0 (specs: vitale 2.1).
struct Selection {
  const char* what;
  std::uint8_t p1;
  std::uint8_t p2;
  ByteView data;
};

namespace bytes {
inline constexpr std::uint8_t kMasterFile[] = {0x3F, 0x00};
inline constexpr std::uint8_t kVitaleName[] = {0xD2, 0x50, 0x00, 0x00, 0x02, 'V', 'I', 'T', 'A', 'L', 'E'};
inline constexpr std::uint8_t kFileD001[] = {0xD0, 0x01};
inline constexpr std::uint8_t kFilePointers[] = {0x20, 0x01};
}  // namespace bytes

inline constexpr Selection kSelectMasterFile{"SELECT MF", 0x00, 0x00, bytes::kMasterFile};
inline constexpr Selection kSelectVitale{"SELECT VITALE", 0x04, 0x00, bytes::kVitaleName};
inline constexpr Selection kSelectD001{"SELECT D001", 0x02, 0x00, bytes::kFileD001};
inline constexpr Selection kSelectPointers{"SELECT pointers", 0x02, 0x00, bytes::kFilePointers};

/// One way to reach the identity file from the MF: by short id, else by a SELECT first.
struct IdentityAttempt {
  IdentitySource source;
  std::optional<std::uint8_t> sfi;
  const Selection* selection;
};

/// The two published readers disagree (specs: vitale 2.6): both ways are tried, the cheaper one first. When
/// neither leads to a name, the pointer file of VITALE says which files there are.
inline constexpr IdentityAttempt kIdentityAttempts[] = {
    {IdentitySource::SFI_2, std::uint8_t{2}, nullptr},
    {IdentitySource::FILE_D001, std::nullopt, &kSelectD001},
};

/// The NIR file, under the VITALE application.
inline constexpr std::uint8_t kNirSfi = 2;

/// 19 people of at most some 200 bytes; a longer file is not what this driver knows.
inline constexpr std::size_t kMaxFileBytes = 4096;
/// A walk over the pointer file: no more files than this, and no more bytes of all of them together.
inline constexpr std::size_t kMaxPointedFiles = 32;
inline constexpr std::size_t kMaxWalkBytes = 16384;
inline constexpr std::size_t kMaxBeneficiaries = 19;  // specs: vitale 1.4
/// The longest text the official reading interface carries is far shorter.
inline constexpr std::size_t kMaxTextBytes = 128;
inline constexpr std::size_t kDateDigits = 8;
inline constexpr std::size_t kNirCharacters = 15;

namespace tag {
inline constexpr std::uint32_t kPerson = 0x65;
inline constexpr std::uint32_t kUsualName = 0x80;
inline constexpr std::uint32_t kGivenName = 0x81;
inline constexpr std::uint32_t kBirthDate = 0x82;
inline constexpr std::uint32_t kNationality = 0x90;
inline constexpr std::uint32_t kNir = 0x93;
inline constexpr std::uint32_t kCard = 0x66;
inline constexpr std::uint32_t kValidityStart = 0x80;
inline constexpr std::uint32_t kPointers = 0xE0;
inline constexpr std::uint32_t kApplications = 0xA0;
inline constexpr std::uint32_t kApplication = 0x82;
inline constexpr std::uint32_t kFile = 0x80;
}  // namespace tag

}  // namespace insd::vitale
