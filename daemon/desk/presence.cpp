// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/presence.h"

#include <algorithm>
#include <string_view>

#include <openssl/evp.h>

#include "daemon/insi/certificate.h"
#include "drivers/base/error.h"
#include "drivers/base/random.h"

namespace insd::desk {
namespace {

constexpr std::size_t kMaxLeaseBytes = 256, kMaxPurposeBytes = 64;
// Explicit typing (RFC 8725, 3.11): a verifier of any other kind of token refuses this one. First, so that
// the signed bytes begin alike.
constexpr std::string_view kHeader = R"({"typ":"insd-presence+jwt","alg":"RS256","x5c":[")";
constexpr int kVersion = 1;

std::string base64(ByteView bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // EVP_EncodeBlock ends it with a NUL
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

// RFC 7515, section 2: the URL alphabet, no padding.
std::string base64url(ByteView bytes) {
  std::string text = base64(bytes);
  text.resize(text.find_last_not_of('=') + 1);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

// For texts without control characters: those of certificates have been refused (daemon/insi/certificate.h).
std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  return json + '"';
}

bool all_between(std::string_view text, char first, char last) {
  return std::ranges::all_of(text, [=](char c) { return c >= first && c <= last; });
}

bool is_audience(std::string_view text) {
  return !text.empty() && text.size() <= kMaxAudienceBytes && all_between(text, '!', '~') &&
         text.find_first_of("\"\\") == std::string_view::npos;
}

std::int64_t seconds(Clock::Wall time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

void require_presence_request(const PresenceRequest& request) {
  Error error(Code::INVALID_ARGUMENT);
  if (request.lease.size() > kMaxLeaseBytes) error.add_field("lease", "is not a lease");
  if (request.challenge.size() < kMinChallengeBytes || request.challenge.size() > kMaxChallengeBytes)
    error.add_field("challenge", "must be 16 to 64 bytes");
  if (!is_audience(request.audience)) {
    error.add_field("audience",
                    "must be 1 to 200 visible ASCII characters without quotation mark and backslash");
  }
  if (request.purpose_id.size() > kMaxPurposeBytes || !all_between(request.purpose_id, ' ', '~'))
    error.add_field("purpose_id", "must be at most 64 printable ASCII characters");
  if (!error.fields().empty()) throw Error(std::move(error));
}

PresenceStatement presence_statement(const PresenceRequest& request, const Professional& who,
                                     std::uint32_t uid, Clock::Wall now) {
  const Bytes& certificate = who.authentication_certificate;
  if (certificate.empty()) throw Error(Code::KEY_NOT_FOUND, "no authentication certificate");
  const insi::CertificateFacts facts = insi::certificate_facts(certificate);
  insi::require_authentication_certificate(facts, now);

  PresenceStatement statement;
  statement.id = random_hex(16);
  statement.expires = now + kProofLifetime;
  const std::string header = std::string(kHeader) + base64(certificate) + "\"]}";
  std::string payload = "{\"ver\":" + std::to_string(kVersion);
  payload += ",\"aud\":" + json_text(request.audience);
  payload += ",\"nonce\":" + json_text(base64url(request.challenge));
  payload += ",\"iat\":" + std::to_string(seconds(now));
  payload += ",\"exp\":" + std::to_string(seconds(statement.expires));
  payload += ",\"jti\":" + json_text(statement.id);
  // Of the certificate that verifies the proof, not of the other one.
  payload += ",\"sub\":" + json_text(facts.common_name);
  payload += ",\"card\":" + json_text(printable(who.card_number));
  payload += ",\"uid\":" + std::to_string(uid) + "}";
  statement.text = base64url(as_bytes(header)) + "." + base64url(as_bytes(payload));
  return statement;
}

std::string presence_prefix() {
  // Of the text that is always the same, as much as fills whole groups of three bytes.
  return base64url(as_bytes(kHeader.substr(0, kHeader.size() - kHeader.size() % 3)));
}

std::string presence_proof(const PresenceStatement& statement, ByteView signature) {
  return statement.text + "." + base64url(signature);
}

}  // namespace insd::desk
