// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/identity.h"

#include <openssl/sha.h>

#include "daemon/identity/birth_date.h"
#include "daemon/identity/cog.h"
#include "daemon/identity/evidence.h"
#include "daemon/identity/given_names.h"
#include "drivers/base/bytes.h"

namespace insd::identity {

bool same_number(const NationalNumber& a, const NationalNumber& b) {
  return a.number == b.number && a.oid == b.oid;
}

bool is_retrieved(const Identity& identity) {
  return identity.number && identity.acceptance && identity.source != Source::NONE;
}

bool is_validated(const Identity& identity) {
  return identity.evidence && is_high_trust(identity.evidence->type) &&
         identity.evidence->traits_digest == traits_digest(identity.traits);
}

Status status_of(const Identity& identity) {
  if (identity.attributes.doubtful || identity.attributes.fictitious) return Status::PROVISIONAL;
  const bool retrieved = is_retrieved(identity);
  if (is_validated(identity)) return retrieved ? Status::QUALIFIED : Status::VALIDATED;
  return retrieved ? Status::RETRIEVED : Status::PROVISIONAL;
}

std::string traits_digest(const Traits& traits) {
  // Lengths before values: no two sets of traits make the same text.
  std::string text;
  const auto add = [&text](const std::string& value) { text += std::to_string(value.size()) + ':' + value; };
  add(as_words(traits.birth_name));
  add(as_words(traits.given_names.empty() ? traits.first_given_name : traits.given_names));
  add(std::string(1, static_cast<char>('0' + static_cast<int>(traits.sex))));
  const auto born = complete_birth_date(traits.birth_date);
  add(born ? born->date : traits.birth_date);
  add(as_upper_cog(traits.birth_place));
  Bytes digest(SHA256_DIGEST_LENGTH);
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return to_hex(digest);
}

}  // namespace insd::identity
