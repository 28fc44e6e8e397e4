// SPDX-License-Identifier: Apache-2.0
#include "tests/system/backends_desk.h"

#include <algorithm>
#include <ostream>

namespace fs = std::filesystem;

namespace insd::test {

void PrintTo(Way way, std::ostream* out) {
  *out << (way == Way::DIRECT ? "direct" : way == Way::OPENSC ? "opensc" : "softhsm");
}

void Backends::start(int tries) {
  world_.start_insi();
  if (in_reader()) {
    world_.start_pcscd();
    std::string profile = tries == 3 ? "cps-dr-exemple" : tries == 1 ? "cps-last-try" : "cps-blocked";
    if (!profile_.empty()) profile = world_.write_file("card.toml", profile_);
    card_ = &world_.insert_card(0, "cps3", profile);
  }
  switch (way_) {
    case Way::DIRECT:
      world_.start_insd(config());
      client_.emplace(world_.socket());
      return;
    case Way::OPENSC:
      return start_insd(copy_of(INSD_OPENSC_MODULE, "opensc.so"));
    case Way::SOFTHSM:
      make_soft_token();
      if (tries == 1) soft_->faults("C_GetTokenInfo flags 20000");  // CKF_USER_PIN_FINAL_TRY
      if (tries == 0) soft_->faults("C_GetTokenInfo flags 40000");  // CKF_USER_PIN_LOCKED
      return start_insd(copy_of(sim::SoftToken::shim(), "shim.so"));
  }
}

std::string Backends::config() const {
  std::string text = world_.insd_config();
  const std::string daemon = "[daemon]\n";
  text.insert(text.find(daemon) + daemon.size(), daemon_lines_);
  const std::string usual = "professionals-roots.pem";
  text.replace(text.find(usual), usual.size(), authorities_);
  // A desk of two professionals has no reader for patients only.
  const std::string patients = "role = \"patient\"";
  if (const auto at = text.find(patients); at != std::string::npos)
    text.replace(at, patients.size(), "role = \"any\"");
  const std::string desk = "role = \"desk\"";
  return text.replace(text.find(desk), desk.size(), "role = \"admin\"");
}

void Backends::start_insd(const fs::path& module, const std::string& more) {
  std::string text = config();
  const std::string direct = "backend = \"direct\"\n";
  const auto at = text.find(direct);
  if (at == std::string::npos) throw std::runtime_error("the world's configuration names no backend");
  std::string cps = "backend = \"module\"\nmodule = \"" + module.string() + "\"\n" + more;
  if (soft_) {
    cps += "module_environment = [";
    for (const auto& variable : soft_->environment()) cps += "\"" + variable + "\", ";
    cps += "]\n";
  }
  world_.start_insd(text.replace(at, direct.size(), cps));
  client_.emplace(world_.socket());
}

fs::path Backends::copy_of(const fs::path& file, const std::string& name) const {
  const auto path = world_.directory() / name;
  fs::copy_file(fs::canonical(file), path);
  fs::permissions(path, fs::perms::owner_all | fs::perms::group_read | fs::perms::others_read);
  return path;
}

void Backends::make_soft_token() {
  const auto tokens = world_.directory() / "tokens";
  fs::create_directory(tokens);
  const auto conf = "directories.tokendir = " + tokens.string() + "\nobjectstore.backend = file\n";
  const auto environment = "SOFTHSM2_CONF=" + world_.write_file("softhsm2.conf", conf).string();
  const auto run = [&](std::vector<std::string> argv) {
    argv.insert(argv.begin(), {"env", environment});
    const auto outcome = world_.run(argv);
    if (outcome.status != 0) throw std::runtime_error(argv[2] + ": " + outcome.err);
  };
  const std::string label = "CPS3v3-0098765052";
  run({"softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", "1234"});
  const auto pki = world::World::pki() / "cps/dr-exemple";
  for (const auto& [name, object, id] : {std::tuple("sign", "Certificat de Signature CPS", "01"),
                                         std::tuple("auth", "Certificat d'Authentification CPS", "02")}) {
    const auto file = (pki / name).string();
    run({"softhsm2-util", "--import", file + ".key.pem", "--token", label, "--pin", "1234", "--label", object,
         "--id", id});
    run({"pkcs11-tool", "--module", sim::SoftToken::softhsm(), "--token-label", label, "--login", "--pin",
         "1234", "--type", "cert", "--write-object", file + ".cert.der", "--label", object, "--id", id});
  }
  // Byte for byte what the simulated card of the same person has.
  const auto data = [&](const std::string& object, const std::string& value, bool behind_pin) {
    std::vector<std::string> argv{"pkcs11-tool",
                                  "--module",
                                  sim::SoftToken::softhsm(),
                                  "--token-label",
                                  label,
                                  "--login",
                                  "--pin",
                                  "1234",
                                  "--type",
                                  "data",
                                  "--application-label",
                                  "CPS",
                                  "--label",
                                  object,
                                  "--write-object",
                                  world_.write_file(object, value)};
    if (behind_pin) argv.emplace_back("--private");
    run(argv);
  };
  data("CPS_INFO_PS", "\xEC\x06\x80\x04SM26", false);
  data("CPS_ACTIVITY_01_PS",
       "\xEE\x28\x84\x0F"
       "CABINET EXEMPLE"
       "\x85\x0F"
       "399999999900027"
       "\x86\x04SA07",
       true);
  soft_ = std::make_unique<sim::SoftToken>(tokens);
}

std::size_t Backends::pins_sent() const {
  if (!in_reader()) return soft_->trace("C_Login").size();
  const auto exchanges = card_->exchanges();
  return static_cast<std::size_t>(std::ranges::count_if(exchanges, [](const std::string& line) {
    std::string command = line.substr(0, line.find("->"));
    std::erase(command, ' ');
    // VERIFY with data: an empty one only asks for the counter.
    return command.find("00200001") != std::string::npos && command.find("0020000100") == std::string::npos;
  }));
}

std::variant<v1::SearchResult, Failure> Backends::search(const std::string& lease) {
  return client_->search(DeskClient::zoe(DeskClient::context(lease)));
}

v1::GetProfessionalCardResponse Backends::professional(const std::string& lease) {
  grpc::ClientContext context;
  context.set_deadline(deadline());
  v1::GetProfessionalCardRequest request;
  request.set_lease(lease);
  v1::GetProfessionalCardResponse response;
  const auto status = client_->professional_->GetProfessionalCard(&context, request, &response);
  if (!status.ok()) throw std::runtime_error(decode(status).detail.ShortDebugString());
  return response;
}

bool Backends::logout(const std::string& lease) {
  grpc::ClientContext context;
  context.set_deadline(deadline());
  v1::LogoutRequest request;
  request.set_lease(lease);
  v1::LogoutResponse response;
  const auto status = client_->professional_->Logout(&context, request, &response);
  if (!status.ok()) throw std::runtime_error(decode(status).detail.ShortDebugString());
  return response.card_reset();
}

}  // namespace insd::test
