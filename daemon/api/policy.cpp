// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/policy.h"

#include <algorithm>
#include <array>

#include <fnmatch.h>
#include <google/protobuf/descriptor.h>

#include "drivers/base/error.h"
#include "insd/v1/identity_service.pb.h"
#include "insd/v1/insi_service.pb.h"
#include "insd/v1/journal_service.pb.h"
#include "insd/v1/maintenance_service.pb.h"
#include "insd/v1/professional_service.pb.h"
#include "insd/v1/reader_service.pb.h"
#include "insd/v1/render_service.pb.h"
#include "insd/v1/system_service.pb.h"
#include "insd/v1/vitale_service.pb.h"

namespace insd::api {
namespace {

struct Row {
  std::string_view method;
  bool desk, kiosk, non_repository, admin;
  std::string_view right = {};  // must be given by name, in the entry that decides
};

// Who may call what. NON_REPOSITORY may verify an identity but never retrieve one, so it has no search; a
// kiosk is unattended and has no professional's card.
constexpr auto kTable = std::to_array<Row>({
    {"ReaderService/ListReaders", true, true, true, true},
    {"ReaderService/WatchReaders", true, true, true, true},
    {"ReaderService/SetReaderEnabled", false, false, false, true},
    {"ProfessionalService/GetProfessionalCard", true, false, true, true},
    {"ProfessionalService/Login", true, false, true, true},
    {"ProfessionalService/Logout", true, false, true, true},
    {"ProfessionalService/Authenticate", true, false, true, true},
    {"ProfessionalService/WatchLease", true, false, true, true},
    {"VitaleService/ReadVitale", true, true, true, true},
    {"InsiService/SearchByVitale", true, true, false, true},
    {"InsiService/SearchByTraits", true, true, false, true},
    {"InsiService/VerifyIdentity", true, true, true, true},
    {"IdentityService/CreateIdentity", true, true, false, true},
    {"IdentityService/DeclareIdentity", true, false, true, true, "declare_identity"},
    {"IdentityService/Compare", true, false, false, true},
    {"IdentityService/Accept", true, false, false, true},
    {"IdentityService/Validate", true, false, false, true},
    {"IdentityService/SetAttributes", true, false, true, true},
    {"IdentityService/GetStatus", true, true, true, true},
    {"IdentityService/Demote", true, false, true, true},
    {"IdentityService/AcceptApcv", true, false, false, true, "accept_apcv"},
    {"IdentityService/Seal", true, true, true, true},
    {"IdentityService/Restore", true, false, true, true},
    {"IdentityService/ForgetIdentity", true, true, true, true},
    {"InsiService/ListSearchAttempts", true, false, true, true},
    {"InsiService/GetInsiState", true, true, true, true},
    {"InsiService/WatchInsiState", true, true, true, true},
    {"JournalService/VerifyJournal", false, false, false, true},
    {"JournalService/ListJournalRecords", false, false, false, true},
    {"MaintenanceService/CheckInsi", true, false, true, true},
    {"MaintenanceService/ListKeys", false, false, false, true},
    {"MaintenanceService/RotateKeys", false, false, false, true},
    {"RenderService/Render", true, false, true, true},
    {"RenderService/ParseDatamatrix", true, false, true, true},
    {"SystemService/GetInfo", true, true, true, true},
    {"SystemService/WhatMayIDo", true, true, true, true},
});

bool row_allows(const Row& row, CallerRole role) {
  switch (role) {
    case CallerRole::DESK:
      return row.desk;
    case CallerRole::KIOSK:
      return row.kiosk;
    case CallerRole::NON_REPOSITORY:
      return row.non_repository;
    case CallerRole::ADMIN:
      return row.admin;
    case CallerRole::NONE:
      return false;
  }
  return false;
}

const Row* find_row(std::string_view method) {
  const auto* row =
      std::find_if(kTable.begin(), kTable.end(), [&](const Row& each) { return each.method == method; });
  return row == kTable.end() ? nullptr : row;
}

bool fits(const std::string& pattern, std::string_view text) {
  // The text itself fits too: readers' names have brackets, which a pattern takes for a set of characters.
  return pattern == text || fnmatch(pattern.c_str(), std::string(text).c_str(), 0) == 0;
}

bool any_fits(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return fits(pattern, text); });
}

std::vector<std::string> methods_of(const std::vector<std::string>& services) {
  std::vector<std::string> methods;
  for (const std::string& name : services) {
    const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    if (service == nullptr) throw Error(Code::INTERNAL, "the served service " + name + " is not described");
    for (int i = 0; i < service->method_count(); ++i) {
      std::string method = service->name() + "/" + service->method(i)->name();
      if (find_row(method) == nullptr) {
        throw Error(Code::INTERNAL, "the method " + method + " has no row in the policy");
      }
      methods.push_back(std::move(method));
    }
  }
  return methods;
}

}  // namespace

const std::vector<std::string>& served_services() {
  // Named through a message of each file, so that the linker keeps the descriptors.
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto* file :
         {v1::ListReadersRequest::descriptor()->file(), v1::LoginRequest::descriptor()->file(),
          v1::ReadVitaleRequest::descriptor()->file(), v1::SearchByVitaleRequest::descriptor()->file(),
          v1::AcceptRequest::descriptor()->file(), v1::VerifyJournalRequest::descriptor()->file(),
          v1::CheckInsiRequest::descriptor()->file(), v1::GetInfoRequest::descriptor()->file(),
          v1::ParseDatamatrixRequest::descriptor()->file()}) {
      for (int i = 0; i < file->service_count(); ++i) all.push_back(file->service(i)->full_name());
    }
    return all;
  }();
  return names;
}

Policy::Policy(const std::vector<PolicyConfig>& entries, const UserDatabase& database,
               const std::vector<std::string>& services)
    : methods_(methods_of(services)),
      admin_group_(database.group("insd-admin")),
      desk_group_(database.group("insd")) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const PolicyConfig& entry = entries[i];
    const std::string where = "policy[" + std::to_string(i) + "]";
    for (const std::string& pattern : entry.methods) {
      if (std::none_of(methods_.begin(), methods_.end(),
                       [&](const std::string& method) { return fits(pattern, method); })) {
        throw Error(Code::CONFIG_INVALID,
                    std::string(where).append(": \"").append(pattern).append("\" fits no method"));
      }
    }
    entries_.push_back(
        {UserSet(entry.users, database, where), entry.role, entry.readers, entry.methods, entry.rights});
  }
}

bool Policy::Entry::names(const ReaderNames& reader) const {
  return any_fits(readers, reader.name) || (!reader.alias.empty() && any_fits(readers, reader.alias));
}

Policy::Match Policy::match(const Caller& caller) const {
  for (const Entry& entry : entries_) {
    if (entry.users.contains(caller)) return {entry.role, &entry};
  }
  if (caller.uid == 0 || (admin_group_ && in_group(caller, *admin_group_))) {
    return {CallerRole::ADMIN, nullptr};
  }
  if (desk_group_ && in_group(caller, *desk_group_)) return {CallerRole::DESK, nullptr};
  return {CallerRole::NONE, nullptr};
}

Verdict Policy::decide(const Caller& caller, std::string_view method,
                       const std::optional<ReaderNames>& reader) const noexcept try {
  const auto [role, entry] = match(caller);
  const Row* row = find_row(method);
  if (row == nullptr || !row_allows(*row, role)) return Verdict::DENIED;
  if (!row->right.empty() &&
      (entry == nullptr || std::ranges::find(entry->rights, row->right) == entry->rights.end())) {
    return Verdict::DENIED;
  }
  if (entry != nullptr && !entry->methods.empty() && !any_fits(entry->methods, method)) {
    return Verdict::DENIED;
  }
  if (entry != nullptr && reader && !entry->names(*reader)) return Verdict::DENIED;
  return Verdict::ALLOWED;
} catch (...) {
  return Verdict::DENIED;
}

bool Policy::serves_kiosks(const ReaderNames& reader) const {
  return std::ranges::any_of(
      entries_, [&](const Entry& entry) { return entry.role == CallerRole::KIOSK && entry.names(reader); });
}

CallerRole Policy::role(const Caller& caller) const {
  return match(caller).role;
}

std::vector<std::string> Policy::methods(const Caller& caller) const {
  std::vector<std::string> allowed;
  for (const std::string& method : methods_) {
    if (decide(caller, method) == Verdict::ALLOWED) allowed.push_back(method);
  }
  return allowed;
}

std::vector<std::string> Policy::readers(const Caller& caller) const {
  const auto [role, entry] = match(caller);
  if (role == CallerRole::NONE) return {};
  return entry != nullptr ? entry->readers : std::vector<std::string>{"*"};
}

}  // namespace insd::api
