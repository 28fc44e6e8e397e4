// SPDX-License-Identifier: Apache-2.0
// The shape of a request: envelope, contexts, addressing, freshness, the question itself (specs: insi 1, 2).
#pragma once

#include <deque>
#include <string>
#include <unordered_set>

#include "tests/simulators/insi/config.h"
#include "tests/simulators/insi/findings.h"
#include "tests/simulators/insi/instant.h"
#include "tests/simulators/insi/xml.h"

namespace sim {

struct Query {
  bool by_card = false;
  // by traits
  std::string birth_name, given_name, sex, birth_place;
  // both
  std::string birth_date;
  // by card
  std::string insured, individual, rank;
  // a verification has some of all: individual is the number
  bool verification = false;
  std::string key, oid, given_names;

  /// As a step's `operation` names it.
  [[nodiscard]] std::string operation() const {
    return verification ? "verification" : by_card ? "card" : "traits";
  }
};

struct Message {
  std::string action, message_id, idam, emitter;
  Query query;
};

/// Identifiers seen since the start: the newest 100 000 of them.
class SeenIds {
 public:
  /// False when it was seen before.
  bool add(const std::string& id);

 private:
  std::unordered_set<std::string> set_;
  std::deque<std::string> order_;
};

class MessageChecks {
 public:
  /// Throws std::runtime_error when the schema cannot be read.
  explicit MessageChecks(const Config& config);

  /// What the message says, as far as it could be read.
  Message examine(xmlDoc* doc, Findings& findings);

 private:
  void check_contexts(const xmlNode* header, Message& message, Findings& findings) const;
  void check_fresh(const xmlNode* header, Findings& findings);

  xml::Schema schema_;
  std::set<std::string> idam_;
  SimClock clock_;
  SeenIds seen_;
};

}  // namespace sim
