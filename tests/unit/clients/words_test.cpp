// SPDX-License-Identifier: Apache-2.0
// The words of insctl: whole in both languages, and French that a desk understands.
#include "clients/cli/words.h"

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "clients/cli/doctor.h"
#include "clients/cli/login_dialogue.h"
#include "clients/cli/onboarding.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

std::size_t holes(std::string_view text) {
  std::size_t count = 0;
  for (auto at = text.find("{}"); at != std::string_view::npos; at = text.find("{}", at + 2)) ++count;
  return count;
}

TEST(Words, EverySentenceExistsInBothLanguagesWithTheSameHoles) {
  for (const auto& entry : words()) {
    EXPECT_FALSE(entry.fr.empty()) << static_cast<int>(entry.word);
    EXPECT_FALSE(entry.en.empty()) << static_cast<int>(entry.word);
    EXPECT_EQ(holes(entry.fr), holes(entry.en)) << entry.fr;
  }
  for (const auto& entry : terms()) {
    EXPECT_FALSE(entry.fr.empty()) << entry.code;
    EXPECT_FALSE(entry.en.empty()) << entry.code;
  }
}

// What is typed or named (options, commands between « », file names, environment variables) is not prose.
std::string prose(std::string_view text) {
  static const std::regex not_prose(
      "«[^»]*»|--[a-z-]+|unix:[^ ).,]*|\\b[A-Z]+(?:_[A-Z]+)+\\b|insd|insctl|JSON|: none \\(|homonym "
      "|doubtful|fictitious");
  return std::regex_replace(std::string(text), not_prose, " ");
}

std::vector<std::string> french_texts() {
  std::vector<std::string> out;
  for (const auto& entry : words()) out.push_back(prose(entry.fr));
  for (const auto& entry : terms()) out.push_back(prose(entry.fr));
  for (const auto& entry : advices()) {
    out.push_back(prose(entry.summary_fr));
    out.push_back(prose(entry.remedy_fr));
  }
  for (const auto& entry : step_titles()) out.push_back(prose(entry.fr));
  return out;
}

TEST(Words, FrenchHasNoEnglishWord) {
  const std::regex english(
      "\\b(the|a "
      "card|card|cards|reader|readers|daemon|error|pin|login|logout|logged|lease|token|socket|user|users|"
      "password|"
      "file|home|not|found|of|and|is|with|without|for|try|tries|key|holder|patient's|desk|run|start|session "
      "id|name|"
      "given|birth|unknown|retry|timeout|status|answer|service "
      "is|please|you|purpose|request|default|none)\\b",
      std::regex::icase);
  for (const auto& text : french_texts()) EXPECT_FALSE(std::regex_search(text, english)) << text;
}

TEST(Words, FrenchHasNoHexadecimalCodeAndNoStatusAbbreviation) {
  const std::regex code("0x[0-9A-Fa-f]+|\\b[0-9][0-9A-F]{3}\\b|\\b(PROV|RECUP|VALI|QUAL|SCARD|CKR)\\b");
  for (const auto& text : french_texts()) EXPECT_FALSE(std::regex_search(text, code)) << text;
}

TEST(Words, TheCheckFindsWhatItForbids) {
  const std::regex code("\\b(PROV|QUAL)\\b");
  EXPECT_TRUE(std::regex_search(prose("statut QUAL"), code));
  EXPECT_EQ(prose("lancer « insctl login » avec --pin-stdin").find("login"), std::string::npos);
  EXPECT_NE(prose("erreur de login").find("login"), std::string::npos);
}

TEST(Words, TheDesksTermsAreUsedAsTheyAre) {
  std::string all;
  for (const auto& text : french_texts()) all += text + "\n";
  for (const char* term :
       {"Matricule INS", "Nom de naissance", "Premier prénom de naissance", "Liste des prénoms de naissance",
        "Code officiel géographique du lieu de naissance", "identité récupérée", "identité qualifiée",
        "Code porteur", "ouvrant droit", "homonyme", "douteuse", "fictive"}) {
    EXPECT_NE(all.find(term), std::string::npos) << term;
  }
}

TEST(Words, TriesAreCountedInWords) {
  EXPECT_EQ(tries_in_words(Language::FRENCH, 2), "il reste 2 essais");
  EXPECT_EQ(tries_in_words(Language::FRENCH, 1), "il reste 1 essai");
  EXPECT_EQ(tries_in_words(Language::FRENCH, 0), "code porteur bloqué");
  EXPECT_EQ(tries_in_words(Language::ENGLISH, 1), "1 try left");
}

// Every enumerator that insctl shows has a word.
template <typename Descriptor>
void expect_terms(const Descriptor* descriptor) {
  for (int i = 0; i < descriptor->value_count(); ++i) {
    const std::string& name = descriptor->value(i)->name();
    EXPECT_NE(term(Language::FRENCH, name), name);
    EXPECT_NE(term(Language::ENGLISH, name), name);
  }
}

TEST(Words, WhatToDoAfterASearchHasWords) {
  for (const std::string code : {"OTHER_GIVEN_NAMES", "BIRTH_PLACE", "CHECK_TRAITS", "SEARCH_BY_TRAITS",
                                 "LOGIN_AGAIN", "KEEP_PROVISIONAL", "FAULT_READ_AS_NOT_FOUND", "01", "02"}) {
    EXPECT_NE(term(Language::FRENCH, code), code);
    EXPECT_NE(term(Language::ENGLISH, code), code);
  }
}

TEST(Words, EveryEnumeratorShownHasAWord) {
  expect_terms(v1::ReaderState_descriptor());
  expect_terms(v1::ReaderRole_descriptor());
  expect_terms(v1::CardKind_descriptor());
  expect_terms(v1::CardNature_descriptor());
  expect_terms(v1::DatumSource_descriptor());
  expect_terms(v1::PcscState_descriptor());
  expect_terms(v1::Environment_descriptor());
  expect_terms(v1::InsiMode_descriptor());
  expect_terms(v1::CallerRole_descriptor());
  expect_terms(v1::ProfessionalCardType_descriptor());
  expect_terms(v1::LeaseEndCause_descriptor());
  expect_terms(v1::CpsBackend_descriptor());
  expect_terms(v1::NationalIdKind_descriptor());
  expect_terms(v1::KeyState_descriptor());
  expect_terms(v1::CertificateTrust_descriptor());
  expect_terms(v1::NumberKind_descriptor());
}

TEST(Words, AnUnknownNameOfANewerDaemonIsShownAsItIs) {
  EXPECT_EQ(term(Language::FRENCH, "SOMETHING_NEW"), "SOMETHING_NEW");
}

TEST(Words, ArgumentsAreNotReadAsTemplates) {
  EXPECT_EQ(say(Language::ENGLISH, Word::INSI_SAID, {"{}", "x"}), "The INSi service said: {} x");
}

TEST(Language, FollowsTheLocaleAndIsFrenchWithoutOne) {
  EXPECT_EQ(language_of(nullptr, nullptr, nullptr), Language::FRENCH);
  EXPECT_EQ(language_of("", "", "C.UTF-8"), Language::FRENCH);
  EXPECT_EQ(language_of(nullptr, nullptr, "POSIX"), Language::FRENCH);
  EXPECT_EQ(language_of(nullptr, nullptr, "fr_FR.UTF-8"), Language::FRENCH);
  EXPECT_EQ(language_of(nullptr, nullptr, "fr"), Language::FRENCH);
  EXPECT_EQ(language_of(nullptr, nullptr, "en_GB.UTF-8"), Language::ENGLISH);
  EXPECT_EQ(language_of(nullptr, nullptr, "de_DE"), Language::ENGLISH);
  EXPECT_EQ(language_of(nullptr, nullptr, "frr_DE"), Language::ENGLISH);  // North Frisian
  EXPECT_EQ(language_of(nullptr, "en_US", "fr_FR"), Language::ENGLISH);
  EXPECT_EQ(language_of("C", "en_US", "en_US"), Language::FRENCH);
}

TEST(Text, WhatActsOnATerminalIsMadeHarmless) {
  EXPECT_EQ(printable("\x1b[2J\x07ok\n"), "?[2J?ok?");
  EXPECT_EQ(printable("É\u202Eabc\u2066"), "É?abc?");
  EXPECT_EQ(printable("a\xC2\x9B"
                      "31m"),
            "a?31m");
  EXPECT_EQ(printable("a\xFF\xC3"), "a??");
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a?b");
}

TEST(Text, PaddingCountsCharactersNotBytes) {
  EXPECT_EQ(padded("clé", 5), "clé  ");
  EXPECT_EQ(padded("longer", 3), "longer");
}

}  // namespace
}  // namespace insd::cli
