// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/persons.h"

#include <algorithm>
#include <initializer_list>
#include <stdexcept>

#include <toml++/toml.h>

namespace sim {
namespace {

[[noreturn]] void fail(const toml::node& node, const std::string& why) {
  throw std::runtime_error("persons, line " + std::to_string(node.source().begin.line) + ": " + why);
}

/// The keys of one table: every one is a text, no other is known.
class Texts {
 public:
  Texts(const toml::node& node, std::initializer_list<std::string_view> known) : node_(node) {
    if (!node.is_table()) fail(node, "is no table");
    for (const auto& [key, value] : *node.as_table()) {
      if (std::ranges::find(known, key.str()) == known.end())
        fail(value, "unknown key " + std::string(key.str()));
    }
  }
  [[nodiscard]] std::string operator[](std::string_view key) const {
    return (*node_.as_table())[key].value_or("");
  }
  [[nodiscard]] std::string needed(std::string_view key) const {
    auto text = (*this)[key];
    if (text.empty()) fail(node_, std::string(key) + " is missing");
    return text;
  }

 private:
  const toml::node& node_;
};

Person read_person(const toml::node& node) {
  const Texts texts(node, {"id", "birth_name", "given_names", "sex", "birth_date", "birth_place", "number",
                           "key", "oid", "history", "injected"});
  Person person{texts.needed("id"),
                texts.needed("birth_name"),
                texts.needed("given_names"),
                texts.needed("sex"),
                texts.needed("birth_date"),
                texts["birth_place"],
                {texts.needed("number"), texts["key"], texts.needed("oid"), {}, {}},
                {},
                (*node.as_table())["injected"].value_or(false)};
  if (const auto* history = (*node.as_table())["history"].as_array()) {
    for (const auto& past : *history) {
      const Texts number(past, {"number", "key", "oid", "start", "end"});
      person.history.push_back(
          {number.needed("number"), number["key"], number.needed("oid"), number["start"], number["end"]});
    }
  }
  return person;
}

bool begins(const std::string& list, const std::string& asked) {
  return list.starts_with(asked) && (list.size() == asked.size() || list[asked.size()] == ' ');
}

toml::table parse(const std::filesystem::path& file) {
  try {
    return toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    throw std::runtime_error(file.string() + ": " + std::string(error.description()));
  }
}

// AAAAMMJJ as AAAA-MM-JJ.
std::string dated(const std::string& card) {
  if (card.size() != 8) return card;
  return card.substr(0, 4) + '-' + card.substr(4, 2) + '-' + card.substr(6);
}

}  // namespace

Persons::Persons(const std::filesystem::path& file) {
  const toml::table table = parse(file);
  if (const auto* persons = table["person"].as_array()) {
    for (const auto& node : *persons) persons_.push_back(read_person(node));
  }
  if (const auto* files = table["card_files"].as_array()) {
    for (const auto& node : *files) add_card(file.parent_path() / node.value_or(std::string()));
  }
  if (const auto* cards = table["card"].as_array()) {
    for (const auto& node : *cards) {
      const Texts texts(node, {"insured", "birth_date", "rank", "person"});
      const auto found = std::ranges::find(persons_, texts.needed("person"), &Person::id);
      if (found == persons_.end()) fail(node, "person is not known");
      cards_.push_back({texts.needed("insured"), texts.needed("birth_date"), texts["rank"],
                        static_cast<std::size_t>(found - persons_.begin())});
    }
  }
}

void Persons::add_card(const std::filesystem::path& file) {
  constexpr std::size_t number_length = 13;
  const toml::table card = parse(file);
  const auto* people = card["beneficiary"].as_array();
  if (people == nullptr) throw std::runtime_error(file.string() + ": nobody is on that card");
  for (const auto& node : *people) {
    const Texts texts(node, {"name", "given", "birth", "nir", "nationality"});
    const auto birth_date = dated(texts["birth"]);
    const auto found = std::ranges::find_if(persons_, [&](const Person& person) {
      return person.birth_name == texts["name"] && begins(person.given_names, texts["given"]) &&
             person.birth_date == birth_date;
    });
    if (found == persons_.end()) fail(node, "nobody known is this person of " + file.string());
    cards_.push_back({texts.needed("nir").substr(0, number_length), birth_date, "",
                      static_cast<std::size_t>(found - persons_.begin())});
  }
}

const Person& Persons::get(const std::string& id) const {
  const auto found = std::ranges::find(persons_, id, &Person::id);
  if (found == persons_.end()) throw std::runtime_error("nobody has the id " + id);
  return *found;
}

std::vector<const Person*> Persons::find(const Query& query) const {
  std::vector<const Person*> found;
  if (query.by_card) {
    for (const auto& card : cards_) {
      if (card.insured == query.insured && card.birth_date == query.birth_date &&
          (card.rank.empty() || card.rank == query.rank)) {
        found.push_back(&persons_[card.person]);
      }
    }
    return found;
  }
  for (const auto& person : persons_) {
    if (!person.injected && person.birth_name == query.birth_name && person.sex == query.sex &&
        person.birth_date == query.birth_date && begins(person.given_names, query.given_name) &&
        (query.birth_place.empty() || query.birth_place == person.birth_place)) {
      found.push_back(&person);
    }
  }
  return found;
}

}  // namespace sim
