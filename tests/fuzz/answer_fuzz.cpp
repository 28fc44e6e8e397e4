// SPDX-License-Identifier: Apache-2.0
// Answers of the teleservice: any bytes give a result that agrees with itself, or one of four errors.
#include <string>

#include "daemon/insi/answer.h"
#include "drivers/base/error.h"

namespace {

using insd::Code;

[[noreturn]] void fail() {
  __builtin_trap();
}

void judge(const insd::insi::Reply& reply, const std::string& body) {
  using insd::insi::Outcome;
  if ((reply.outcome == Outcome::FOUND) != reply.answer.has_value()) fail();
  if (reply.result_xml.empty() || body.find(reply.result_xml) == std::string::npos) fail();
  if (!reply.answer) return;
  constexpr std::size_t kMost = 200;
  if (reply.answer->history.size() > kMost || reply.answer->active.number.size() != 13) fail();
  if (!reply.answer->sex.empty() && reply.answer->sex != "M" && reply.answer->sex != "F") fail();
}

bool expected(const insd::Error& error) {
  switch (error.code()) {
    case Code::INSI_ANSWER_INVALID:
    case Code::INSI_FAULT:
    case Code::INSI_NOT_AUTHORISED:
    case Code::INSI_UNAVAILABLE:
      return true;
    default:
      return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  for (const unsigned status : {200U, 500U}) {
    for (const auto environment : {insd::InsiEnvironment::TEST, insd::InsiEnvironment::PRODUCTION}) {
      try {
        judge(insd::insi::read_answer({status, "application/soap+xml; charset=utf-8", body}, environment),
              body);
        if (status != 200) fail();
      } catch (const insd::Error& error) {
        if (!expected(error)) fail();
      }
    }
  }
  return 0;
}
