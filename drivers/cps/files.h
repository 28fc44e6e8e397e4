// SPDX-License-Identifier: Apache-2.0
// The CPS3 as data: names that the standards fix, identifiers, bounds. Everything else is found on the card.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace insd::cps {

/// Names fixed by ISO 7816-4 and ISO 7816-15 (PKCS#15), or by IAS-ECC.
namespace name {
inline constexpr std::uint8_t kMasterFile[] = {0x3F, 0x00};
inline constexpr std::uint8_t kDirectory[] = {0x2F, 0x00};        // EF.DIR
inline constexpr std::uint8_t kObjectDirectory[] = {0x50, 0x31};  // ODF
inline constexpr std::uint8_t kTokenInfo[] = {0x50, 0x32};        // TokenInfo
inline constexpr std::uint8_t kSerialSfi = 0x1C;                  // EF.SN.ICC (specs: cps 1.4 step 2)
inline constexpr std::size_t kSerialFileBytes = 12;               // specs: cps 2.2
// "CPx IAS" by contact; the contactless one differs in its last byte and has no signature (specs:
// cps 1.2, 2.2)
inline constexpr std::uint8_t kApplication[] = {0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25,
                                                0x00, 0x00, 0x01, 0xFF, 0x00, 0x10};
inline constexpr std::uint8_t kContactlessApplication[] = {0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25,
                                                           0x00, 0x00, 0x01, 0xFF, 0x00, 0x20};
// What a CPS serial starts with, before the card's own digits (specs: cps 1.4, 2.2).
inline constexpr std::string_view kSerialIssuer = "8025000001";
}  // namespace name

/// The labels that tell the two keys apart when the usage bits do not (specs: cps 2.2).
inline constexpr std::string_view kSignatureKeyLabel = "CPS_PRIV_SIG";
inline constexpr std::string_view kAuthenticationKeyLabel = "CPS_PRIV_AUT";

/// Bounds on what a card may announce (threats: T-CARD-05, T-CARD-07).
namespace bound {
inline constexpr std::size_t kDirectoryFileBytes = 4096;
inline constexpr std::size_t kCertificateBytes = 8192;
inline constexpr std::size_t kFilesOfOneKind = 4;  // AODFs, PrKDFs, CDFs
inline constexpr std::size_t kEntriesOfOneKind = 32;
inline constexpr std::size_t kDataObjectBytes = 1024;
inline constexpr std::size_t kDataExchanges = 500;  // some ten for each of forty objects
inline constexpr std::size_t kPathBytes = 16;
inline constexpr std::size_t kIdBytes = 64;
inline constexpr std::size_t kLabelBytes = 64;
inline constexpr std::size_t kPinBytes = 32;
inline constexpr std::size_t kModulusBitsMin = 1024;
inline constexpr std::size_t kModulusBitsMax = 4096;
}  // namespace bound

}  // namespace insd::cps
