// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/organisation.h"

#include <openssl/x509v3.h>

namespace sim {
namespace {

int units(X509* certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  int count = 0;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_organizationalUnitName, at)) >= 0;) ++count;
  return count;
}

std::string usage_problem(X509* certificate) {
  const auto usage = X509_get_key_usage(certificate);
  if (usage == UINT32_MAX) return "no KeyUsage";
  if ((usage & KU_DIGITAL_SIGNATURE) == 0) return "KeyUsage is not digitalSignature";
  if (X509_get_extended_key_usage(certificate) == UINT32_MAX) return "no extended key usage";
  return units(certificate) == 1 ? "" : "the subject has not one OU";
}

}  // namespace

std::string subject_value(X509* certificate, int nid) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, nid, -1);
  if (at < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return {};
  std::string name(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return name;
}

void examine_organisation(X509* certificate, xmlDoc* doc, const Message& message, Findings& findings) {
  const auto name = subject_value(certificate, NID_commonName);
  const auto unit = subject_value(certificate, NID_organizationalUnitName);
  findings.judge("client certificate", usage_problem(certificate),
                 "chain verified, clientAuth, CN " + name + ", OU " + unit);
  // The only rule of its name that is public, with its fault (specs: insi 3.4).
  if (name == "INSI-MANU" || name == "INSI-AUTO") {
    findings.good("client name", name);
  } else {
    findings.bad("client name", "CN is neither INSI-MANU nor INSI-AUTO", "desir_560");
  }
  const xmlNode* security =
      xml::child(xml::child(xmlDocGetRootElement(doc), xml::kSoap, "Header"), xml::kWsse, "Security");
  findings.judge("assertion", xml::children(security).empty() ? "" : "none is expected of an organisation",
                 "none");
  findings.judge("Emetteur", message.emitter == unit ? "" : "is not the OU of the client certificate",
                 "is the OU");
}

}  // namespace sim
