// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/json.h"

#include <stdexcept>

#include <google/protobuf/util/json_util.h>

namespace insd::cli {

std::string to_json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  options.always_print_enums_as_ints = false;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) throw std::runtime_error("a message of the daemon cannot be written as JSON");
  return text;
}

void JsonDocument::add_raw(std::string_view name, const std::string& value) {
  if (!members_.empty()) members_ += ',';
  members_.append("\"").append(name).append("\":").append(value);
}

}  // namespace insd::cli
