// SPDX-License-Identifier: Apache-2.0
// Messages of the contract as text for a person.
#pragma once

#include <iosfwd>
#include <string>

#include <google/protobuf/timestamp.pb.h>

#include "clients/cli/words.h"
#include "insd/v1/insi_service.pb.h"
#include "insd/v1/professional_service.pb.h"
#include "insd/v1/reader_service.pb.h"
#include "insd/v1/system_service.pb.h"
#include "insd/v1/vitale_service.pb.h"

namespace insd::cli {

/// "AAAA-MM-JJ HH:MM:SS" in local time; empty when not set.
std::string local_time(const google::protobuf::Timestamp& time);

/// The word for an enumerator of the contract.
template <typename Enum>
std::string term_of(Language language, Enum value, const std::string& (*name)(Enum)) {
  return term(language, name(value));
}

/// The labels of an identity are long: « Code officiel géographique du lieu de naissance ».
inline constexpr std::size_t kIdentityLabelWidth = 48;
/// An indented line "label value"; nothing for an empty value.
void print_line(std::ostream& out, std::string_view label, std::string_view value, std::size_t width);
/// The number and its key.
std::string number_in_words(Language language, const v1::InsNumber& number);
/// The OID and its kind.
std::string oid_in_words(Language language, const v1::InsNumber& number);
/// "alias [name]", or the name; printable.
std::string reader_in_words(const std::string& alias, const std::string& name);
/// `verbose` adds the name of the card's insertion.
void print_reader(std::ostream& out, Language language, const v1::Reader& reader, bool verbose);
void print_pcsc(std::ostream& out, Language language, const v1::PcscStatus& pcsc);
void print_pcsc_event(std::ostream& out, Language language, const v1::PcscEvent& event);
void print_card(std::ostream& out, Language language, const v1::ProfessionalCard& card);
void print_activities(std::ostream& out, Language language, const v1::GetProfessionalCardResponse& response);
void print_capabilities(std::ostream& out, Language language, const v1::CardCapabilities& capabilities);
/// The whole reading of a card: each optional datum with its source.
void print_vitale(std::ostream& out, Language language, const v1::VitaleReading& reading);
/// The people of a card, numbered from 1.
void print_beneficiaries(std::ostream& out, Language language, const v1::VitaleReading& reading);
/// The answer, what it is, and what is missing to qualify it.
void print_result(std::ostream& out, Language language, const v1::SearchResult& result);
void print_result(std::ostream& out, Language language, const v1::VerificationResult& result);
using SearchAttempts = google::protobuf::RepeatedPtrField<v1::SearchAttempt>;
/// Each question of a search: when, by which name, and what came.
void print_attempts(std::ostream& out, Language language, const SearchAttempts& attempts);
void print_status(std::ostream& out, Language language, const v1::GetInfoResponse& info,
                  const v1::WhatMayIDoResponse& rights);

/// "Docteur Jeanne MARTIN" as far as known.
std::string holder_of(const v1::ProfessionalCard& card);
/// One line about a person of a Vitale card.
std::string describe(const v1::Beneficiary& person);

}  // namespace insd::cli
