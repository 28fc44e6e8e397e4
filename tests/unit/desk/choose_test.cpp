// SPDX-License-Identifier: Apache-2.0
// Which card does a request mean? Never a guess, never another desk's.
#include <gtest/gtest.h>

#include "daemon/desk/board.h"
#include "daemon/desk/entries.h"
#include "drivers/base/error.h"
#include "tests/unit/desk/desk_support.h"

namespace insd::desk {
namespace {

const Bytes kVitale1Atr = from_hex("3F65250022 09699000");
const Bytes kUnknownAtr = from_hex("3B00");

ReaderConfig entry(std::string match, std::string alias, ReaderRole role, std::string desk = {}) {
  return {std::move(match), std::move(alias), role, {}, {}, std::move(desk)};
}

class ChooseTest : public ::testing::Test {
 protected:
  void configure(std::vector<ReaderConfig> entries) { board_.emplace(std::move(entries), "abc", clock_); }
  void readers(std::vector<pcsc::Slot> slots) { board_->apply({std::nullopt, std::move(slots)}); }

  Chosen chosen(Wanted wanted, const Selection& selection = {}, const ReaderFilter& allowed = {}) {
    return choose_card(*board_->state(), selection, wanted, allowed);
  }
  Code refusal(const Selection& selection, Wanted wanted, const ReaderFilter& allowed = {}) {
    try {
      choose_card(*board_->state(), selection, wanted, allowed);
    } catch (const Error& error) {
      text_ = error.what();
      return error.code();
    }
    ADD_FAILURE() << "a card was chosen";
    return Code::INTERNAL;
  }
  [[nodiscard]] bool told(const std::string& part) const { return text_.find(part) != std::string::npos; }

  Clock clock_;
  std::optional<Board> board_{std::in_place, std::vector<ReaderConfig>(), "abc", clock_};
  std::string text_;
};

TEST_F(ChooseTest, TheCardDecidesAndNotTheSlot) {
  readers({slot("A", kCpsAtr), slot("B", kVitaleAtr)});
  EXPECT_EQ(chosen(Wanted::VITALE).reader, "B");
  EXPECT_EQ(chosen(Wanted::CPS).reader, "A");
}

TEST_F(ChooseTest, TwoThatFitAreAnErrorThatListsBoth) {
  readers({slot("Left", kVitaleAtr), slot("Right", kVitaleAtr)});
  EXPECT_EQ(refusal({}, Wanted::VITALE), Code::CARD_AMBIGUOUS);
  EXPECT_NE(text_.find("Left"), std::string::npos);
  EXPECT_NE(text_.find("Right"), std::string::npos);
}

TEST_F(ChooseTest, EachReasonHasItsCode) {
  board_->apply({Code::PCSC_REFUSED, {}});
  EXPECT_EQ(refusal({}, Wanted::VITALE), Code::PCSC_REFUSED);
  readers({});
  EXPECT_EQ(refusal({}, Wanted::VITALE), Code::READER_NOT_FOUND);
  EXPECT_EQ(refusal({"nowhere", {}}, Wanted::VITALE), Code::READER_NOT_FOUND);
  readers({slot("R", {})});
  EXPECT_EQ(refusal({}, Wanted::VITALE), Code::CARD_ABSENT);
  readers({slot("R", kCpsAtr)});
  EXPECT_EQ(refusal({}, Wanted::VITALE), Code::CARD_WRONG_KIND);
  EXPECT_EQ(refusal({"R", {}}, Wanted::VITALE), Code::CARD_WRONG_KIND);
  readers({slot("R", kVitaleAtr)});
  EXPECT_EQ(refusal({"R", {}}, Wanted::CPS), Code::CARD_WRONG_KIND);
  readers({slot("R", kVitale1Atr)});
  EXPECT_EQ(refusal({}, Wanted::VITALE), Code::CARD_UNSUPPORTED);
  board_->set_enabled("R", false);
  EXPECT_EQ(refusal({"R", {}}, Wanted::VITALE), Code::READER_DISABLED);
}

TEST_F(ChooseTest, ACps4IsForAModuleOnly) {
  readers({slot("R", from_hex("3B9B188001001225006480040100009044"))});
  EXPECT_EQ(refusal({}, Wanted::CPS), Code::CARD_UNSUPPORTED);
  EXPECT_EQ(chosen(Wanted::CPS_BY_MODULE).kind, CardKind::CPS_4);
  readers({slot("R", from_hex("3B8F80010031B86404B0ECC1739401808290000E"))});
  EXPECT_EQ(refusal({}, Wanted::CPS_BY_MODULE), Code::CARD_UNSUPPORTED) << "contactless: no signature there";
}

TEST_F(ChooseTest, AnotherGenerationThanTheChosenOneIsRefused) {
  readers({slot("R", kVitaleAtr, 1)});
  EXPECT_EQ(choose_card(*board_->state(), {"R", "abc-1"}, Wanted::VITALE, {}).generation, "abc-1");
  EXPECT_EQ(choose_card(*board_->state(), {"", "abc-1"}, Wanted::VITALE, {}).reader, "R");
  readers({slot("R", kVitaleAtr, 3)});
  EXPECT_EQ(refusal({"R", "abc-1"}, Wanted::VITALE), Code::CARD_CHANGED);
  EXPECT_EQ(refusal({"", "abc-1"}, Wanted::VITALE), Code::CARD_CHANGED);
}

TEST_F(ChooseTest, AReaderOutsideThePolicyIsAsIfItWereNotThere) {
  readers({slot("A", kVitaleAtr), slot("B", kVitaleAtr)});
  const auto only_b = [](const Reader& reader) { return reader.name == "B"; };
  EXPECT_EQ(choose_card(*board_->state(), {}, Wanted::VITALE, only_b).reader, "B");
  EXPECT_EQ(refusal({"A", {}}, Wanted::VITALE, only_b), Code::READER_NOT_FOUND);
}

// A desk with its two readers, by the names that pcscd gives twins of one model.
class TwoReaders : public ChooseTest {
 protected:
  TwoReaders() {
    configure({entry("Twin 00 00", "desk-1-cps", ReaderRole::PROFESSIONAL),
               entry("Twin 01 00", "desk-1-vitale", ReaderRole::PATIENT)});
  }
};

TEST_F(TwoReaders, TheAnswerSaysWhichReaderAndItsAlias) {
  readers({slot("Twin 00 00", kCpsAtr), slot("Twin 01 00", kVitaleAtr)});
  EXPECT_EQ(chosen(Wanted::CPS).alias, "desk-1-cps");
  EXPECT_EQ(chosen(Wanted::CPS).reader, "Twin 00 00");
  EXPECT_EQ(chosen(Wanted::VITALE, {"desk-1-vitale", {}}).reader, "Twin 01 00");
}

TEST_F(TwoReaders, SwappedCardsAreCalledSo) {
  readers({slot("Twin 00 00", kVitaleAtr), slot("Twin 01 00", kCpsAtr)});
  for (const Wanted wanted : {Wanted::CPS, Wanted::VITALE}) {
    EXPECT_EQ(refusal({}, wanted), Code::CARDS_SWAPPED);
    EXPECT_TRUE(told("desk-1-cps") && told("desk-1-vitale")) << text_;
  }
  // Also when the reader is named, whichever of the two is meant: by its role or by its card.
  EXPECT_EQ(refusal({"desk-1-cps", {}}, Wanted::CPS), Code::CARDS_SWAPPED);
  EXPECT_EQ(refusal({"desk-1-cps", {}}, Wanted::VITALE), Code::CARDS_SWAPPED);
  const std::string generation = board_->state()->readers[1].generation;
  EXPECT_EQ(refusal({{}, generation}, Wanted::CPS), Code::CARDS_SWAPPED);
}

TEST_F(TwoReaders, OneCardInTheOthersReaderIsSwappedToo) {
  readers({slot("Twin 00 00", {}), slot("Twin 01 00", kCpsAtr)});
  EXPECT_EQ(refusal({}, Wanted::CPS), Code::CARDS_SWAPPED);
  EXPECT_EQ(refusal({}, Wanted::VITALE), Code::CARDS_SWAPPED);
  readers({slot("Twin 01 00", kCpsAtr)});
  EXPECT_EQ(refusal({}, Wanted::CPS), Code::CARDS_SWAPPED) << "with its own reader unplugged";
  readers({slot("Twin 00 00", {}), slot("Twin 01 00", kVitaleAtr)});
  EXPECT_EQ(refusal({}, Wanted::CPS), Code::CARD_ABSENT);
}

TEST_F(TwoReaders, AReaderOfTheRightRoleWithTheRightCardHelpsASwappedOne) {
  configure({entry("A*", "p1", ReaderRole::PROFESSIONAL), entry("B*", "p2", ReaderRole::PROFESSIONAL),
             entry("C*", "v", ReaderRole::PATIENT)});
  readers({slot("A", kCpsAtr), slot("B", {}), slot("C", kCpsAtr)});
  EXPECT_EQ(chosen(Wanted::CPS).alias, "p1");
}

TEST_F(TwoReaders, AnUnconfiguredReaderTakesPartForBoth) {
  readers({slot("Twin 00 00", {}), slot("Other", kCpsAtr)});
  EXPECT_EQ(chosen(Wanted::CPS).reader, "Other");
  readers({slot("Twin 00 00", kCpsAtr), slot("Other", kCpsAtr)});
  EXPECT_EQ(refusal({}, Wanted::CPS), Code::CARD_AMBIGUOUS);
  EXPECT_TRUE(told("desk-1-cps") && told("Other")) << text_;
}

TEST_F(ChooseTest, AnUnknownCardIsTriedOnlyWhenNoneIsKnownToFit) {
  readers({slot("A", kUnknownAtr), slot("B", kVitaleAtr)});
  EXPECT_EQ(chosen(Wanted::VITALE).reader, "B");
  EXPECT_EQ(chosen(Wanted::CPS).reader, "A");
}

TEST_F(ChooseTest, T_PCSC_02_TheContactlessFaceOfACpsIsNotTakenForTheCard) {
  const Bytes contactless = from_hex("3B8F8001 0031B86404B0ECC1739401808290000E");
  ASSERT_EQ(classify_atr(contactless), CardKind::CPS_3_CONTACTLESS);
  readers({slot("Dual [Contact] 00 00", kCpsAtr), slot("Dual [Contactless] 00 01", contactless)});
  EXPECT_EQ(chosen(Wanted::CPS).reader, "Dual [Contact] 00 00");
  readers({slot("Dual [Contact] 00 00", {}), slot("Dual [Contactless] 00 01", contactless)});
  EXPECT_EQ(refusal({}, Wanted::CPS), Code::CARD_UNSUPPORTED);
}

TEST_F(ChooseTest, T_PCSC_02_AmongSeventeenReadersTheOneCardIsFoundAndTwoAreListed) {
  std::vector<pcsc::Slot> slots;
  for (int i = 0; i < 17; ++i) slots.push_back(slot("Twin " + std::to_string(i) + " 00", {}));
  slots[16] = slot("Twin 16 00", kVitaleAtr);
  readers(slots);
  EXPECT_EQ(chosen(Wanted::VITALE).reader, "Twin 16 00");
  slots[3] = slot("Twin 3 00", kVitaleAtr);
  readers(slots);
  EXPECT_EQ(refusal({}, Wanted::VITALE), Code::CARD_AMBIGUOUS);
  EXPECT_TRUE(told("Twin 3 00") && told("Twin 16 00") && !told("Twin 4 00")) << text_;
}

TEST_F(ChooseTest, AnAliasThatTwoReadersHaveIsRefusedByBothNames) {
  configure({entry("Twin*", "vitale", ReaderRole::ANY)});
  readers({slot("Twin 00 00", kVitaleAtr), slot("Twin 01 00", {})});
  EXPECT_EQ(refusal({"vitale", {}}, Wanted::VITALE), Code::READER_AMBIGUOUS);
  EXPECT_TRUE(told("Twin 00 00") && told("Twin 01 00")) << text_;
  EXPECT_EQ(chosen(Wanted::VITALE, {"Twin 00 00", {}}).reader, "Twin 00 00");
}

TEST_F(ChooseTest, AnAliasThatIsAnotherReadersNameIsRefused) {
  configure({entry("A", "B", ReaderRole::ANY)});
  readers({slot("A", kVitaleAtr), slot("B", kCpsAtr)});
  EXPECT_EQ(refusal({"B", {}}, Wanted::VITALE), Code::READER_AMBIGUOUS);
  EXPECT_EQ(chosen(Wanted::VITALE, {"A", {}}).reader, "A");
}

class TwoDesks : public ChooseTest {
 protected:
  TwoDesks() {
    configure({entry("A1", "a-cps", ReaderRole::PROFESSIONAL, "a"),
               entry("A2", "a-vitale", ReaderRole::PATIENT, "a"),
               entry("B1", "b-cps", ReaderRole::PROFESSIONAL, "b"),
               entry("B2", "b-vitale", ReaderRole::PATIENT, "b")});
  }
  static bool only_a(const Reader& reader) { return reader.alias.starts_with("a-"); }
};

TEST_F(TwoDesks, ANamedDeskSeesItsOwnCardsOnly) {
  readers({slot("A1", kCpsAtr), slot("A2", {}), slot("B1", kCpsAtr), slot("B2", kVitaleAtr)});
  EXPECT_EQ(chosen(Wanted::CPS, {{}, {}, "a"}).reader, "A1");
  EXPECT_EQ(chosen(Wanted::CPS, {{}, {}, "b"}).desk, "b");
  EXPECT_EQ(refusal({{}, {}, "a"}, Wanted::VITALE), Code::CARD_ABSENT) << "the neighbour's is not taken";
  EXPECT_EQ(refusal({"b-vitale", {}, "a"}, Wanted::VITALE), Code::READER_NOT_FOUND);
  const std::string generation = chosen(Wanted::VITALE, {"b-vitale", {}}).generation;
  EXPECT_EQ(refusal({{}, generation, "a"}, Wanted::VITALE), Code::CARD_CHANGED);
  EXPECT_EQ(refusal({{}, {}, "c"}, Wanted::VITALE), Code::READER_NOT_FOUND);
}

TEST_F(TwoDesks, WithoutADeskNothingIsGuessedEvenWhenOneCardFits) {
  readers({slot("A1", {}), slot("A2", {}), slot("B1", {}), slot("B2", kVitaleAtr)});
  EXPECT_EQ(refusal({}, Wanted::VITALE), Code::READER_AMBIGUOUS);
  EXPECT_TRUE(told("a, b")) << text_;
  EXPECT_EQ(chosen(Wanted::VITALE, {"b-vitale", {}}).reader, "B2");
  readers({slot("B1", {}), slot("B2", kVitaleAtr)});
  EXPECT_EQ(refusal({}, Wanted::VITALE), Code::READER_AMBIGUOUS) << "desk a exists, unplugged as it is";
}

TEST_F(TwoDesks, ACallerThatMayUseOneDeskNeedNotNameIt) {
  readers({slot("A1", kCpsAtr), slot("B1", kCpsAtr), slot("B2", kVitaleAtr)});
  EXPECT_EQ(chosen(Wanted::CPS, {}, only_a).reader, "A1");
  EXPECT_EQ(refusal({{}, {}, "b"}, Wanted::CPS, only_a), Code::READER_NOT_FOUND);
}

TEST_F(TwoDesks, SwappedCardsOfTheNeighbourDoNotConcernThisDesk) {
  readers({slot("A1", {}), slot("A2", {}), slot("B1", kVitaleAtr), slot("B2", kCpsAtr)});
  EXPECT_EQ(refusal({{}, {}, "a"}, Wanted::CPS), Code::CARD_ABSENT);
  EXPECT_EQ(refusal({{}, {}, "b"}, Wanted::CPS), Code::CARDS_SWAPPED);
}

TEST_F(ChooseTest, OneDeskNeedNotBeNamed) {
  configure({entry("A", "a", ReaderRole::ANY, "only")});
  readers({slot("A", kVitaleAtr), slot("B", kCpsAtr)});
  EXPECT_EQ(chosen(Wanted::VITALE).desk, "only");
  EXPECT_EQ(chosen(Wanted::CPS).reader, "B") << "a reader without a desk belongs to all of them";
}

// Twins that only their USB ports tell apart.
class Twins : public ChooseTest {
 protected:
  Twins() {
    configure(
        {{"", "cps", ReaderRole::PROFESSIONAL, "1-1"}, {"", "vitale", ReaderRole::PATIENT, "1-2", "SN"}});
    readers({slot("Twin 00 00", kVitaleAtr), slot("Twin 01 00", kCpsAtr)});
  }
  Reader named(const std::string& name) { return board_->meant_by(name).at(0); }
};

TEST_F(Twins, WhoseCardItIsMustBeKnownBeforeItIsUsed) {
  EXPECT_EQ(named("Twin 00 00").state, ReaderState::HELD);
  EXPECT_EQ(named("Twin 00 00").problem, Code::READER_HELD);
  EXPECT_EQ(named("Twin 00 00").generation, "");
  EXPECT_EQ(refusal({"Twin 00 00", {}}, Wanted::VITALE), Code::READER_HELD);
  EXPECT_EQ(refusal({}, Wanted::VITALE), Code::READER_HELD);
}

TEST_F(Twins, ThePortDecidesAndNotTheNumber) {
  EXPECT_TRUE(board_->locate("Twin 00 00", 0, {"1-2", "SN"}).empty());
  board_->locate("Twin 01 00", 0, {"1-1", ""});
  EXPECT_EQ(chosen(Wanted::VITALE).alias, "vitale");
  EXPECT_EQ(chosen(Wanted::CPS).alias, "cps");
  EXPECT_EQ(named("cps").usb_path, "1-1");
  const std::string generation = named("cps").generation;
  readers({slot("Twin 00 00", kVitaleAtr), slot("Twin 01 00", kCpsAtr)});
  EXPECT_EQ(named("cps").generation, generation) << "nothing happened";
}

TEST_F(Twins, AllThatAnEntryAsksForMustFit) {
  board_->locate("Twin 00 00", 0, {"1-2", "another"});
  EXPECT_EQ(named("Twin 00 00").alias, "");
  EXPECT_EQ(named("Twin 00 00").state, ReaderState::CARD_PRESENT);
}

TEST_F(Twins, APlaceIsForgottenWithItsReader) {
  board_->locate("Twin 00 00", 0, {"1-2", "SN"});
  readers({slot("Twin 01 00", kCpsAtr)});
  readers({slot("Twin 00 00", kVitaleAtr)});
  EXPECT_EQ(named("Twin 00 00").state, ReaderState::HELD) << "it may be at another port now";
  pcsc::Slot again = slot("Twin 00 00", kVitaleAtr);
  board_->locate("Twin 00 00", 0, {"1-2", "SN"});
  again.arrival = 7;
  readers({again});
  EXPECT_EQ(named("Twin 00 00").state, ReaderState::HELD) << "another reader under the same name";
  board_->locate("Twin 00 00", 7, {"1-2", "SN"});
  EXPECT_EQ(named("vitale").state, ReaderState::CARD_PRESENT);
}

TEST(FindEntry, TheNameItselfFitsThoughAPatternWouldNot) {
  const std::vector<ReaderConfig> entries = {entry("Gem [CCID] 00 00", "x", ReaderRole::ANY)};
  EXPECT_EQ(find_entry(entries, "Gem [CCID] 00 00", std::nullopt).entry, entries.data());
  EXPECT_EQ(find_entry(entries, "Gem C 00 00", std::nullopt).entry, entries.data());
  EXPECT_EQ(find_entry(entries, "Gem X 00 00", std::nullopt).entry, nullptr);
}

TEST(FindEntry, TheFirstEntryThatFitsCounts) {
  const std::vector<ReaderConfig> entries = {{"", "port", ReaderRole::ANY, "1-1"},
                                             entry("Gem*", "name", ReaderRole::ANY),
                                             entry("*", "", ReaderRole::ANY)};
  EXPECT_TRUE(find_entry(entries, "Gem", std::nullopt).undecided);
  EXPECT_EQ(find_entry(entries, "Gem", pcsc::ReaderPlace{"1-1", ""}).entry->alias, "port");
  EXPECT_EQ(find_entry(entries, "Gem", pcsc::ReaderPlace{"", ""}).entry->alias, "name");
  EXPECT_EQ(find_entry(entries, "Other", pcsc::ReaderPlace{"", ""}).entry->alias, "");
}

class Contradictions : public ChooseTest {
 protected:
  std::vector<std::string> of(std::vector<ReaderConfig> entries, const std::vector<std::string>& names) {
    configure(std::move(entries));
    std::vector<pcsc::Slot> slots;
    for (const auto& name : names) slots.push_back(slot(name, {}));
    for (const auto& name : names) board_->locate(name, 0, {});
    readers(slots);
    return contradictions(*board_->state());
  }
};

TEST_F(Contradictions, AreTold) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(of({entry("A*", "a", ReaderRole::ANY), entry("*1", "b", ReaderRole::ANY)}, {"A1", "A2"}),
            (Texts{"A1 fits [[reader]] 1 and [[reader]] 2: the first counts",
                   "the alias a is that of A1 and of A2: a request that names it is refused"}));
  EXPECT_EQ(of({entry("A", "B", ReaderRole::ANY)}, {"A", "B"}),
            Texts{"the alias B of A is the name of another reader: a request that names it is refused"});
  EXPECT_EQ(of({{"A", "x", ReaderRole::ANY, "1-1"}}, {"A", "B"}),
            Texts{"A does not tell its USB port: [[reader]] 1 cannot fit it"});
}

TEST_F(Contradictions, AnOrdinaryConfigurationHasNone) {
  EXPECT_TRUE(of({entry("A", "a", ReaderRole::ANY), entry("B", "b", ReaderRole::ANY),
                  entry("*", "", ReaderRole::ANY)},
                 {"A", "B", "C", "D"})
                  .empty());
}

}  // namespace
}  // namespace insd::desk
