// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/pkcs11_shim/soft_token.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace fs = std::filesystem;

namespace insd::sim {

SoftToken::SoftToken() : SoftToken(fs::path(INSD_CPS_TOKENS) / "tokens") {}

SoftToken::SoftToken(const fs::path& tokens) {
  std::string name = (fs::temp_directory_path() / "insd-token-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  directory_ = name;
  fs::copy(tokens, directory_ / "tokens", fs::copy_options::recursive);
  std::ofstream(directory_ / "softhsm2.conf") << "directories.tokendir = " << (directory_ / "tokens").string()
                                              << "\nobjectstore.backend = file\nlog.level = ERROR\n";
  faults("");
}

SoftToken::~SoftToken() {
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::string SoftToken::softhsm() {
  return INSD_SOFTHSM;
}

std::string SoftToken::shim() {
  return INSD_PKCS11_SHIM;
}

std::vector<std::string> SoftToken::environment() const {
  std::vector<std::string> result = {"SOFTHSM2_CONF=" + (directory_ / "softhsm2.conf").string(),
                                     "INSD_SHIM_MODULE=" + softhsm(),
                                     "INSD_SHIM_TRACE=" + (directory_ / "trace").string(),
                                     "INSD_SHIM_FAULTS=" + (directory_ / "faults").string()};
  // A sanitized child: no leak check (it would trace the process, which forbids it), plain signals.
  result.emplace_back("ASAN_OPTIONS=detect_leaks=0");
  return result;
}

void SoftToken::enter_environment() const {
  for (const auto& entry : environment()) {
    const auto equals = entry.find('=');
    if (entry.starts_with("ASAN")) continue;
    setenv(entry.substr(0, equals).c_str(), entry.substr(equals + 1).c_str(), 1);
  }
}

void SoftToken::faults(const std::string& lines) const {
  // Renamed into place: the module never reads half of it.
  const auto fresh = directory_ / "faults.new";
  std::ofstream(fresh) << lines << '\n';
  fs::rename(fresh, directory_ / "faults");
}

std::vector<std::string> SoftToken::trace(const std::string& prefix) const {
  std::ifstream file(directory_ / "trace");
  std::vector<std::string> result;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(prefix)) result.push_back(line);
  }
  return result;
}

std::vector<std::uint8_t> SoftToken::certificate(const std::string& name) {
  std::ifstream file(fs::path(INSD_CPS_TOKENS) / (name + ".der"), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace insd::sim
