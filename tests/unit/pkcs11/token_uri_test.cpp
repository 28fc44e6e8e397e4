// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/token_uri.h"

#include <gmock/gmock.h>

#include "tests/unit/pkcs11/token_test_support.h"

namespace insd::pkcs11 {
namespace {

using test::code_of;

TEST(TokenUri, EveryAttributeIsDecoded) {
  const auto uri = parse_token_uri(
      "pkcs11:token=Centre%20de%20sant%C3%A9;serial=1234;model=m;manufacturer=f;object=insi;id=%0a%FF;type="
      "private");
  EXPECT_EQ(uri.token, "Centre de sant\u00E9");
  EXPECT_EQ(uri.serial, "1234");
  EXPECT_EQ(uri.object, "insi");
  EXPECT_EQ(uri.id, "\x0a\xff");
  TokenInfo info;
  info.ref = {1, "Centre de sant\u00E9", "1234"};
  info.model = "m";
  info.manufacturer = "f";
  EXPECT_TRUE(uri.names(info));
  info.ref.serial = "1235";
  EXPECT_FALSE(uri.names(info));
  EXPECT_TRUE(parse_token_uri("pkcs11:serial=1235").names(info));
}

TEST(TokenUri, WhatIsNoneIsRefused) {
  for (const std::string text :
       {"", "pkcs11", "pkcs11:", "http:token=a", "pkcs11:object=a", "pkcs11:token", "pkcs11:token=a;token=b",
        "pkcs11:token=a;other=b", "pkcs11:token=%4", "pkcs11:token=%", "pkcs11:token=%zz",
        "pkcs11:token=a;type=cert", "pkcs11:token=a?pin-value=1234", "pkcs11:token=a;;serial=b"}) {
    EXPECT_EQ(code_of([&] { parse_token_uri(text); }), Code::CONFIG_INVALID) << text;
  }
  EXPECT_EQ(code_of([&] { parse_token_uri("pkcs11:token=" + std::string(2000, 'a')); }),
            Code::CONFIG_INVALID);
}

}  // namespace
}  // namespace insd::pkcs11
