// SPDX-License-Identifier: Apache-2.0
// The command line of insctl.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "clients/cli/words.h"

namespace insd::cli {

enum class Command : std::uint8_t {
  READERS,
  WATCH,
  READER_ENABLE,
  READER_DISABLE,
  PROFESSIONAL,
  LOGIN,
  LOGOUT,
  AUTHENTICATE,
  LEASE,
  VITALE,
  INSI_TRAITS,
  INSI_VITALE,
  INSI_VERIFY,
  IDENTIFY,
  STATUS,
  DOCTOR,
  JOURNAL_VERIFY,
  JOURNAL_EXPORT,
  INSI_CHECK,
  KEYS_LIST,
  KEYS_ROTATE,
  KEYS_BACKUP,
  INS_CHECK,
  INS_PARSE_DATAMATRIX,
  IDENTITY_RENDER,
  ONBOARDING,
  INSI_CNDA,
  INSI_STATE,
};

struct Options {
  Command command = Command::STATUS;
  std::string socket;                   ///< empty: INSD_SOCKET, else the default
  std::string reader;                   ///< of the card the command is about
  std::string desk;                     ///< of both cards; empty: INSD_DESK, else not named
  std::string cps_reader;               ///< of the professional's card, where `reader` means the Vitale card
  std::string pinentry;                 ///< a program, or "none"; empty: "pinentry" where it is installed
  std::optional<unsigned> beneficiary;  ///< as shown: from 1
  std::optional<unsigned> rank;
  std::string name;
  std::vector<std::string> given_names;
  std::string sex;
  std::string birth_date;
  std::string birth_place;
  std::string first_given_name;
  std::string number, key, oid;
  std::vector<std::string> confirmed;  ///< traits confirmed one by one, "birth-place"
  std::string evidence;                ///< "passport"; empty: none
  std::string issuing_country, expire_date;
  std::string guardian;  ///< "parent", "guardian"; empty: nobody
  std::string guardian_evidence;
  std::string purpose;                  ///< empty: not given
  std::vector<std::string> attributes;  ///< empty: not given
  std::string profile;
  std::string lease;
  std::string acting_user;
  std::string acting_how;
  std::string from;  ///< a day or a time, RFC 3339; empty: no limit
  std::string until;
  std::string professional;            ///< national id; empty: everybody
  std::string key_use;                 ///< "journal", "number", "seal"; empty: all
  std::string directory;               ///< of a backup of the keys, of a dossier
  std::string conformity_case;         ///< "2.05", "all"
  std::string format;                  ///< "hl7", "cartouche", ...
  std::string identity;                ///< its id; empty: `token_file`
  std::string token_file;              ///< a sealed identity
  std::vector<std::string> local_ids;  ///< VALUE@OID or VALUE@OID@NAMESPACE
  std::string output;                  ///< file; empty: standard output
  std::string data;                    ///< what a scanner read; empty: a line of the input
  std::string audience;
  std::string challenge;  ///< hexadecimal, as many digits as bytes need
  bool json = false;
  bool verbose = false;
  bool capabilities = false;
  bool activities = false;
  bool follow = false;
  bool pin_stdin = false;
  bool accept_last_try = false;
  bool accept = false;  ///< the answer is about the patient who is there
  bool confirm_number_change = false;
  bool court_decision_seen = false;
  bool offline = false;
};

struct Parsed {
  Options options;
  std::string information;  ///< not empty: --help or --version was asked for; print this and do nothing
};

/// `arguments` without the program's name. Throws UsageError.
Parsed parse_command_line(const std::vector<std::string>& arguments, Language language);

}  // namespace insd::cli
