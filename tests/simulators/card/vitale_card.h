// SPDX-License-Identifier: Apache-2.0
// A Vitale 2 (specs: vitale 2 and 8) and a Vitale 1, which understands nothing of today (specs: vitale 3.4).
#pragma once

#include "tests/simulators/card/files.h"
#include "tests/simulators/card/profile.h"

namespace insd::simcard {

class VitaleCard : public Card {
 public:
  explicit VitaleCard(const VitaleProfile& profile);

  [[nodiscard]] Bytes atr() const override { return atr_; }
  void reset() override { files_.reset(); }
  Answer process(const Command& command) override;

 private:
  Bytes atr_;
  FileSystem files_;
};

class Vitale1Card : public Card {
 public:
  explicit Vitale1Card(Bytes atr) : atr_(std::move(atr)) {}

  [[nodiscard]] Bytes atr() const override { return atr_; }
  void reset() override {}
  Answer process(const Command& command) override;

 private:
  Bytes atr_;
};

}  // namespace insd::simcard
