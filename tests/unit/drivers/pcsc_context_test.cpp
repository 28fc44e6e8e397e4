// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "drivers/pcsc/context.h"
#include "drivers/pcsc/errors.h"
#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/scripted_pcsc.h"

namespace insd::pcsc {
namespace {

using test::code_of;
using test::error_of;
using test::ScriptedPcsc;

TEST(PcscErrors, SuccessIsNoError) {
  const ScriptedPcsc pcscd;
  EXPECT_EQ(code_of([&] { check(pcscd.api(), SCARD_S_SUCCESS, "SCardConnect"); }), std::nullopt);
}

TEST(PcscErrors, NameTheCallAndTheResult) {
  const ScriptedPcsc pcscd;
  EXPECT_EQ(to_error(pcscd.api(), SCARD_E_NO_SMARTCARD, "SCardConnect").detail(),
            "SCardConnect: SCARD_E_NO_SMARTCARD");
  EXPECT_EQ(to_error(pcscd.api(), LONG{0x80100099}, "SCardConnect").detail(), "SCardConnect: 0x80100099");
  EXPECT_EQ(to_error(pcscd.api(), LONG{0x80100099}, "SCardConnect").code(), Code::READER_FAILED);
}

TEST(PcscErrors, KnowWhichResultsEndAContext) {
  for (const LONG dead :
       {SCARD_E_NO_SERVICE, SCARD_E_SERVICE_STOPPED, SCARD_F_COMM_ERROR, SCARD_E_INVALID_HANDLE}) {
    EXPECT_TRUE(context_is_dead(dead)) << std::hex << dead;
  }
  for (const LONG alive : {SCARD_S_SUCCESS, SCARD_E_TIMEOUT, SCARD_E_NO_SMARTCARD, SCARD_W_RESET_CARD}) {
    EXPECT_FALSE(context_is_dead(alive)) << std::hex << alive;
  }
}

TEST(PcscContext, TellsTheReasonsOfARefusalApart) {
  const struct {
    ScriptedPcsc::Service state;
    Code code;
  } cases[] = {{ScriptedPcsc::Service::ABSENT, Code::PCSC_ABSENT},
               {ScriptedPcsc::Service::REFUSED, Code::PCSC_REFUSED},
               {ScriptedPcsc::Service::FULL, Code::PCSC_OUT_OF_CONTEXTS}};
  for (const auto& expected : cases) {
    ScriptedPcsc pcscd;
    pcscd.service(expected.state);
    EXPECT_EQ(code_of([&] { Context(pcscd.api()); }), expected.code);
  }
  ScriptedPcsc polkit;
  polkit.fault([](std::string_view) { return SCARD_W_SECURITY_VIOLATION; });
  EXPECT_EQ(code_of([&] { Context(polkit.api()); }), Code::PCSC_REFUSED);
  ScriptedPcsc starting;  // its socket accepts, the service does not answer yet
  starting.fault([](std::string_view) { return SCARD_E_NO_SERVICE; });
  EXPECT_EQ(code_of([&] { Context(starting.api()); }), Code::PCSC_LOST);
}

TEST(PcscContext, IsReleasedAtItsEnd) {
  ScriptedPcsc pcscd;
  {
    const Context context(pcscd.api());
    EXPECT_EQ(pcscd.open_contexts(), 1U);
  }
  EXPECT_EQ(pcscd.open_contexts(), 0U);
}

TEST(PcscContext, ListsReadersByteForByte) {
  ScriptedPcsc pcscd;
  const Context context(pcscd.api());
  EXPECT_TRUE(context.readers().empty());
  pcscd.add_reader("Reader A 00 00");
  pcscd.add_reader("Lecteur \xE8\xFF 01");
  EXPECT_EQ(context.readers(), (std::vector<std::string>{"Reader A 00 00", "Lecteur \xE8\xFF 01"}));
}

TEST(PcscContext, SaysWhenTheListFails) {
  ScriptedPcsc pcscd;
  const Context context(pcscd.api());
  pcscd.service(ScriptedPcsc::Service::ABSENT);
  EXPECT_EQ(code_of([&] { return context.readers(); }), Code::PCSC_ABSENT);
}

}  // namespace
}  // namespace insd::pcsc
