// SPDX-License-Identifier: Apache-2.0
// Who is next at a reader: users take turns, and among a user's programs these take turns, so that nobody's
// eagerness makes others wait for more than one job of his.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <utility>

namespace insd::desk {

/// Not thread safe. Bounded by its user, who asks size() first.
template <class Item>
class FairQueue {
 public:
  void push(std::uint32_t uid, std::int32_t pid, Item item) {
    auto& program = find_or_add(find_or_add(users_, uid).programs, pid);
    program.items.push_back(std::move(item));
    ++size_;
  }

  /// The next one; its program, then its user, go to the end of their line.
  std::optional<Item> pop() {
    if (users_.empty()) return std::nullopt;
    User& user = users_.front();
    Program& program = user.programs.front();
    std::optional<Item> item(std::move(program.items.front()));
    program.items.pop_front();
    --size_;
    turn(user.programs, program.items.empty());
    turn(users_, user.programs.empty());
    return item;
  }

  /// Takes out the first one that satisfies `wanted`; nobody's turn changes.
  template <class Wanted>
  std::optional<Item> take(Wanted&& wanted) {
    for (auto user = users_.begin(); user != users_.end(); ++user) {
      for (auto program = user->programs.begin(); program != user->programs.end(); ++program) {
        const auto found = std::find_if(program->items.begin(), program->items.end(), wanted);
        if (found == program->items.end()) continue;
        std::optional<Item> item(std::move(*found));
        program->items.erase(found);
        --size_;
        if (program->items.empty()) user->programs.erase(program);
        if (user->programs.empty()) users_.erase(user);
        return item;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t size_of(std::uint32_t uid) const {
    std::size_t size = 0;
    for (const User& user : users_) {
      if (user.id != uid) continue;
      for (const Program& program : user.programs) size += program.items.size();
    }
    return size;
  }

 private:
  struct Program {
    std::int32_t id = 0;
    std::deque<Item> items{};
  };
  struct User {
    std::uint32_t id = 0;
    std::list<Program> programs{};
  };

  // A newcomer joins at the end of the line.
  template <class Entry, class Id>
  static Entry& find_or_add(std::list<Entry>& line, Id id) {
    const auto found =
        std::find_if(line.begin(), line.end(), [id](const Entry& entry) { return entry.id == id; });
    return found != line.end() ? *found : line.emplace_back(Entry{id});
  }
  template <class Entry>
  static void turn(std::list<Entry>& line, bool done) {
    if (done) {
      line.pop_front();
    } else {
      line.splice(line.end(), line, line.begin());
    }
  }

  std::list<User> users_;
  std::size_t size_ = 0;
};

}  // namespace insd::desk
