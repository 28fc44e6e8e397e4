// SPDX-License-Identifier: Apache-2.0
// A desk in mode organisation before a teleservice that lets nobody in without an organisation's certificate.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/system/desk_client.h"
#include "tests/world/world.h"

namespace insd::test {

class OrganisationDesk : public ::testing::Test {
 protected:
  OrganisationDesk() {
    world_.start_insi({.more = "organisations_roots = [\"" + (pki() / "insi-trust.pem").string() + "\"]\n"});
  }

  static std::filesystem::path pki() { return world::World::pki(); }

  void run(const std::vector<std::string>& argv) {
    const auto outcome = world_.run(argv);
    if (outcome.status != 0) throw std::runtime_error(argv[0] + ": " + outcome.err + outcome.out);
  }

  /// `keys`: lines of [insi] that say where certificate and key are.
  [[nodiscard]] std::string config(const std::string& keys) const {
    std::string text = world_.insd_config();
    const std::string cps = "mode = \"cps\"\n";
    return text.replace(text.find(cps), cps.size(), "mode = \"organisation\"\n" + keys) +
           "[[profile]]\nname = \"centre\"\nstructure_id = \"399999999900019\"\n";
  }
  void start_insd(const std::string& keys) {
    world_.start_insd(config(keys));
    client_.emplace(world_.socket());
  }
  /// SIGHUP; returns when the daemon has read its configuration once more.
  void reload() {
    const auto reloads = [this] {
      std::ifstream log(world_.insd().log());
      const std::string said{std::istreambuf_iterator<char>(log), {}};
      int count = 0;
      constexpr std::string_view line = "configuration reloaded";
      for (auto at = said.find(line); at != std::string::npos; at = said.find(line, at + 1)) ++count;
      return count;
    };
    const int before = reloads();
    world_.insd().signal(SIGHUP);
    const auto end = deadline();
    while (reloads() == before) {
      if (std::chrono::system_clock::now() > end) throw std::runtime_error("the daemon does not reload");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  static v1::CallContext context() {
    auto context = DeskClient::context({});
    context.mutable_acting_user()->set_id("secretary-7");
    context.mutable_acting_user()->set_authenticated_how("smartcard");
    return context;
  }
  std::variant<v1::SearchResult, Failure> search(const std::string& profile = {}) {
    auto asking = context();
    asking.set_profile(profile);
    return client_->search(DeskClient::zoe(asking));
  }

  world::World world_;
  std::optional<DeskClient> client_;
};

/// Its certificate and key are in a PKCS#12 file with the passphrase "secret".
class Pkcs12Desk : public OrganisationDesk {
 protected:
  Pkcs12Desk() { passphrase("secret"); }

  void passphrase(const std::string& text) { world_.write_file("passphrase", text + "\n"); }
  void pkcs12(const std::filesystem::path& certificate, const std::filesystem::path& key) {
    run({"openssl", "pkcs12", "-export", "-in", certificate, "-inkey", key, "-passout", "pass:secret", "-out",
         file().string()});
    std::filesystem::permissions(file(),
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  void good_pkcs12() {
    pkcs12(pki() / "organisation/insi-manu.cert.pem", pki() / "organisation/insi-manu.key.pem");
  }
  /// Makes the certificate of another legal entity, 399999999900027; its section of the configuration.
  std::string second_entity() {
    const auto& directory = world_.directory();
    world_.write_file("extensions", "keyUsage = critical, digitalSignature\nextendedKeyUsage = clientAuth\n");
    run({"openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj",
         "/O=TEST/OU=399999999900027/CN=INSI-AUTO", "-keyout", directory / "second.key.pem", "-out",
         directory / "second.csr"});
    run({"openssl", "x509", "-req", "-in", directory / "second.csr", "-CA",
         pki() / "ca/elementaire-sub.cert.pem", "-CAkey", pki() / "ca/elementaire-sub.key.pem", "-CAserial",
         directory / "serial", "-CAcreateserial", "-extfile", directory / "extensions", "-out",
         directory / "second.cert.pem"});
    const std::filesystem::path second = directory / "second.p12";
    run({"openssl", "pkcs12", "-export", "-in", directory / "second.cert.pem", "-inkey",
         directory / "second.key.pem", "-certfile", pki() / "ca/elementaire-sub.cert.pem", "-passout",
         "pass:secret", "-out", second});
    std::filesystem::permissions(second,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return "[[insi.legal_entity]]\npkcs12 = \"" + second.string() + "\"\npassphrase_file = \"" +
           (directory / "passphrase").string() + "\"\n";
  }
  [[nodiscard]] std::filesystem::path file() const { return world_.directory() / "organisation.p12"; }
  [[nodiscard]] std::string keys() const {
    return "organisation.pkcs12 = \"" + file().string() + "\"\norganisation.passphrase_file = \"" +
           (world_.directory() / "passphrase").string() + "\"\n";
  }
};

}  // namespace insd::test
