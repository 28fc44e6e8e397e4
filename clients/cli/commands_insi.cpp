// SPDX-License-Identifier: Apache-2.0
// Searches: `insi traits`, `insi vitale` and `insi verify`, and what `identify` shares with them.
#include <array>
#include <charconv>
#include <cstdint>
#include <ostream>
#include <system_error>

#include <sys/random.h>

#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/login_dialogue.h"
#include "clients/cli/render.h"
#include "clients/cli/search_lease.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

constexpr const char* kDefaultPurpose = "insctl";
constexpr int kMostQuestions = 3;

v1::IdentityAttribute attribute_named(const std::string& name) {
  if (name == "homonym") return v1::IDENTITY_ATTRIBUTE_HOMONYM;
  if (name == "doubtful") return v1::IDENTITY_ATTRIBUTE_DOUBTFUL;
  if (name == "fictitious") return v1::IDENTITY_ATTRIBUTE_FICTITIOUS;
  return v1::IDENTITY_ATTRIBUTE_NONE;
}

template <typename Response>
int show(Session& session, const Response& response) {
  if (session.options.json) {
    session.io.out << to_json(response) << '\n';
  } else {
    print_result(session.io.out, session.language, response.result());
  }
  return exit_status_of(response.result());
}

}  // namespace

std::string random_request_id() {
  std::array<std::uint8_t, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kDigits[bytes.at(i) >> 4U];
    out += kDigits[bytes.at(i) & 0x0FU];
  }
  return out;
}

int exit_status_of(const v1::SearchResult& result) {
  return result.outcome() == v1::SEARCH_OUTCOME_FOUND ? EXIT_OK : EXIT_NEGATIVE;
}

int exit_status_of(const v1::VerificationResult& result) {
  return result.outcome() == v1::VERIFICATION_OUTCOME_CONSISTENT ? EXIT_OK : EXIT_NEGATIVE;
}

v1::CallContext call_context(Session& session, const std::string& lease) {
  const auto& options = session.options;
  v1::CallContext context;
  context.set_purpose_id(options.purpose.empty() ? kDefaultPurpose : options.purpose);
  if (options.purpose.empty())
    session.io.err << session.say(Word::DEFAULT_PURPOSE, {kDefaultPurpose}) << '\n';
  for (const auto& name : options.attributes) context.add_identity_attributes(attribute_named(name));
  if (options.attributes.empty()) {
    context.add_identity_attributes(v1::IDENTITY_ATTRIBUTE_NONE);
    session.io.err << session.say(Word::DEFAULT_ATTRIBUTES) << std::endl;
  }
  context.set_lease(lease);
  context.set_profile(options.profile);
  if (!options.acting_user.empty()) {
    context.mutable_acting_user()->set_id(options.acting_user);
    context.mutable_acting_user()->set_authenticated_how(options.acting_how);
  }
  context.set_request_id(random_request_id());
  return context;
}

v1::VitaleReading read_vitale(Session& session) {
  v1::ReadVitaleRequest request;
  *request.mutable_card() = selection(session, session.options.reader);
  return session.client.read_vitale(request).reading();
}

const v1::Beneficiary& chosen_beneficiary(Session& session, const v1::VitaleReading& reading) {
  const auto count = static_cast<unsigned>(reading.beneficiaries_size());
  const auto person = [&](unsigned position) -> const v1::Beneficiary& {
    return reading.beneficiaries(static_cast<int>(position - 1));
  };
  if (const auto wanted = session.options.beneficiary) {
    if (*wanted > count)
      throw UsageError(session.say(Word::USAGE_NO_SUCH_BENEFICIARY, {std::to_string(*wanted)}));
    return person(*wanted);
  }
  if (count == 1) return person(1);
  if (!session.io.interactive || session.options.pin_stdin || count == 0)
    throw UsageError(session.say(Word::USAGE_CHOOSE, {std::to_string(count)}));
  for (int questions = 0; questions < kMostQuestions; ++questions) {
    session.io.err << session.say(Word::CHOOSE_BENEFICIARY, {std::to_string(count)}) << std::flush;
    const std::string line = read_line(session.io.input);
    unsigned position = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), position);
    if (error == std::errc() && end == line.data() + line.size() && position >= 1 && position <= count)
      return person(position);
    if (line.empty()) break;
  }
  throw UsageError(session.say(Word::USAGE_NOT_CHOSEN));
}

v1::SearchByVitaleRequest vitale_request(Session& session, const v1::VitaleReading& reading,
                                         const v1::Beneficiary& person) {
  v1::SearchByVitaleRequest request;
  request.mutable_card()->mutable_card()->set_reader(reading.reader());
  request.mutable_card()->mutable_card()->set_generation(reading.generation());
  request.mutable_card()->set_beneficiary_index(person.index());
  if (session.options.rank) request.set_birth_rank(*session.options.rank);
  return request;
}

int run_insi_traits(Session& session) {
  const SearchLease lease(session);
  v1::SearchByTraitsRequest request;
  auto& traits = *request.mutable_traits();
  traits.set_birth_name(session.options.name);
  for (const auto& name : session.options.given_names) traits.add_given_names(name);
  traits.set_sex(session.options.sex);
  traits.set_birth_date(session.options.birth_date);
  traits.set_birth_place(session.options.birth_place);
  *request.mutable_context() = call_context(session, lease.token());
  lease.expect(request);
  try {
    return show(session, session.client.search_by_traits(request));
  } catch (const Failure& failure) {
    lease.forget_if_ended(failure);
    throw;
  }
}

int run_insi_verify(Session& session) {
  const SearchLease lease(session);
  v1::VerifyIdentityRequest request;
  auto& identity = *request.mutable_identity();
  identity.set_number(session.options.number);
  identity.set_key(session.options.key);
  identity.set_oid(session.options.oid);
  identity.set_birth_name(session.options.name);
  for (const auto& name : session.options.given_names) identity.add_given_names(name);
  identity.set_sex(session.options.sex);
  identity.set_birth_date(session.options.birth_date);
  identity.set_birth_place(session.options.birth_place);
  *request.mutable_context() = call_context(session, lease.token());
  lease.expect(request);
  try {
    return show(session, session.client.verify_identity(request));
  } catch (const Failure& failure) {
    lease.forget_if_ended(failure);
    throw;
  }
}

int run_insi_vitale(Session& session) {
  const auto reading = read_vitale(session);
  if (!session.options.json && !session.options.beneficiary && reading.beneficiaries_size() > 1) {
    print_beneficiaries(session.io.err, session.language, reading);
  }
  const auto& person = chosen_beneficiary(session, reading);
  const SearchLease lease(session);
  auto request = vitale_request(session, reading, person);
  *request.mutable_context() = call_context(session, lease.token());
  lease.expect(request);
  try {
    return show(session, session.client.search_by_vitale(request));
  } catch (const Failure& failure) {
    lease.forget_if_ended(failure);
    throw;
  }
}

}  // namespace insd::cli
