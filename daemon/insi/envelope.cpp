// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/envelope.h"

#include <string_view>

#include "daemon/insi/operations.h"
#include "daemon/insi/xml.h"
#include "drivers/base/error.h"

namespace insd::insi {
namespace {

constexpr const char* kPlace = "assertions";

// Order of the headers as a client in production sends them; the service does not mind (specs: insi 2).
void add_headers(xmlNode* header, const EnvelopeContent& content) {
  const auto* card = std::get_if<CardQuery>(&content.query);
  add_context_bam(header, content.bam, card);
  add_context_lps(header, content.lps, content.editor);
  xml::set_text(xml::add_child(header, "wsa", xml::ns::kAddressing, "Action"), content.operation.action);
  xml::set_text(xml::add_child(header, "wsa", xml::ns::kAddressing, "MessageID"), content.message_id);
  xml::add_child(xml::add_child(header, "wsse", xml::ns::kSecurity, "Security"), kPlace);
}

}  // namespace

Envelope make_envelope(const EnvelopeContent& content) {
  const xml::Doc doc = xml::make_document("s", xml::ns::kSoap, "Envelope");
  xmlNode* envelope = xmlDocGetRootElement(doc.get());
  add_headers(xml::add_child(envelope, "Header"), content);
  xmlNode* body = xml::add_child(envelope, "Body");
  std::visit([&](const auto& query) { add_body(body, query, content.operation); }, content.query);

  // Every '<' of a value is escaped, so this text is the placeholder element and nothing else.
  constexpr std::string_view kPlaceholder = "<wsse:assertions/>";
  const std::string text = xml::serialise(doc.get());
  const std::size_t at = text.find(kPlaceholder);
  if (at == std::string::npos) throw Error(Code::INTERNAL, "no place for the assertions");
  return {text.substr(0, at), text.substr(at + kPlaceholder.size())};
}

}  // namespace insd::insi
