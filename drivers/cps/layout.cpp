// SPDX-License-Identifier: Apache-2.0
// From EF.DIR to the keys: what read_layout() returns, found through PKCS#15 (specs: cps 1.4, 1.5, 2.2).
#include <algorithm>
#include <optional>
#include <utility>

#include "drivers/base/error.h"
#include "drivers/cps/cps.h"
#include "drivers/cps/exchange.h"
#include "drivers/cps/files.h"
#include "drivers/cps/pkcs15.h"
#include "drivers/iso7816/files.h"
#include "drivers/iso7816/tlv.h"

namespace insd::cps {
namespace {

template <std::size_t N>
bool same(const Bytes& bytes, const std::uint8_t (&other)[N]) {
  return std::equal(bytes.begin(), bytes.end(), std::begin(other), std::end(other));
}

Bytes joined(ByteView first, ByteView second) {
  Bytes path(first.begin(), first.end());
  path.insert(path.end(), second.begin(), second.end());
  return path;
}

// PKCS#15 paths are absolute when they start at the MF, else relative to the application.
Bytes absolute(ByteView base, const Bytes& path) {
  const bool from_master = path.size() >= 2 && path[0] == 0x3F && path[1] == 0x00;
  return from_master ? path : joined(base, path);
}

std::vector<pkcs15::Application> read_applications(iso7816::Channel& channel) {
  const Bytes path = joined(name::kMasterFile, name::kDirectory);
  try {
    return pkcs15::parse_directory(read_file(channel, path, bound::kDirectoryFileBytes, "EF.DIR"));
  } catch (const Error& error) {
    if (error.code() == Code::NOT_FOUND) throw Error(Code::CARD_WRONG_KIND, "EF.DIR: not on this card");
    throw;
  }
}

// An application template may name no path (specs: cps 1.5): then the DF itself says its file id.
Bytes path_by_name(iso7816::Channel& channel, const Bytes& aid) {
  const Bytes fcp = on_announced([&] {
    return iso7816::transmit_ok(
        channel, {.cla = 0x00, .ins = 0xA4, .p1 = 0x04, .p2 = 0x04, .data = aid, .le = std::nullopt},
        "SELECT CPS application");
  });
  for (const std::uint32_t form : {0x62U, 0x6FU}) {
    const auto file_id = iso7816::find_path(fcp, {form, 0x83});
    if (file_id && file_id->size() == 2) return joined(name::kMasterFile, *file_id);
  }
  throw Error(Code::CARD_DATA_INVALID, "CPS application: neither EF.DIR nor the DF tells where it is");
}

Bytes application_path(iso7816::Channel& channel) {
  const auto applications = read_applications(channel);
  for (const pkcs15::Application& application : applications) {
    if (!same(application.aid, name::kApplication)) continue;
    if (application.path.empty()) return path_by_name(channel, application.aid);
    return absolute(name::kMasterFile, application.path);
  }
  for (const pkcs15::Application& application : applications) {
    if (same(application.aid, name::kContactlessApplication)) {
      throw Error(Code::CARD_UNSUPPORTED, "the contactless face of a CPS cannot sign");
    }
  }
  throw Error(Code::CARD_WRONG_KIND, "EF.DIR names no CPS application");
}

// Every object of the files that the ODF names for one kind.
template <typename Parse>
auto read_objects(iso7816::Channel& channel, const Bytes& application, const std::vector<Bytes>& files,
                  Parse parse, const char* what) {
  decltype(parse(ByteView())) objects;
  for (const Bytes& file : files) {
    const Bytes content = read_file(channel, absolute(application, file), bound::kDirectoryFileBytes, what);
    auto found = parse(ByteView(content));
    std::move(found.begin(), found.end(), std::back_inserter(objects));
  }
  return objects;
}

// The one key for a use; with several, the one that carries the CPS label (a CPS may list technical keys
// too).
std::optional<pkcs15::PrivateKey> choose(const std::vector<pkcs15::PrivateKey>& keys, KeyUse use) {
  std::vector<pkcs15::PrivateKey> fit;
  for (const pkcs15::PrivateKey& key : keys) {
    if (pkcs15::key_use(key) == use) fit.push_back(key);
  }
  if (fit.size() > 1) {
    const auto label = use == KeyUse::SIGNATURE ? kSignatureKeyLabel : kAuthenticationKeyLabel;
    std::erase_if(fit, [&](const pkcs15::PrivateKey& key) { return key.label != label; });
    if (fit.size() != 1) throw Error(Code::KEY_NOT_FOUND, "several keys for one use, and no label to tell");
  }
  if (fit.empty()) return std::nullopt;
  return fit.front();
}

std::vector<Key> join_keys(const std::vector<pkcs15::PrivateKey>& keys,
                           const std::vector<pkcs15::Certificate>& certificates, const Bytes& application) {
  std::vector<Key> result;
  for (const KeyUse use : {KeyUse::SIGNATURE, KeyUse::AUTHENTICATION}) {
    const auto key = choose(keys, use);
    if (!key) continue;
    const auto own = std::find_if(certificates.begin(), certificates.end(),
                                  [&](const pkcs15::Certificate& c) { return c.id == key->id; });
    result.push_back({
        .use = use,
        .label = key->label,
        .id = key->id,
        .reference = key->reference,
        .modulus_bits = key->modulus_bits,
        .certificate_path = own == certificates.end() ? Bytes() : absolute(application, own->path),
    });
  }
  if (result.empty()) throw Error(Code::KEY_NOT_FOUND, "PrKDF: no key for a signature or an authentication");
  return result;
}

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "CPS3v3-0123456789" -> its ten digits; else the digits of the serial behind the issuer's.
std::string card_number(std::string_view label, std::string_view serial) {
  constexpr std::size_t kDigits = 10;
  const auto dash = label.find('-');
  if (dash != std::string_view::npos) {
    const std::string_view tail = label.substr(dash + 1, kDigits);
    if (tail.size() == kDigits && all_digits(tail)) return std::string(tail);
  }
  if (!serial.starts_with(name::kSerialIssuer)) return {};
  std::string_view digits = serial.substr(name::kSerialIssuer.size());
  if (digits.ends_with('F')) digits.remove_suffix(1);
  return all_digits(digits) ? std::string(digits) : std::string();
}

// What lies under the application, everything by the paths that its own files name.
void read_application(iso7816::Channel& channel, Layout& layout) {
  const Bytes& application = layout.application_path;

  const auto files = pkcs15::parse_object_directory(
      read_file(channel, joined(application, name::kObjectDirectory), bound::kDirectoryFileBytes, "ODF"));
  const auto token = pkcs15::parse_token_info(
      read_file(channel, joined(application, name::kTokenInfo), bound::kDirectoryFileBytes, "TokenInfo"));
  const auto pins = read_objects(channel, application, files.pins, pkcs15::parse_pins, "AODF");
  const auto keys = read_objects(channel, application, files.keys, pkcs15::parse_private_keys, "PrKDF");
  const auto certificates =
      read_objects(channel, application, files.certificates, pkcs15::parse_certificates, "CDF");

  if (pins.empty()) throw Error(Code::CARD_DATA_INVALID, "AODF: no cardholder PIN");
  layout.label = token.label;
  layout.card_number = card_number(token.label, layout.serial);
  layout.pin = pins.front();
  if (!layout.pin.path.empty()) layout.pin.path = absolute(application, layout.pin.path);
  layout.keys = join_keys(keys, certificates, application);
  for (const Bytes& file : files.data) layout.data_directories.push_back(absolute(application, file));
  layout.hash_reference = token.hash_reference;
  layout.sign_reference = token.sign_reference;
  layout.raw_sign_reference = token.raw_sign_reference;
}

}  // namespace

std::string read_serial(iso7816::Channel& channel) {
  Bytes file;
  try {
    select_path(channel, name::kMasterFile, "SELECT MF");
    file = iso7816::read_binary(
        channel,
        {.sfi = name::kSerialSfi, .known_size = name::kSerialFileBytes, .max_bytes = name::kSerialFileBytes});
  } catch (const Error& error) {
    if (error.code() == Code::NOT_FOUND) throw Error(Code::CARD_WRONG_KIND, "no EF.SN.ICC on this card");
    throw;
  }
  const auto value = iso7816::find_tlv(iso7816::parse_tlv(file), 0x5A);
  constexpr std::size_t kShortest = 4;
  if (!value || value->size() < kShortest)
    throw Error(Code::CARD_DATA_INVALID, "EF.SN.ICC: no serial number");
  return to_hex(*value);
}

Layout read_layout(iso7816::Channel& channel) {
  Layout layout;
  layout.serial = read_serial(channel);
  layout.application_path = application_path(channel);
  on_announced([&] { read_application(channel, layout); });
  return layout;
}

Bytes read_certificate(iso7816::Channel& channel, const Layout& layout, KeyUse use) {
  const auto key =
      std::find_if(layout.keys.begin(), layout.keys.end(), [&](const Key& k) { return k.use == use; });
  if (key == layout.keys.end() || key->certificate_path.empty()) {
    throw Error(Code::KEY_NOT_FOUND, "no certificate for this use of the card");
  }
  const Bytes file = on_announced(
      [&] { return read_file(channel, key->certificate_path, bound::kCertificateBytes, "certificate"); });
  // A file may be longer than what it holds: the certificate is its first SEQUENCE, zero bytes may follow.
  const auto elements = iso7816::parse_tlv(file, {.max_elements = 1});
  if (elements.empty() || elements.front().tag != 0x30) {
    throw Error(Code::CARD_DATA_INVALID, "certificate: not a SEQUENCE");
  }
  const ByteView body = elements.front().value;
  return {file.data(), body.data() + body.size()};
}

namespace {

// Each of many objects may break off in its own way: together they are asked no more than this often.
class Budget final : public iso7816::Channel {
 public:
  Budget(iso7816::Channel& card, std::size_t exchanges) : card_(card), left_(exchanges) {}
  Bytes exchange(ByteView command) override {
    if (left_ == 0) throw Error(Code::CARD_PROTOCOL, "data objects: too many exchanges");
    --left_;
    return card_.exchange(command);
  }
  [[nodiscard]] std::stop_token stop() const override { return card_.stop(); }

 private:
  iso7816::Channel& card_;
  std::size_t left_;
};

// One object that is not as it should be says nothing against the others.
Bytes data_value(iso7816::Channel& channel, const Bytes& path, std::string_view what) {
  try {
    // A longer one would be cut, and what is cut has another end.
    Bytes value = read_file(channel, path, bound::kDataObjectBytes + 1, what);
    return value.size() > bound::kDataObjectBytes ? Bytes() : value;
  } catch (const Error& error) {
    const Code code = error.code();
    if (code != Code::NOT_FOUND && code != Code::CARD_DATA_INVALID && code != Code::CARD_PROTOCOL) throw;
    return {};
  }
}

}  // namespace

std::vector<DataObject> read_data_objects(iso7816::Channel& card, const Layout& layout,
                                          std::string_view label_prefix) {
  Budget channel(card, bound::kDataExchanges);
  std::vector<DataObject> result;
  for (const Bytes& directory : layout.data_directories) {
    const Bytes file =
        on_announced([&] { return read_file(channel, directory, bound::kDirectoryFileBytes, "DODF"); });
    for (const pkcs15::DataObject& object : pkcs15::parse_data_objects(file)) {
      if (!object.label.starts_with(label_prefix)) continue;
      const Bytes path = absolute(layout.application_path, object.path);
      result.push_back({object.label, data_value(channel, path, object.label)});
    }
  }
  return result;
}

}  // namespace insd::cps
