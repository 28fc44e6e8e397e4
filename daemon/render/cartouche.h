// SPDX-License-Identifier: Apache-2.0
// What is printed on a document: the cartouche of a qualified identity, the label of any (specs: ins-rules 5,
// EXI DIF 02). SVG, in French.
#pragma once

#include <string>

#include "daemon/render/disclosure.h"

namespace insd::render {

/// The symbol alone, with the caption "INS à scanner". Throws as datamatrix_payload().
std::string datamatrix_svg(const Disclosure& disclosure);

/// Traits, number with the name of its authority, and the symbol with its caption. Where each line stands is
/// INFERRED: the drawing of the specification was not at hand. Throws as datamatrix_payload().
std::string cartouche_svg(const Disclosure& disclosure);

/// Traits, status and attributes; never a number, whatever the status.
std::string label_svg(const Disclosure& disclosure);

}  // namespace insd::render
