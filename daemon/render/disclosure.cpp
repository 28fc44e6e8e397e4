// SPDX-License-Identifier: Apache-2.0
#include "daemon/render/disclosure.h"

#include <algorithm>

#include <fmt/chrono.h>

#include "daemon/identity/birth_date.h"
#include "daemon/identity/matricule.h"
#include "drivers/base/bytes.h"
#include "drivers/base/error.h"

namespace insd::render {
namespace {

constexpr std::size_t kMostBytes = 400;  // 100 characters of UTF-8
constexpr std::size_t kMostIdentifierBytes = 60;
constexpr std::size_t kMostHistory = 50;

// printable() changes what can do harm in a log, which is what no message may carry either; the two
// noncharacters are XML's own addition.
bool is_clean(std::string_view text, std::size_t most) {
  return text.size() <= most && printable(text, most) == text &&
         text.find("\xEF\xBF\xBE") == std::string_view::npos &&
         text.find("\xEF\xBF\xBF") == std::string_view::npos;
}

bool is_oid(std::string_view text) {
  const bool form = !text.empty() && text.size() <= 64 && text.front() != '.' && text.back() != '.' &&
                    text.find("..") == std::string_view::npos && text.find('.') != std::string_view::npos;
  return form && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_place(std::string_view text) {
  return text.size() == 5 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
         });
}

class Check {
 public:
  explicit Check(Code code) : error_(code) {}
  void that(bool right, std::string_view path, std::string_view description) {
    if (right) return;
    error_.add_field(std::string(path), std::string(description));
  }
  void text(std::string_view value, std::string_view path, std::size_t most = kMostBytes) {
    that(is_clean(value, most), path, "is too long, not UTF-8, or has control characters");
  }
  void done() {
    if (!error_.fields().empty()) throw Error(error_);
  }

 private:
  Error error_;
};

void check_traits(const identity::Identity& from) {
  Check check(Code::TRAITS_INVALID);
  const identity::Traits& traits = from.traits;
  check.text(traits.birth_name, "identity.traits.birth_name");
  check.that(!traits.birth_name.empty(), "identity.traits.birth_name", "is missing");
  check.text(traits.given_names, "identity.traits.given_names");
  check.text(traits.first_given_name, "identity.traits.first_given_name");
  check.that(traits.birth_date.empty() || identity::is_birth_date(traits.birth_date),
             "identity.traits.birth_date", "is not AAAA-MM-JJ");
  check.that(traits.birth_place.empty() || is_place(traits.birth_place), "identity.traits.birth_place",
             "is not five letters or digits");
  check.text(from.used.used_name, "identity.used.used_name");
  check.text(from.used.used_given_name, "identity.used.used_given_name");
  check.done();
}

void check_local(const std::vector<LocalIdentifier>& identifiers) {
  Check check(Code::INVALID_ARGUMENT);
  check.that(identifiers.size() <= kMostLocalIdentifiers, "local_identifiers", "has more than 10");
  for (std::size_t i = 0; i < std::min(identifiers.size(), kMostLocalIdentifiers); ++i) {
    const std::string path = "local_identifiers[" + std::to_string(i) + "]";
    const LocalIdentifier& each = identifiers[i];
    check.text(each.value, path + ".value", kMostIdentifierBytes);
    check.that(!each.value.empty(), path + ".value", "is missing");
    check.that(is_oid(each.oid), path + ".oid", "is not a dotted OID");
    // The national authorities' numbers come from the identity alone.
    check.that(!each.oid.starts_with("1.2.250.1.213.1.4."), path + ".oid",
               "is an authority of national numbers");
    check.text(each.namespace_id, path + ".namespace_id", kMostIdentifierBytes);
  }
  check.done();
}

identity::Oid outward(const identity::Oid& authority, bool test_environment) {
  const bool real_nir = authority.kind == identity::MatriculeKind::NIR &&
                        authority.environment == identity::OidEnvironment::PRODUCTION;
  return test_environment && real_nir ? *identity::find_oid("1.2.250.1.213.1.4.10") : authority;
}

OutNumber out_number(const identity::NationalNumber& from, bool test_environment, std::string_view path) {
  const std::string where(path);
  const auto authority = identity::find_oid(from.oid);
  if (!authority)
    throw Error(Code::TRAITS_INVALID).with_field(where + ".oid", "is no authority of INS numbers");
  if (!identity::is_answer_number(from.number) || !(from.key.empty() || identity::is_key(from.key))) {
    throw Error(Code::TRAITS_INVALID).with_field(where + ".number", "is not 13 characters and a key");
  }
  std::string key = from.key;
  if (key.empty()) key = identity::computed_key(from.number).value_or("");
  if (key.empty()) throw Error(Code::TRAITS_INVALID).with_field(where + ".key", "is missing and has no rule");
  const auto date = [](const std::string& text) {
    return identity::is_calendar_date(text) ? text : std::string();
  };
  return {from.number + key, outward(*authority, test_environment), date(from.start_date),
          date(from.end_date)};
}

std::string day_of(identity::Time time) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(time));
}

}  // namespace

Disclosure disclose(const identity::Identity& identity, std::vector<LocalIdentifier> local_identifiers) {
  check_traits(identity);
  check_local(local_identifiers);
  Disclosure out;
  out.status = identity::status_of(identity);
  out.attributes = identity.attributes;
  out.test_environment = identity.test_environment;
  out.traits = identity.traits;
  out.used = identity.used;
  out.birth_date = identity::complete_birth_date(identity.traits.birth_date);
  out.local_identifiers = std::move(local_identifiers);
  out.source = identity.source;
  const bool qualified = out.status == identity::Status::QUALIFIED;
  if (qualified || out.status == identity::Status::RETRIEVED) {
    if (identity.retrieved_at) out.asked_on = day_of(*identity.retrieved_at);
  } else {
    out.source = identity::Source::NONE;
  }
  if ((qualified || out.status == identity::Status::VALIDATED) && identity.evidence) {
    out.evidence = identity::find_evidence(identity.evidence->type);
    out.checked_on = day_of(identity.evidence->checked_at);
    if (identity::is_calendar_date(identity.evidence->expire_date)) {
      out.evidence_expire_date = identity.evidence->expire_date;
    }
  }
  if (!qualified) {
    const auto& sent_before = identity.replaced_number ? identity.replaced_number : identity.number;
    if (sent_before) {
      if (const auto authority = identity::find_oid(sent_before->oid)) {
        out.withdrawn = outward(*authority, identity.test_environment);
      }
    }
    return out;
  }
  out.number = out_number(identity.number.value(), identity.test_environment, "identity.number");
  if (identity::computed_key(identity.number->number) != out.number->text.substr(13)) {
    out.warnings.emplace_back("RETURNED_KEY_INVALID");
  }
  if (identity.replaced_number) {
    out.replaced =
        out_number(*identity.replaced_number, identity.test_environment, "identity.replaced_number");
    if (out.replaced->is_same(*out.number)) out.replaced.reset();
  }
  if (identity.history.size() > kMostHistory) {
    throw Error(Code::TRAITS_INVALID).with_field("identity.history", "has more than 50");
  }
  for (const auto& each : identity.history) {
    // Official histories hold the active number itself, and numbers twice (specs: ins-rules 1.10).
    OutNumber number = out_number(each, identity.test_environment, "identity.history");
    const auto same = [&](const OutNumber& other) { return other.is_same(number); };
    if (same(*out.number) || std::ranges::any_of(out.history, same)) continue;
    out.history.push_back(std::move(number));
  }
  return out;
}

const OutNumber& require_number(const Disclosure& disclosure, std::string_view what) {
  if (!disclosure.number) {
    throw Error(Code::IDENTITY_STATE, std::string(what).append(" needs a qualified identity"));
  }
  return *disclosure.number;
}

void require_trait(std::string_view text, std::string_view path) {
  if (text.empty()) throw Error(Code::TRAITS_INVALID).with_field(std::string(path), "is missing");
}

std::string compact_date(std::string_view date) {
  std::string digits;
  for (const char c : date) {
    if (c != '-') digits += c;
  }
  return digits;
}

std::string_view status_word(identity::Status status) {
  switch (status) {
    case identity::Status::PROVISIONAL:
      return "provisoire";
    case identity::Status::RETRIEVED:
      return "récupérée";
    case identity::Status::VALIDATED:
      return "validée";
    case identity::Status::QUALIFIED:
      return "qualifiée";
  }
  return {};
}

}  // namespace insd::render
