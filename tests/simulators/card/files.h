// SPDX-License-Identifier: Apache-2.0
// The files of a card: directories and transparent files, SELECT in all its forms, READ BINARY.
#pragma once

#include <functional>
#include <memory>

#include "tests/simulators/card/card.h"

namespace insd::simcard {

enum class ReadAccess : std::uint8_t { FREE, PIN, NEVER };

struct File {
  std::uint16_t id = 0;
  bool directory = false;
  Bytes name;            ///< AID of a directory
  std::uint8_t sfi = 0;  ///< short identifier of a file, 0 for none
  Bytes content;
  ReadAccess read = ReadAccess::FREE;
  File* parent = nullptr;
  std::vector<std::unique_ptr<File>> children;

  File& add_directory(std::uint16_t child_id, Bytes child_name);
  File& add_file(std::uint16_t child_id, Bytes child_content, ReadAccess access = ReadAccess::FREE,
                 std::uint8_t short_id = 0);
  [[nodiscard]] File* child(std::uint16_t child_id) const;
};

class FileSystem {
 public:
  /// `describe` gives the objects inside the template that SELECT returns (62 for FCP, 6F for FCI).
  explicit FileSystem(std::function<Bytes(const File&)> describe);

  File& root() { return root_; }
  [[nodiscard]] const File& current_directory() const { return *directory_; }
  void reset();

  Answer select(const Command& command);
  Answer read_binary(const Command& command, bool pin_verified);

 private:
  File* find(const Command& command);
  File* find_by_path(ByteView path);
  File* find_by_name(ByteView name);

  File root_;
  std::function<Bytes(const File&)> describe_;
  File* directory_;
  File* file_ = nullptr;
};

}  // namespace insd::simcard
