// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/real_cards.h"

#include <algorithm>
#include <fstream>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "drivers/base/error.h"

namespace insd::desk {
namespace {

constexpr std::size_t kMostCards = 4096, kLongestNumber = 32;

bool is_number(const std::string& text) {
  return !text.empty() && text.size() <= kLongestNumber &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool written(std::ofstream out, const std::string& text) {
  out << text;
  out.close();
  return !out.fail();
}

}  // namespace

RealCards::RealCards(std::filesystem::path directory) : directory_(std::move(directory)) {
  if (directory_.empty()) return;
  std::ifstream in(proven_file(), std::ios::binary);
  // What is not read is a card that needs all its tries once more.
  std::string number(kLongestNumber + 2, '\0');
  while (proven_.size() < kMostCards &&
         in.getline(number.data(), static_cast<std::streamsize>(number.size())))
    if (const std::string one(number.c_str()); is_number(one)) proven_.insert(one);
}

bool RealCards::proven(const std::string& card_number) const {
  return proven_.contains(card_number);
}

void RealCards::prove(const std::string& card_number) {
  if (!is_number(card_number) || proven_.size() >= kMostCards || !proven_.insert(card_number).second) return;
  if (directory_.empty()) return;
  if (!written(std::ofstream(proven_file(), std::ios::binary | std::ios::app), card_number + "\n"))
    spdlog::warn("{}: not written: after a restart this card needs all its tries", proven_file().string());
}

void RealCards::stop(const std::string& what) {
  spdlog::error("a real card answered insd's own driver unexpectedly ({}): no PIN is sent to one any more",
                what);
  const bool told = !directory_.empty() && written(std::ofstream(stopped_file(), std::ios::app), what + "\n");
  if (told) {
    spdlog::error("until {} is removed", stopped_file().string());
  } else {
    stopped_here_ = true;
  }
}

void RealCards::require_not_stopped() const {
  std::error_code unknown;
  const bool file = !directory_.empty() && std::filesystem::exists(stopped_file(), unknown);
  if (!stopped_here_ && !file && !unknown) return;
  throw Error(Code::CPS_DIRECT_NOT_ALLOWED,
              "a real card answered unexpectedly: no PIN until " +
                  (stopped_here_ ? "insd is restarted" : stopped_file().string() + " is removed"));
}

}  // namespace insd::desk
