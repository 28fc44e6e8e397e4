// SPDX-License-Identifier: Apache-2.0
// What stands inside a SOAP fault: any bytes are an error with bounded texts of one line, never an answer.
#include <string>

#include "daemon/insi/answer.h"
#include "drivers/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string inside(reinterpret_cast<const char*>(data), size);
  const std::string body =
      R"(<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:siram="urn:siram"><s:Body><s:Fault>)" +
      inside + "</s:Fault></s:Body></s:Envelope>";
  try {
    (void)insd::insi::read_answer({500, "application/soap+xml", body}, insd::InsiEnvironment::TEST);
  } catch (const insd::Error& error) {
    const std::string what = error.what();
    for (const char c : what) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) __builtin_trap();
    }
    constexpr std::size_t kMost = 1024;
    if (const auto& fault = error.insi_fault()) {
      for (const auto* text :
           {&fault->subcode, &fault->code, &fault->severity, &fault->message_id, &fault->label}) {
        if (text->size() > kMost) __builtin_trap();
      }
    }
    return 0;
  }
  __builtin_trap();  // a fault is never an answer
}
