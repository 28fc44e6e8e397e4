// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/exchange.h"

#include <utility>

#include "daemon/insi/answer.h"
#include "daemon/insi/assertion.h"
#include "daemon/insi/certificate.h"
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
  if (config.trust_store.empty()) throw Error(Code::INSI_NOT_CONFIGURED, "insi.trust_store is not set");
  if (config.mode != InsiMode::CPS)
    throw Error(Code::INSI_NOT_CONFIGURED, "insi.mode: this exchange signs with a professional's card");
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

Prepared prepare(const InsiConfig& config, const Query& query, const Party& party,
                 const CertificateFacts& signer, Clock::Wall now) {
  const std::string time = utc_milliseconds(now);
  const auto context = [&](const std::string& version) {
    return ContextHead{version, make_uuid(), time, signer.common_name};
  };
  Prepared result;
  result.message_id = "uuid:" + make_uuid();
  result.envelope = make_envelope({.bam = context(config.bam_version),
                                   .lps = context(config.lps_version),
                                   .editor = party.editor,
                                   .query = query,
                                   .message_id = result.message_id});
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
  return result;
}

}  // namespace

class Exchange::Impl {
 public:
  Impl(const InsiConfig& config, const Clock& clock)
      : config_(checked(config)), clock_(clock), http_(config_) {}

  awaitable<Reply> ask(Query query, Party party, Signer& signer, BeforeSend about_to_send,
                       std::stop_token stop) {
    const Bytes certificate = signer.certificate();
    const Prepared prepared = prepare(config_, query, party, checked_signer(certificate), clock_.wall());
    check_stop(stop);
    if (about_to_send) about_to_send(prepared.message_id);

    const ByteView to_sign = as_bytes(prepared.assertion.signed_info);
    const Bytes signature = co_await signer.sign(Bytes(to_sign.begin(), to_sign.end()), stop);
    if (!signature_verifies(certificate, to_sign, signature)) throw Error(Code::SIGNATURE_INVALID);
    check_stop(stop);

    HttpRequest request{.content_type = "application/soap+xml; charset=utf-8", .body = {}};
    request.body = prepared.envelope.with(with_signature(prepared.assertion, signature, certificate) +
                                          prepared.vitale_assertion);
    const Clock::Wall sent_at = clock_.wall();
    const Clock::Steady began = clock_.steady();
    const HttpResponse response = co_await http_.post(std::move(request), stop);
    Reply reply = read_answer(response, config_.environment);
    reply.duration = clock_.steady() - began;
    reply.sent_at = sent_at;
    reply.message_id = prepared.message_id;
    reply.operation = std::holds_alternative<CardQuery>(query) ? kSearchByCard : kSearchByTraits;
    co_return reply;
  }

  void drop_connection() { http_.drop_connection(); }

 private:
  [[nodiscard]] CertificateFacts checked_signer(const Bytes& certificate) const {
    CertificateFacts facts = certificate_facts(certificate);
    require_signature_certificate(facts, clock_.wall());
    if (facts.test_pki && config_.environment == InsiEnvironment::PRODUCTION)
      throw Error(Code::TEST_CARD_REFUSED);
    return facts;
  }

  const InsiConfig config_;
  const Clock& clock_;
  HttpClient http_;
};

Exchange::Exchange(const InsiConfig& config, const Clock& clock)
    : impl_(std::make_shared<Impl>(config, clock)) {}

Exchange::~Exchange() = default;

awaitable<Reply> Exchange::by_card(CardQuery query, Party party, Signer& signer, BeforeSend about_to_send,
                                   std::stop_token stop) {
  const auto impl = impl_;
  co_return co_await impl->ask(std::move(query), std::move(party), signer, std::move(about_to_send),
                               std::move(stop));
}

awaitable<Reply> Exchange::by_traits(TraitsQuery query, Party party, Signer& signer, BeforeSend about_to_send,
                                     std::stop_token stop) {
  const auto impl = impl_;
  co_return co_await impl->ask(std::move(query), std::move(party), signer, std::move(about_to_send),
                               std::move(stop));
}

void Exchange::drop_connection() {
  impl_->drop_connection();
}

}  // namespace insd::insi
