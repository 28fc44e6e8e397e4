// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/card/files.h"

#include <algorithm>

namespace insd::simcard {
namespace {

constexpr std::uint16_t root_id = 0x3F00;

std::uint16_t word(ByteView two) {
  return static_cast<std::uint16_t>(two[0] << 8 | two[1]);
}

File* named(File& directory, ByteView name) {
  if (directory.directory && !directory.name.empty() && std::ranges::equal(directory.name, name))
    return &directory;
  for (const auto& child : directory.children) {
    if (auto* found = named(*child, name)) return found;
  }
  return nullptr;
}

}  // namespace

File& File::add_directory(std::uint16_t child_id, Bytes child_name) {
  auto made = std::make_unique<File>();
  made->id = child_id;
  made->directory = true;
  made->name = std::move(child_name);
  made->parent = this;
  return *children.emplace_back(std::move(made));
}

File& File::add_file(std::uint16_t child_id, Bytes child_content, ReadAccess access, std::uint8_t short_id) {
  auto made = std::make_unique<File>();
  made->id = child_id;
  made->sfi = short_id;
  made->content = std::move(child_content);
  made->read = access;
  made->parent = this;
  return *children.emplace_back(std::move(made));
}

File* File::child(std::uint16_t child_id) const {
  const auto found = std::ranges::find_if(children, [&](const auto& file) { return file->id == child_id; });
  return found == children.end() ? nullptr : found->get();
}

FileSystem::FileSystem(std::function<Bytes(const File&)> describe)
    : describe_(std::move(describe)), directory_(&root_) {
  root_.id = root_id;
  root_.directory = true;
}

void FileSystem::reset() {
  directory_ = &root_;
  file_ = nullptr;
}

File* FileSystem::find_by_path(ByteView path) {
  if (path.empty() || path.size() % 2 != 0) return nullptr;
  File* at = &root_;
  // Some readers of this card leave the root in the path, some cut it (specs: cps 1.2).
  if (word(path) == root_id) path = path.subspan(2);
  for (; !path.empty() && at != nullptr; path = path.subspan(2)) at = at->child(word(path));
  return at;
}

File* FileSystem::find_by_name(ByteView name) {
  return named(root_, name);
}

File* FileSystem::find(const Command& command) {
  const ByteView data = command.data;
  switch (command.p1) {
    case 0x00:
    case 0x01:
    case 0x02:
      if (data.empty()) return command.p1 == 0 ? &root_ : nullptr;
      if (data.size() != 2) return nullptr;
      return word(data) == root_id ? &root_ : directory_->child(word(data));
    case 0x03:
      return directory_->parent;
    case 0x04:
      return find_by_name(data);
    case 0x08:
    case 0x09:
      return find_by_path(data);
    default:
      return nullptr;
  }
}

Answer FileSystem::select(const Command& command) {
  if ((command.p1 > 0x04 && command.p1 != 0x08 && command.p1 != 0x09) || (command.p2 & 0xF3) != 0) {
    return {.sw = sw::WRONG_P1_P2, .data = {}};
  }
  File* found = find(command);
  if (found == nullptr) return {.sw = sw::FILE_NOT_FOUND, .data = {}};
  directory_ = found->directory ? found : found->parent;
  file_ = found->directory ? nullptr : found;
  if (command.p2 == 0x0C) return {};
  return {.sw = sw::OK, .data = tlv(command.p2 == 0x04 ? 0x62 : 0x6F, describe_(*found))};
}

Answer FileSystem::read_binary(const Command& command, bool pin_verified) {
  std::size_t offset = static_cast<std::size_t>(command.p1) << 8 | command.p2;
  if ((command.p1 & 0x80) != 0) {
    const std::uint8_t sfi = command.p1 & 0x1F;
    const auto found = std::ranges::find_if(directory_->children,
                                            [&](const auto& file) { return sfi != 0 && file->sfi == sfi; });
    if (found == directory_->children.end()) return {.sw = sw::FILE_NOT_FOUND, .data = {}};
    file_ = found->get();
    offset = command.p2;
  }
  if (file_ == nullptr) return {.sw = 0x6986, .data = {}};
  if (file_->read == ReadAccess::NEVER || (file_->read == ReadAccess::PIN && !pin_verified)) {
    return {.sw = sw::ACCESS_DENIED, .data = {}};
  }
  if (offset >= file_->content.size()) return {.sw = sw::OFFSET_OUTSIDE, .data = {}};
  const std::size_t wanted = std::min(command.le.value_or(256), file_->content.size() - offset);
  const auto from = file_->content.begin() + static_cast<std::ptrdiff_t>(offset);
  return {.sw = sw::OK, .data = Bytes(from, from + static_cast<std::ptrdiff_t>(wanted))};
}

}  // namespace insd::simcard
