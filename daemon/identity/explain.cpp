// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/explain.h"

#include <array>

#include "daemon/identity/cog.h"
#include "daemon/identity/given_names.h"
#include "daemon/identity/matricule.h"
#include "daemon/identity/transitions.h"

namespace insd::identity {
namespace {

constexpr Missing kFictitious{"ATTRIBUTE_FICTITIOUS", "RNIV 1 EXI SI 09",
                              "A fictitious identity stays provisional.",
                              "Une identité fictive reste provisoire."};
constexpr Missing kDoubtful{"ATTRIBUTE_DOUBTFUL", "RNIV 1 EXI SI 09", "Settle the doubt on the identity.",
                            "Lever le doute sur l'identité."};
constexpr Missing kTraits{"MINIMAL_TRAITS", "RNIV 1 3.1",
                          "Record birth name, given names, sex and birth date.",
                          "Saisir le nom de naissance, les prénoms, le sexe et la date de naissance."};
constexpr Missing kRetrieval{"RETRIEVAL", "Guide INS EXI ID 23", "Ask INSi, by card or by traits.",
                             "Interroger le téléservice INSi, par carte Vitale ou par traits."};
constexpr Missing kAcceptance{"ACCEPTANCE", "Guide INS EXI ID 23",
                              "Compare the answer with the patient and accept it.",
                              "Comparer la réponse avec le patient présent, puis l'accepter."};
constexpr Missing kDocument{"DOCUMENT_CHECK", "RNIV 1 EXI SI 10", "Check an identity document of high trust.",
                            "Contrôler une pièce d'identité à haut niveau de confiance."};
constexpr Missing kLapsed{"EVIDENCE_CONFIRMATION", "RNIV 1 EXI SI 10",
                          "Confirm that the document shows the traits as they are now.",
                          "Confirmer que la pièce contrôlée porte bien les traits actuels."};
constexpr Missing kFirst{"FIRST_GIVEN_NAME", "Guide INS EXI ID 10",
                         "Choose the first given name among the beginnings of the list.",
                         "Choisir le premier prénom de naissance parmi les débuts possibles de la liste."};

std::string_view rule_of(Status status) {
  switch (status) {
    case Status::PROVISIONAL:
    case Status::VALIDATED:
    case Status::RETRIEVED:
      return "RNIV 1 EXI SI 07";
    case Status::QUALIFIED:
      return "RNIV 1 EXI SI 08";
  }
  return {};
}

std::vector<Missing> missing_of(const Identity& identity) {
  std::vector<Missing> missing;
  if (identity.attributes.fictitious) missing.push_back(kFictitious);
  if (identity.attributes.doubtful) missing.push_back(kDoubtful);
  if (!has_minimal_traits(identity.traits) && !identity.pending) missing.push_back(kTraits);
  if (identity.pending) {
    missing.push_back(kAcceptance);
  } else if (!is_retrieved(identity) && identity.ins_expectation == InsExpectation::EXPECTED) {
    missing.push_back(kRetrieval);
  }
  if (!is_validated(identity)) missing.push_back(identity.evidence ? kLapsed : kDocument);
  if (identity.traits.first_given_name.empty() && !identity.pending) missing.push_back(kFirst);
  return missing;
}

std::vector<std::string_view> remarks_of(const Identity& identity) {
  std::vector<std::string_view> remarks;
  const Traits& traits = identity.traits;
  if (!traits.first_given_name.empty() && !traits.given_names.empty() &&
      !is_coherent(traits.first_given_name, traits.given_names)) {
    remarks.emplace_back("FIRST_GIVEN_NAME_NOT_COHERENT");
  }
  if (identity.number && !identity.number->key.empty() &&
      !key_matches({identity.number->number, identity.number->key})) {
    remarks.emplace_back("RETURNED_KEY_INVALID");
  }
  if (is_unknown_place(traits.birth_place)) remarks.emplace_back("BIRTH_PLACE_UNKNOWN");
  if (identity.attributes.homonym) remarks.emplace_back("HOMONYM");
  if (identity.test_environment) remarks.emplace_back("TEST_ENVIRONMENT");
  if (identity.evidence && !identity.evidence->expire_date.empty() &&
      identity.evidence->expire_date < day_of(identity.evidence->checked_at)) {
    remarks.emplace_back("DOCUMENT_EXPIRED");
  }
  return remarks;
}

}  // namespace

std::string_view to_string(Status status) {
  constexpr std::array<std::string_view, 4> kNames = {"PROVISIONAL", "RETRIEVED", "VALIDATED", "QUALIFIED"};
  return kNames[static_cast<std::size_t>(status)];
}

Explanation explain(const Identity& identity) {
  Explanation result;
  result.status = status_of(identity);
  result.status_rule = rule_of(result.status);
  if (identity.attributes.doubtful || identity.attributes.fictitious) result.status_rule = "RNIV 1 EXI SI 09";
  result.missing = missing_of(identity);
  result.complete =
      result.missing.empty() && (result.status == Status::QUALIFIED || result.status == Status::VALIDATED);
  result.remarks = remarks_of(identity);
  return result;
}

}  // namespace insd::identity
