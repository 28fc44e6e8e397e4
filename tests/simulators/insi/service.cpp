// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/service.h"

#include "tests/simulators/insi/organisation.h"
#include "tests/simulators/insi/pattern.h"

namespace sim {
namespace {

constexpr std::string_view kTestOid = "1.2.250.1.213.1.4.10";

/// Method, path and media type; the status of the plain HTTP refusal, 0 when they are right.
int check_http(const Config& config, const HttpRequest& request, Findings& findings) {
  constexpr const char* kMediaType = "application/soap\\+xml *(; *[a-z]+=(\"[^\"]*\"|[^ ;\"]+) *)*";
  constexpr const char* kCharset = ".*; *charset=\"?utf-8\"? *(;.*)?";
  const auto content_type = request.header("content-type").substr(0, 512);
  if (request.method != "POST") {
    findings.bad("http", "the method is not POST");
    return 405;
  }
  if (request.target != config.path) {
    findings.bad("http", "the path is not " + config.path);
    return 404;
  }
  if (!matches(content_type, kMediaType, true) || !matches(content_type, kCharset, true)) {
    findings.bad("http", "Content-Type is not application/soap+xml; charset=utf-8");
    return 415;
  }
  findings.good("http",
                "POST " + config.path + ", " + std::to_string(request.body.size()) + " bytes of SOAP 1.2");
  return 0;
}

/// The media type's `action` is optional, but must not contradict the message.
void check_action_parameter(const HttpRequest& request, const Message& message, Findings& findings) {
  const auto content_type = request.header("content-type").substr(0, 512);
  const auto at = content_type.find("action=");
  if (at == std::string::npos) return;
  auto action = content_type.substr(at + 7);
  action = action.starts_with('"') ? action.substr(1, action.find('"', 1) - 1)
                                   : action.substr(0, action.find(';'));
  findings.judge("action parameter", action == message.action ? "" : "is not wsa:Action", "as wsa:Action");
}

Answer plain(int status, std::string text) {
  Answer answer;
  answer.status = status;
  answer.content_type = "text/plain; charset=utf-8";
  answer.body = std::move(text);
  answer.summary = "HTTP " + std::to_string(status);
  return answer;
}

/// Puts a DOCTYPE before the answer and one of its entities into the label.
void add_doctype(std::string& body, bool external) {
  std::string doctype = "<!DOCTYPE d [";
  if (external) {
    doctype += "<!ENTITY e SYSTEM \"file:///etc/hostname\">";
  } else {
    doctype += "<!ENTITY e0 \"ha\">";
    for (int i = 1; i < 10; ++i) {
      doctype += "<!ENTITY e" + std::to_string(i) + " \"";
      for (int n = 0; n < 10; ++n) doctype += "&e" + std::to_string(i - 1) + ";";
      doctype += "\">";
    }
    doctype += "<!ENTITY e \"&e9;\">";
  }
  constexpr std::string_view kLabel = "LibelleCR>";
  if (const auto at = body.find(kLabel); at != std::string::npos) body.insert(at + kLabel.size(), "&e;");
  body.insert(0, doctype + "]>");
}

std::string_view soap_fault_of(Fault fault) {
  switch (fault) {
    case Fault::DESIR_550:
      return "desir_550";
    case Fault::DESIR_560:
      return "desir_560";
    case Fault::DESIR_1020:
      return "desir_1020";
    case Fault::INSI_101:
      return "insi_101";
    case Fault::INSI_102:
      return "insi_102";
    default:
      return {};
  }
}

}  // namespace

Service::Service(const Config& config)
    : config_(config),
      persons_(config.persons),
      message_checks_(config),
      assertion_checks_(config),
      writer_(config.style) {}

Answer Service::handle(std::uint64_t turn, const HttpRequest& request, X509* client, Fault fault,
                       Findings& findings) {
  const std::lock_guard lock(mutex_);
  if (const int status = check_http(config_, request, findings); status != 0) {
    return plain(status, findings.refusal()->text + "\n");
  }
  const auto parsed = xml::parse(request.body);
  findings.judge("xml", parsed.why, "well-formed, nothing hidden");
  Message message;
  if (parsed.doc) {
    message = message_checks_.examine(parsed.doc.get(), findings);
    // What follows relies on the shape; a message whose shape is wrong is refused whatever it is signed with.
    const auto* refusal = findings.refusal();
    if (refusal == nullptr || refusal->check != "schema") {
      check_action_parameter(request, message, findings);
      client != nullptr ? examine_organisation(client, parsed.doc.get(), message, findings)
                        : assertion_checks_.examine(parsed.doc.get(), message, findings);
    }
  }
  if (const auto code = soap_fault_of(fault); !code.empty()) {
    return writer_.fault(code, "Fault asked for by the configuration", message.message_id);
  }
  if (const auto* refusal = findings.refusal()) {
    return writer_.fault(refusal->fault, refusal->check + ": " + refusal->text, message.message_id);
  }
  return answer_to(message, turn, fault);
}

Answer Service::answer_to(const Message& message, std::uint64_t turn, Fault fault) {
  const auto found = persons_.find(message.query);
  if (fault == Fault::CR00_NO_INDIVIDUAL) return writer_.without("00", turn);
  if (fault == Fault::CR01_WITH_INDIVIDUAL) return writer_.without("01", turn, &persons_.all().front());
  Answer answer;
  if (found.size() == 1) {
    answer = lie(*found.front(), turn, fault);
  } else if (found.size() > 1) {
    answer = writer_.without("02", turn);
  } else if (config_.unknown_is_fault) {
    answer = writer_.fault(message.query.by_card ? "insi_101" : "insi_102", "Erreur technique",
                           message.message_id);
  } else {
    answer = writer_.without("01", turn);
  }
  if (fault == Fault::DOCTYPE || fault == Fault::XXE) add_doctype(answer.body, fault == Fault::XXE);
  return answer;
}

Answer Service::lie(Person person, std::uint64_t turn, Fault fault) const {
  if (fault == Fault::TEST_OID) person.active.oid = kTestOid;
  if (fault == Fault::WRONG_KEY_ANSWER) person.active.key = person.active.key == "42" ? "43" : "42";
  if (fault == Fault::OTHER_PERSON) {
    const auto& all = persons_.all();
    person = all.front().id == person.id ? all.back() : all.front();
  }
  return writer_.found(person, turn);
}

}  // namespace sim
