// SPDX-License-Identifier: Apache-2.0
// Machine-readable output: the contract's messages as proto JSON, field names as in the .proto files.
#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/message.h>

namespace insd::cli {

/// One line of JSON. Every field without presence is there (false and empty too), enumerators are names.
std::string to_json(const google::protobuf::Message& message);

/// An object put together from several messages, in the order they were added.
class JsonDocument {
 public:
  void add(std::string_view name, const google::protobuf::Message& message) {
    add_raw(name, to_json(message));
  }
  void add(std::string_view name, unsigned number) { add_raw(name, std::to_string(number)); }
  [[nodiscard]] std::string text() const { return "{" + members_ + "}"; }

 private:
  void add_raw(std::string_view name, const std::string& value);
  std::string members_;
};

}  // namespace insd::cli
