// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/check.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "daemon/insi/certificate.h"
#include "daemon/insi/client_key.h"
#include "daemon/insi/credentials.h"
#include "daemon/insi/endpoint.h"
#include "daemon/insi/http_date.h"
#include "daemon/insi/openssl_ptr.h"
#include "daemon/insi/proxy.h"
#include "daemon/keys/site_keys.h"

namespace insd::insi {
namespace {

using StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using ContextPtr = std::unique_ptr<X509_STORE_CTX, Deleter<X509_STORE_CTX_free>>;

constexpr std::array<const char*, 5> kConnectionNames{"connection", "tls", "host_name", "server_certificate",
                                                      "clock"};

Check ok(std::string name, std::string detail) {
  return {std::move(name), CheckState::OK, std::nullopt, std::move(detail)};
}

Check skipped(std::string name, std::string why) {
  return {std::move(name), CheckState::SKIPPED, std::nullopt, std::move(why)};
}

std::string day_of(Clock::Wall time) {
  const std::time_t seconds = Clock::Wall::clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
  return text.data();
}

std::string words_of(const CertificateFacts& facts) {
  return facts.subject + "; issued by " + facts.issuer;
}

Check check_validity(std::string name, const CertificateFacts& facts, Code when_invalid, Clock::Wall now) {
  const std::string until = "valid until " + day_of(facts.not_after);
  if (now < facts.not_before)
    return failed(std::move(name), when_invalid, "valid from " + day_of(facts.not_before));
  if (now > facts.not_after) return failed(std::move(name), when_invalid, "expired: " + until);
  if (facts.not_after - now < kSoon)
    return {std::move(name), CheckState::WARNING, Code::CERTIFICATE_EXPIRES_SOON, until};
  return ok(std::move(name), until);
}

std::vector<X509Ptr> read_authorities(const std::filesystem::path& file) {
  std::vector<X509Ptr> found;
  const BioPtr in(BIO_new_file(file.c_str(), "r"));
  constexpr std::size_t most = 256;
  while (in && found.size() < most) {
    X509Ptr one(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
    if (!one) break;
    found.push_back(std::move(one));
  }
  ERR_clear_error();
  return found;
}

Check check_trust_store(const InsiConfig& config, Clock::Wall now) {
  const std::string file = config.trust_store.string();
  const auto authorities = read_authorities(config.trust_store);
  if (authorities.empty()) {
    return failed("trust_store", Code::CONFIG_INVALID,
                  file + ": no PEM certificate can be read from the file");
  }
  auto at = Clock::Wall::clock::to_time_t(now);
  for (const auto& authority : authorities) {
    if (X509_cmp_time(X509_get0_notAfter(authority.get()), &at) < 0) {
      return {"trust_store", CheckState::WARNING, Code::CERTIFICATE_EXPIRES_SOON,
              file + ": an authority has expired"};
    }
  }
  return ok("trust_store", file + ": " + std::to_string(authorities.size()) + " authorities");
}

Check check_proxy(const InsiConfig& config) {
  try {
    const Endpoint endpoint = parse_endpoint(config.endpoint);
    const auto proxy = proxy_for(config.proxy, endpoint.host);
    if (!proxy) return ok("proxy", config.proxy.address.empty() ? "none" : "not for this host (no_proxy)");
    static_cast<void>(proxy->connect_request({}));
    return ok("proxy", config.proxy.address + (proxy->credentials_file.empty() ? "" : ", with credentials"));
  } catch (const Error& error) {
    return failed("proxy", error.code(), error.detail());
  }
}

// From the certificate and what came with it to the trust store. The teleservice judges by its own: a chain
// that is not found here is no failure.
Check check_chain(const ClientKey& key, const InsiConfig& config, Clock::Wall now) {
  const StorePtr store(X509_STORE_new());
  for (const auto& authority : read_authorities(config.trust_store))
    X509_STORE_add_cert(store.get(), authority.get());
  const std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) { sk_X509_free(stack); })>
      issuers(sk_X509_new_null());
  for (const auto& issuer : key.issuers) sk_X509_push(issuers.get(), issuer.get());
  const ContextPtr context(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), store.get(), key.certificate.get(), issuers.get()) != 1) {
    throw Error(Code::INTERNAL, "X509_STORE_CTX");
  }
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_time(parameters, Clock::Wall::clock::to_time_t(now));
  const bool good = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (good) return ok("certificate_chain", "ends in insi.trust_store");
  return {"certificate_chain", CheckState::WARNING, Code::ORGANISATION_CERTIFICATE_INVALID,
          std::string("to insi.trust_store: ") + X509_verify_cert_error_string(error)};
}

// Of one legal entity.
void check_organisation(const InsiConfig& config, const OrganisationConfig& organisation, Clock::Wall now,
                        std::vector<Check>& checks) {
  try {
    const ClientKey key = organisation.pkcs11_uri.empty() ? load_pkcs12(organisation)
                                                          : load_certificates(organisation.certificate);
    const CertificateFacts facts = organisation_facts(key.certificate.get(), config.environment);
    checks.push_back(ok("credential", words_of(facts)));
    checks.push_back(check_chain(key, config, now));
    checks.push_back(
        check_validity("certificate_validity", facts, Code::ORGANISATION_CERTIFICATE_INVALID, now));
  } catch (const Error& error) {
    checks.push_back(failed("credential", error.code(), error.detail()));
    for (const char* name : {"certificate_chain", "certificate_validity"})
      checks.push_back(skipped(name, "no certificate"));
  }
}

}  // namespace

boost::asio::awaitable<Probe> probe(InsiConfig config, std::stop_token stop) {
  config = with_credentials(std::move(config), keys::credentials_directory());
  ClientKey key;
  if (config.mode == InsiMode::ORGANISATION) key = load_pkcs12(config.organisation);
  HttpClient client(config, key);
  co_return co_await client.probe(std::move(stop));
}

Check failed(std::string name, Code code, std::string detail) {
  return {std::move(name), CheckState::FAILED, code, std::move(detail)};
}

std::vector<Check> check_configuration(const InsiConfig& given, Clock::Wall now) {
  const InsiConfig config = with_credentials(given, keys::credentials_directory());
  std::vector<Check> checks;
  if (config.environment == InsiEnvironment::UNSET) {
    checks.push_back(failed("environment", Code::INSI_NOT_CONFIGURED, "insi.environment is not set"));
  } else if (config.endpoint.empty()) {
    checks.push_back(failed("environment", Code::INSI_NOT_CONFIGURED, "insi.endpoint is not set"));
  } else {
    const char* name = config.environment == InsiEnvironment::PRODUCTION ? "production" : "test";
    checks.push_back(ok("environment", std::string(name) + ", " + config.endpoint));
  }
  if (config.mode != InsiMode::ORGANISATION) {
    for (const char* name : {"credential", "certificate_chain", "certificate_validity"})
      checks.push_back(skipped(name, "mode cps: the professional's card (insctl professional)"));
  } else if (!config.organisation.configured()) {
    checks.push_back(failed("credential", Code::INSI_NOT_CONFIGURED,
                            "insi.organisation: neither pkcs12 nor pkcs11_uri is set"));
  } else {
    check_organisation(config, config.organisation, now, checks);
    for (const OrganisationConfig& each : config.legal_entities)
      check_organisation(config, each, now, checks);
  }
  checks.push_back(check_trust_store(config, now));
  checks.push_back(config.endpoint.empty() ? skipped("proxy", "no endpoint") : check_proxy(config));
  return checks;
}

std::vector<Check> check_connection(const InsiConfig& config, const Probe& probe,
                                    std::optional<std::chrono::seconds> skew, Clock::Wall now) {
  std::vector<Check> checks{ok("connection", "HTTP " + std::to_string(probe.answer.status)),
                            ok("tls", "its chain ends in insi.trust_store"),
                            ok("host_name", parse_endpoint(config.endpoint).host)};
  try {
    const CertificateFacts facts = certificate_facts(probe.server_certificate);
    checks.push_back(check_validity("server_certificate", facts, Code::INSI_TLS_UNTRUSTED, now));
    checks.back().detail += "; " + words_of(facts);
  } catch (const Error& error) {  // it was good enough for TLS
    checks.push_back(skipped("server_certificate", error.detail()));
  }
  if (!skew) {
    checks.push_back(skipped("clock", "the answer has no Date header"));
  } else if (std::chrono::abs(*skew) > kTolerableSkew) {
    checks.push_back(
        {"clock", CheckState::WARNING, Code::CLOCK_SKEWED, std::to_string(skew->count()) + " s"});
  } else {
    checks.push_back(ok("clock", std::to_string(skew->count()) + " s"));
  }
  return checks;
}

std::vector<Check> check_connection(const Error& failure) {
  // How far the attempt came, by what it failed of.
  std::size_t at = 0;
  const bool name = failure.detail().find("mismatch") != std::string::npos;
  switch (failure.code()) {
    case Code::INSI_TLS_UNTRUSTED:
      at = name ? 2 : 1;
      break;
    case Code::INSI_TLS_INTERCEPTED:
    case Code::ORGANISATION_CERTIFICATE_REFUSED:
      at = 1;
      break;
    default:
      break;
  }
  std::vector<Check> checks;
  for (std::size_t i = 0; i < kConnectionNames.size(); ++i) {
    if (i < at) {
      checks.push_back(ok(kConnectionNames[i], ""));
    } else if (i == at) {
      checks.push_back(failed(kConnectionNames[i], failure.code(), failure.detail()));
    } else {
      checks.push_back(
          skipped(kConnectionNames[i], std::string("after the failure of ") + kConnectionNames[at]));
    }
  }
  return checks;
}

std::vector<Check> connection_skipped(const std::string& why) {
  std::vector<Check> checks;
  for (const char* name : kConnectionNames) checks.push_back(skipped(name, why));
  return checks;
}

}  // namespace insd::insi
