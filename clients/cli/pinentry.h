// SPDX-License-Identifier: Apache-2.0
// The PIN, or a consent, asked for by a pinentry program (GnuPG's family of them) over the Assuan protocol: a
// window where there is a display, a form on the terminal otherwise. One question, one process.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cli/pin.h"

namespace insd::cli {

/// What is shown. Every text is data: see pinentry_text().
struct PinentryQuestion {
  std::string title;
  std::vector<std::string> lines;
  std::string prompt;  ///< beside the field; not of a consent
  std::string ok;      ///< the words of the two buttons
  std::string cancel;
  std::chrono::seconds patience{60};  ///< then the question is taken back: CANCELLED
  int withdrawn = -1;  ///< once this can be read, nobody wants the answer: WITHDRAWN; -1: never
};

/// Where a program without a display asks.
struct PinentryTerminal {
  int descriptor = -1;  ///< its state is put back afterwards; -1: no terminal
  std::string name;     ///< "/dev/pts/3"; empty: no terminal
  std::string type;     ///< TERM; may be empty
  std::string locale;   ///< of its characters, "fr_FR.UTF-8"; may be empty
};

/// FAILED: the program did not start, ended, or does not speak the protocol: nobody was asked, or nobody's
/// answer came through. UNREADABLE: an answer longer than a PIN.
enum class PinentryAnswer { OK, CANCELLED, UNREADABLE, FAILED, WITHDRAWN };

/// Where a program is: `wanted` itself when it is a path, else the first of that name in `path` (PATH; only
/// its absolute directories count). Empty when there is none that may be run.
std::string find_program(const std::string& wanted, const char* path);

/// Runs `program` (an absolute path, or as find_program() gave it) with our environment. An empty PIN is
/// CANCELLED.
PinentryAnswer pinentry_pin(const std::string& program, const PinentryTerminal& terminal,
                            const PinentryQuestion& question, PinBuffer& pin);

/// OK: agreed. CANCELLED: not.
PinentryAnswer pinentry_consent(const std::string& program, const PinentryTerminal& terminal,
                                const PinentryQuestion& question);

/// The lines as an argument of Assuan's SET commands: no control character, no bidirectional mark, none of
/// the characters that some pinentry takes for markup, percent and line ends escaped, cut where the
/// protocol's lines would be too short for it.
std::string pinentry_text(const std::vector<std::string>& lines);

}  // namespace insd::cli
