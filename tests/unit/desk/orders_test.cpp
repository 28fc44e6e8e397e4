// SPDX-License-Identifier: Apache-2.0
// Which readers stay disabled across a restart.
#include "daemon/desk/orders.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

namespace insd::desk {
namespace {

namespace fs = std::filesystem;

class OrdersTest : public ::testing::Test {
 protected:
  OrdersTest() {
    char pattern[] = "/tmp/insd-orders.XXXXXX";
    directory_ = mkdtemp(pattern);
  }
  ~OrdersTest() override { fs::remove_all(directory_); }

  void write(const std::string& content) const { std::ofstream(file()) << content; }
  [[nodiscard]] fs::path file() const { return directory_ / "disabled-readers"; }

  fs::path directory_;
};

using Names = std::set<std::string>;

TEST_F(OrdersTest, WhatIsSavedIsLoaded) {
  const Names names{"poste-1", "Kap Reader (A) 00 00", "caf\xC3\xA9 \xFF"};
  Orders(file()).save(names);
  EXPECT_EQ(Orders(file()).load(), names);
  Orders(file()).save({});
  EXPECT_EQ(Orders(file()).load(), Names());
}

TEST_F(OrdersTest, WithoutAFileEveryReaderIsEnabled) {
  EXPECT_EQ(Orders(file()).load(), Names());
  Orders({}).save({"poste-1"});
  EXPECT_EQ(Orders({}).load(), Names());
}

TEST_F(OrdersTest, ANameWithALineEndIsNotTwoNames) {
  Orders(file()).save({"a\nb", "c"});
  EXPECT_EQ(Orders(file()).load(), Names{"c"});
}

TEST_F(OrdersTest, AFileThatIsNotOursDisablesNothing) {
  write(std::string(65 * 1024, 'x'));
  EXPECT_EQ(Orders(file()).load(), Names());
  fs::remove(file());
  fs::create_directory(file());
  EXPECT_EQ(Orders(file()).load(), Names());
  Orders(file()).save({"a"});  // said in the log, nothing else
  EXPECT_TRUE(fs::is_directory(file()));
}

TEST_F(OrdersTest, AFileCutInTheMiddleIsAsFarAsItGoes) {
  write("a\n\nb");
  EXPECT_EQ(Orders(file()).load(), (Names{"a", "b"}));
}

}  // namespace
}  // namespace insd::desk
