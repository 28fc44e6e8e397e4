// SPDX-License-Identifier: Apache-2.0
// The two headers that say where a request comes from: ContexteBAM (who is covered) and ContexteLPS (which
// software). Element orders: specs insi 1.5.
#pragma once

#include <string>

#include <libxml/tree.h>

#include "daemon/config.h"
#include "daemon/insi/exchange.h"

namespace insd::insi {

/// What both contexts begin with.
struct ContextHead {
  std::string version;  ///< model version: "01_02" (BAM), "01_00" (LPS)
  std::string id;       ///< UUID, fresh for each context
  std::string time;     ///< UTC with milliseconds
  std::string sender;   ///< CN of the signature certificate
};

/// `card` nullptr: search by traits, COUVERTURE stays empty.
void add_context_bam(xmlNode* header, const ContextHead& head, const CardQuery* card);

void add_context_lps(xmlNode* header, const ContextHead& head, const EditorConfig& editor);

}  // namespace insd::insi
