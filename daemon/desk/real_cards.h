// SPDX-License-Identifier: Apache-2.0
// What insd's own driver has learnt of real cards, kept across restarts: it has met none yet, and a doctor's
// tries are not ours to spend (design: signing).
#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace insd::desk {

/// Two files of a directory: "direct-proven-cards", a card number a line, and "direct-driver-stopped", which
/// an operator removes. An empty directory keeps nothing beyond this object. On one executor.
class RealCards {
 public:
  explicit RealCards(std::filesystem::path directory = {});

  /// Has a PIN of this card been verified by the driver? A card without a number never is.
  [[nodiscard]] bool proven(const std::string& card_number) const;
  void prove(const std::string& card_number);

  /// No PIN to a real card any more until an operator has removed the file. `what`: for the operator.
  void stop(const std::string& what);
  /// Throws CPS_DIRECT_NOT_ALLOWED between the two.
  void require_not_stopped() const;

 private:
  [[nodiscard]] std::filesystem::path stopped_file() const { return directory_ / "direct-driver-stopped"; }
  [[nodiscard]] std::filesystem::path proven_file() const { return directory_ / "direct-proven-cards"; }

  const std::filesystem::path directory_;
  std::set<std::string> proven_;
  bool stopped_here_ = false;  // and no file could say so: until the daemon ends
};

}  // namespace insd::desk
