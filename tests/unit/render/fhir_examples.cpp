// SPDX-License-Identifier: Apache-2.0
// What is rendered of each kind of identity, for fhir_invariants: one JSON array on standard output.
#include <iostream>

#include "daemon/render/fhir.h"
#include "tests/unit/render/subjects.h"

int main() {
  using namespace insd;
  using namespace insd::render::test;
  std::vector<std::pair<const char*, identity::Identity>> kinds = {{"provisional", provisional()},
                                                                   {"retrieved", retrieved()},
                                                                   {"validated", validated()},
                                                                   {"qualified", qualified()},
                                                                   {"from_nia", from_nia()},
                                                                   {"changed_number", changed_number()},
                                                                   {"corse", corse()}};
  auto nia = qualified();
  nia.number->oid = kNia;
  kinds.emplace_back("nia", nia);
  auto doubtful = qualified();
  doubtful.attributes = {.homonym = true, .doubtful = true};
  kinds.emplace_back("doubtful", doubtful);
  auto fictitious = provisional();
  fictitious.attributes.fictitious = true;
  kinds.emplace_back("fictitious", fictitious);
  const auto real = kinds.size();
  for (std::size_t i = 0; i < real; ++i) {
    kinds.push_back(kinds[i]);
    kinds.back().second.test_environment = true;
  }
  const char* separator = "[";
  for (const auto& [kind, identity] : kinds) {
    for (const auto release : {render::FrCore::V2_1_0, render::FrCore::V2_2_0}) {
      const auto patient = render::fhir_patient(render::disclose(identity, ipp()), release);
      std::cout << separator << "{\"kind\":\"" << kind
                << "\",\"test\":" << (identity.test_environment ? "true" : "false") << ",\"release\":\""
                << (release == render::FrCore::V2_1_0 ? "2.1.0" : "2.2.0")
                << "\",\"patient\":" << patient.json << "}\n";
      separator = ",";
    }
  }
  std::cout << "]\n";
}
