// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/exchange.h"

#include <atomic>
#include <limits>
#include <utility>

#include <spdlog/spdlog.h>

#include "daemon/insi/answer.h"
#include "daemon/insi/assertion.h"
#include "daemon/insi/certificate.h"
#include "daemon/insi/client_key.h"
#include "daemon/insi/credentials.h"
#include "daemon/insi/envelope.h"
#include "daemon/insi/http_client.h"
#include "daemon/insi/http_date.h"
#include "daemon/insi/identifiers.h"
#include "daemon/insi/operations.h"
#include "daemon/keys/site_keys.h"
#include "drivers/base/error.h"

namespace insd::insi {
namespace {

using boost::asio::awaitable;

const InsiConfig& checked(const InsiConfig& config) {
  if (config.environment == InsiEnvironment::UNSET)
    throw Error(Code::INSI_NOT_CONFIGURED, "insi.environment is not set");
  if (config.endpoint.empty()) throw Error(Code::INSI_NOT_CONFIGURED, "insi.endpoint is not set");
  if (config.mode == InsiMode::ORGANISATION && !config.organisation.configured())
    throw Error(Code::INSI_NOT_CONFIGURED, "insi.organisation: neither pkcs12 nor pkcs11_uri is set");
  return config;
}

void check_stop(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(Code::CANCELLED);
}

// All of one request that is known before anything is signed.
struct Prepared {
  std::string message_id;
  Envelope envelope;
  UnsignedAssertion assertion;
  std::string vitale_assertion;  // empty: none
};

const std::string& version_of(const std::string& described, const std::string& configured) {
  return described.empty() ? configured : described;
}

// What every message has. `sender`: the CN of the professional's certificate, the OU of the organisation's
// (specs: insi 2).
Prepared prepare(const InsiConfig& config, const Operation& operation, const Query& query, const Party& party,
                 const std::string& sender, const std::string& time) {
  const auto context = [&](const std::string& version) {
    return ContextHead{version, make_uuid(), time, sender};
  };
  Prepared result;
  result.message_id = "uuid:" + make_uuid();
  result.envelope = make_envelope({.bam = context(version_of(operation.bam_version, config.bam_version)),
                                   .lps = context(version_of(operation.lps_version, config.lps_version)),
                                   .editor = party.editor,
                                   .query = query,
                                   .message_id = result.message_id,
                                   .operation = operation});
  return result;
}

void prepare_assertions(const InsiConfig& config, const Query& query, const Party& party,
                        const CertificateFacts& signer, const std::string& time, Prepared& result) {
  result.assertion = make_assertion({.id = "_" + make_uuid(),
                                     .issue_instant = time,
                                     .issuer = signer.subject,
                                     .name_id = signer.common_name,
                                     .name_qualifier = std::string(name_qualifier(signer.card_type)),
                                     .attributes = assertion_attributes(config, party.profile)});
  const auto* card = std::get_if<CardQuery>(&query);
  if (card != nullptr && card->vitale_serial) {
    result.vitale_assertion =
        vitale_assertion("_" + make_uuid(), time, signer.common_name, *card->vitale_serial);
  }
}

}  // namespace

namespace {

// A way to the service: a connection of its own and, in mode organisation, whose certificate it shows.
struct Credential {
  std::optional<CertificateFacts> organisation;
  std::unique_ptr<Transport> transport;
};

Credential open_credential(const InsiConfig& config, const Exchange::MakeTransport& remote) {
  Credential credential;
  ClientKey key;
  if (config.mode == InsiMode::ORGANISATION) {
    const bool on_token = !config.organisation.pkcs11_uri.empty();
    key = on_token ? load_certificates(config.organisation.certificate) : load_pkcs12(config.organisation);
    credential.organisation = organisation_facts(key.certificate.get(), config.environment);
    if (on_token) {
      if (!remote) throw Error(Code::INSI_NOT_CONFIGURED, "no process for the organisation's key");
      // The child reads endpoint and trust store when it is first needed; a mistake in them is told now.
      static_cast<void>(HttpClient(config));
      credential.transport = remote(config);
      return credential;
    }
  }
  credential.transport = std::make_unique<HttpClient>(config, key);
  return credential;
}

std::vector<Credential> open_credentials(const InsiConfig& config, const Exchange::MakeTransport& remote) {
  std::vector<Credential> credentials;
  credentials.push_back(open_credential(config, remote));
  if (config.mode != InsiMode::ORGANISATION) return credentials;
  for (const OrganisationConfig& entity : config.legal_entities) {
    InsiConfig further = config;
    further.organisation = entity;
    Credential credential = open_credential(further, remote);
    for (const Credential& earlier : credentials) {
      if (earlier.organisation->organisation_unit == credential.organisation->organisation_unit) {
        throw Error(Code::CONFIG_INVALID, "insi.legal_entity: two certificates of one structure (OU)");
      }
    }
    credentials.push_back(std::move(credential));
  }
  return credentials;
}

// What came of one request.
struct Delivered {
  HttpResponse response;
  std::string message_id;
  Clock::Wall sent_at;
  std::chrono::nanoseconds duration{};

  template <class Result>
  void describe(Result& result, const Operation& operation) const {
    result.message_id = message_id;
    result.sent_at = sent_at;
    result.duration = duration;
    result.operation = operation.name;
  }
};

}  // namespace

class Exchange::Impl {
 public:
  Impl(const InsiConfig& config, const Clock& clock, const MakeTransport& remote)
      : config_(with_credentials(checked(config), keys::credentials_directory())),
        clock_(clock),
        operations_(load_operations(config_.operations)),
        credentials_(open_credentials(config_, remote)) {}

  awaitable<Reply> ask(Query query, Party party, Signer* signer, BeforeSend about_to_send,
                       std::stop_token stop) {
    const Operation& operation =
        std::holds_alternative<CardQuery>(query) ? operations_.by_card : operations_.by_traits;
    const Delivered delivered = co_await deliver(operation, std::move(query), std::move(party), signer,
                                                 std::move(about_to_send), std::move(stop));
    Reply reply = read_answer(delivered.response, config_.environment, operation.response_namespace);
    delivered.describe(reply, operation);
    warn_of_clock(reply.warnings);
    co_return reply;
  }

  awaitable<Verdict> verify(VerificationQuery query, Party party, Signer* signer, BeforeSend about_to_send,
                            std::stop_token stop) {
    if (!operations_.verification) throw Error(Code::OPERATION_NOT_CONFIGURED);
    const Operation& operation = *operations_.verification;
    const Delivered delivered = co_await deliver(operation, std::move(query), std::move(party), signer,
                                                 std::move(about_to_send), std::move(stop));
    Verdict verdict = read_verdict(delivered.response, operation);
    delivered.describe(verdict, operation);
    verdict.origin = operation.origin;
    verdict.contract_verified = operation.verified;
    co_return verdict;
  }

  [[nodiscard]] std::vector<std::string> organisation_ids() const {
    std::vector<std::string> ids;
    for (const Credential& each : credentials_) {
      if (each.organisation) ids.push_back(each.organisation->organisation_unit);
    }
    return ids;
  }

  [[nodiscard]] std::map<std::string, std::string> certificate_names() const {
    std::map<std::string, std::string> names;
    for (const Credential& each : credentials_) {
      if (each.organisation)
        names.emplace(each.organisation->organisation_unit, each.organisation->common_name);
    }
    return names;
  }

  [[nodiscard]] std::optional<std::chrono::seconds> skew() const {
    const std::int64_t seconds = skew_;
    return seconds == kNoSkew ? std::nullopt : std::optional(std::chrono::seconds(seconds));
  }

  void drop_connection(const std::string& whose) {
    for (const Credential& each : credentials_) each.transport->drop_connection(whose);
  }
  void stop() {
    for (const Credential& each : credentials_) each.transport->stop();
  }

 private:
  // Never another than that of the profile, whatever the profile says: no fall-back from one to another.
  [[nodiscard]] const Credential& credential_for(const ProfileConfig& profile) const {
    if (!credentials_.front().organisation) return credentials_.front();
    for (const Credential& each : credentials_) {
      if (each.organisation->organisation_unit == profile.structure_id) return each;
    }
    throw Error(Code::PROFILE_UNKNOWN, "no certificate of the profile's structure");
  }

  awaitable<Delivered> deliver(const Operation& operation, Query query, Party party, Signer* signer,
                               BeforeSend about_to_send, std::stop_token stop) {
    require_usable(operation, config_.environment);
    const Credential& credential = credential_for(party.profile);
    const auto& organisation = credential.organisation;
    const std::string time = utc_milliseconds(clock_.wall());
    Prepared prepared;
    Bytes certificate;
    if (organisation) {
      require_valid(*organisation, clock_.wall());
      prepared = prepare(config_, operation, query, party, organisation->organisation_unit, time);
    } else {
      if (signer == nullptr) throw Error(Code::INTERNAL, "nobody to sign");
      certificate = signer->certificate();
      const CertificateFacts facts = checked_signer(certificate);
      prepared = prepare(config_, operation, query, party, facts.common_name, time);
      prepare_assertions(config_, query, party, facts, time, prepared);
    }
    check_stop(stop);
    if (about_to_send) co_await about_to_send(prepared.message_id);

    std::string assertions;
    if (!organisation) assertions = co_await sign(prepared, *signer, certificate, stop);
    HttpRequest request{
        .content_type = "application/soap+xml; charset=utf-8", .body = {}, .credential = party.credential};
    request.body = prepared.envelope.with(assertions);
    if (party.messages) party.messages->request = request.body;
    Delivered delivered;
    delivered.message_id = prepared.message_id;
    delivered.sent_at = clock_.wall();
    const Clock::Steady began = clock_.steady();
    delivered.response = co_await credential.transport->post(std::move(request), stop);
    if (party.messages) party.messages->answer = delivered.response.body;
    note_clock(insi::clock_skew(delivered.response.date, delivered.sent_at, clock_.wall()));
    delivered.duration = clock_.steady() - began;
    co_return delivered;
  }

  static awaitable<std::string> sign(const Prepared& prepared, Signer& signer, const Bytes& certificate,
                                     std::stop_token stop) {
    const ByteView to_sign = as_bytes(prepared.assertion.signed_info);
    const Bytes signature = co_await signer.sign(Bytes(to_sign.begin(), to_sign.end()), stop);
    if (!signature_verifies(certificate, to_sign, signature)) throw Error(Code::SIGNATURE_INVALID);
    check_stop(stop);
    co_return with_signature(prepared.assertion, signature, certificate) + prepared.vitale_assertion;
  }

  [[nodiscard]] CertificateFacts checked_signer(const Bytes& certificate) const {
    CertificateFacts facts = certificate_facts(certificate);
    require_signature_certificate(facts, clock_.wall());
    if (facts.test_pki && config_.environment == InsiEnvironment::PRODUCTION)
      throw Error(Code::TEST_CARD_REFUSED);
    return facts;
  }

  void warn_of_clock(std::vector<std::string>& warnings) const {
    if (const auto now = skew(); now && std::chrono::abs(*now) > kTolerableSkew)
      warnings.emplace_back("CLOCK_SKEWED");
  }

  // Also of a fault: a clock that is wrong makes many of them. Told once until it is right again.
  void note_clock(std::optional<std::chrono::seconds> skew) {
    if (!skew) return;
    const auto tolerable = [](std::chrono::seconds each) { return std::chrono::abs(each) <= kTolerableSkew; };
    const auto before = this->skew();
    skew_ = skew->count();
    if (!tolerable(*skew) && (!before || tolerable(*before))) {
      spdlog::warn("CLOCK_SKEWED: the teleservice's clock is {} s from this machine's", skew->count());
    }
  }

  static constexpr std::int64_t kNoSkew = std::numeric_limits<std::int64_t>::min();

  const InsiConfig config_;
  const Clock& clock_;
  const Operations operations_;
  const std::vector<Credential> credentials_;  // one in mode cps
  std::atomic<std::int64_t> skew_{kNoSkew};
};

Exchange::Exchange(const InsiConfig& config, const Clock& clock, const MakeTransport& remote)
    : impl_(std::make_shared<Impl>(config, clock, remote)) {}

Exchange::~Exchange() = default;

awaitable<Reply> Exchange::by_card(CardQuery query, Party party, Signer* signer, BeforeSend about_to_send,
                                   std::stop_token stop) {
  const auto impl = impl_;
  co_return co_await impl->ask(std::move(query), std::move(party), signer, std::move(about_to_send),
                               std::move(stop));
}

awaitable<Reply> Exchange::by_traits(TraitsQuery query, Party party, Signer* signer, BeforeSend about_to_send,
                                     std::stop_token stop) {
  const auto impl = impl_;
  co_return co_await impl->ask(std::move(query), std::move(party), signer, std::move(about_to_send),
                               std::move(stop));
}

awaitable<Verdict> Exchange::verify(VerificationQuery query, Party party, Signer* signer,
                                    BeforeSend about_to_send, std::stop_token stop) {
  const auto impl = impl_;
  co_return co_await impl->verify(std::move(query), std::move(party), signer, std::move(about_to_send),
                                  std::move(stop));
}

std::vector<std::string> Exchange::organisation_ids() const {
  return impl_->organisation_ids();
}

std::map<std::string, std::string> Exchange::certificate_names() const {
  return impl_->certificate_names();
}

void Exchange::drop_connection(const std::string& credential) {
  impl_->drop_connection(credential);
}

std::optional<std::chrono::seconds> Exchange::clock_skew() const {
  return impl_->skew();
}

void Exchange::stop() {
  impl_->stop();
}

}  // namespace insd::insi
