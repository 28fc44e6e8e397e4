// SPDX-License-Identifier: Apache-2.0
// `insctl ins`: a number by itself, offline, and what a scanner read.
#include <array>
#include <cerrno>
#include <ostream>

#include <unistd.h>

#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

constexpr std::size_t kMostScanned = 512;

bool digits_only(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// 13 characters, or with a key 15; spaces between them are how documents print them.
std::string without_spaces(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ') out += c;
  }
  return out;
}

struct Number {
  std::string number, key, computed;
};

// 97 - (n mod 97); 2A counts as 19 and 2B as 18.
std::optional<Number> read_number(const std::string& text) {
  const std::string compact = without_spaces(text);
  if (compact.size() != 13 && compact.size() != 15) return std::nullopt;
  Number made{compact.substr(0, 13), compact.substr(13), {}};
  std::string digits = made.number;
  if (digits[6] == 'A' || digits[6] == 'B') {
    if (digits[5] != '2') return std::nullopt;
    digits.replace(5, 2, digits[6] == 'A' ? "19" : "18");
  }
  if (!digits_only(digits) || !digits_only(made.key)) return std::nullopt;
  const std::uint64_t key = 97 - std::stoull(digits) % 97;
  made.computed = (key < 10 ? "0" : "") + std::to_string(key);
  return made;
}

struct Authority {
  std::string_view oid;
  v1::NumberKind kind;
};
constexpr std::array kAuthorities = {
    Authority{"1.2.250.1.213.1.4.8", v1::NUMBER_KIND_NIR},
    Authority{"1.2.250.1.213.1.4.9", v1::NUMBER_KIND_NIA},
    Authority{"1.2.250.1.213.1.4.10", v1::NUMBER_KIND_NIR_TEST},
    Authority{"1.2.250.1.213.1.4.11", v1::NUMBER_KIND_NIR_DEMO},
};

v1::NumberKind kind_of(std::string_view oid) {
  for (const auto& each : kAuthorities) {
    if (each.oid == oid) return each.kind;
  }
  return v1::NUMBER_KIND_UNSPECIFIED;
}

// All that is left of the input up to its end or a line end; a scanner's code is longer than read_line().
std::string read_scanned(int descriptor) {
  std::string data;
  char byte = 0;
  while (data.size() <= kMostScanned) {
    const auto got = ::read(descriptor, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || byte == '\n') break;
    data += byte;
  }
  return data;
}

}  // namespace

int run_ins_check(Session& session) {
  const std::string text =
      session.options.number.empty() ? read_line(session.io.input) : session.options.number;
  const auto number = read_number(text);
  if (!number) {
    session.io.err << session.say(Word::INS_NOT_A_NUMBER) << '\n';
    return EXIT_NEGATIVE;
  }
  const bool right = number->key.empty() || number->key == number->computed;
  v1::InsNumber told;
  told.set_number(number->number);
  told.set_key(number->computed);
  told.set_oid(session.options.oid);
  told.set_kind(kind_of(session.options.oid));
  told.set_key_valid(right);
  if (session.options.json) {
    session.io.out << to_json(told) << '\n';
    return right ? EXIT_OK : EXIT_NEGATIVE;
  }
  const Word verdict = number->key.empty() ? Word::INS_KEY_IS
                       : right             ? Word::INS_KEY_RIGHT
                                           : Word::INS_KEY_WRONG;
  session.io.out << session.say(verdict, {number->computed}) << '\n';
  session.io.out << (session.options.oid.empty() ? session.say(Word::INS_KIND_BY_OID)
                                                 : session.term(v1::NumberKind_Name(told.kind())))
                 << '\n';
  return right ? EXIT_OK : EXIT_NEGATIVE;
}

int run_parse_datamatrix(Session& session) {
  v1::ParseDatamatrixRequest request;
  request.set_data(session.options.data.empty() ? read_scanned(session.io.input) : session.options.data);
  const auto scanned = session.client.parse_datamatrix(request);
  if (session.options.json) {
    session.io.out << to_json(scanned) << '\n';
    return EXIT_OK;
  }
  const auto line = [&session](Word title, const std::string& text) {
    if (text.empty()) return;
    session.io.out << session.say(title) << colon(session.language) << printable(text) << '\n';
  };
  line(Word::INS_NUMBER, scanned.number().number() + " " + scanned.number().key() + " (" +
                             session.term(v1::NumberKind_Name(scanned.number().kind())) + ")");
  line(Word::BIRTH_NAME, scanned.traits().birth_name());
  line(Word::GIVEN_NAMES, scanned.traits().given_names());
  line(Word::SEX, scanned.traits().sex());
  line(Word::BIRTH_DATE, scanned.traits().birth_date());
  line(Word::BIRTH_PLACE, scanned.traits().birth_place());
  session.io.out << session.say(Word::DATAMATRIX_UNSIGNED) << '\n';
  return EXIT_OK;
}

}  // namespace insd::cli
