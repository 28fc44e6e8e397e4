// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/doctor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ostream>
#include <stdexcept>

#include <google/protobuf/struct.pb.h>
#include <unistd.h>

#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

constexpr auto kAdvices = std::to_array<Advice>({
    {Severity::OK, "PCSCD_LISTENS", "Le service de cartes à puce répond.", "The smart card service listens.",
     "", ""},
    {Severity::PROBLEM, "PCSC_ABSENT", "Le service de cartes à puce n'est pas lancé.",
     "The smart card service is not running.",
     "L'installer et le lancer : « apt install pcscd », puis « systemctl enable --now pcscd.socket ».",
     "Install and start it: apt install pcscd, then systemctl enable --now pcscd.socket."},
    {Severity::PROBLEM, "PCSC_REFUSED", "Le service de cartes à puce refuse même l'administrateur.",
     "The smart card service refuses even root.",
     "Vérifier les droits de sa prise locale et de son répertoire.",
     "Check the permissions of its socket and of the directory it is in."},
    {Severity::NOTE, "PCSC_CLOSED_TO_THIS_USER",
     "Le service de cartes à puce est fermé à cet utilisateur : il l'est sans doute à dessein.",
     "The smart card service is closed to this user, probably on purpose.", "", ""},
    {Severity::WARNING, "CARD_OPEN_TO_ALL_USERS",
     "Tout utilisateur de ce poste peut se servir d'une carte dont la session est ouverte.",
     "Any user of this machine can use a card that somebody has logged in to.",
     "Réserver le service de cartes à puce à un groupe (guide « docs/operate.md »).",
     "Close pcscd to other users (docs/operate.md)."},
    {Severity::OK, "DAEMON_ANSWERS", "Le service insd répond.", "The daemon answers.", "", ""},
    {Severity::PROBLEM, "PERMISSION_DENIED", "La configuration ne donne aucun droit à cet utilisateur.",
     "The configuration gives this user no right.",
     "Ajouter l'utilisateur au groupe insd, ou lui donner un rôle dans « /etc/insd/insd.toml ».",
     "Add the user to the group insd, or give a role in /etc/insd/insd.toml."},
    {Severity::WARNING, "INSI_NOT_CONFIGURED", "Le téléservice INSi n'est pas configuré.",
     "The INSi teleservice is not configured.",
     "Compléter « /etc/insd/insd.toml » puis vérifier : « insd --check-config ».",
     "Complete /etc/insd/insd.toml, then check it: insd --check-config."},
    {Severity::PROBLEM, "READER_NOT_FOUND", "Aucun lecteur n'est branché.", "No reader is attached.",
     "Brancher un lecteur ; s'il l'est déjà, changer de prise ou de câble.",
     "Attach a reader; if there is one, try another port or cable."},
    {Severity::OK, "READER_WELL", "Le lecteur est en ordre.", "The reader is well.", "", ""},
    {Severity::NOTE, "PCSC_USER", "Ce programme est en liaison avec le service de cartes à puce.",
     "This program is connected to the smart card service.", "", ""},
    {Severity::WARNING, "READER_HELD_BY_ONE_OF", "Ce programme est peut-être celui qui occupe le lecteur.",
     "This may be the program that holds the reader.", "Le fermer, ou attendre qu'il ait terminé.",
     "Close it, or wait until it has finished."},
    {Severity::NOTE, "PCSC_USERS_UNKNOWN",
     "Les programmes en liaison avec le service de cartes à puce ne sont visibles que de l'administrateur.",
     "Only root can see which programs are connected to the smart card service.",
     "Pour les lister : « sudo insctl doctor ».", "To list them: sudo insctl doctor."},
    {Severity::NOTE, "EARLIER_STEP_FIRST", "Une étape précédente doit être faite d'abord.",
     "An earlier step has to be done first.", "", ""},
    {Severity::NOTE, "ASK_AN_ADMINISTRATOR", "Seul un administrateur du service insd peut le voir.",
     "Only an administrator of the daemon can see this.",
     "Recommencer avec un utilisateur dont la règle d'accès dit « role = \"admin\" ».",
     "Try again as a user whose policy says role = \"admin\"."},
    {Severity::PROBLEM, "PROFESSIONAL_CARD_MISSING", "Aucune carte de professionnel n'est dans un lecteur.",
     "No reader has a professional's card.",
     "Insérer une carte CPS ; « ./dev demo » en simule une en attendant les cartes de test.",
     "Insert a CPS card; ./dev demo simulates one until the test cards come."},
    {Severity::PROBLEM, "VITALE_CARD_MISSING", "Aucune carte Vitale n'est dans un lecteur.",
     "No reader has a Vitale card.",
     "Insérer une carte Vitale ; « ./dev demo » en simule une en attendant les cartes de test.",
     "Insert a Vitale card; ./dev demo simulates one until the test cards come."},
    {Severity::NOTE, "CERTIFICATE_DATES_UNKNOWN", "Les dates du certificat de la carte ne sont pas connues.",
     "The dates of the card's certificate are not known.",
     "Lire la carte : « insctl professional --capabilities ».",
     "Look at the card: insctl professional --capabilities."},
    {Severity::PROBLEM, "PROFESSIONAL_CERTIFICATE_DATES",
     "Le certificat de la carte du professionnel a expiré, ou n'est pas encore valable.",
     "The certificate of the professional's card has expired or is not valid yet.",
     "Vérifier l'horloge du poste, puis demander une autre carte.",
     "Check this machine's clock, then ask for another card."},
    {Severity::PROBLEM, "AUDIT_TRAIL_BROKEN", "La piste d'audit a été modifiée.",
     "The audit trail was changed.",
     "Voir où : « insctl journal verify », puis le guide « docs/operate.md ».",
     "See where: insctl journal verify, then docs/operate.md."},
});

Finding from_daemon(Severity severity, const std::string& code, const std::string& subject,
                    const std::string& summary, const std::string& remedy) {
  return {severity, code, printable(subject), printable(summary), printable(remedy)};
}

std::string subject_of(const v1::Reader& reader) {
  return reader.alias().empty() ? reader.name() : reader.alias() + " [" + reader.name() + "]";
}

std::vector<Finding> check_users(Language language, const std::string& path, bool held) {
  if (::geteuid() != 0) return {advice(language, "PCSC_USERS_UNKNOWN")};
  const auto users = users_of_socket(path);
  if (!users) return {advice(language, "PCSC_USERS_UNKNOWN")};
  std::vector<Finding> findings;
  for (const SocketUser& user : *users) {
    const bool candidate = held && user.name != "insd";
    findings.push_back(advice(
        language, candidate ? "READER_HELD_BY_ONE_OF" : "PCSC_USER",
        printable(user.name) + ", pid " + std::to_string(user.pid) + ", uid " + std::to_string(user.uid)));
  }
  return findings;
}

std::vector<Finding> examine(Session& session) {
  const Language language = session.language;
  std::vector<Finding> findings;
  const auto add = [&](std::vector<Finding> more) {
    for (Finding& finding : more) findings.push_back(std::move(finding));
  };
  const std::string path = pcscd_socket(session.io.environment("PCSCLITE_CSOCK_NAME"));
  add(check_pcscd(language, path, look_at_socket(path), ::geteuid() == 0));
  bool held = false;
  try {
    add(check_daemon(language, session.client.info(), session.client.what_may_i_do()));
    const auto readers = session.client.readers();
    held = std::ranges::any_of(
        readers.readers(), [](const v1::Reader& reader) { return reader.state() == v1::READER_STATE_HELD; });
    add(check_readers(language, readers));
  } catch (const Failure& failure) {
    const auto& detail = failure.detail();
    findings.push_back(
        from_daemon(Severity::PROBLEM, detail.code(), "insd", detail.summary(), detail.remedy()));
  }
  add(check_users(language, path, held));
  return findings;
}

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::OK:
      return "ok";
    case Severity::NOTE:
      return "note";
    case Severity::WARNING:
      return "warning";
    case Severity::PROBLEM:
      return "problem";
  }
  return "problem";
}

std::string_view mark_of(Severity severity) {
  switch (severity) {
    case Severity::OK:
      return "  ";
    case Severity::NOTE:
      return "- ";
    case Severity::WARNING:
      return "? ";
    case Severity::PROBLEM:
      return "! ";
  }
  return "! ";
}

std::string to_json(const std::vector<Finding>& findings, bool well) {
  google::protobuf::Struct document;
  auto& fields = *document.mutable_fields();
  fields["well"].set_bool_value(well);
  auto& list = *fields["findings"].mutable_list_value();
  for (const Finding& finding : findings) {
    auto& entry = *list.add_values()->mutable_struct_value()->mutable_fields();
    entry["severity"].set_string_value(std::string(name_of(finding.severity)));
    entry["code"].set_string_value(finding.code);
    entry["subject"].set_string_value(finding.subject);
    entry["summary"].set_string_value(finding.summary);
    entry["remedy"].set_string_value(finding.remedy);
  }
  return cli::to_json(document);
}

void print(std::ostream& out, Language language, const Finding& finding) {
  out << mark_of(finding.severity);
  if (!finding.subject.empty()) out << finding.subject << colon(language);
  out << finding.summary;
  if (finding.severity >= Severity::WARNING) out << " (" << finding.code << ")";
  out << '\n';
  if (!finding.remedy.empty()) out << "    " << say(language, Word::REMEDY_IS, {finding.remedy}) << '\n';
}

}  // namespace

std::span<const Advice> advices() {
  return kAdvices;
}

Finding advice(Language language, std::string_view code, std::string subject) {
  const auto found = std::ranges::find(kAdvices, code, &Advice::code);
  if (found == kAdvices.end()) throw std::out_of_range("no advice " + std::string(code));
  const bool french = language == Language::FRENCH;
  return {found->severity, std::string(code), std::move(subject),
          std::string(french ? found->summary_fr : found->summary_en),
          std::string(french ? found->remedy_fr : found->remedy_en)};
}

std::vector<Finding> check_pcscd(Language language, const std::string& path, const SocketState& state,
                                 bool as_root) {
  std::vector<Finding> findings;
  if (state.error == 0) {
    findings.push_back(advice(language, "PCSCD_LISTENS", printable(path)));
  } else if (state.error == EACCES || state.error == EPERM) {
    findings.push_back(
        advice(language, as_root ? "PCSC_REFUSED" : "PCSC_CLOSED_TO_THIS_USER", printable(path)));
  } else {
    findings.push_back(advice(language, "PCSC_ABSENT", printable(path)));
  }
  if (state.open_to_all_users)
    findings.push_back(advice(language, "CARD_OPEN_TO_ALL_USERS", printable(path)));
  return findings;
}

std::vector<Finding> check_daemon(Language language, const v1::GetInfoResponse& info,
                                  const v1::WhatMayIDoResponse& rights) {
  std::vector<Finding> findings{advice(language, "DAEMON_ANSWERS", "insd " + printable(info.version()))};
  if (rights.role() == v1::CALLER_ROLE_UNSPECIFIED) {
    findings.push_back(advice(language, "PERMISSION_DENIED", "uid " + std::to_string(rights.uid())));
  }
  if (info.environment() == v1::ENVIRONMENT_UNSPECIFIED || info.insi_mode() == v1::INSI_MODE_UNSPECIFIED ||
      info.insi_endpoint().empty()) {
    findings.push_back(advice(language, "INSI_NOT_CONFIGURED"));
  }
  return findings;
}

std::vector<Finding> check_readers(Language language, const v1::ListReadersResponse& readers) {
  std::vector<Finding> findings;
  const auto& pcsc = readers.pcsc();
  if (pcsc.state() != v1::PCSC_STATE_AVAILABLE) {
    findings.push_back(
        from_daemon(Severity::PROBLEM, pcsc.problem_code(), "insd", pcsc.problem(), pcsc.remedy()));
  } else if (readers.readers().empty()) {
    findings.push_back(advice(language, "READER_NOT_FOUND"));
  }
  for (const v1::Reader& reader : readers.readers()) {
    if (reader.problem_code().empty()) {
      findings.push_back(advice(language, "READER_WELL", printable(subject_of(reader))));
      continue;
    }
    // Disabled is what an administrator wanted.
    const bool wanted = reader.state() == v1::READER_STATE_DISABLED;
    findings.push_back(from_daemon(wanted ? Severity::NOTE : Severity::PROBLEM, reader.problem_code(),
                                   subject_of(reader), reader.problem(), reader.remedy()));
  }
  return findings;
}

int run_doctor(Session& session) {
  const auto findings = examine(session);
  const bool well = std::ranges::none_of(
      findings, [](const Finding& finding) { return finding.severity == Severity::PROBLEM; });
  if (session.options.json) {
    session.io.out << to_json(findings, well) << '\n';
  } else {
    for (const Finding& finding : findings) print(session.io.out, session.language, finding);
    session.io.out << session.say(well ? Word::DOCTOR_WELL : Word::DOCTOR_NOT_WELL) << '\n';
  }
  return well ? EXIT_OK : EXIT_NEGATIVE;
}

}  // namespace insd::cli
