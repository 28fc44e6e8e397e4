// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/professional_impl.h"
#include "drivers/base/random.h"

namespace insd::desk {
namespace asio = boost::asio;

journal::Begin record_of(std::string operation, const std::string& purpose_id, const Owner& owner,
                         const Professional& who) {
  journal::Begin record;
  record.operation = std::move(operation);
  record.uid = owner.uid;
  record.pid = owner.pid;
  record.unit = owner.unit;
  record.executable = owner.executable;
  record.purpose_id = purpose_id;
  record.professional = who.national_id;
  return record;
}

void ProfessionalDesk::Impl::require_login_kept(const std::string& generation, const Error& error) {
  if (error.code() != Code::CARD_ACCESS_DENIED) return;  // of a card that has signed nothing
  leases_.end_generation(generation, LeaseEnd::CARD_RESET);
  throw Error(Code::LEASE_LOST, error.detail());
}

asio::awaitable<Bytes> ProfessionalDesk::Impl::sign(std::string token, std::uint32_t uid, KeyUse use,
                                                    Bytes message, Patience patience) {
  const auto self = shared_from_this();
  Lease& lease = leases_.find(token, uid);
  leases_.used(lease);
  leases_.signature_begins(lease);
  bool made = false;  // or, for all that is known, may be
  const std::shared_ptr<void> counted(nullptr, [&](void*) { leases_.signature_ended(token, made); });
  const Chosen card = lease.professional.card;
  const Bytes certificate = use == KeyUse::SIGNATURE ? lease.professional.signature_certificate
                                                     : lease.professional.authentication_certificate;
  const auto to_sign = std::make_shared<Bytes>(std::move(message));
  Bytes signature;
  try {
    signature = co_await backend_of(lease.professional).sign(card, use, to_sign, std::move(patience));
  } catch (const Error& error) {
    made = error.signature_unknown();
    require_login_kept(card.generation, error);
    throw;
  }
  made = true;
  try {
    // A lease that ended meanwhile signs nothing any more.
    leases_.find(token, uid);
  } catch (Error& error) {
    error.mark_signature_unknown();
    throw;
  }
  if (!signature_verifies(certificate, *to_sign, signature)) throw Error(Code::SIGNATURE_INVALID);
  co_return signature;
}

asio::awaitable<Activities> ProfessionalDesk::Impl::activities(std::string token, std::uint32_t uid,
                                                               Patience patience) {
  const auto self = shared_from_this();
  Lease& lease = leases_.find(token, uid);
  leases_.used(lease);
  const Professional who = lease.professional;
  std::optional<CardData> data;
  try {
    data = co_await backend_of(who).protected_data(who.card, std::string(cps::kActivityPrefix),
                                                   std::move(patience));
  } catch (const Error& error) {
    require_login_kept(who.card.generation, error);
    throw;
  }
  // A lease that ended meanwhile is told nothing any more.
  leases_.find(token, uid);
  co_return to_activities(data);
}

asio::awaitable<Presence> ProfessionalDesk::Impl::authenticate(PresenceRequest request, Owner owner,
                                                               Patience patience) {
  const auto self = shared_from_this();
  require_presence_request(request);
  const Professional who = leases_.find(request.lease, owner.uid).professional;
  const PresenceStatement statement = presence_statement(request, who, owner.uid, clock_.wall());
  Presence presence;
  presence.card = who.card;
  presence.certificate = who.authentication_certificate;
  presence.expires = statement.expires;
  if (trust_) {
    presence.judgement =
        trust_->judge(presence.certificate, clock_.wall(), insi::CertificateUse::AUTHENTICATION);
  }
  if (!accepted(presence.judgement)) throw Error(Code::CERTIFICATE_INVALID, presence.judgement.detail);

  journal::Begin record = record_of("authenticate", request.purpose_id, owner, who);
  record.audience = request.audience;
  record.message_id = statement.id;
  JournalEntry entry(journal_, co_await journal_.begin(record), clock_);
  // Unless this is still here to tell better: the daemon ends while the card signs.
  entry.code("SHUTTING_DOWN SIGNATURE_UNKNOWN");
  try {
    const ByteView text = as_bytes(statement.text);
    Bytes message(text.begin(), text.end());
    const Bytes signature = co_await sign(request.lease, owner.uid, KeyUse::AUTHENTICATION,
                                          std::move(message), std::move(patience));
    presence.proof = presence_proof(statement, signature);
  } catch (const Error& error) {
    entry.code(journal::outcome_of(error));
    throw;
  }
  entry.code("OK");
  co_return presence;
}

namespace {

class LeaseSigner final : public Signer {
 public:
  using Sign = std::function<asio::awaitable<Bytes>(Bytes, std::stop_token)>;
  LeaseSigner(Bytes certificate, Sign sign) : certificate_(std::move(certificate)), sign_(std::move(sign)) {}

  asio::awaitable<Bytes> sign(Bytes message, std::stop_token stop) override {
    co_return co_await sign_(std::move(message), std::move(stop));
  }
  [[nodiscard]] const Bytes& certificate() const override { return certificate_; }

 private:
  const Bytes certificate_;
  const Sign sign_;
};

}  // namespace

ProfessionalDesk::Grant ProfessionalDesk::Impl::grant(const std::string& token, std::uint32_t uid) {
  Lease& lease = leases_.find(token, uid);
  leases_.used(lease);
  auto sign_with = [self = shared_from_this(), token, uid](Bytes message, std::stop_token stop) {
    return self->sign(token, uid, KeyUse::SIGNATURE, std::move(message), Patience(std::move(stop), uid, 0));
  };
  return {std::make_unique<LeaseSigner>(lease.professional.signature_certificate, std::move(sign_with)),
          lease.professional};
}

}  // namespace insd::desk
