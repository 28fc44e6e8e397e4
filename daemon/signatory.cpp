// SPDX-License-Identifier: Apache-2.0
#include "daemon/signatory.h"

#include <algorithm>
#include <exception>

#include "daemon/search_rules.h"
#include "drivers/base/error.h"

namespace insd {
namespace {

constexpr std::string_view kDoctor = "10";  // table G15

std::string_view environment_name(InsiEnvironment environment) {
  switch (environment) {
    case InsiEnvironment::TEST:
      return "test";
    case InsiEnvironment::PRODUCTION:
      return "production";
    case InsiEnvironment::UNSET:
      return "";
  }
  return "";
}

// Doctors, and doctors in training: a student's card does not say of what (specs: insi 3.2).
bool may_have_speciality(const desk::Professional& holder) {
  if (holder.type == desk::CardType::CPE || holder.type == desk::CardType::CPA) return false;
  if (holder.type == desk::CardType::CPF || holder.title.empty()) return true;
  return holder.profession_code == kDoctor;
}

// Structure and sector are those of one activity of the card, when the card shows its activities.
void bind_to_activity(ProfileConfig& profile, const desk::Activities& activities) {
  if (activities.source != desk::DataSource::READ) return;
  const cps::Activity* same_structure = nullptr;
  for (const cps::Activity& each : activities.list) {
    if (each.structure_id != profile.structure_id) continue;
    same_structure = &each;
    if (profile.sector.empty() || each.sector_code.empty() || each.sector_code == profile.sector) {
      if (profile.sector.empty()) profile.sector = each.sector_code;
      return;
    }
  }
  throw Error(Code::PROFILE_NOT_ON_CARD, same_structure != nullptr
                                             ? "the activity in that structure is of another sector"
                                             : "no activity in that structure");
}

}  // namespace

boost::asio::awaitable<Signatory> choose_signatory(const SignatoryParts& parts, SearchContext context,
                                                   const Searcher& searcher, std::stop_token stop) {
  Signatory signatory;
  signatory.party.editor = *searcher.editor;
  ProfileConfig& profile = signatory.party.profile;
  if (searcher.config->insi.mode == InsiMode::ORGANISATION) {
    if (context.acting_user) signatory.user = context.acting_user->id;
    profile = choose_profile(searcher.config->profiles, context.profile, {"", searcher.organisation_ids});
    co_return signatory;
  }
  signatory.grant = parts.grant(context.lease, searcher.owner.uid);
  signatory.party.credential = signatory.grant->professional.card.generation;
  const desk::Professional& holder = signatory.grant->professional;
  signatory.user = holder.national_id;
  if (holder.test_pki && searcher.config->insi.environment == InsiEnvironment::PRODUCTION) {
    throw Error(Code::TEST_CARD_REFUSED);
  }
  profile = choose_profile(searcher.config->profiles, context.profile,
                           {holder.national_id, {holder.organisation_id}});
  if (!profile.professional_id.empty() && !profile.structure_id.empty()) {
    desk::Patience patience(stop, searcher.owner.uid, searcher.owner.pid);
    patience.until = searcher.until;
    const desk::Activities activities =
        co_await parts.activities(context.lease, searcher.owner.uid, std::move(patience));
    bind_to_activity(profile, activities);
  }
  if (!may_have_speciality(holder)) profile.speciality.clear();
  co_return signatory;
}

journal::Begin begin_record(std::string operation, const SearchContext& context, const Searcher& searcher,
                            const Signatory& signatory) {
  journal::Begin begin;
  begin.operation = std::move(operation);
  begin.uid = searcher.owner.uid;
  begin.pid = searcher.owner.pid;
  begin.unit = searcher.owner.unit;
  begin.executable = searcher.owner.executable;
  begin.request_id = context.request_id;
  begin.purpose_id = context.purpose_id;
  begin.professional = signatory.user;
  begin.profile = signatory.party.profile.name;
  begin.editor = signatory.party.editor.name;
  const auto certificate = searcher.certificate_names.find(signatory.party.profile.structure_id);
  if (certificate != searcher.certificate_names.end()) begin.certificate_name = certificate->second;
  begin.mode = searcher.config->insi.mode == InsiMode::ORGANISATION ? "organisation" : "cps";
  begin.environment = environment_name(searcher.config->insi.environment);
  return begin;
}

CallRecord::CallRecord(journal::Writer& journal, const Clock& clock, journal::Begin begin)
    : journal_(journal), clock_(clock), started_(clock.steady()), begin_(std::move(begin)) {}

boost::asio::awaitable<void> CallRecord::begin(std::string message_id) {
  begin_.message_id = std::move(message_id);
  record_ = co_await journal_.begin(begin_);
}

void CallRecord::end(std::string_view code, const std::string& number) {
  if (!record_) return;
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - started_);
  journal::End end{std::string(code), spent.count()};
  end.number = number;
  journal_.end(*record_, end);
  record_.reset();
}

void CallRecord::end(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    end(journal::outcome_of(error));
  } catch (...) {
    end(catalogue_entry(Code::INTERNAL).name);
  }
}

}  // namespace insd
