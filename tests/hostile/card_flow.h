// SPDX-License-Identifier: Apache-2.0
// Everything that the drivers do with a card, each played through the whole way that bytes come in: a
// scripted pcscd, a connection, a transaction.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "drivers/base/error.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/drivers/scripted_pcsc.h"

namespace insd::test {

/// One sequence of commands inside one transaction, and the card that it fits.
struct CardFlow {
  std::string name;
  std::string atr;  ///< hexadecimal
  std::function<std::unique_ptr<CardDouble>()> card;
  std::function<void(iso7816::Channel&)> run;
};

/// How GoogleTest prints a flow.
inline void PrintTo(const CardFlow& flow, std::ostream* out) {
  *out << flow.name;
}

/// Every flow of every driver.
const std::vector<CardFlow>& card_flows();

/// How a flow ended.
struct FlowEnd {
  std::optional<Error> error;
  std::size_t exchanges = 0;  ///< that reached the card
  std::size_t bytes = 0;      ///< both directions
  std::size_t pins_sent = 0;  ///< VERIFY with data that reached the card

  [[nodiscard]] std::optional<Code> code() const {
    return error ? std::optional(error->code()) : std::nullopt;
  }
};

/// A reader with the flow's card in it. play() does what a worker does with it, and expects that whatever
/// happens the transaction, the card and the context are let go.
class FlowStage {
 public:
  explicit FlowStage(const CardFlow& flow);

  FlowEnd play();

  /// Answers in place of the card when it returns something; `number` counts the exchanges from 1.
  std::function<std::optional<Bytes>(std::size_t number, ByteView command)> lie;

  ScriptedPcsc pcscd;
  const std::string reader = "Reader A";

 private:
  const CardFlow& flow_;
  std::unique_ptr<CardDouble> card_;
  FlowEnd end_;
};

}  // namespace insd::test
