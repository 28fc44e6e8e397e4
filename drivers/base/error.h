// SPDX-License-Identifier: Apache-2.0
// The one exception type of the tree. An error is a value with five answers: what happened (code), where
// (layer), may it be tried again (retry), was a PIN try spent, and what should a person do (remedy).
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/base/error_catalogue.h"

namespace insd {

/// A request field that was refused. `path` is the proto field path, e.g. "context.purpose_id".
struct FieldViolation {
  std::string path;
  std::string description;
};

/// What the national gateway or the INSi service said in a SOAP fault, byte for byte (specs: insi codes).
struct InsiFault {
  std::string subcode;     ///< e.g. "siram_40"
  std::string code;        ///< e.g. "insi_102", "desir_550"
  std::string severity;    ///< as received: "fatal", "fatale", "erreur", ...
  std::string message_id;  ///< echoed by gateway faults only
  std::string label;       ///< the technical text
};

class Error : public std::exception {
 public:
  /// `detail` is English, for support: it holds no secret and no patient datum.
  explicit Error(Code code, std::string detail = {});

  [[nodiscard]] Code code() const { return entry_->code; }
  [[nodiscard]] const CatalogueEntry& entry() const { return *entry_; }
  [[nodiscard]] const std::string& detail() const { return detail_; }
  [[nodiscard]] TrySpent try_spent() const { return try_spent_; }
  [[nodiscard]] std::optional<int> tries_left() const { return tries_left_; }
  /// May a signature have been made although its value never came? The audit trail says so then, and the
  /// lease counts it.
  [[nodiscard]] bool signature_unknown() const { return signature_unknown_; }
  [[nodiscard]] const std::vector<FieldViolation>& fields() const { return fields_; }
  [[nodiscard]] const std::optional<InsiFault>& insi_fault() const { return insi_fault_; }
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }

  // Each returns *this moved on, so that `throw Error(...).with_field(...)` reads as one sentence.
  Error&& with_try(TrySpent spent, std::optional<int> tries_left = std::nullopt) &&;
  Error&& with_field(std::string path, std::string description) &&;
  Error&& with_insi_fault(InsiFault fault) &&;

  void mark_signature_unknown() { signature_unknown_ = true; }

  /// The same for an error that collects several fields before it is thrown.
  void add_field(std::string path, std::string description);

  /// Puts `where` before the detail, so that the final text reads like a path: "desk-1: Vitale: READ BINARY:
  /// ...".
  void prefix(std::string_view where);

 private:
  void rebuild_what();

  const CatalogueEntry* entry_;
  std::string detail_;
  std::string what_;
  TrySpent try_spent_ = TrySpent::NO;
  std::optional<int> tries_left_;
  bool signature_unknown_ = false;
  std::vector<FieldViolation> fields_;
  std::optional<InsiFault> insi_fault_;
};

}  // namespace insd
