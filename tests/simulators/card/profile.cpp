// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/card/profile.h"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <random>
#include <stdexcept>

#include <toml++/toml.h>

namespace insd::simcard {
namespace {

constexpr std::string_view cps3_atr = "3BAC00402A001225006480000310009000";  // specs: cps 2.1
constexpr std::string_view vitale2_atr =
    "3B75130000"
    "4509EA9000";  // specs: vitale 1.1
constexpr std::string_view vitale1_atr =
    "3F65250022"
    "09699000";  // specs: vitale 1.2

/// A table whose every key must be asked for.
class Section {
 public:
  Section(const toml::table& table, std::string where, std::initializer_list<std::string_view> known)
      : table_(table), where_(std::move(where)) {
    for (const auto& [key, value] : table) {
      if (std::ranges::find(known, key.str()) == known.end()) {
        throw std::runtime_error(where_ + ": unknown key '" + std::string(key.str()) + "', line " +
                                 std::to_string(key.source().begin.line));
      }
    }
  }

  template <class T>
  std::optional<T> maybe(std::string_view key) const {
    const auto* node = table_.get(key);
    if (node == nullptr) return std::nullopt;
    auto value = node->value_exact<T>();
    if (!value) throw std::runtime_error(where_ + ": '" + std::string(key) + "' is of the wrong type");
    return value;
  }
  std::string text(std::string_view key) const {
    auto value = maybe<std::string>(key);
    if (!value) throw std::runtime_error(where_ + ": '" + std::string(key) + "' is missing");
    return *value;
  }
  std::size_t size(std::string_view key, std::size_t otherwise) const {
    return static_cast<std::size_t>(maybe<std::int64_t>(key).value_or(static_cast<std::int64_t>(otherwise)));
  }
  std::optional<Bytes> hex(std::string_view key) const {
    const auto value = maybe<std::string>(key);
    return value ? std::optional(from_hex(*value)) : std::nullopt;
  }
  std::optional<Bytes> latin1(std::string_view key) const {
    const auto value = maybe<std::string>(key);
    if (!value) return std::nullopt;
    Bytes bytes;
    for (std::size_t i = 0; i < value->size(); ++i) {
      const auto first = static_cast<std::uint8_t>((*value)[i]);
      if (first < 0x80) {
        bytes.push_back(first);
      } else if (first == 0xC2 || first == 0xC3) {
        bytes.push_back(static_cast<std::uint8_t>((first & 0x03) << 6 |
                                                  (static_cast<std::uint8_t>((*value)[++i]) & 0x3F)));
      } else {
        throw std::runtime_error(where_ + ": '" + std::string(key) +
                                 "' has a character that ISO 8859-1 lacks");
      }
    }
    return bytes;
  }

 private:
  const toml::table& table_;
  std::string where_;
};

toml::table parse(const std::filesystem::path& file) {
  try {
    return toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    throw std::runtime_error(file.string() + ", line " + std::to_string(error.source().begin.line) + ": " +
                             std::string(error.description()));
  }
}

std::vector<const toml::table*> tables(const toml::table& table, std::string_view key) {
  std::vector<const toml::table*> found;
  const auto* list = table.get_as<toml::array>(key);
  if (list == nullptr) return found;
  for (const auto& item : *list) {
    if (const auto* entry = item.as_table()) found.push_back(entry);
  }
  return found;
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// 5A of EF.SN.ICC: issuer 80 25 000001, eight digits, a check digit, F (specs: cps 1.4).
Bytes serial_value(const std::string& digits) {
  if (digits.size() != 9) throw std::runtime_error("serial: nine digits are wanted");
  return from_hex("8025000001" + digits + "F");
}

void load_pin(CpsProfile& profile, const toml::table& table, const std::string& where) {
  const Section pin(table, where + " [pin]", {"value", "min", "max", "tries", "left"});
  profile.pin = pin.text("value");
  profile.pin_min = pin.size("min", profile.pin.size());
  profile.pin_max = pin.size("max", profile.pin.size());
  profile.tries = static_cast<int>(pin.size("tries", 3));
  profile.tries_left = static_cast<int>(pin.size("left", static_cast<std::size_t>(profile.tries)));
  if (profile.pin_min < 4 || profile.pin_max > 8 || profile.pin.size() < profile.pin_min ||
      profile.pin.size() > profile.pin_max || profile.tries < 1 || profile.tries > 15) {
    throw std::runtime_error(where + " [pin]: 4 to 8 digits and 1 to 15 tries are possible");
  }
}

}  // namespace

std::string profile_kind(const std::filesystem::path& file) {
  const auto kind = parse(file)["kind"].value<std::string>();
  if (!kind) throw std::runtime_error(file.string() + ": 'kind' is missing");
  return *kind;
}

CpsProfile load_cps_profile(const std::filesystem::path& file, const std::filesystem::path& pki) {
  const auto table = parse(file);
  const auto where = file.string();
  const Section card(table, where,
                     {"kind", "atr", "serial", "serial_hex", "number", "label_prefix", "professional",
                      "specialty", "shuffle", "shuffle_seed", "pin", "activity"});
  if (card.text("kind") != "cps3") throw std::runtime_error(where + ": not a profile of kind cps3");
  CpsProfile profile;
  profile.atr = card.hex("atr").value_or(from_hex(cps3_atr));
  profile.serial = card.hex("serial_hex").value_or(Bytes{});
  if (profile.serial.empty()) profile.serial = serial_value(card.text("serial"));
  profile.number = card.text("number");
  profile.label_prefix = card.maybe<std::string>("label_prefix").value_or("CPS3v3-");
  profile.specialty = card.maybe<std::string>("specialty").value_or("SM26");
  profile.shuffle = card.maybe<bool>("shuffle").value_or(false);
  const auto seed = card.maybe<std::int64_t>("shuffle_seed");
  profile.shuffle_seed = seed ? static_cast<std::uint32_t>(*seed) : std::random_device{}();
  if (const auto* pin = table.get_as<toml::table>("pin")) {
    load_pin(profile, *pin, where);
  } else {
    throw std::runtime_error(where + ": [pin] is missing");
  }
  for (const auto* entry : tables(table, "activity")) {
    const Section activity(*entry, where + " [[activity]]", {"name", "structure", "sector"});
    profile.activities.push_back(
        {activity.text("name"), activity.text("structure"), activity.text("sector")});
  }
  const auto folder = pki / card.text("professional");
  profile.sign_key = folder / "sign.key.pem";
  profile.authentication_key = folder / "auth.key.pem";
  profile.sign_certificate = read_file(folder / "sign.cert.der");
  profile.authentication_certificate = read_file(folder / "auth.cert.der");
  return profile;
}

VitaleProfile load_vitale_profile(const std::filesystem::path& file) {
  const auto table = parse(file);
  const auto where = file.string();
  const Section card(
      table, where,
      {"kind", "atr", "identity_by_sfi", "identity_by_id", "padding", "repeat_6c", "identity_raw", "nir_raw",
       "pointers_raw", "decoy_raw", "validity_start", "beneficiary"});
  if (card.text("kind") != "vitale2") throw std::runtime_error(where + ": not a profile of kind vitale2");
  VitaleProfile profile;
  profile.atr = card.hex("atr").value_or(from_hex(vitale2_atr));
  profile.identity_by_sfi = card.maybe<bool>("identity_by_sfi").value_or(true);
  profile.identity_by_id = card.maybe<bool>("identity_by_id").value_or(true);
  profile.padding = card.size("padding", 0);
  profile.repeat_6c = card.maybe<bool>("repeat_6c").value_or(false);
  profile.identity_raw = card.hex("identity_raw");
  profile.nir_raw = card.hex("nir_raw");
  profile.pointers_raw = card.hex("pointers_raw");
  profile.decoy_raw = card.hex("decoy_raw");
  profile.validity_start = card.latin1("validity_start");
  if (profile.identity_by_sfi && profile.decoy_raw) {
    throw std::runtime_error(where + ": decoy_raw stands where identity_by_sfi puts the identity");
  }
  for (const auto* entry : tables(table, "beneficiary")) {
    const Section person(*entry, where + " [[beneficiary]]",
                         {"name", "given", "birth", "nir", "nationality"});
    profile.beneficiaries.push_back(
        {person.latin1("name").value_or(Bytes{}), person.latin1("given").value_or(Bytes{}),
         person.latin1("birth").value_or(Bytes{}), person.latin1("nir"), person.latin1("nationality")});
  }
  return profile;
}

Bytes load_vitale1_atr(const std::optional<std::filesystem::path>& file) {
  if (!file) return from_hex(vitale1_atr);
  const auto table = parse(*file);
  const Section card(table, file->string(), {"kind", "atr"});
  if (card.text("kind") != "vitale1")
    throw std::runtime_error(file->string() + ": not a profile of kind vitale1");
  return card.hex("atr").value_or(from_hex(vitale1_atr));
}

}  // namespace insd::simcard
