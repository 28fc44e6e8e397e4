// SPDX-License-Identifier: Apache-2.0
#include "tests/world/world.h"

namespace insd::world {

// The keys: daemon/config.h.
std::string World::insd_config() const {
  const auto quoted = [](const std::filesystem::path& path) { return "\"" + path.string() + "\"\n"; };
  std::string text = "[daemon]\nsocket = " + quoted(socket()) +
                     "socket_group = \"\"\nstate_dir = " + quoted(directory_ / "state") +
                     "log_level = \"debug\"\n\n";
  if (reader_names_.size() > 1) {
    text += "[[reader]]\nmatch = " + quoted(reader_names_[0]) +
            "alias = \"poste-cps\"\nrole = \"professional\"\n\n";
    text += "[[reader]]\nmatch = " + quoted(reader_names_[1]) +
            "alias = \"poste-vitale\"\nrole = \"patient\"\n\n";
  }
  text += "[cps]\nbackend = \"direct\"\ntrust_store = " + quoted(pki() / "professionals-roots.pem") + "\n";
  text += "[insi]\nenvironment = \"test\"\nmode = \"cps\"\nendpoint = " + quoted(insi_endpoint()) +
          "trust_store = " + quoted(pki() / "insi-trust.pem") + "\n";
  text += std::string("[[editor]]\nusers = [\"*\"]\nidam = \"") + idam +
          "\"\nname = \"urn:lps:INSD-DEMO:0.1.0\"\nversion = \"0.1.0\"\n"
          "instance = \"00000000-0000-4000-8000-000000000001\"\n\n";
  text +=
      "[[profile]]\nname = \"cabinet\"\nprofessional_id = \"899900000017\"\nactivity = \"Cabinet Exemple\"\n"
      "billing_id = \"991199990\"\nspeciality = \"01\"\nsector = \"SA07\"\n\n";
  text += "[[policy]]\nusers = [\"*\"]\nrole = \"desk\"\n";
  return text;
}

}  // namespace insd::world
