// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/fault.h"

#include <initializer_list>
#include <string_view>
#include <utility>

#include "daemon/insi/xml.h"
#include "drivers/base/bytes.h"

namespace insd::insi {
namespace {

constexpr std::size_t kMaxTextBytes = 1024;

const xmlNode* first_child(const xmlNode* parent, const char* href, const char* name) {
  if (parent == nullptr) return nullptr;
  for (const xmlNode* child : xml::elements(parent)) {
    if (xml::is(child, href, name)) return child;
  }
  return nullptr;
}

// Cuts at a character's border, so that what was UTF-8 stays UTF-8.
std::string bounded(std::string text) {
  if (text.size() <= kMaxTextBytes) return text;
  std::size_t end = kMaxTextBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text;
}

std::string whole_text(const xmlNode* node) {
  if (node == nullptr) return {};
  xmlChar* content = xmlNodeGetContent(node);
  if (content == nullptr) return {};
  std::string text(reinterpret_cast<const char*>(content));
  xmlFree(content);
  return bounded(std::move(text));
}

std::string attribute(const xmlNode* node, const char* name) {
  xmlChar* content = xmlGetNoNsProp(node, reinterpret_cast<const xmlChar*>(name));
  if (content == nullptr) return {};
  std::string text(reinterpret_cast<const char*>(content));
  xmlFree(content);
  return bounded(std::move(text));
}

// Subcodes come as "soap:siram_40", with whatever prefix that day (specs: insi 2.4).
std::string without_prefix(const std::string& qualified) {
  const std::size_t colon = qualified.rfind(':');
  return colon == std::string::npos ? qualified : qualified.substr(colon + 1);
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> values) {
  for (const std::string_view value : values) {
    if (text == value) return true;
  }
  return false;
}

Code code_of(const InsiFault& fault) {
  // Unknown authorisation number, certificate not entitled: no waiting helps, whatever the subcode says.
  if (is_one_of(fault.code, {"desir_550", "desir_560"}) || fault.subcode == "siram_100")
    return Code::INSI_NOT_AUTHORISED;
  if (fault.subcode == "siram_40" || fault.code == "desir_1020") return Code::INSI_UNAVAILABLE;
  return Code::INSI_FAULT;
}

}  // namespace

InsiFault read_fault(const xmlNode* fault) {
  InsiFault result;
  const xmlNode* subcode = first_child(first_child(fault, xml::ns::kSoap, "Code"), xml::ns::kSoap, "Subcode");
  result.subcode = without_prefix(whole_text(first_child(subcode, xml::ns::kSoap, "Value")));
  const xmlNode* detail = first_child(fault, xml::ns::kSoap, "Detail");
  const xmlNode* siram = first_child(detail, xml::ns::kFault, "Erreur");
  if (siram == nullptr) return result;
  result.code = attribute(siram, "code");
  result.severity = attribute(siram, "severite");
  result.message_id = attribute(siram, "messageID");
  result.label = whole_text(siram);
  return result;
}

Error fault_error(InsiFault fault) {
  const Code code = code_of(fault);
  std::string detail = "fault " + printable(fault.subcode, 40) + " " + printable(fault.code, 40) + " " +
                       printable(fault.severity, 40);
  return Error(code, std::move(detail)).with_insi_fault(std::move(fault));
}

}  // namespace insd::insi
