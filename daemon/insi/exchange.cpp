// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/exchange.h"

#include <utility>

#include "daemon/insi/answer.h"
#include "daemon/insi/assertion.h"
#include "daemon/insi/certificate.h"
#include "daemon/insi/client_key.h"
#include "daemon/insi/envelope.h"
#include "daemon/insi/http_client.h"
#include "daemon/insi/identifiers.h"
#include "daemon/insi/operations.h"
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

// What every message has. `sender`: the CN of the professional's certificate, the OU of the organisation's
// (specs: insi 2).
Prepared prepare(const InsiConfig& config, const Query& query, const Party& party, const std::string& sender,
                 const std::string& time) {
  const auto context = [&](const std::string& version) {
    return ContextHead{version, make_uuid(), time, sender};
  };
  Prepared result;
  result.message_id = "uuid:" + make_uuid();
  result.envelope = make_envelope({.bam = context(config.bam_version),
                                   .lps = context(config.lps_version),
                                   .editor = party.editor,
                                   .query = query,
                                   .message_id = result.message_id});
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

class Exchange::Impl {
 public:
  Impl(const InsiConfig& config, const Clock& clock, const MakeTransport& remote)
      : config_(checked(config)), clock_(clock) {
    const bool on_token = !config_.organisation.pkcs11_uri.empty();
    ClientKey key;
    if (config_.mode == InsiMode::ORGANISATION) {
      key =
          on_token ? load_certificates(config_.organisation.certificate) : load_pkcs12(config_.organisation);
      organisation_ = organisation_facts(key.certificate.get(), config_.environment);
    }
    if (organisation_ && on_token) {
      if (!remote) throw Error(Code::INSI_NOT_CONFIGURED, "no process for the organisation's key");
      // The child reads endpoint and trust store when it is first needed; a mistake in them is told now.
      static_cast<void>(HttpClient(config_));
      transport_ = remote(config_);
    } else {
      transport_ = std::make_unique<HttpClient>(config_, key);
    }
  }

  awaitable<Reply> ask(Query query, Party party, Signer* signer, BeforeSend about_to_send,
                       std::stop_token stop) {
    const std::string time = utc_milliseconds(clock_.wall());
    Prepared prepared;
    Bytes certificate;
    if (organisation_) {
      require_valid(*organisation_, clock_.wall());
      prepared = prepare(config_, query, party, organisation_->organisation_unit, time);
    } else {
      if (signer == nullptr) throw Error(Code::INTERNAL, "nobody to sign");
      certificate = signer->certificate();
      const CertificateFacts facts = checked_signer(certificate);
      prepared = prepare(config_, query, party, facts.common_name, time);
      prepare_assertions(config_, query, party, facts, time, prepared);
    }
    check_stop(stop);
    if (about_to_send) about_to_send(prepared.message_id);

    std::string assertions;
    if (!organisation_) assertions = co_await sign(prepared, *signer, certificate, stop);
    HttpRequest request{.content_type = "application/soap+xml; charset=utf-8", .body = {}};
    request.body = prepared.envelope.with(assertions);
    const Clock::Wall sent_at = clock_.wall();
    const Clock::Steady began = clock_.steady();
    const HttpResponse response = co_await transport_->post(std::move(request), stop);
    Reply reply = read_answer(response, config_.environment);
    reply.duration = clock_.steady() - began;
    reply.sent_at = sent_at;
    reply.message_id = prepared.message_id;
    reply.operation = std::holds_alternative<CardQuery>(query) ? kSearchByCard : kSearchByTraits;
    co_return reply;
  }

  [[nodiscard]] const std::string& organisation_id() const {
    static const std::string none;
    return organisation_ ? organisation_->organisation_unit : none;
  }

  void drop_connection() { transport_->drop_connection(); }
  void stop() { transport_->stop(); }

 private:
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

  const InsiConfig config_;
  const Clock& clock_;
  std::optional<CertificateFacts> organisation_;  // in mode organisation
  std::unique_ptr<Transport> transport_;
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

const std::string& Exchange::organisation_id() const {
  return impl_->organisation_id();
}

void Exchange::drop_connection() {
  impl_->drop_connection();
}

void Exchange::stop() {
  impl_->stop();
}

}  // namespace insd::insi
