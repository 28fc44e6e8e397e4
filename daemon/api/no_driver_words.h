// SPDX-License-Identifier: Apache-2.0
// READER_NO_DRIVER has four causes, and each its own remedy.
#pragma once

#include <string_view>

#include "daemon/api/error_status.h"
#include "drivers/pcsc/no_driver.h"

namespace insd::api {

struct NoDriverWords {
  std::string_view problem, remedy;
};
NoDriverWords no_driver_words(pcsc::NoDriver why, Language language);

}  // namespace insd::api
