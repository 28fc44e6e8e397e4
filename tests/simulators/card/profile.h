// SPDX-License-Identifier: Apache-2.0
// What a card holds, from a TOML file. An unknown key is an error: a misspelt scenario must not pass.
#pragma once

#include <filesystem>
#include <optional>

#include "tests/simulators/card/bytes.h"

namespace insd::simcard {

struct Activity {
  std::string name, structure, sector;  ///< UTF-8, structure id, SAnn
};

struct CpsProfile {
  Bytes atr;
  Bytes serial;        ///< value of 5A in EF.SN.ICC
  std::string number;  ///< 10 digits of the token label
  std::string label_prefix;
  std::string specialty;  ///< SMnn, end of CPS_INFO_PS
  bool shuffle = false;   ///< file ids and key references drawn at random
  std::uint32_t shuffle_seed = 0;
  std::string pin;
  std::size_t pin_min = 4, pin_max = 4;
  int tries = 3, tries_left = 3;
  std::vector<Activity> activities;
  Bytes sign_certificate, authentication_certificate;  ///< DER
  std::filesystem::path sign_key, authentication_key;  ///< PEM
};

struct Beneficiary {
  Bytes name, given, birth;  ///< as on the card: ISO 8859-1
  std::optional<Bytes> nir, nationality;
};

struct VitaleProfile {
  Bytes atr;
  std::vector<Beneficiary> beneficiaries;
  /// How the identity file can be reached (specs: vitale 2.6): short identifier 2, identifier D001, or only
  /// by who reads the pointer file.
  bool identity_by_sfi = true, identity_by_id = true;
  std::optional<Bytes> validity_start;  ///< AAAAMMJJ, in the identity file; the real place is not public
  std::size_t padding = 0;              ///< zero bytes after the last template
  bool repeat_6c = false;
  std::optional<Bytes> identity_raw, nir_raw;  ///< whole file contents instead of the beneficiaries
  std::optional<Bytes> pointers_raw;           ///< instead of the true pointer file
  std::optional<Bytes> decoy_raw;              ///< another file at short identifier 2 of the root
};

/// `kind` of a profile. Throws std::runtime_error like the others.
std::string profile_kind(const std::filesystem::path& file);

/// Throws std::runtime_error with the file, and the line when it is known.
CpsProfile load_cps_profile(const std::filesystem::path& file, const std::filesystem::path& pki);
VitaleProfile load_vitale_profile(const std::filesystem::path& file);
/// The ATR; everything else of such a card is the refusal of every command.
Bytes load_vitale1_atr(const std::optional<std::filesystem::path>& file);

}  // namespace insd::simcard
