// SPDX-License-Identifier: Apache-2.0
// Secrets of the configuration that systemd may bring (LoadCredential= in the unit).
#pragma once

#include <filesystem>

#include "daemon/config.h"

namespace insd::insi {

/// `config` with what it leaves empty taken from the files of `directory` ($CREDENTIALS_DIRECTORY) that are
/// there: "organisation-passphrase" for organisation.passphrase_file (of a PKCS#12 file), "organisation-pin"
/// for organisation.pin_file (of a token), "insi-proxy" for proxy.credentials_file.
InsiConfig with_credentials(InsiConfig config, const std::filesystem::path& directory);

}  // namespace insd::insi
