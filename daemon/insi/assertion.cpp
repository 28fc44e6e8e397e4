// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/assertion.h"

#include <array>

#include <openssl/evp.h>

#include "daemon/insi/xml.h"
#include "drivers/base/error.h"

namespace insd::insi {
namespace {

constexpr const char* kSubjectNameFormat = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName";

std::string base64(ByteView bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string sha256_base64(std::string_view text) {
  std::array<std::uint8_t, 32> digest{};
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw Error(Code::INTERNAL, "no SHA-256");
  return base64(digest);
}

xml::Doc make_skeleton(const std::string& id, const std::string& issue_instant) {
  xml::Doc doc = xml::make_document(nullptr, xml::ns::kSaml, "Assertion");
  xmlNode* assertion = xmlDocGetRootElement(doc.get());
  xml::set_attribute(assertion, "ID", id);
  xml::set_attribute(assertion, "IssueInstant", issue_instant);
  xml::set_attribute(assertion, "Version", "2.0");
  return doc;
}

void add_subject(xmlNode* assertion, const std::string& qualifier, const std::string& name_id) {
  xmlNode* name = xml::add_text_child(xml::add_child(assertion, "Subject"), "NameID", name_id);
  xml::set_attribute(name, "NameQualifier", qualifier);
}

// SignedInfo written in its canonical form: constants, an id of ours and a digest, so nothing needs escaping.
// It declares its namespace itself, as its exclusive canonical form does.
std::string make_signed_info(const std::string& id, const std::string& digest) {
  return "<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\">"
         "<CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">"
         "</CanonicalizationMethod>"
         "<SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></SignatureMethod>"
         "<Reference URI=\"#" +
         id +
         "\"><Transforms>"
         "<Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></Transform>"
         "<Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></Transform>"
         "</Transforms>"
         "<DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></DigestMethod>"
         "<DigestValue>" +
         digest + "</DigestValue></Reference></SignedInfo>";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> assertion_attributes(const InsiConfig& config,
                                                                      const ProfileConfig& profile) {
  if (profile.billing_id.empty()) throw Error(Code::CONFIG_INVALID, "the profile has no billing_id");
  std::vector<std::pair<std::string, std::string>> attributes{{config.attribute_billing, profile.billing_id}};
  if (!profile.speciality.empty() && !config.attribute_speciality.empty())
    attributes.emplace_back(config.attribute_speciality, profile.speciality);
  if (!profile.sector.empty() && !config.attribute_sector.empty())
    attributes.emplace_back(config.attribute_sector, profile.sector);
  return attributes;
}

UnsignedAssertion make_assertion(const AssertionContent& content) {
  const xml::Doc doc = make_skeleton(content.id, content.issue_instant);
  xmlNode* assertion = xmlDocGetRootElement(doc.get());
  xmlNode* issuer = xml::add_text_child(assertion, "Issuer", content.issuer);
  xml::set_attribute(issuer, "Format", kSubjectNameFormat);
  add_subject(assertion, content.name_qualifier, content.name_id);
  xmlNode* statement = xml::add_child(assertion, "AttributeStatement");
  for (const auto& [name, value] : content.attributes) {
    xmlNode* attribute = xml::add_child(statement, "Attribute");
    xml::set_attribute(attribute, "Name", name);
    xml::add_text_child(attribute, "AttributeValue", value);
  }
  UnsignedAssertion result{.canonical = xml::canonical(doc.get()), .signed_info = {}};
  result.signed_info = make_signed_info(content.id, sha256_base64(result.canonical));
  return result;
}

std::string with_signature(const UnsignedAssertion& assertion, ByteView signature, ByteView certificate_der) {
  // In canonical XML every '<' of a value is escaped: this is the end of the Issuer element and no other
  // text.
  constexpr std::string_view kIssuerEnd = "</Issuer>";
  const std::size_t at = assertion.canonical.find(kIssuerEnd);
  if (at == std::string::npos) throw Error(Code::INTERNAL, "assertion without Issuer");
  std::string whole = assertion.canonical;
  whole.insert(at + kIssuerEnd.size(), "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">" +
                                           assertion.signed_info + "<SignatureValue>" + base64(signature) +
                                           "</SignatureValue><KeyInfo><X509Data><X509Certificate>" +
                                           base64(certificate_der) +
                                           "</X509Certificate></X509Data></KeyInfo></Signature>");
  return whole;
}

std::string vitale_assertion(const std::string& id, const std::string& issue_instant,
                             const std::string& issuer_common_name, const std::string& serial) {
  const xml::Doc doc = make_skeleton(id, issue_instant);
  xmlNode* assertion = xmlDocGetRootElement(doc.get());
  xml::add_text_child(assertion, "Issuer", issuer_common_name);
  add_subject(assertion, "VITALE", serial);
  return xml::canonical(doc.get());
}

}  // namespace insd::insi
