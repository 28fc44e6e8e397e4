// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/log.h"

#include <fstream>
#include <iostream>
#include <string_view>

namespace sim {
namespace {

std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      json += "\\u00";
      json += kDigits[byte / 16];
      json += kDigits[byte % 16];
    } else {
      json += c;
    }
  }
  return json + "\"";
}

/// One line of text, whatever a peer sent.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return text;
}

std::string to_json(const Record& record, const Findings& findings) {
  std::string json =
      "{\n  \"number\": " + std::to_string(record.number) + ",\n  \"tls\": " + quoted(record.tls) +
      ",\n  \"accepted\": " + (findings.refusal() == nullptr ? "true" : "false") + ",\n  \"findings\": [";
  const char* separator = "\n";
  for (const auto& finding : findings.all()) {
    json += separator + ("    {\"check\": " + quoted(finding.check)) +
            ", \"ok\": " + (finding.ok ? "true" : "false") + ", \"text\": " + quoted(finding.text) + "}";
    separator = ",\n";
  }
  return json + "\n  ],\n  \"status\": " + std::to_string(record.status) +
         ",\n  \"answer\": " + quoted(record.answer) + ",\n  \"fault\": " + quoted(record.fault) + "\n}\n";
}

void write_file(const std::filesystem::path& path, const std::string& content) {
  auto part = path;
  part += ".part";
  std::ofstream(part, std::ios::binary) << content;
  std::filesystem::rename(part, path);
}

}  // namespace

Log::Log(std::optional<std::filesystem::path> record_dir) : record_dir_(std::move(record_dir)) {
  if (record_dir_) std::filesystem::create_directories(*record_dir_);
}

void Log::line(const std::string& text) {
  const std::lock_guard lock(mutex_);
  std::cout << one_line(text) << std::endl;
}

void Log::request(const Record& record, const Findings& findings) {
  const auto prefix = "#" + std::to_string(record.number) + " ";
  line(prefix + "TLS ok: " + record.tls);
  for (const auto& finding : findings.all()) {
    line(prefix + finding.check + (finding.ok ? " ok: " : " REFUSED: ") + finding.text);
  }
  line(prefix + "answer: " + record.answer + (record.fault == "none" ? "" : " (fault " + record.fault + ")"));
  if (!record_dir_) return;
  std::string name = std::to_string(record.number);
  if (name.size() < 6) name.insert(0, 6 - name.size(), '0');
  write_file(*record_dir_ / (name + ".xml"), record.body);
  write_file(*record_dir_ / (name + ".json"), to_json(record, findings));
}

}  // namespace sim
