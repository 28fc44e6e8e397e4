// SPDX-License-Identifier: Apache-2.0
// What holds for any input, tried on thousands of made ones. The seed is printed with each failure and may be
// given in INSD_TEST_SEED.
#include <cstdlib>

#include <gtest/gtest.h>

#include "daemon/identity/birth_date.h"
#include "daemon/identity/cog.h"
#include "daemon/identity/explain.h"
#include "daemon/identity/given_names.h"
#include "daemon/identity/local_traits.h"
#include "daemon/identity/matricule.h"
#include "daemon/identity/name.h"
#include "daemon/identity/oid.h"
#include "drivers/base/error.h"
#include "tests/unit/identity/people.h"

namespace insd::identity {
namespace {

/// xorshift64*: the same numbers everywhere.
class Made {
 public:
  explicit Made(std::uint64_t seed) : state_(seed == 0 ? 1 : seed) {}
  std::size_t below(std::size_t limit) {
    state_ ^= state_ >> 12U;
    state_ ^= state_ << 25U;
    state_ ^= state_ >> 27U;
    return static_cast<std::size_t>((state_ * 0x2545F4914F6CDD1DULL) >> 33U) % limit;
  }
  bool coin() { return below(2) == 0; }
  std::string bytes(std::size_t most) {
    std::string text(below(most + 1), '\0');
    for (char& c : text) c = static_cast<char>(below(256));
    return text;
  }
  std::string from(std::string_view alphabet, std::size_t most) {
    std::string text(below(most + 1), '\0');
    for (char& c : text) c = alphabet[below(alphabet.size())];
    return text;
  }
  std::string digits(std::size_t count) {
    std::string text(count, '0');
    for (char& c : text) c = static_cast<char>('0' + below(10));
    return text;
  }
  std::string name() { return from("ABJ '-\xC3\xA9", 12); }
  std::string date() { return digits(4) + '-' + digits(2) + '-' + digits(2); }
  std::string anything() {
    switch (below(4)) {
      case 0:
        return bytes(40);
      case 1:
        return name();
      case 2:
        return date();
      default:
        return from("0123456789AB", 16);
    }
  }

 private:
  std::uint64_t state_;
};

std::uint64_t seed() {
  const char* given = std::getenv("INSD_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20261124;
}

constexpr int kTries = 4000;

template <typename Property>
void for_all(Property property) {
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t own = seed() + static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15ULL;
    SCOPED_TRACE("INSD_TEST_SEED=" + std::to_string(own));
    Made made(own);
    property(made);
    if (testing::Test::HasFailure()) return;
  }
}

Traits any_traits(Made& made) {
  return {made.anything(), made.anything(), made.anything(), static_cast<Sex>(made.below(4)),
          made.anything(), made.anything()};
}

NationalNumber any_number(Made& made) {
  const auto oid = made.coin() ? std::string(made.coin() ? kNir : kNia) : made.anything();
  return {made.coin() ? "1090763220834" : made.anything(), made.digits(2), oid, made.anything(),
          made.anything()};
}

Answer any_answer(Made& made) {
  Answer answer;
  answer.number = any_number(made);
  for (std::size_t i = made.below(3); i > 0; --i) answer.history.push_back(any_number(made));
  answer.traits = made.coin() ? typed_houilles() : any_traits(made);
  answer.test_environment = made.coin();
  answer.blocked = made.below(4) == 0;
  answer.found_by_other_given_name = made.coin();
  return answer;
}

TEST(Property, ANumberRoundTripsAndOnlyItsOwnKeyFits) {
  for_all([](Made& made) {
    std::string number = made.digits(13);
    if (made.coin()) number[6] = made.coin() ? 'A' : 'B';
    const auto key = computed_key(number);
    ASSERT_TRUE(key);
    const auto parsed = parse_matricule(number + (made.coin() ? " " : "") + *key);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->number, number);
    EXPECT_TRUE(key_matches(*parsed));
    const std::string other = made.digits(2);
    EXPECT_EQ(key_matches({number, other}), other == *key);
    // Corsica the other way: 2A is 19, 2B is 18.
    if (number[5] == '2' && number[6] > '9') {
      std::string plain = number;
      plain.replace(5, 2, number[6] == 'A' ? "19" : "18");
      EXPECT_EQ(computed_key(plain), key);
    }
    // One wrong digit never goes unseen: 97 is a prime above every difference.
    std::string typo = number;
    const std::size_t at = made.below(13);
    if (typo[at] <= '9') {
      typo[at] = static_cast<char>('0' + (typo[at] - '0' + 1 + static_cast<int>(made.below(9))) % 10);
      if (typo != number) {
        EXPECT_FALSE(key_matches({typo, *key}));
      }
    }
  });
}

TEST(Property, ReadersOfTextsAreTotal) {
  for_all([](Made& made) {
    const std::string text = made.anything();
    if (const auto parsed = parse_matricule(text)) {
      EXPECT_TRUE(is_number(parsed->number));
      EXPECT_TRUE(parsed->key.empty() || is_key(parsed->key));
    }
    if (find_oid(text)) {
      EXPECT_TRUE(text.starts_with("1.2.250.1.213.1.4."));
    }
    EXPECT_EQ(is_cog(text), is_cog(as_upper_cog(text)) && text == as_upper_cog(text));
    EXPECT_EQ(to_local_letter(parse_local_sex(text)), parse_local_sex(text) == Sex::UNSPECIFIED ? "" : text);
    EXPECT_EQ(as_words(as_words(text)), as_words(text));
    EXPECT_EQ(as_capitals(as_capitals(text)), as_capitals(text));
  });
}

TEST(Property, ACompletedDateIsADayOfItsYearAndStable) {
  for_all([](Made& made) {
    const std::string date = made.coin() ? made.date() : made.anything();
    const auto completed = complete_birth_date(date);
    EXPECT_EQ(completed.has_value(), is_birth_date(date) && !date.starts_with("0000"));
    if (!completed) return;
    EXPECT_TRUE(is_calendar_date(completed->date)) << completed->date;
    EXPECT_EQ(completed->date.substr(0, 4), date.substr(0, 4));
    EXPECT_EQ(completed->interpreted, completed->date != date);
    EXPECT_EQ(complete_birth_date(completed->date)->date, completed->date);
  });
}

TEST(Property, EveryBeginningOfAListIsCoherentAndNothingElseOfIt) {
  for_all([](Made& made) {
    std::string list;
    const std::size_t count = 1 + made.below(5);
    for (std::size_t i = 0; i < count; ++i) list += (i > 0 ? " " : "") + ("N" + std::string(i + 1, 'A'));
    const auto candidates = first_given_name_candidates(list);
    ASSERT_EQ(candidates.size(), count);
    for (std::string candidate : candidates) {
      for (char& c : candidate) {
        if (c == ' ' && made.coin()) c = made.coin() ? '-' : '\'';
      }
      EXPECT_TRUE(is_coherent(candidate, list)) << candidate;
    }
    EXPECT_FALSE(is_coherent(list + " B", list));
    if (count > 1) {
      EXPECT_FALSE(is_coherent(list.substr(list.find(' ') + 1), list));
    }
  });
}

TEST(Property, TypedTraitsAreNormalisedOnceOrRefused) {
  for_all([](Made& made) {
    const TraitsInput input{made.name(),
                            made.name(),
                            made.name(),
                            made.coin() ? "F" : made.anything(),
                            made.coin() ? made.date() : made.anything(),
                            made.coin() ? "2a004" : made.anything()};
    Violations violations("");
    const Traits traits = local_traits(input, Spelling::TYPED, Completeness::MINIMAL, violations);
    if (!violations.empty()) return;
    const TraitsInput again{traits.birth_name,       traits.given_names,
                            traits.first_given_name, std::string(to_local_letter(traits.sex)),
                            traits.birth_date,       traits.birth_place};
    Violations none("");
    EXPECT_EQ(local_traits(again, Spelling::TYPED, Completeness::MINIMAL, none), traits);
    EXPECT_TRUE(none.empty());
    EXPECT_TRUE(has_minimal_traits(traits));
  });
}

TEST(Property, AComparisonIsTotalAndItsAdviceFollowsFromItsLines) {
  for_all([](Made& made) {
    const Answer answer = any_answer(made);
    Known known{made.coin() ? typed_houilles() : any_traits(made), std::nullopt, made.coin()};
    if (made.coin()) known.number = any_number(made);
    const Comparison seen = compare(known, answer);
    bool confirm = false;
    bool differs = false;
    for (const TraitLine& line : seen.traits) {
      confirm = confirm || line.confirm;
      differs = differs || line.verdict == Verdict::DIFFERENT;
    }
    if (seen.advice == Advice::ACCEPT) {
      EXPECT_FALSE(confirm || differs || answer.blocked || answer.found_by_other_given_name);
      EXPECT_TRUE(seen.number == NumberRelation::SAME || seen.number == NumberRelation::NOT_COMPARED);
    }
    if (answer.blocked || seen.number == NumberRelation::DIFFERENT_PERSON) {
      EXPECT_EQ(seen.advice, Advice::STOP);
    }
    // What is the same as itself is equal, whatever it is.
    Answer same = answer;
    same.found_by_other_given_name = false;
    for (const TraitLine& line : compare({answer.traits, std::nullopt, false}, same).traits) {
      EXPECT_TRUE(line.verdict == Verdict::EQUAL || line.verdict == Verdict::MISSING ||
                  line.trait == TraitName::FIRST_GIVEN_NAME)
          << to_string(line.trait);
    }
  });
}

// Whatever is done in whatever order, the status says no more than the facts.
TEST(Property, NoSequenceOfActsReachesAStatusWithoutItsFacts) {
  for_all([](Made& made) {
    Identity identity = made.coin() ? typed_identity() : Identity{};
    identity.used = {made.anything(), made.anything()};
    const UsedNames used = identity.used;
    bool test_seen = false;
    for (int step = 0; step < 12; ++step) {
      const Identity before = identity;
      try {
        switch (made.below(6)) {
          case 0:
          case 1: {
            const Answer answer = made.coin() ? houilles() : any_answer(made);
            AcceptOrder order{made.coin() ? "PIERRE" : "", {}, made.coin()};
            for (std::size_t trait = 0; trait < kTraits; ++trait) {
              if (made.coin()) order.confirmed.push_back(static_cast<TraitName>(trait));
            }
            accept(identity, answer, order, kSecretary);
            test_seen = test_seen || answer.test_environment;
            EXPECT_FALSE(answer.blocked);
            break;
          }
          case 2: {
            Evidence evidence;
            evidence.type = static_cast<EvidenceType>(made.below(20));
            evidence.issuing_country = made.coin() ? "FR" : "";
            validate(identity, evidence, made.below(4) == 0 ? "" : traits_digest(identity.traits),
                     kSecretary);
            EXPECT_EQ(identity.traits, before.traits);
            break;
          }
          case 3:
            confirm_evidence(identity, traits_digest(identity.traits), kSecretary);
            break;
          case 4:
            set_attributes(identity, {made.coin(), made.below(4) == 0, made.below(4) == 0});
            break;
          default:
            demote(identity, static_cast<Demotion>(made.below(3)));
        }
        EXPECT_EQ(identity.revision, before.revision + 1);
      } catch (const Error&) {
        EXPECT_EQ(identity, before);
      }
      const Status status = status_of(identity);
      const bool barred = identity.attributes.doubtful || identity.attributes.fictitious;
      EXPECT_EQ(status == Status::QUALIFIED, !barred && is_retrieved(identity) && is_validated(identity));
      if (barred) {
        EXPECT_EQ(status, Status::PROVISIONAL);
        EXPECT_FALSE(identity.number);
      }
      if (status == Status::QUALIFIED) {
        EXPECT_TRUE(identity.number && identity.acceptance && identity.evidence);
        EXPECT_EQ(identity.evidence->traits_digest, traits_digest(identity.traits));
      }
      EXPECT_EQ(identity.test_environment, test_seen);
      EXPECT_EQ(identity.used, used);
      EXPECT_EQ(explain(identity).status, status);
      EXPECT_TRUE(may_be_combined(identity.attributes));
    }
  });
}

}  // namespace
}  // namespace insd::identity
