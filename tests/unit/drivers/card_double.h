// SPDX-License-Identifier: Apache-2.0
// Cards for the tests of the card drivers: T=0 by hand, a log of every command, removal and lies on demand.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/types.h>

#include "drivers/cps/cps.h"
#include "drivers/iso7816/channel.h"

namespace insd::test {

class CardDouble : public iso7816::Channel {
 public:
  Bytes exchange(ByteView command) final;
  [[nodiscard]] std::stop_token stop() const final { return stop_source.get_token(); }

  /// Commands whose hexadecimal starts with `prefix`.
  [[nodiscard]] std::size_t sent(std::string_view prefix) const;

  std::vector<std::string> log;             ///< every command, in hexadecimal
  std::optional<std::size_t> remove_after;  ///< the card is gone after so many exchanges
  /// Answers instead of the card when it returns something.
  std::function<std::optional<Bytes>(ByteView command)> lie;
  std::stop_source stop_source;

 protected:
  virtual Bytes respond(ByteView command) = 0;

  /// A data answer to a case-4 command: 61xx, the data waits for GET RESPONSE.
  Bytes announce(Bytes data);
  Bytes get_response(ByteView command);
  static Bytes read_binary(const Bytes& file, ByteView command);
  static Bytes status(std::uint16_t sw);

 private:
  Bytes waiting_;
};

/// BER/DER element.
Bytes tlv(std::uint8_t tag, const Bytes& value);
Bytes operator+(Bytes first, const Bytes& second);
Bytes text(std::string_view characters);

/// One person template of a Vitale identity file.
Bytes vitale_person(std::string_view usual_name, std::string_view given_name, std::string_view birth_date);
Bytes vitale_nir(std::string_view nir);

/// A pointer file with two applications (MF_VITALE and VITALE) and these "name/identifier" files.
Bytes vitale_pointers(const std::vector<std::string>& files);
inline constexpr const char* kRootName = "D2500000024D465F564954414C45";
inline constexpr const char* kVitaleName = "D250000002564954414C45";

/// A Vitale 2; files that are not set do not exist.
class FakeVitale final : public CardDouble {
 public:
  std::optional<Bytes> sfi_2, d001, nirs;
  std::optional<Bytes> pointers;         ///< 2001 of VITALE
  std::map<std::string, Bytes> pointed;  ///< by "application name/identifier", in hexadecimal
  bool vitale_application = true;

 private:
  Bytes respond(ByteView command) override;
  const Bytes* selected_file(bool short_id) const;
  enum class Place : std::uint8_t { NOWHERE, MASTER_FILE, D001, VITALE, APPLICATION, FILE };
  Place place_ = Place::NOWHERE;
  std::string application_;  // last selected by name, in hexadecimal
  const Bytes* file_ = nullptr;
};

/// Where a fake CPS keeps its things: nothing of it may be known to the driver.
struct CpsIds {
  std::string application = "3F000001";
  std::string pins = "7001", keys = "7002", certificates = "7004";
  std::string signature_certificate = "C001", authentication_certificate = "C002";
  std::uint8_t pin = 0x01, signature_key = 0x81, authentication_key = 0x82;
  std::uint8_t hash = 0x40, sign = 0x42, raw_sign = 0x02;
  bool relative_paths = false;  ///< paths in PKCS#15 files without the application's
  bool path_in_directory = true;
};

/// A CPS3 with real RSA keys that finishes the hash itself.
class FakeCps final : public CardDouble {
 public:
  explicit FakeCps(CpsIds ids = {});

  /// A data object in a file of its own (PKCS#15 DODF 7005); `pin_needed`: READ BINARY is refused until
  /// VERIFY.
  void add_data(const std::string& label, const std::string& file, Bytes value, bool pin_needed = false);

  /// The key pair, the same for every card of the program.
  static EVP_PKEY* key(cps::KeyUse use);

  /// Checks `signature` over SHA-256 of `message` with the public key.
  [[nodiscard]] bool verifies(cps::KeyUse use, ByteView message, ByteView signature) const;

  std::map<std::string, Bytes> files;  ///< by absolute path in hexadecimal
  std::set<std::string> behind_pin;    ///< likewise
  std::string pin = "1234";
  int tries = 3;
  bool gives_counter = true;
  bool verified = false;
  bool real_signatures = true;  ///< false: 256 bytes at no cost

 private:
  Bytes respond(ByteView command) override;
  Bytes select(ByteView command);
  Bytes read(ByteView command);
  Bytes get_data(ByteView command);
  Bytes verify(ByteView command);
  Bytes manage_security(ByteView command);
  Bytes hash(ByteView command);
  Bytes rsa(cps::KeyUse use, ByteView digest_info);
  void write_files();

  CpsIds ids_;
  std::string current_;
  Bytes hash_;
  Bytes templates_[3];  // AA, B6, A4
};

}  // namespace insd::test
