// SPDX-License-Identifier: Apache-2.0
// Vitale cards whose holders went without them: told, and forgotten, after a while.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>

#include "daemon/desk/desk.h"

namespace insd::desk {

/// Used on the desk's executor.
class LeftCards {
 public:
  /// How long a card may stay in this reader; 0: as long as it likes. Asked with every new state of the desk.
  using Limit = std::function<std::chrono::seconds(const Reader&)>;

  LeftCards(Desk& desk, Limit limit);
  ~LeftCards();
  LeftCards(const LeftCards&) = delete;
  LeftCards& operator=(const LeftCards&) = delete;

 private:
  struct Stay;
  void look(const State& state);

  Desk& desk_;
  Limit limit_;
  std::map<std::string, std::shared_ptr<Stay>> stays_;  // by generation
  std::shared_ptr<void> watch_;
};

}  // namespace insd::desk
