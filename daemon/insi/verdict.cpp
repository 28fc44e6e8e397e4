// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "daemon/insi/answer.h"
#include "drivers/base/bytes.h"
#include "drivers/base/error.h"

namespace insd::insi {
namespace {

constexpr std::size_t kMaxCodeBytes = 64;
constexpr std::size_t kMaxLabelBytes = 4096;

// A path is names from child to child; a name that occurs twice where one is looked for is refused. Nothing
// of XPath: what a descriptor can ask is bounded by its own length.
std::optional<std::string> text_at(const xmlNode* root, const std::string& href, const ElementPath& path,
                                   std::size_t max_bytes) {
  const xmlNode* node = root;
  for (const std::string& name : path) {
    node = xml::only_child(node, href.c_str(), name.c_str());
    if (node == nullptr) return std::nullopt;
  }
  return xml::text_of(node, max_bytes);
}

bool lists(const std::vector<std::string>& codes, const std::string& code) {
  return std::ranges::find(codes, code) != codes.end();
}

}  // namespace

Verdict read_verdict(const HttpResponse& response, const Operation& operation) {
  Verdict verdict;
  read_payload(
      response, {.href = operation.response_namespace.c_str(), .name = operation.response_root.c_str()},
      [&](const xml::Received& xml, const xmlNode* payload) {
        const std::string& href = operation.response_namespace;
        const auto code = text_at(payload, href, operation.response_code, kMaxCodeBytes);
        if (!code) throw Error(Code::INSI_ANSWER_INVALID, "no " + operation.response_code.back());
        verdict.code = *code;
        verdict.consistent = lists(operation.consistent, *code);
        if (!verdict.consistent && !lists(operation.inconsistent, *code)) {
          throw Error(Code::INSI_ANSWER_INVALID,
                      "the descriptor does not list the code " + printable(*code, 20));
        }
        if (!operation.response_label.empty())
          verdict.label = text_at(payload, href, operation.response_label, kMaxLabelBytes).value_or("");
        verdict.result_xml = xml.bytes_of(payload);
      });
  return verdict;
}

}  // namespace insd::insi
