// SPDX-License-Identifier: Apache-2.0
// Doubles of what a question to INSi is made of.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "daemon/signatory.h"
#include "drivers/base/error.h"

namespace insd::test {

class NoSigner final : public Signer {
 public:
  boost::asio::awaitable<Bytes> sign(Bytes message, std::stop_token) override { co_return message; }
  [[nodiscard]] const Bytes& certificate() const override { return certificate_; }

 private:
  Bytes certificate_;
};

class MemoryJournal final : public journal::Journal {
 public:
  std::uint64_t begin(const journal::Begin& record) override {
    if (full) throw Error(Code::JOURNAL_UNAVAILABLE);
    begins.push_back(record);
    return begins.size();
  }
  void end(std::uint64_t, const journal::End& record) noexcept override { ends.push_back(record); }
  bool full = false;
  std::vector<journal::Begin> begins;
  std::vector<journal::End> ends;
};

template <class T>
T run_to_end(boost::asio::awaitable<T> task) {
  boost::asio::io_context io;
  auto future = boost::asio::co_spawn(io, std::move(task), boost::asio::use_future);
  io.run();
  return future.get();
}

/// A desk in mode cps: one doctor's card, one editor.
struct Asking {
  Asking() {
    config->insi.environment = InsiEnvironment::TEST;
    config->insi.endpoint = "https://insi.example/lps";
    config->insi.trust_store = "/trust.pem";
    config->editors.push_back({{"*"}, "IDAM", "urn:lps:EXEMPLE:1.0.0", "1", "uuid"});
    card.national_id = "899700000017";
    card.type = desk::CardType::CPS;
    card.title = "Médecin";
    card.profession_code = "10";
    card.card.generation = "g-1";
  }

  ProfileConfig& add_profile(const std::string& name, const std::string& professional_id,
                             const std::string& structure_id = "") {
    ProfileConfig& profile = config->profiles.emplace_back();
    profile.name = name;
    profile.professional_id = professional_id;
    profile.structure_id = structure_id;
    profile.billing_id = "991199990";
    return profile;
  }

  void fill(SignatoryParts& parts) {
    parts.grant = [this](const std::string& lease, std::uint32_t) {
      if (lease != "lease") throw Error(Code::LEASE_REQUIRED);
      ++grants;
      return desk::ProfessionalDesk::Grant{std::make_unique<NoSigner>(), card};
    };
    parts.activities = [this](const std::string&, std::uint32_t,
                              desk::Patience) -> boost::asio::awaitable<desk::Activities> {
      co_return activities;
    };
    parts.require_current = [this](const std::vector<std::string>& generations) {
      if (!generations.empty() && generations.front() == "stale") throw Error(Code::CARD_CHANGED);
    };
  }

  Searcher searcher() {
    Searcher made;
    made.owner.uid = 1000;
    made.role = role;
    made.config = config;
    made.editor = config->editors.empty() ? nullptr : config->editors.data();
    made.organisation_ids = organisations;
    return made;
  }

  static SearchContext context(const std::string& profile = "") {
    return {"visit-1", {}, "lease", profile, std::nullopt, "r-1"};
  }

  std::shared_ptr<Config> config = std::make_shared<Config>();
  desk::Professional card;
  desk::Activities activities;
  CallerRole role = CallerRole::DESK;
  std::vector<std::string> organisations;
  int grants = 0;
};

}  // namespace insd::test
