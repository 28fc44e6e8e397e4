// SPDX-License-Identifier: Apache-2.0
// A CPS3: its PIN, its security environment, its two keys (specs: cps 1.4, 1.8).
#pragma once

#include "tests/simulators/card/cps_crypto.h"
#include "tests/simulators/card/cps_objects.h"

namespace insd::simcard {

/// The PIN tries of cards by serial number, in a file, so that they outlive the program as they outlive a
/// removal.
class TriesFile {
 public:
  explicit TriesFile(std::optional<std::filesystem::path> path) : path_(std::move(path)) {}
  [[nodiscard]] int load(const std::string& serial, int otherwise) const;
  void save(const std::string& serial, int tries) const;

 private:
  std::optional<std::filesystem::path> path_;
};

class CpsCard : public Card {
 public:
  CpsCard(CpsProfile profile, TriesFile tries);

  [[nodiscard]] Bytes atr() const override { return profile_.atr; }
  void reset() override;
  Answer process(const Command& command) override;

 private:
  Answer verify(const Command& command);
  Answer get_data(const Command& command) const;
  Answer get_pin_data() const;
  Answer get_key_data(std::uint8_t reference) const;
  Answer manage_environment(const Command& command);
  Answer perform_security_operation(const Command& command);
  Answer hash(const Command& command);
  Answer compute_signature(const Command& command);
  Answer internal_authenticate(const Command& command);
  [[nodiscard]] bool in_application() const;
  void spend_try();

  CpsProfile profile_;
  CpsLayout layout_;
  TriesFile tries_;
  int tries_left_;
  FileSystem files_;
  RsaKey sign_key_, authentication_key_;

  bool verified_ = false;
  bool hash_chosen_ = false, sign_chosen_ = false, authentication_chosen_ = false;
  std::optional<Sha256> hash_;
};

}  // namespace insd::simcard
