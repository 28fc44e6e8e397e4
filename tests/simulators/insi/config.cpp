// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/config.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <toml++/toml.h>

namespace sim {
namespace {

namespace fs = std::filesystem;

/// Reads keys one by one and remembers them, so that a misspelt one is an error.
class Reader {
 public:
  Reader(fs::path file, toml::table table) : file_(std::move(file)), table_(std::move(table)) {}

  explicit Reader(const fs::path& file) : file_(file) {
    try {
      table_ = toml::parse_file(file.string());
    } catch (const toml::parse_error& error) {
      throw std::runtime_error(file.string() + ":" + std::to_string(error.source().begin.line) + ": " +
                               std::string(error.description()));
    }
  }

  [[nodiscard]] bool has(std::string_view key) { return find(key) != nullptr; }

  template <typename Value>
  void take(std::string_view key, Value& into) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto value = node->value<Value>();
    if (!value) fail(*node, std::string(key) + " has the wrong type");
    into = *value;
  }

  void take(std::string_view key, std::optional<std::string>& into) {
    if (std::string text; find(key) != nullptr) {
      take(key, text);
      into = std::move(text);
    }
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

  /// The tables of [[key]].
  std::vector<Reader> take_tables(std::string_view key) {
    std::vector<Reader> tables;
    const toml::node* node = find(key);
    if (node == nullptr) return tables;
    if (!node->is_array_of_tables()) fail(*node, std::string(key) + " is no list of tables");
    for (const auto& element : *node->as_array()) tables.emplace_back(file_, *element.as_table());
    return tables;
  }

  [[nodiscard]] fs::path resolve(const std::string& text) const { return file_.parent_path() / text; }

  void refuse_unknown_keys() const {
    for (const auto& [key, value] : table_) {
      if (!known_.contains(key.str())) fail(value, "unknown key \"" + std::string(key.str()) + "\"");
    }
  }

  [[noreturn]] void fail(const toml::node& node, const std::string& why) const {
    const auto line = node.source().begin.line;  // 0: of a step, which is a copy
    throw std::runtime_error(file_.string() + (line > 0 ? ":" + std::to_string(line) : "") + ": " + why);
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

/// `fault` names one of fault.h or the code of a known SOAP fault.
void take_fault(Reader& reader, Step& step) {
  std::string name = "none";
  reader.take("fault", name);
  const auto fault = fault_of(name);
  if (!fault && !is_known_soap_fault(name)) reader.fail("fault does not know \"" + name + "\"");
  step.fault = fault.value_or(Fault::NONE);
  if (!fault) step.soap_fault.code = name;
  step.name = name;
}

std::string read_file(const Reader& reader, const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) reader.fail(path.string() + " cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// An answer of the step's own: in the file, or a file that it names.
void take_injected(Reader& reader, Step& step) {
  reader.take("code", step.code);
  reader.take("person", step.person);
  if (step.code.empty() && !step.person.empty()) step.code = "00";
  reader.take("answer", step.body);
  fs::path answer_file;
  reader.take_path("answer_file", answer_file);
  if (!answer_file.empty()) step.body = read_file(reader, answer_file);
  reader.take("status", step.status);
  reader.take("content_type", step.content_type);
  if (step.status < 200 || step.status > 599) reader.fail("status is not 200 to 599");
}

Step take_step(Reader& reader) {
  Step step;
  if (reader.has("operation")) {
    std::string operation;
    reader.take_choice("operation", operation, {"traits", "card", "verification"});
    step.operation = operation;
  }
  reader.take("birth_name", step.birth_name);
  reader.take("given_name", step.given_name);
  reader.take("sex", step.sex);
  reader.take("birth_date", step.birth_date);
  reader.take("birth_place", step.birth_place);
  reader.take("times", step.times);
  take_fault(reader, step);
  auto& soap = step.soap_fault;
  reader.take("soap_fault", soap.code);
  reader.take("subcode", soap.subcode);
  reader.take("severity", soap.severity);
  reader.take("role", soap.role);
  reader.take("label", soap.label);
  if (!soap.code.empty()) step.name = soap.code;
  take_injected(reader, step);
  if (unsigned delay_ms = 0; reader.has("delay_ms")) {
    reader.take("delay_ms", delay_ms);
    step.delay = std::chrono::milliseconds(delay_ms);
  }
  reader.refuse_unknown_keys();
  const int kinds = (step.fault != Fault::NONE ? 1 : 0) + (soap.code.empty() ? 0 : 1) +
                    (step.code.empty() ? 0 : 1) + (step.body ? 1 : 0);
  if (kinds > 1) reader.fail("a step plays one of fault, soap_fault, code or person, answer or answer_file");
  if (step.fault == Fault::CUT_BEFORE_READ && step.conditional()) {
    reader.fail("cut_before_read cannot depend on what was not read");
  }
  return step;
}

void take_behaviour(Reader& reader, Config& config) {
  for (auto& table : reader.take_tables("step")) config.steps.push_back(take_step(table));
  Step last;
  take_fault(reader, last);
  reader.take("fault_count", last.times);
  if (last.name != "none") config.steps.push_back(last);
  unsigned delay_ms = 0;
  reader.take("delay_ms", delay_ms);
  config.delay = std::chrono::milliseconds(delay_ms);
  int clock_shift = 0;
  int date_shift = 0;
  reader.take("clock_shift_s", clock_shift);
  reader.take("date_shift_s", date_shift);
  config.clock_shift = std::chrono::seconds(clock_shift);
  config.date_shift = std::chrono::seconds(date_shift);
  reader.take("date_header", config.date_header);
}

void take_endpoints(Reader& reader, Config& config) {
  reader.take("listen", config.listen);
  reader.take("port", config.port);
  if (reader.has("organisations_port")) {
    std::uint16_t port = 0;
    reader.take("organisations_port", port);
    config.organisations_port = port;
  }
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
}

void refuse_incomplete(const Reader& reader, const Config& config) {
  if (config.certificate.empty() || config.key.empty()) reader.fail("certificate and key are needed");
  if (config.professionals_roots.empty() && config.organisations_roots.empty()) {
    reader.fail("professionals_roots or organisations_roots is needed");
  }
  if (config.organisations_port &&
      (config.professionals_roots.empty() || config.organisations_roots.empty())) {
    reader.fail("organisations_port needs professionals_roots and organisations_roots");
  }
  if (config.idam.empty()) reader.fail("idam is needed");
}

}  // namespace

Config load_config(const fs::path& file) {
  Reader reader(file);
  Config config;
  config.schemas = INSD_SIM_SCHEMAS;
  config.persons = INSD_SIM_PERSONS;
  take_endpoints(reader, config);
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
  take_behaviour(reader, config);
  take_style(reader, config.style);
  reader.refuse_unknown_keys();
  refuse_incomplete(reader, config);
  return config;
}

}  // namespace sim
