// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/service.h"

#include "tests/simulators/insi/organisation.h"
#include "tests/simulators/insi/pattern.h"
#include "tests/simulators/insi/verification.h"

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

}  // namespace

Service::Service(const Config& config)
    : config_(config),
      script_(config.steps),
      persons_(config.persons),
      message_checks_(config),
      assertion_checks_(config),
      writer_(config.style) {
  for (const auto& step : config.steps) {
    if (!step.person.empty()) static_cast<void>(persons_.get(step.person));
  }
}

Answer Service::handle(std::uint64_t turn, const HttpRequest& request, X509* client, const Step*& step,
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
  step = script_.next(message.query);
  if (step != nullptr && !step->soap_fault.code.empty()) {
    return writer_.fault(step->soap_fault, message.message_id);
  }
  if (const auto* refusal = findings.refusal()) {
    return writer_.fault({.code = refusal->fault, .label = refusal->check + ": " + refusal->text},
                         message.message_id);
  }
  if (step != nullptr && (step->body || !step->code.empty())) return injected(*step, turn);
  return answer_to(message, turn, step == nullptr ? Fault::NONE : step->fault);
}

Answer Service::injected(const Step& step, std::uint64_t turn) const {
  if (!step.body) {
    const Person* person = step.person.empty() ? nullptr : &persons_.get(step.person);
    return writer_.result(step.code, turn, person);
  }
  Answer answer;
  answer.status = step.status;
  answer.content_type = step.content_type;
  answer.body = *step.body;
  answer.summary = "injected, HTTP " + std::to_string(step.status);
  return answer;
}

Answer Service::answer_to(const Message& message, std::uint64_t turn, Fault fault) {
  if (message.query.verification) return verification_answer(persons_, message.query, writer_);
  const auto found = persons_.find(message.query);
  if (fault == Fault::CR00_NO_INDIVIDUAL) return writer_.result("00", turn);
  if (fault == Fault::CR01_WITH_INDIVIDUAL) return writer_.result("01", turn, &persons_.all().front());
  Answer answer;
  if (found.size() == 1) {
    answer = lie(*found.front(), turn, fault);
  } else if (found.size() > 1) {
    answer = writer_.result("02", turn);
  } else if (config_.unknown_is_fault) {
    answer = writer_.fault({.code = message.query.by_card ? "insi_101" : "insi_102"}, message.message_id);
  } else {
    answer = writer_.result("01", turn);
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
  return writer_.result("00", turn, &person);
}

}  // namespace sim
