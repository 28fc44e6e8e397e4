// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/message.h"

#include "tests/simulators/insi/pattern.h"
#include "tests/simulators/insi/verification.h"

namespace sim {
namespace {

constexpr const char* kUuid = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}";

std::string text_of(const xmlNode* parent, std::string_view ns, std::string_view name) {
  return xml::text(xml::child(parent, ns, name)).value_or("");
}

/// A context's own rules beyond the schema; empty when they hold.
std::string context_problem(const xmlNode* context, std::string_view ns, std::string_view version,
                            std::chrono::sys_seconds now) {
  const auto seen = xml::attribute(context, "Version").value_or("");
  // The live test platform also accepted BAM version 1.0 (specs: insi 2).
  if (seen != version && !(ns == xml::kBam && seen == "1.0")) return "Version is not " + std::string(version);
  if (!matches(text_of(context, ns, "Id"), kUuid)) return "Id is no UUID";
  if (auto why = stale(text_of(context, ns, "Temps"), now); !why.empty()) return "Temps " + why;
  if (text_of(context, ns, "Emetteur").empty()) return "Emetteur is missing";
  return {};
}

std::string software_problem(const xmlNode* lps) {
  if (xml::attribute(xml::child(lps, xml::kLps, "IDAM"), "R") != "4") return "IDAM has no R=\"4\"";
  for (const char* name : {"IDAM", "Version", "Instance", "Nom"}) {
    if (text_of(lps, xml::kLps, name).empty()) return std::string(name) + " is missing";
  }
  return {};
}

std::string cover_problem(const xmlNode* cover, const Query& query) {
  if (!query.by_card) return xml::children(cover).empty() ? "" : "COUVERTURE is not empty";
  const xmlNode* insured = xml::child(xml::child(cover, xml::kBam, "ASSURE"), xml::kBam, "Id");
  const xmlNode* beneficiary = xml::child(cover, xml::kBam, "BENEFICIAIRE");
  if (text_of(insured, xml::kBam, "Num") != query.insured) return "ASSURE is not the body's MatriculeOD";
  if (text_of(beneficiary, xml::kBam, "DateNai") != query.birth_date) return "DateNai is not the body's";
  if (text_of(beneficiary, xml::kBam, "Rang") != query.rank) return "Rang is not the body's";
  if (text_of(xml::child(beneficiary, xml::kBam, "Nir"), xml::kBam, "Num") != query.individual) {
    return "Nir is not the body's MatriculeIndividu";
  }
  return {};
}

/// The rules of names in a question (specs: ins-rules 1.7), written here a second time on purpose.
bool name_ok(const std::string& name, bool given) {
  if (!matches(name, "['A-Z][-' A-Z]{0,99}") || matches(name, ".*[ '][ '].*") || matches(name, ".*---.*"))
    return false;
  return !given || !matches(name, ".*(--.*|[-'])");
}

void check_traits(const xmlNode* body, Query& query, Findings& findings) {
  const xmlNode* traits = xml::child(body, xml::kTraits, "RECSANSVITALE");
  query.birth_name = text_of(traits, xml::kTraits, "NomNaissance");
  query.given_name = text_of(traits, xml::kTraits, "Prenom");
  query.sex = text_of(traits, xml::kTraits, "Sexe");
  query.birth_date = text_of(traits, xml::kTraits, "DateNaissance");
  query.birth_place = text_of(traits, xml::kTraits, "LieuNaissance");
  int given_names = 0;
  for (const xmlNode* each : xml::children(traits))
    given_names += xml::is(each, xml::kTraits, "Prenom") ? 1 : 0;
  const bool has_place = xml::child(traits, xml::kTraits, "LieuNaissance") != nullptr;
  if (!name_ok(query.birth_name, false)) {
    findings.bad("question", "NomNaissance breaks the rules of names", "insi_102");
  } else if (given_names != 1 || !name_ok(query.given_name, true)) {
    findings.bad("question", "Prenom is not one text that obeys the rules of names", "insi_102");
  } else if (query.sex != "M" && query.sex != "F") {
    findings.bad("question", "Sexe is not M or F", "insi_24");
  } else if (!matches(query.birth_date, "[0-9]{4}-[0-9]{2}-[0-9]{2}")) {
    findings.bad("question", "DateNaissance is not AAAA-MM-JJ");
  } else if (has_place &&
             (!matches(query.birth_place, "[0-9][0-9AB][0-9]{3}") || query.birth_place == "99999")) {
    findings.bad("question", "LieuNaissance is no place that can be searched");
  } else {
    findings.good("question", has_place ? "traits with a birth place" : "traits");
  }
}

void check_card(const xmlNode* body, Query& query, Findings& findings) {
  constexpr const char* kNumber = "[0-9]{6}[AB0-9][0-9]{6}";
  const xmlNode* card = xml::child(body, xml::kCard, "RECVITALE");
  query.insured = text_of(xml::child(card, xml::kCard, "MatriculeOD"), xml::kCard, "NumIdentifiant");
  query.individual = text_of(xml::child(card, xml::kCard, "MatriculeIndividu"), xml::kCard, "NumIdentifiant");
  query.birth_name = text_of(card, xml::kCard, "NomNaissance");
  query.birth_date = text_of(card, xml::kCard, "DateNaissance");
  query.rank = text_of(card, xml::kCard, "RangNaissance");
  const bool has_individual = xml::child(card, xml::kCard, "MatriculeIndividu") != nullptr;
  const bool has_name = xml::child(card, xml::kCard, "NomNaissance") != nullptr;
  if (!matches(query.insured, kNumber)) {
    findings.bad("question", "MatriculeOD is no number of 13 characters");
  } else if (has_individual && !matches(query.individual, kNumber)) {
    findings.bad("question", "MatriculeIndividu is no number of 13 characters");
  } else if (has_name && !name_ok(query.birth_name, false)) {
    findings.bad("question", "NomNaissance breaks the rules of names");
  } else if (!matches(query.birth_date, "[0-9]{4}-[0-9]{2}-[0-9]{2}")) {
    findings.bad("question", "DateNaissance is not AAAA-MM-JJ");
  } else if (!matches(query.rank, "[1-9]")) {
    findings.bad("question", "RangNaissance is not 1 to 9");
  } else {
    findings.good("question", "Vitale card, rank " + query.rank);
  }
}

}  // namespace

bool SeenIds::add(const std::string& id) {
  constexpr std::size_t kKept = 100'000;
  if (!set_.insert(id).second) return false;
  order_.push_back(id);
  if (order_.size() > kKept) {
    set_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

MessageChecks::MessageChecks(const Config& config)
    : schema_(config.schemas / "request.xsd"), idam_(config.idam), clock_{config.clock_shift} {}

Message MessageChecks::examine(xmlDoc* doc, Findings& findings) {
  const xmlNode* root = xmlDocGetRootElement(doc);
  findings.judge("schema", schema_.complaint(doc), "valid against request.xsd");
  const xmlNode* header = xml::child(root, xml::kSoap, "Header");
  const xmlNode* body = xml::child(root, xml::kSoap, "Body");
  Message message;
  message.action = text_of(header, xml::kWsa, "Action");
  message.message_id = text_of(header, xml::kWsa, "MessageID");
  if (findings.refusal() != nullptr) return message;  // the rest relies on the shape

  message.query.by_card = xml::child(body, xml::kCard, "RECVITALE") != nullptr;
  const bool verification = read_verification(body, message.query, findings);
  const std::string operation = verification            ? kVerification
                                : message.query.by_card ? "rechercherInsAvecCarteVitale"
                                                        : "rechercherInsAvecTraitsIdentite";
  const bool same = message.action == "urn:ServiceIdentiteCertifiee:1.0.0:" + operation;
  findings.judge("action", same ? "" : "Action is not that of the body", operation);
  if (!verification) {
    message.query.by_card ? check_card(body, message.query, findings)
                          : check_traits(body, message.query, findings);
  }
  check_contexts(header, message, findings);
  check_fresh(header, findings);
  return message;
}

void MessageChecks::check_contexts(const xmlNode* header, Message& message, Findings& findings) const {
  const xmlNode* bam = xml::child(header, xml::kBam, "ContexteBAM");
  const xmlNode* lps = xml::child(header, xml::kLps, "ContexteLPS");
  const xmlNode* software = xml::child(lps, xml::kLps, "LPS");
  message.emitter = text_of(bam, xml::kBam, "Emetteur");
  message.idam = text_of(software, xml::kLps, "IDAM");

  std::string why = context_problem(bam, xml::kBam, "01_02", clock_.now());
  if (why.empty()) why = cover_problem(xml::child(bam, xml::kBam, "COUVERTURE"), message.query);
  findings.judge("ContexteBAM", why, message.query.by_card ? "cover as in the body" : "empty cover");
  why = context_problem(lps, xml::kLps, "01_00", clock_.now());
  if (why.empty()) why = software_problem(software);
  if (why.empty() && text_of(lps, xml::kLps, "Emetteur") != message.emitter)
    why = "Emetteur is not that of the other";
  findings.judge("ContexteLPS", why, "software " + text_of(software, xml::kLps, "Nom"));
  if (idam_.contains(message.idam)) {
    findings.good("IDAM", "known");
  } else {
    findings.bad("IDAM", "unknown authorisation number", "desir_550");
  }
}

void MessageChecks::check_fresh(const xmlNode* header, Findings& findings) {
  std::string why;
  const auto add = [&](const char* what, const std::string& id) {
    if (!seen_.add(id)) why = std::string(what) + " was seen before";
  };
  add("MessageID", text_of(header, xml::kWsa, "MessageID"));
  add("the Id of ContexteBAM", text_of(xml::child(header, xml::kBam, "ContexteBAM"), xml::kBam, "Id"));
  add("the Id of ContexteLPS", text_of(xml::child(header, xml::kLps, "ContexteLPS"), xml::kLps, "Id"));
  for (const xmlNode* assertion : xml::children(xml::child(header, xml::kWsse, "Security"))) {
    add("the ID of an assertion", xml::attribute(assertion, "ID").value_or(""));
  }
  findings.judge("fresh", why, "every identifier is new");
}

}  // namespace sim
