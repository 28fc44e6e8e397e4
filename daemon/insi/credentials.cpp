// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/credentials.h"

#include <system_error>

namespace insd::insi {

InsiConfig with_credentials(InsiConfig config, const std::filesystem::path& directory) {
  const auto fill = [&directory](std::filesystem::path& file, bool wanted, const char* name) {
    std::error_code ignored;
    if (!wanted || directory.empty() || !file.empty()) return;
    if (std::filesystem::exists(directory / name, ignored)) file = directory / name;
  };
  OrganisationConfig& organisation = config.organisation;
  fill(organisation.passphrase_file, !organisation.pkcs12.empty(), "organisation-passphrase");
  fill(organisation.pin_file, !organisation.pkcs11_uri.empty(), "organisation-pin");
  fill(config.proxy.credentials_file, !config.proxy.address.empty(), "insi-proxy");
  return config;
}

}  // namespace insd::insi
