// SPDX-License-Identifier: Apache-2.0
#include "drivers/iso7816/files.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/scripted_channel.h"

namespace insd::iso7816 {
namespace {

using test::code_of;
using test::FunctionChannel;
using test::ScriptedChannel;

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  return bytes;
}

// A card with one transparent file, which answers past its end as `past_end`, or 6Cxx when asked for too
// much.
struct FileCard {
  Bytes file;
  Bytes past_end = {0x6B, 0x00};
  bool strict_length = false;

  Bytes operator()(ByteView command) const {
    const bool short_id = (command[2] & 0x80U) != 0;
    const std::size_t offset =
        short_id ? command[3] : static_cast<std::size_t>(command[2]) << 8U | command[3];
    const std::size_t le = command[4] == 0 ? 256 : command[4];
    if (offset >= file.size()) return past_end;
    const std::size_t size = std::min(le, file.size() - offset);
    if (strict_length && size < le) return {0x6C, static_cast<std::uint8_t>(size)};
    const auto first = file.begin() + static_cast<std::ptrdiff_t>(offset);
    Bytes answer(first, first + static_cast<std::ptrdiff_t>(size));
    answer.insert(answer.end(), {0x90, 0x00});
    return answer;
  }
};

TEST(ReadBinary, SelectsByShortIdOnce) {
  const std::string piece(512, '1');
  const std::string full = piece + "9000";
  ScriptedChannel card({
      {"00B0820000", full},
      {"00B0010000", "22 9000"},  // the second read is at an offset of the file that is now current
  });
  EXPECT_EQ(read_binary(card, {.sfi = 2, .known_size = {}}).size(), 257U);
}

TEST(ReadBinary, ReadsFilesOfEverySizeWhole) {
  for (const std::size_t size : {1U, 255U, 256U, 257U, 511U, 512U, 4096U, 16384U}) {
    for (const bool strict : {false, true}) {
      const FileCard file{.file = pattern(size), .strict_length = strict};
      FunctionChannel card(file);
      EXPECT_EQ(read_binary(card), file.file) << size << (strict ? " strict" : "");
    }
  }
}

TEST(ReadBinary, EndsOn6282AndOnAnEmptyAnswerAfterTheStart) {
  for (const auto* end : {"6282", "6B00", "9000"}) {
    const FileCard file{.file = pattern(512), .past_end = from_hex(end)};
    FunctionChannel card(file);
    EXPECT_EQ(read_binary(card), file.file) << end;
    EXPECT_EQ(card.exchanges, 3) << end;
  }
  ScriptedChannel card({{"00B0000000", "0102 6282"}});
  EXPECT_EQ(read_binary(card), from_hex("0102"));
}

TEST(ReadBinary, AsksForTheKnownSizeExactly) {
  ScriptedChannel card({{"00B0000003", "010203 9000"}});
  EXPECT_EQ(read_binary(card, {.sfi = {}, .known_size = 3}), from_hex("010203"));
}

TEST(ReadBinary, AnEmptyFileIsEmpty) {
  FunctionChannel card(FileCard{.file = {}});
  EXPECT_TRUE(read_binary(card).empty());
}

TEST(ReadBinary, ReportsRefusals) {
  ScriptedChannel denied({{"00B0000000", "6982"}});
  EXPECT_EQ(code_of([&] { read_binary(denied); }), Code::CARD_ACCESS_DENIED);
  ScriptedChannel without_short_ids({{"00B0820000", "6B00"}});
  EXPECT_EQ(code_of([&] { read_binary(without_short_ids, {.sfi = 2, .known_size = {}}); }),
            Code::CARD_PROTOCOL);
  ScriptedChannel missing({{"00B0820000", "6A82"}});
  EXPECT_EQ(code_of([&] { read_binary(missing, {.sfi = 2, .known_size = {}}); }), Code::NOT_FOUND);
}

TEST(ReadBinary, RefusesAShortIdThatDoesNotExist) {
  FunctionChannel card([](ByteView) { return from_hex("9000"); });
  for (const std::uint8_t sfi : Bytes{0, 31, 130}) {
    EXPECT_EQ(code_of([&] { read_binary(card, {.sfi = sfi, .known_size = {}}); }), Code::INTERNAL);
  }
  EXPECT_EQ(card.exchanges, 0);
}

}  // namespace
}  // namespace insd::iso7816
