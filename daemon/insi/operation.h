// SPDX-License-Identifier: Apache-2.0
// What one operation of the national contract is called and how it is laid out, as data: the two public
// searches are built in, everything else comes from descriptors in TOML (docs/operate.md gives the form).
// A descriptor is foreign: bounded, every key known, every name an XML name (specs: insi 1, 8.1).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config.h"

namespace insd::insi {

enum class OperationKind : std::uint8_t { SEARCH_BY_CARD, SEARCH_BY_TRAITS, VERIFICATION };

/// What an element of a verification's body is filled with.
enum class VerifiedValue : std::uint8_t {
  NUMBER,
  KEY,
  NUMBER_TYPE,  ///< "NIR" or "NIA", by the OID
  OID,
  BIRTH_NAME,
  FIRST_GIVEN_NAME,
  GIVEN_NAMES,  ///< separated by spaces
  SEX,
  BIRTH_DATE,
  BIRTH_PLACE,
};

using ElementPath = std::vector<std::string>;  ///< local names, outermost first

struct BodyElement {
  ElementPath path;  ///< from the body's one root, which all have in common
  VerifiedValue value = VerifiedValue::NUMBER;
  bool mandatory = false;
};

struct Operation {
  OperationKind kind = OperationKind::SEARCH_BY_TRAITS;
  std::string name;    ///< "rechercherInsAvecTraitsIdentite"
  std::string action;  ///< wsa:Action; the gateway routes by it
  std::string origin;  ///< where the descriptor is from, in its own words
  bool verified = false;
  std::string bam_version, lps_version;  ///< empty: those of insd.toml
  std::string request_namespace, response_namespace;
  // Of a verification; the shape of the searches is public and code.
  std::vector<BodyElement> body;
  std::string response_root;
  ElementPath response_code, response_label;  ///< from that root; the label may be empty
  std::vector<std::string> consistent, inconsistent;
};

/// An identity to be verified: normalised, an empty text is not sent.
struct VerificationQuery {
  std::string number, key, oid, birth_name, first_given_name, given_names, sex, birth_date, birth_place;
};

struct Operations {
  Operation by_card, by_traits;
  std::optional<Operation> verification;
};

/// The public contract of the two searches (WSDL 1.5.0); no verification.
Operations built_in_operations();

/// One descriptor. Throws CONFIG_INVALID "file:line: what".
Operation parse_operation(std::string_view text, const std::string& file_name);

/// The built-in operations with what the files say instead and besides; of a directory its *.toml, by name.
/// Empty: the directory that the package installs, if it is there. Throws CONFIG_INVALID: a file that cannot
/// be read or could be written by others, an operation described twice.
Operations load_operations(const std::vector<std::filesystem::path>& places);

/// All that load_operations() would read now, to see a change by.
std::string operations_text(const std::vector<std::filesystem::path>& places);

/// Throws OPERATION_UNVERIFIED when this descriptor must not be used with that service.
void require_usable(const Operation& operation, InsiEnvironment environment);

}  // namespace insd::insi
