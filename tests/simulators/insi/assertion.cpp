// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/assertion.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <vector>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/simulators/insi/instant.h"
#include "tests/simulators/insi/organisation.h"
#include "tests/simulators/insi/signature.h"

namespace sim {
namespace {

constexpr std::string_view kSubjectName = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName";

Certificate read_certificate(const std::string& base64) {
  std::string packed;
  std::ranges::copy_if(base64, std::back_inserter(packed), [](char c) { return c > ' '; });
  if (packed.empty() || packed.size() > 16384 || packed.size() % 4 != 0) return nullptr;
  std::vector<unsigned char> der(packed.size() / 4 * 3);
  const int size = EVP_DecodeBlock(der.data(), reinterpret_cast<const unsigned char*>(packed.data()),
                                   static_cast<int>(packed.size()));
  if (size < 0) return nullptr;
  const unsigned char* cursor = der.data();
  Certificate certificate(d2i_X509(nullptr, &cursor, size));
  const auto padding = packed.ends_with("==") ? 2 : packed.ends_with('=') ? 1 : 0;
  if (!certificate || cursor != der.data() + size - padding) return nullptr;
  return certificate;
}

std::string common_name(X509* certificate) {
  return subject_value(certificate, NID_commonName);
}

std::string rfc2253(X509* certificate) {
  BIO* out = BIO_new(BIO_s_mem());
  X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string name(data, static_cast<std::size_t>(size));
  BIO_free(out);
  return name;
}

/// The card type of extension 1.2.250.1.71.1.2.2, as NameQualifier says it.
std::string name_qualifier(X509* certificate) {
  ASN1_OBJECT* oid = OBJ_txt2obj("1.2.250.1.71.1.2.2", 1);
  const int at = X509_get_ext_by_OBJ(certificate, oid, -1);
  ASN1_OBJECT_free(oid);
  if (at < 0) return "CPX";
  const ASN1_OCTET_STRING* content = X509_EXTENSION_get_data(X509_get_ext(certificate, at));
  const unsigned char* cursor = ASN1_STRING_get0_data(content);
  ASN1_INTEGER* integer = d2i_ASN1_INTEGER(nullptr, &cursor, ASN1_STRING_length(content));
  if (integer == nullptr) return "CPX";
  const long type = ASN1_INTEGER_get(integer);
  ASN1_INTEGER_free(integer);
  switch (type) {
    case 0:
      return "CPS";
    case 1:
      return "CPF";
    case 2:
      return "CDE-CPE";
    case 3:
      return "CPA";
    default:
      return "CPX";
  }
}

/// The shape that no schema can say; empty when it is right.
std::string profile_problem(const xmlNode* assertion, std::chrono::sys_seconds now) {
  const xmlNode* issuer = xml::child(assertion, xml::kSaml, "Issuer");
  const xmlNode* signature = xml::child(assertion, xml::kDsig, "Signature");
  if (xml::attribute(issuer, "Format") != kSubjectName) return "Issuer has no Format X509SubjectName";
  if (signature == nullptr) return "the assertion PS is not signed";
  if (xml::child(assertion, xml::kSaml, "AttributeStatement") == nullptr)
    return "AttributeStatement is missing";
  const xmlNode* reference =
      xml::child(xml::child(signature, xml::kDsig, "SignedInfo"), xml::kDsig, "Reference");
  if (xml::attribute(reference, "URI") != "#" + xml::attribute(assertion, "ID").value_or("")) {
    return "the reference is not to the assertion itself";
  }
  const auto transforms = xml::children(xml::child(reference, xml::kDsig, "Transforms"));
  if (transforms.size() != 2 ||
      xml::attribute(transforms[0], "Algorithm") != "http://www.w3.org/2000/09/xmldsig#enveloped-signature" ||
      xml::attribute(transforms[1], "Algorithm") != "http://www.w3.org/2001/10/xml-exc-c14n#") {
    return "the transforms are not enveloped-signature, then exclusive canonicalisation";
  }
  if (auto why = stale(xml::attribute(assertion, "IssueInstant").value_or(""), now); !why.empty()) {
    return "IssueInstant " + why;
  }
  return {};
}

/// Attribute names are spelled in several ways in the public sources; each meaning may come once.
std::string attributes_problem(const xmlNode* assertion, std::string& seen) {
  std::set<std::string> meanings;
  for (const xmlNode* attribute : xml::children(xml::child(assertion, xml::kSaml, "AttributeStatement"))) {
    const auto name = xml::attribute(attribute, "Name").value_or("");
    const auto value = xml::text(xml::child(attribute, xml::kSaml, "AttributeValue")).value_or("");
    std::string meaning = name;
    if (name == "SecteurActivite") meaning = "secteurActivite";
    if (name == "codeSpecialite" || name == "CodeSpecialite") meaning = "codeSpecialiteAMO";
    if (!meanings.insert(meaning).second) return name + " says the same as another attribute";
    const bool digits = value.find_first_not_of("0123456789") == std::string::npos;
    if (name == "identifiantFacturation" && value.size() != 9 && value.size() != 14)
      return name + " has a wrong size";
    if (meaning == "secteurActivite" && (value.size() != 4 || !value.starts_with("SA")))
      return name + " is not SAnn";
    if (meaning == "codeSpecialiteAMO" && !digits) return name + " is not digits";
    seen += (seen.empty() ? "" : ", ") + name;
  }
  return meanings.contains("identifiantFacturation") ? "" : "identifiantFacturation is missing";
}

std::string vitale_problem(const xmlNode* assertion, const std::string& signer,
                           std::chrono::sys_seconds now) {
  const xmlNode* issuer = xml::child(assertion, xml::kSaml, "Issuer");
  const xmlNode* name_id = xml::child(xml::child(assertion, xml::kSaml, "Subject"), xml::kSaml, "NameID");
  if (xml::attribute(issuer, "Format")) return "Issuer has a Format";
  if (xml::text(issuer) != signer) return "Issuer is not the CN of the professional's certificate";
  if (xml::attribute(name_id, "NameQualifier") != "VITALE") return "NameQualifier is not VITALE";
  // Its signature needs the card's own primitive, which is not public: we could not verify it.
  if (xml::child(assertion, xml::kDsig, "Signature") != nullptr)
    return "is signed: this simulator cannot verify it";
  const auto why = stale(xml::attribute(assertion, "IssueInstant").value_or(""), now);
  return why.empty() ? why : "IssueInstant " + why;
}

}  // namespace

AssertionChecks::AssertionChecks(const Config& config)
    : roots_(X509_STORE_new()), vitale_assertion_(config.vitale_assertion), clock_{config.clock_shift} {
  start_xmlsec();
  for (const auto& file : config.professionals_roots) {
    if (X509_STORE_load_file(roots_.get(), file.c_str()) != 1) {
      throw std::runtime_error(file.string() + ": no PEM certificate can be read");
    }
  }
}

AssertionChecks::~AssertionChecks() {
  stop_xmlsec();
}

std::string AssertionChecks::certificate_problem(X509* certificate) const {
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, roots_.get(), certificate, nullptr);
  X509_STORE_CTX_set_time(context, 0, std::chrono::system_clock::to_time_t(clock_.now()));
  const bool trusted = X509_verify_cert(context) == 1;
  const std::string why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
  X509_STORE_CTX_free(context);
  if (!trusted) return "the chain does not verify: " + why;
  const auto usage = X509_get_key_usage(certificate);
  if (usage == UINT32_MAX) return "no KeyUsage";
  if ((usage & KU_NON_REPUDIATION) == 0 || (usage & KU_DIGITAL_SIGNATURE) != 0)
    return "KeyUsage is not nonRepudiation";
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < 2048) {
    return "the key is not RSA of 2048 bits or more";
  }
  return common_name(certificate).empty() ? "no CN" : "";
}

void AssertionChecks::examine(xmlDoc* doc, const Message& message, Findings& findings) const {
  const xmlNode* security =
      xml::child(xml::child(xmlDocGetRootElement(doc), xml::kSoap, "Header"), xml::kWsse, "Security");
  const auto assertions = xml::children(security);
  if (assertions.empty()) return findings.bad("assertion PS", "is missing");
  xmlNode* assertion = assertions.front();
  findings.judge("assertion PS", profile_problem(assertion, clock_.now()),
                 "enveloped, exclusive C14N, RSA-SHA256, one reference");
  std::string attributes;
  const auto why = attributes_problem(assertion, attributes);
  findings.judge("attributes", why, attributes);
  if (findings.refusal() != nullptr) return;

  const xmlNode* key_info = xml::child(xml::child(assertion, xml::kDsig, "Signature"), xml::kDsig, "KeyInfo");
  const auto certificate = read_certificate(
      xml::text(xml::child(xml::child(key_info, xml::kDsig, "X509Data"), xml::kDsig, "X509Certificate"))
          .value_or(""));
  if (!certificate) return findings.bad("certificate", "is not one DER certificate");
  const auto problem = certificate_problem(certificate.get());
  findings.judge("certificate", problem,
                 "chain verified, nonRepudiation, CN " + common_name(certificate.get()));
  if (!problem.empty()) return;
  findings.judge("signature", verify_signature(assertion, certificate.get()), "verified by libxmlsec1");

  const auto signer = common_name(certificate.get());
  const xmlNode* name_id = xml::child(xml::child(assertion, xml::kSaml, "Subject"), xml::kSaml, "NameID");
  const bool named = xml::text(name_id) == signer;
  const bool qualified = xml::attribute(name_id, "NameQualifier") == name_qualifier(certificate.get());
  findings.judge("NameID", named && qualified ? "" : "is not the certificate's CN and card type",
                 name_qualifier(certificate.get()) + " " + signer);
  findings.judge("Emetteur", message.emitter == signer ? "" : "is not the NameID", "is the NameID");
  const bool plain = xml::text(xml::child(assertion, xml::kSaml, "Issuer")) == rfc2253(certificate.get());
  findings.good("Issuer", plain ? "RFC 2253 subject" : "another writing of the subject (tolerated)");

  const bool has_vitale = assertions.size() > 1;
  if (has_vitale)
    findings.judge("assertion Vitale", vitale_problem(assertions[1], signer, clock_.now()), "unsigned");
  const bool wanted = message.query.by_card && vitale_assertion_ != "forbidden";
  if (has_vitale && !wanted) findings.bad("assertion Vitale", "is not expected");
  if (!has_vitale && message.query.by_card && vitale_assertion_ == "required") {
    findings.bad("assertion Vitale", "is missing");
  }
}

}  // namespace sim
