// SPDX-License-Identifier: Apache-2.0
// What is wrong at this desk, in words that a person can act on: `insctl doctor`.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cli/pcscd_users.h"
#include "clients/cli/words.h"
#include "insd/v1/reader_service.pb.h"
#include "insd/v1/system_service.pb.h"

namespace insd::cli {

enum class Severity : std::uint8_t {
  OK,       ///< looked at, and well
  NOTE,     ///< could not be looked at, or is good to know
  WARNING,  ///< a weakness that keeps nothing from working
  PROBLEM   ///< something does not work
};

struct Finding {
  Severity severity = Severity::OK;
  std::string code;     ///< stable: of docs/errors.md, or one of advices()
  std::string subject;  ///< a reader's name, a path; may be empty
  std::string summary;  ///< one sentence, in the language of the person
  std::string remedy;   ///< likewise; empty when nothing is to be done
};

/// Words for the findings that are insctl's own.
struct Advice {
  Severity severity;
  std::string_view code;
  std::string_view summary_fr, summary_en;
  std::string_view remedy_fr, remedy_en;  ///< empty: nothing to do
};
std::span<const Advice> advices();

/// A finding with the words of advices(). Throws std::out_of_range for a code that is not there.
Finding advice(Language language, std::string_view code, std::string subject = {});

/// What pcscd's socket says. `as_root` tells a refusal that is wrong from one that is meant.
std::vector<Finding> check_pcscd(Language language, const std::string& path, const SocketState& state,
                                 bool as_root);
std::vector<Finding> check_daemon(Language language, const v1::GetInfoResponse& info,
                                  const v1::WhatMayIDoResponse& rights);
std::vector<Finding> check_readers(Language language, const v1::ListReadersResponse& readers);

}  // namespace insd::cli
