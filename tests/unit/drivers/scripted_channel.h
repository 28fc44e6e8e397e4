// SPDX-License-Identifier: Apache-2.0
// A card that is a script: each exact command has its exact answer. Also cards that are a function.
#pragma once

#include <functional>
#include <initializer_list>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "drivers/iso7816/channel.h"

namespace insd::test {

/// Answers in the order of the script; a command that is not the next one fails the test.
class ScriptedChannel final : public iso7816::Channel {
 public:
  struct Step {
    std::string_view command;  ///< hexadecimal, spaces allowed
    std::string_view answer;   ///< with its status word
  };
  ScriptedChannel(std::initializer_list<Step> steps) : steps_(steps) {}
  ~ScriptedChannel() override { EXPECT_EQ(next_, steps_.size()) << "the script was not played to its end"; }

  Bytes exchange(ByteView command) override {
    if (next_ == steps_.size()) {
      ADD_FAILURE() << "a command beyond the script: " << to_hex(command);
      return from_hex("6F00");
    }
    const Step& step = steps_[next_++];
    EXPECT_EQ(to_hex(command), to_hex(from_hex(step.command))) << "step " << next_;
    return from_hex(step.answer);
  }

 private:
  std::vector<Step> steps_;
  std::size_t next_ = 0;
};

/// Answers with a function of the command; counts.
class FunctionChannel final : public iso7816::Channel {
 public:
  explicit FunctionChannel(std::function<Bytes(ByteView)> answer) : answer_(std::move(answer)) {}

  Bytes exchange(ByteView command) override {
    ++exchanges;
    return answer_(command);
  }
  [[nodiscard]] std::stop_token stop() const override { return stop_source.get_token(); }

  std::stop_source stop_source;
  int exchanges = 0;

 private:
  std::function<Bytes(ByteView)> answer_;
};

}  // namespace insd::test
