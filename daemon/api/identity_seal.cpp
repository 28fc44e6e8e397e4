// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/identity_seal.h"

#include "daemon/api/convert.h"
#include "daemon/api/identity_convert.h"
#include "daemon/identities/seal.h"
#include "drivers/base/error.h"
#include "insd/v1/sealed_identity.pb.h"

namespace insd::api {
namespace {

constexpr std::chrono::hours kLongest{12};

std::optional<keys::SiteKey> site_key(const Call& call) {
  const auto& file = call.rules->config()->identity.site_key;
  if (file.empty()) return std::nullopt;
  return read_shared_key(file);
}

Bytes opened(const Backend& backend, const Call& call, ByteView token, v1::TokenAudience& audience) {
  const auto id = sealing_key_id(token);
  if (!id) throw Error(Code::IDENTITY_TOKEN_INVALID, "this is no token");
  if (const auto own = backend.keys->seal.find(*id)) {
    audience = v1::TOKEN_AUDIENCE_THIS_DAEMON;
    return open_seal(*own, token);
  }
  const auto site = site_key(call);
  if (!site || site->id != *id) throw Error(Code::IDENTITY_TOKEN_INVALID, "its key is not known here");
  audience = v1::TOKEN_AUDIENCE_SITE;
  return open_seal(*site, token);
}

// Another daemon's word counts for nothing but for what INSi said: that is compared and accepted anew. Traits
// that came from the answer are no longer what is known of the patient, or the answer would be compared with
// itself.
void keep_answer_only(identity::Identity& identity) {
  if (!identity.pending && identity.number && identity.source == identity::Source::INSI) {
    identity::Answer answer;
    answer.number = *identity.number;
    answer.history = identity.history;
    answer.traits = identity.traits;
    answer.traits.first_given_name.clear();
    answer.retrieved_at = identity.retrieved_at.value_or(identity::Time());
    answer.test_environment = identity.test_environment;
    identity.pending = std::move(answer);
    identity.traits = {};
  }
  identity.number.reset();
  identity.history.clear();
  identity.replaced_number.reset();
  identity.evidence.reset();
  identity.acceptance.reset();
  identity.source = identity::Source::NONE;
  identity.retrieved_at.reset();
  identity.origin = identity::Origin::OTHER_DAEMON;
  // Nor may a doubt be forgotten on the way: the attributes stay, and bar the answer.
}

}  // namespace

Bytes seal_identity(const Backend& backend, const Call& call, const identity::Identity& identity,
                    v1::TokenAudience audience, Clock::Wall expires) {
  v1::SealedIdentity content;
  content.set_identity_id(identity.id);
  content.set_revision(identity.revision);
  content.set_audience(audience);
  const auto own = backend.keys->seal.current();
  content.set_sealed_by(own->id);
  content.set_uid(call.caller.uid);
  *content.mutable_expire_time() = to_proto(expires);
  *content.mutable_facts() = to_proto(identity);
  if (identity.pending) *content.mutable_pending() = to_proto(*identity.pending);
  std::string bytes = content.SerializeAsString();
  Bytes token;
  if (audience == v1::TOKEN_AUDIENCE_THIS_DAEMON) {
    token = seal(*own, as_bytes(bytes));
  } else if (audience == v1::TOKEN_AUDIENCE_SITE) {
    const auto site = site_key(call);
    if (!site) throw Error(Code::CONFIG_INVALID, "identity.site_key is not set");
    token = seal(*site, as_bytes(bytes));
  } else {
    throw Error(Code::INVALID_ARGUMENT).with_field("audience", "is missing or not known");
  }
  wipe(bytes.data(), bytes.size());
  return token;
}

identity::Identity open_identity(const Backend& backend, const Call& call, const std::string& token) {
  v1::TokenAudience sealed_for = v1::TOKEN_AUDIENCE_UNSPECIFIED;
  const Bytes bytes = opened(backend, call, as_bytes(token), sealed_for);
  v1::SealedIdentity content;
  if (!content.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      content.audience() != sealed_for || content.identity_id().empty()) {
    throw Error(Code::IDENTITY_TOKEN_INVALID, "its content is not of this version");
  }
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(backend.clock.wall().time_since_epoch());
  const std::chrono::seconds left(content.expire_time().seconds() - now.count());
  if (left.count() < 0 || left > kLongest) throw Error(Code::IDENTITY_TOKEN_INVALID, "it has expired");
  if (sealed_for == v1::TOKEN_AUDIENCE_THIS_DAEMON && content.uid() != call.caller.uid) {
    throw Error(Code::IDENTITY_TOKEN_INVALID, "it was sealed for another user");
  }
  identity::Identity identity = from_sealed(content);
  if (!backend.keys->seal.find(content.sealed_by())) keep_answer_only(identity);
  return identity;
}

}  // namespace insd::api
