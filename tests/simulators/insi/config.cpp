// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/config.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <toml++/toml.h>

namespace sim {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, Fault>, 25> kFaults = {{
    {"none", Fault::NONE},
    {"desir_550", Fault::DESIR_550},
    {"desir_560", Fault::DESIR_560},
    {"desir_1020", Fault::DESIR_1020},
    {"insi_101", Fault::INSI_101},
    {"insi_102", Fault::INSI_102},
    {"http_500_plain", Fault::HTTP_500_PLAIN},
    {"html", Fault::HTML},
    {"wrong_content_type", Fault::WRONG_CONTENT_TYPE},
    {"empty", Fault::EMPTY},
    {"gzip", Fault::GZIP},
    {"redirect", Fault::REDIRECT},
    {"cut_before_read", Fault::CUT_BEFORE_READ},
    {"cut_after_read", Fault::CUT_AFTER_READ},
    {"truncated", Fault::TRUNCATED},
    {"slow_drip", Fault::SLOW_DRIP},
    {"endless", Fault::ENDLESS},
    {"huge", Fault::HUGE_BODY},
    {"doctype", Fault::DOCTYPE},
    {"xxe", Fault::XXE},
    {"wrong_key_answer", Fault::WRONG_KEY_ANSWER},
    {"cr00_no_individual", Fault::CR00_NO_INDIVIDUAL},
    {"cr01_with_individual", Fault::CR01_WITH_INDIVIDUAL},
    {"other_person", Fault::OTHER_PERSON},
    {"test_oid", Fault::TEST_OID},
}};

/// Reads keys one by one and remembers them, so that a misspelt one is an error.
class Reader {
 public:
  explicit Reader(const fs::path& file) : file_(file) {
    try {
      table_ = toml::parse_file(file.string());
    } catch (const toml::parse_error& error) {
      throw std::runtime_error(file.string() + ":" + std::to_string(error.source().begin.line) + ": " +
                               std::string(error.description()));
    }
  }

  template <typename Value>
  void take(std::string_view key, Value& into) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto value = node->value<Value>();
    if (!value) fail(*node, std::string(key) + " has the wrong type");
    into = *value;
  }

  void take_choice(std::string_view key, std::string& into, std::initializer_list<std::string_view> choices) {
    take(key, into);
    if (std::ranges::find(choices, into) == choices.end()) {
      fail(*find(key), std::string(key) + " does not know \"" + into + "\"");
    }
  }

  void take_path(std::string_view key, fs::path& into) {
    std::string text;
    take(key, text);
    if (!text.empty()) into = file_.parent_path() / text;
  }

  /// A text or a list of texts.
  std::vector<std::string> take_list(std::string_view key) {
    const toml::node* node = find(key);
    if (node == nullptr) return {};
    if (const auto text = node->value<std::string>()) return {*text};
    std::vector<std::string> texts;
    if (node->is_array()) {
      for (const auto& element : *node->as_array()) {
        const auto text = element.value<std::string>();
        if (!text) fail(element, std::string(key) + " holds something that is no text");
        texts.push_back(*text);
      }
      return texts;
    }
    fail(*node, std::string(key) + " is no list of texts");
  }

  [[nodiscard]] fs::path resolve(const std::string& text) const { return file_.parent_path() / text; }

  void refuse_unknown_keys() const {
    for (const auto& [key, value] : table_) {
      if (!known_.contains(key.str())) fail(value, "unknown key \"" + std::string(key.str()) + "\"");
    }
  }

  [[noreturn]] void fail(const toml::node& node, const std::string& why) const {
    throw std::runtime_error(file_.string() + ":" + std::to_string(node.source().begin.line) + ": " + why);
  }

  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error(file_.string() + ": " + why);
  }

 private:
  const toml::node* find(std::string_view key) {
    known_.emplace(key);
    return table_.get(key);
  }

  fs::path file_;
  toml::table table_;
  std::set<std::string, std::less<>> known_;
};

void take_style(Reader& reader, AnswerStyle& style) {
  reader.take_choice("answer_namespaces", style.namespaces,
                     {"default", "recsans_default", "prefixed", "rotating"});
  reader.take("answer_envelope_prefix", style.envelope_prefix);
  reader.take_choice("answer_given_names", style.given_names, {"list", "first", "both"});
  reader.take_choice("answer_history_order", style.history_order, {"contract", "dates_first"});
}

void take_fault(Reader& reader, Config& config) {
  reader.take("fault", config.fault_name);
  const auto fault = fault_of(config.fault_name);
  if (!fault) reader.fail("fault does not know \"" + config.fault_name + "\"");
  config.fault = *fault;
  reader.take("fault_count", config.fault_count);
  unsigned delay_ms = 0;
  reader.take("delay_ms", delay_ms);
  config.delay = std::chrono::milliseconds(delay_ms);
}

}  // namespace

std::optional<Fault> fault_of(std::string_view name) {
  for (const auto& [text, fault] : kFaults) {
    if (text == name) return fault;
  }
  return std::nullopt;
}

Config load_config(const fs::path& file) {
  Reader reader(file);
  Config config;
  config.schemas = INSD_SIM_SCHEMAS;
  config.persons = INSD_SIM_PERSONS;
  reader.take("listen", config.listen);
  reader.take("port", config.port);
  reader.take("path", config.path);
  reader.take_path("certificate", config.certificate);
  reader.take_path("key", config.key);
  reader.take_choice("tls_min", config.tls_min, {"1.0", "1.1", "1.2", "1.3"});
  reader.take_choice("tls_max", config.tls_max, {"1.0", "1.1", "1.2", "1.3"});
  for (const auto& text : reader.take_list("professionals_roots")) {
    config.professionals_roots.push_back(reader.resolve(text));
  }
  for (const auto& text : reader.take_list("organisations_roots")) {
    config.organisations_roots.push_back(reader.resolve(text));
  }
  reader.take_path("persons", config.persons);
  reader.take_path("schemas", config.schemas);
  fs::path record_dir;
  reader.take_path("record_dir", record_dir);
  if (!record_dir.empty()) config.record_dir = record_dir;
  for (auto& text : reader.take_list("idam")) config.idam.insert(std::move(text));
  std::string unknown = "cr01";
  reader.take_choice("unknown", unknown, {"cr01", "insi_102"});
  config.unknown_is_fault = unknown == "insi_102";
  reader.take_choice("vitale_assertion", config.vitale_assertion, {"optional", "required", "forbidden"});
  take_fault(reader, config);
  take_style(reader, config.style);
  reader.refuse_unknown_keys();
  if (config.certificate.empty() || config.key.empty()) reader.fail("certificate and key are needed");
  if (config.professionals_roots.empty() && config.organisations_roots.empty()) {
    reader.fail("professionals_roots or organisations_roots is needed");
  }
  if (config.idam.empty()) reader.fail("idam is needed");
  return config;
}

}  // namespace sim
