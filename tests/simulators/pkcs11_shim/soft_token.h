// SPDX-License-Identifier: Apache-2.0
// SoftHSM tokens with the labels of a CPS, a fresh copy per object, behind the misbehaving module or not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace insd::sim {

class SoftToken {
 public:
  static constexpr const char* kPin = "1234";
  static constexpr const char* kLabel = "CPS3v3-0123456789";
  static constexpr const char* kSwappedIdsLabel = "CPS3v3-0000000002";

  SoftToken();
  /// On tokens of the caller's: a directory of SoftHSM, copied.
  explicit SoftToken(const std::filesystem::path& tokens);
  ~SoftToken();
  SoftToken(const SoftToken&) = delete;
  SoftToken& operator=(const SoftToken&) = delete;

  [[nodiscard]] static std::string softhsm();  ///< path of the real module
  [[nodiscard]] static std::string shim();     ///< path of the module that misbehaves

  /// What a process needs that loads either module: "NAME=value".
  [[nodiscard]] std::vector<std::string> environment() const;
  /// The same for this process.
  void enter_environment() const;

  /// From the next call on: "C_Sign hang", several lines; "" ends it (tests/simulators/pkcs11_shim/shim.cpp).
  void faults(const std::string& lines) const;
  /// What the module was asked so far, a line per call that begins with `prefix`.
  [[nodiscard]] std::vector<std::string> trace(const std::string& prefix = {}) const;

  /// The certificate of the "sig" or "aut" key, DER.
  [[nodiscard]] static std::vector<std::uint8_t> certificate(const std::string& name);

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
};

}  // namespace insd::sim
