// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/signature.h"

#include <array>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <vector>

#include <xmlsec/app.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

#include "tests/simulators/insi/xml.h"

namespace sim {
namespace {

void keep_silent(const char*, int, const char*, const char*, const char*, int, const char*) {}

struct ContextDeleter {
  void operator()(xmlSecDSigCtx* context) const { xmlSecDSigCtxDestroy(context); }
};

xmlSecKeyPtr key_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return nullptr;
  xmlSecKeyPtr key = xmlSecCryptoAppKeyLoadMemory(der, static_cast<xmlSecSize>(size),
                                                  xmlSecKeyDataFormatCertDer, nullptr, nullptr, nullptr);
  OPENSSL_free(der);
  return key;
}

bool allow_one_profile(xmlSecDSigCtx* context) {
  context->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
  return xmlSecDSigCtxEnableReferenceTransform(context, xmlSecTransformEnvelopedId) == 0 &&
         xmlSecDSigCtxEnableReferenceTransform(context, xmlSecTransformExclC14NId) == 0 &&
         xmlSecDSigCtxEnableReferenceTransform(context, xmlSecTransformSha256Id) == 0 &&
         xmlSecDSigCtxEnableSignatureTransform(context, xmlSecTransformExclC14NId) == 0 &&
         xmlSecDSigCtxEnableSignatureTransform(context, xmlSecTransformRsaSha256Id) == 0;
}

}  // namespace

void start_xmlsec() {
  if (xmlSecInit() < 0 || xmlSecCheckVersion() != 1 || xmlSecCryptoAppInit(nullptr) < 0 ||
      xmlSecCryptoInit() < 0) {
    throw std::runtime_error("libxmlsec1 does not start");
  }
  xmlSecErrorsSetCallback(keep_silent);
}

void stop_xmlsec() {
  xmlSecCryptoShutdown();
  xmlSecCryptoAppShutdown();
  xmlSecShutdown();
}

std::string verify_signature(xmlNode* assertion, X509* certificate) {
  // Only this assertion's ID may be referred to; parse() has seen that it is in the document once.
  const std::array<const xmlChar*, 2> ids = {reinterpret_cast<const xmlChar*>("ID"), nullptr};
  xmlSecAddIDs(assertion->doc, assertion, const_cast<const xmlChar**>(ids.data()));
  const std::unique_ptr<xmlSecDSigCtx, ContextDeleter> context(xmlSecDSigCtxCreate(nullptr));
  if (!context || !allow_one_profile(context.get())) return "libxmlsec1 cannot verify";
  context->signKey = key_of(certificate);
  if (context->signKey == nullptr) return "the certificate's key cannot be used";
  if (xmlSecDSigCtxVerify(context.get(), xml::child(assertion, xml::kDsig, "Signature")) < 0) {
    return "the signature cannot be processed";
  }
  if (context->status != xmlSecDSigStatusSucceeded) return "digest or signature value is wrong";
  if (xmlSecPtrListGetSize(&context->signedInfoReferences) != 1)
    return "not exactly one reference was verified";
  return {};
}

}  // namespace sim
