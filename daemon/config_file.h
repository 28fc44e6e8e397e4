// SPDX-License-Identifier: Apache-2.0
// Reading a file that decides what the daemon does: only when nobody else could have written it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace insd {

/// The whole file. Throws CONFIG_INVALID "file: why": it cannot be read, is no regular file, can be written
/// by others, belongs to another user than root or our own, or has more than `max_bytes` (threats T-FS-01).
std::string read_config_file(const std::filesystem::path& file, std::size_t max_bytes);

}  // namespace insd
