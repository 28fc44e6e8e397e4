// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/tls.h"

#include <array>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace insd::insi::tls {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using boost::system::error_code;

bool is_address(const std::string& host) {
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  return !not_an_address;
}

bool names(X509* certificate, const std::string& host) {
  if (is_address(host)) return X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
  return X509_check_host(certificate, host.c_str(), host.size(), 0, nullptr) == 1;
}

std::string text_of(const X509_NAME* name) {
  std::array<char, 256> line{};
  X509_NAME_oneline(name, line.data(), line.size());
  return printable(line.data(), 200);
}

// An authority that the administrator knows, or one of the national PKI that the store lacks.
bool is_known_authority(X509_STORE_CTX* context, const X509_NAME* issuer) {
  if (text_of(issuer).find("IGC-SANTE") != std::string::npos) return true;
  const STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(X509_STORE_CTX_get0_store(context));
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    X509* const authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
    if (authority != nullptr && X509_NAME_cmp(X509_get_subject_name(authority), issuer) == 0) return true;
  }
  return false;
}

int meeting_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr,
                                                [](void*, void* value, CRYPTO_EX_DATA*, int, long, void*) {
                                                  delete static_cast<std::shared_ptr<Meeting>*>(value);
                                                });
  return index;
}

// A proxy that inspects TLS makes a certificate of the right name by an authority of its own; a stranger's
// server has another name, or nobody's signature.
void look_at_stranger(X509_STORE_CTX* context, Meeting& meeting) {
  switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      break;
    default:
      return;
  }
  X509* const server = X509_STORE_CTX_get0_cert(context);
  const X509_NAME* const issuer = X509_get_issuer_name(server);
  meeting.issuer = text_of(issuer);
  meeting.intercepted = X509_NAME_cmp(issuer, X509_get_subject_name(server)) != 0 &&
                        names(server, meeting.host) && !is_known_authority(context, issuer);
  ERR_clear_error();
}

int on_verify(int good, X509_STORE_CTX* context) {
  if (good == 1) return good;
  const auto* connection =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* meeting = static_cast<std::shared_ptr<Meeting>*>(SSL_get_ex_data(connection, meeting_index()));
  if (meeting != nullptr) look_at_stranger(context, **meeting);
  return good;
}

}  // namespace

void configure(ssl::context& context, const std::filesystem::path& trust_store) {
  context.set_options(ssl::context::default_workarounds | ssl::context::no_compression |
                      SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  // Whatever the administrator put into the store is an end of the chain, an intermediate too.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.native_handle()), X509_V_FLAG_PARTIAL_CHAIN);
  context.set_verify_mode(ssl::verify_peer);
  error_code failure;
  context.load_verify_file(trust_store.string(), failure);
  if (failure)
    throw Error(Code::CONFIG_INVALID, "insi.trust_store: no PEM certificate can be read from the file");
}

void show_itself(ssl::context& context, const ClientKey& key) {
  const std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) { sk_X509_free(stack); })>
      issuers(sk_X509_new_null());
  for (const auto& issuer : key.issuers) sk_X509_push(issuers.get(), issuer.get());
  if (key.pkcs1_only) {
    SSL_CTX_set_max_proto_version(context.native_handle(), TLS1_2_VERSION);
    SSL_CTX_set1_client_sigalgs_list(context.native_handle(), "RSA+SHA256");
    SSL_CTX_set1_sigalgs_list(context.native_handle(), "RSA+SHA256");
  }
  ERR_clear_error();
  if (SSL_CTX_use_cert_and_key(context.native_handle(), key.certificate.get(), key.key.get(), issuers.get(),
                               1) == 1)
    return;
  const char* why = ERR_reason_error_string(ERR_peek_last_error());
  throw Error(Code::CONFIG_INVALID, "insi.organisation: " + printable(why != nullptr ? why : "not usable"));
}

void expect_server(SSL* connection, const std::shared_ptr<Meeting>& meeting, bool common_name) {
  const std::string& host = meeting->host;
  int ok = 0;
  if (is_address(host)) {
    ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), host.c_str());
  } else {
    // Without NEVER_CHECK_SUBJECT OpenSSL takes the CN where the subjectAltName has no name.
    SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                      (common_name ? 0U : X509_CHECK_FLAG_NEVER_CHECK_SUBJECT));
    ok = SSL_set1_host(connection, host.c_str()) == 1 &&
                 SSL_set_tlsext_host_name(connection, host.c_str()) == 1
             ? 1
             : 0;
  }
  auto kept = std::make_unique<std::shared_ptr<Meeting>>(meeting);
  if (ok != 1 || SSL_set_ex_data(connection, meeting_index(), kept.get()) != 1) {
    throw Error(Code::INTERNAL, "TLS could not be prepared");
  }
  kept.release();
  SSL_set_verify(connection, SSL_VERIFY_PEER, on_verify);
}

Error handshake_error(SSL* connection, const Meeting& meeting, const error_code& failure, bool shows_itself) {
  if (meeting.intercepted) return Error(Code::INSI_TLS_INTERCEPTED, "by " + meeting.issuer);
  const long verdict = SSL_get_verify_result(connection);
  if (verdict != X509_V_OK) {
    const std::string by = meeting.issuer.empty() ? "" : "; its issuer is " + meeting.issuer;
    return Error(Code::INSI_TLS_UNTRUSTED, X509_verify_cert_error_string(verdict) + by);
  }
  if (shows_itself && refuses_certificate(failure))
    return Error(Code::ORGANISATION_CERTIFICATE_REFUSED, printable(failure.message()));
  // Spoke, but no TLS that we accept: an old protocol, plain HTTP of a proxy.
  if (failure.category() == asio::error::get_ssl_category())
    return Error(Code::INSI_TLS_UNTRUSTED, "no acceptable TLS: " + printable(failure.message()));
  return Error(Code::INSI_UNREACHABLE, "TLS handshake: " + printable(failure.message()));
}

// The alerts by which a server says that it wants another certificate than it was shown, or one at all.
bool refuses_certificate(const error_code& failure) {
  if (failure.category() != asio::error::get_ssl_category()) return false;
  switch (ERR_GET_REASON(static_cast<unsigned long>(failure.value()))) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

}  // namespace insd::insi::tls
