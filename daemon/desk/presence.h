// SPDX-License-Identifier: Apache-2.0
// What the authentication key of a card signs: a statement that a professional is at this desk.
// docs/presence.md is its specification; a verifier needs nothing of ours.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "daemon/desk/card_backend.h"
#include "drivers/base/bytes.h"

namespace insd::desk {

/// Bounds of what a caller gives.
inline constexpr std::size_t kMinChallengeBytes = 16, kMaxChallengeBytes = 64, kMaxAudienceBytes = 200;

/// How long a proof counts: it is shown at once to whoever drew the challenge.
inline constexpr std::chrono::seconds kProofLifetime{120};

struct PresenceRequest {
  std::string lease;
  Bytes challenge;
  std::string audience;
  std::string purpose_id;  ///< for the journal
};

/// What is to be signed.
struct PresenceStatement {
  std::string text;  ///< header and payload of the JWS
  std::string id;    ///< its `jti`: random
  Clock::Wall expires;
};

struct Presence {
  std::string proof;  ///< JWS, compact
  Bytes certificate;
  Clock::Wall expires;
  insi::Judgement judgement;  ///< of `certificate`
  Chosen card;
};

/// Throws INVALID_ARGUMENT with every field that is out of bounds.
void require_presence_request(const PresenceRequest& request);

/// That this professional is at the desk, said to `request.audience` for the user `uid` (as the kernel says).
/// The text always begins with presence_prefix(), and what the caller chose is in it only encoded: a
/// signature over it is none over anything else. Throws KEY_NOT_FOUND without an authentication certificate,
/// CERTIFICATE_INVALID when it may not serve now.
PresenceStatement presence_statement(const PresenceRequest& request, const Professional& who,
                                     std::uint32_t uid, Clock::Wall now);

/// What no assertion, TLS handshake or other login begins with.
std::string presence_prefix();

/// Statement and signature as one JWS.
std::string presence_proof(const PresenceStatement& statement, ByteView signature);

}  // namespace insd::desk
