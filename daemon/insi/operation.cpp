// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/operation.h"

#include <algorithm>
#include <map>
#include <set>

#include "daemon/config_file.h"
#include "daemon/config_section.h"
#include "daemon/insi/operations.h"
#include "daemon/insi/xml.h"
#include "drivers/base/bytes.h"
#include "drivers/base/error.h"

namespace insd::insi {
namespace {

namespace fs = std::filesystem;
using config::Section;

constexpr std::size_t kMaxFileBytes = 65'536;
constexpr std::size_t kMaxFiles = 32;
constexpr std::size_t kMaxElements = 64;
constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxCodes = 64;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The names that the national contracts use; a colon would be a prefix.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes && (is_letter(text.front()) || text.front() == '_') &&
         std::ranges::all_of(
             text, [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; });
}

// libxml2 writes a namespace without escaping it: only characters that need none.
bool is_uri(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view(":/.#?=_-").find(c) != std::string_view::npos;
  });
}

void mandatory_text(Section& section, std::string_view key, std::string& target) {
  section.require(key);
  section.text(key, target);
  if (target.empty()) section.refuse(key, "must not be empty");
}

void uri(Section& section, std::string_view key, std::string& target) {
  mandatory_text(section, key, target);
  if (!is_uri(target)) section.refuse(key, "must be letters, digits and :/.#?=_- alone");
}

void name(Section& section, std::string_view key, std::string& target) {
  mandatory_text(section, key, target);
  if (!is_name(target)) section.refuse(key, "must be the name of an element");
}

void version(Section& section, std::string_view key, std::string& target) {
  section.text(key, target, kMaxNameBytes);
  if (!std::ranges::all_of(target,
                           [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '.'; }))
    section.refuse(key, "must be letters, digits, '_' or '.'");
}

ElementPath path(Section& section, std::string_view key) {
  std::string text;
  section.text(key, text, kMaxDepth * (kMaxNameBytes + 1));
  ElementPath found;
  if (text.empty()) return found;
  text += '/';
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('/', begin);
    found.push_back(text.substr(begin, end - begin));
    if (!is_name(found.back())) section.refuse(key, "must be names of elements with '/' between them");
    if (found.size() > kMaxDepth) section.refuse(key, "is deeper than 8 elements");
    begin = end + 1;
  }
  return found;
}

std::vector<std::string> codes(Section& section, std::string_view key) {
  std::vector<std::string> list;
  section.require(key);
  section.texts(key, list);
  if (list.empty() || list.size() > kMaxCodes) section.refuse(key, "must hold 1 to 64 codes");
  return list;
}

BodyElement read_element(Section& section) {
  BodyElement element;
  for (const char* key : {"path", "value"}) section.require(key);
  element.path = path(section, "path");
  if (element.path.size() < 2) section.refuse("path", "must name the root and an element in it");
  section.choice<VerifiedValue>("value", element.value,
                                {{"number", VerifiedValue::NUMBER},
                                 {"key", VerifiedValue::KEY},
                                 {"number_type", VerifiedValue::NUMBER_TYPE},
                                 {"oid", VerifiedValue::OID},
                                 {"birth_name", VerifiedValue::BIRTH_NAME},
                                 {"first_given_name", VerifiedValue::FIRST_GIVEN_NAME},
                                 {"given_names", VerifiedValue::GIVEN_NAMES},
                                 {"sex", VerifiedValue::SEX},
                                 {"birth_date", VerifiedValue::BIRTH_DATE},
                                 {"birth_place", VerifiedValue::BIRTH_PLACE}});
  section.flag("mandatory", element.mandatory);
  return element;
}

std::size_t common_length(const ElementPath& one, const ElementPath& other) {
  const auto ends = std::ranges::mismatch(one, other);
  return static_cast<std::size_t>(ends.in1 - one.begin());
}

// An element opened once is never opened again, and one with text holds none: else the order of the elements
// could not be that of the list.
void require_one_tree(const Section& section, const std::vector<BodyElement>& body) {
  std::set<ElementPath> opened, filled;
  const ElementPath* before = nullptr;
  for (const BodyElement& element : body) {
    const ElementPath& path = element.path;
    if (before != nullptr && path.front() != before->front()) {
      section.refuse("path", "has another root than the elements before");
    }
    const std::size_t shared = before == nullptr ? 0 : common_length(*before, path);
    for (std::size_t depth = shared + 1; depth <= path.size(); ++depth) {
      const ElementPath part(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth));
      if (!opened.insert(part).second) section.refuse("path", "opens an element a second time");
    }
    for (std::size_t depth = 1; depth < path.size(); ++depth) {
      if (filled.contains(ElementPath(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth))))
        section.refuse("path", "goes through an element that holds a value");
    }
    if (shared == path.size()) section.refuse("path", "is that of elements or of a value before");
    filled.insert(path);
    before = &path;
  }
}

void read_request(Section& section, Operation& operation) {
  uri(section, "namespace", operation.request_namespace);
  if (operation.kind != OperationKind::VERIFICATION) return;
  section.require("element");
  section.tables("element", [&](Section& element) {
    if (operation.body.size() == kMaxElements) element.refuse("path", "is one of more than 64 elements");
    operation.body.push_back(read_element(element));
    require_one_tree(element, operation.body);
  });
  const auto asks_for = [&](VerifiedValue value) {
    return std::ranges::any_of(operation.body, [value](const auto& each) { return each.value == value; });
  };
  if (!asks_for(VerifiedValue::NUMBER)) section.refuse("element", "nowhere holds the number");
}

void read_response(Section& section, Operation& operation) {
  uri(section, "namespace", operation.response_namespace);
  if (operation.kind != OperationKind::VERIFICATION) return;
  name(section, "root", operation.response_root);
  section.require("code");
  operation.response_code = path(section, "code");
  if (operation.response_code.empty()) section.refuse("code", "must not be empty");
  operation.response_label = path(section, "label");
  operation.consistent = codes(section, "consistent");
  operation.inconsistent = codes(section, "inconsistent");
  for (const std::string& code : operation.inconsistent) {
    if (std::ranges::find(operation.consistent, code) != operation.consistent.end())
      section.refuse("inconsistent", "has a code that is consistent as well");
  }
}

Operation read_operation(Section& root) {
  Operation operation;
  std::size_t format = 0;
  root.require("format");
  root.number("format", format, 1, 1);
  root.require("operation");
  root.choice<OperationKind>("operation", operation.kind,
                             {{"search_by_card", OperationKind::SEARCH_BY_CARD},
                              {"search_by_traits", OperationKind::SEARCH_BY_TRAITS},
                              {"verification", OperationKind::VERIFICATION}});
  name(root, "name", operation.name);
  uri(root, "action", operation.action);
  mandatory_text(root, "origin", operation.origin);
  root.require("verified");
  root.flag("verified", operation.verified);
  root.table("context", [&](Section& context) {
    version(context, "bam_version", operation.bam_version);
    version(context, "lps_version", operation.lps_version);
  });
  for (const char* key : {"request", "response"}) root.require(key);
  root.table("request", [&](Section& section) { read_request(section, operation); });
  root.table("response", [&](Section& section) { read_response(section, operation); });
  root.finish();
  return operation;
}

std::vector<fs::path> files_of(const std::vector<fs::path>& places) {
  std::vector<fs::path> files;
  std::error_code failed;
  const bool shipped = places.empty();
  if (shipped && !fs::is_directory(INSD_OPERATIONS_DIR, failed)) return files;
  for (const fs::path& place : shipped ? std::vector<fs::path>{INSD_OPERATIONS_DIR} : places) {
    if (!fs::is_directory(place, failed)) {
      files.push_back(place);
      continue;
    }
    std::vector<fs::path> inside;
    for (auto entry = fs::directory_iterator(place, failed); !failed && entry != fs::directory_iterator();
         entry.increment(failed)) {
      if (entry->path().extension() == ".toml") inside.push_back(entry->path());
      if (inside.size() > kMaxFiles) break;
    }
    if (failed) throw Error(Code::CONFIG_INVALID, place.string() + ": " + failed.message());
    std::ranges::sort(inside);
    files.insert(files.end(), inside.begin(), inside.end());
  }
  if (files.size() > kMaxFiles) throw Error(Code::CONFIG_INVALID, "insi.operations: more than 32 files");
  return files;
}

Operation public_search(OperationKind kind, std::string_view name, const char* request) {
  Operation operation;
  operation.kind = kind;
  operation.name = name;
  operation.action = "urn:ServiceIdentiteCertifiee:1.0.0:" + operation.name;
  operation.origin = "public contract, WSDL 1.5.0";
  operation.verified = true;
  operation.request_namespace = request;
  operation.response_namespace = xml::ns::kResult;
  return operation;
}

struct Text {
  std::string value;
  const char* field;
};

Text text_of(const VerificationQuery& query, VerifiedValue value) {
  switch (value) {
    case VerifiedValue::NUMBER:
      return {query.number, "identity.number"};
    case VerifiedValue::KEY:
      return {query.key, "identity.key"};
    case VerifiedValue::NUMBER_TYPE:
      return {query.oid == "1.2.250.1.213.1.4.9" ? "NIA" : "NIR", "identity.oid"};
    case VerifiedValue::OID:
      return {query.oid, "identity.oid"};
    case VerifiedValue::BIRTH_NAME:
      return {query.birth_name, "identity.birth_name"};
    case VerifiedValue::FIRST_GIVEN_NAME:
      return {query.first_given_name, "identity.first_given_name"};
    case VerifiedValue::GIVEN_NAMES:
      return {query.given_names, "identity.given_names"};
    case VerifiedValue::SEX:
      return {query.sex, "identity.sex"};
    case VerifiedValue::BIRTH_DATE:
      return {query.birth_date, "identity.birth_date"};
    case VerifiedValue::BIRTH_PLACE:
      return {query.birth_place, "identity.birth_place"};
  }
  return {{}, "identity"};
}

}  // namespace

Operations built_in_operations() {
  return {public_search(OperationKind::SEARCH_BY_CARD, kSearchByCard, xml::ns::kByCard),
          public_search(OperationKind::SEARCH_BY_TRAITS, kSearchByTraits, xml::ns::kByTraits), std::nullopt};
}

Operation parse_operation(std::string_view text, const std::string& file_name) {
  if (text.size() > kMaxFileBytes) throw Error(Code::CONFIG_INVALID, file_name + ": is larger than 64 KiB");
  const toml::table table = config::parse_toml(text, file_name);
  Section root(table, "", file_name);
  return read_operation(root);
}

Operations load_operations(const std::vector<fs::path>& places) {
  Operations operations = built_in_operations();
  std::map<OperationKind, fs::path> described;
  for (const fs::path& file : files_of(places)) {
    Operation operation = parse_operation(read_config_file(file, kMaxFileBytes), file.string());
    const auto [earlier, fresh] = described.emplace(operation.kind, file);
    if (!fresh) {
      throw Error(Code::CONFIG_INVALID,
                  file.string() + ": describes the operation of " + earlier->second.string());
    }
    switch (operation.kind) {
      case OperationKind::SEARCH_BY_CARD:
        operations.by_card = std::move(operation);
        break;
      case OperationKind::SEARCH_BY_TRAITS:
        operations.by_traits = std::move(operation);
        break;
      case OperationKind::VERIFICATION:
        operations.verification = std::move(operation);
        break;
    }
  }
  return operations;
}

std::string operations_text(const std::vector<fs::path>& places) {
  std::string text;
  try {
    for (const fs::path& file : files_of(places)) {
      text += file.string() + '\n' + read_config_file(file, kMaxFileBytes);
    }
  } catch (const Error& error) {
    text += error.what();  // told by load_operations()
  }
  return text;
}

void require_usable(const Operation& operation, InsiEnvironment environment) {
  if (environment == InsiEnvironment::PRODUCTION && !operation.verified)
    throw Error(Code::OPERATION_UNVERIFIED, operation.name);
}

void add_body(xmlNode* body, const VerificationQuery& query, const Operation& operation) {
  ElementPath open;
  std::vector<xmlNode*> nodes;
  for (const BodyElement& element : operation.body) {
    const Text text = text_of(query, element.value);
    if (text.value.empty()) {
      if (element.mandatory)
        throw Error(Code::TRAITS_INVALID).with_field(text.field, "is needed by the contract");
      continue;  // and with it what would only have held it
    }
    const std::size_t shared = common_length(open, element.path);
    open.resize(shared);
    nodes.resize(shared);
    for (std::size_t depth = shared; depth < element.path.size(); ++depth) {
      const char* name = element.path[depth].c_str();
      nodes.push_back(depth == 0 ? xml::add_child(body, "q", operation.request_namespace.c_str(), name)
                                 : xml::add_child(nodes.back(), name));
      open.push_back(element.path[depth]);
    }
    xml::set_text(nodes.back(), text.value);
  }
}

}  // namespace insd::insi
