// SPDX-License-Identifier: Apache-2.0
// The people this INSi knows (persons.toml).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/simulators/insi/message.h"

namespace sim {

struct Number {
  std::string number, key, oid, start, end;
};

struct Person {
  std::string id;  ///< for logs: never a datum
  std::string birth_name, given_names, sex, birth_date, birth_place;
  Number active;
  std::vector<Number> history;
  bool injected = false;  ///< no search finds it: only a step answers it
};

class Persons {
 public:
  /// Throws std::runtime_error.
  explicit Persons(const std::filesystem::path& file);

  /// Everyone who fits the question. Real matching rules are not public; ours: equal name, sex and date, the
  /// asked given names begin the list, a birth place, when sent, is equal; by card: the same insured number
  /// and date, and the rank where the file gives one.
  [[nodiscard]] std::vector<const Person*> find(const Query& query) const;

  /// By its id; throws std::runtime_error.
  [[nodiscard]] const Person& get(const std::string& id) const;
  [[nodiscard]] const std::vector<Person>& all() const { return persons_; }

 private:
  /// The people of a card program's profile, each the person here of that name and date.
  void add_card(const std::filesystem::path& file);

  struct Card {
    std::string insured, birth_date, rank;
    std::size_t person;
  };
  std::vector<Person> persons_;
  std::vector<Card> cards_;
};

}  // namespace sim
