// SPDX-License-Identifier: Apache-2.0
// insctl as a function: command line in, exit status out.
#pragma once

#include <string>
#include <vector>

#include "clients/cli/session.h"

namespace insd::cli {

/// Runs one command. Prints everything itself, errors included; never throws. `arguments`: without the
/// program's name.
int run(const std::vector<std::string>& arguments, Surroundings& surroundings) noexcept;

}  // namespace insd::cli
