// SPDX-License-Identifier: Apache-2.0
// The dossier on the disk: files of each case, and a page that leads to them.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <google/protobuf/struct.pb.h>
#include <sys/stat.h>

#include "clients/cli/cnda.h"
#include "clients/cli/json.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

namespace fs = std::filesystem;

// No script runs and nothing is fetched, whatever the texts say.
constexpr const char* kHead =
    "<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<style>body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}"
    "td,th{border:1px solid #999;padding:.4em;text-align:left;vertical-align:top}"
    ".passed{background:#dfd}.failed{background:#fdd}.not-playable{background:#eee}</style>\n";

class Page {
 public:
  explicit Page(Language language) : language_(language) {}
  [[nodiscard]] std::string word(Word what) const { return escaped(say(language_, what)); }
  [[nodiscard]] std::string_view of(std::string_view fr, std::string_view en) const {
    return language_ == Language::FRENCH ? fr : en;
  }
  [[nodiscard]] std::string verdict(CaseVerdict verdict) const {
    switch (verdict) {
      case CaseVerdict::PASSED:
        return word(Word::CNDA_PASSED);
      case CaseVerdict::FAILED:
        return word(Word::CNDA_FAILED);
      case CaseVerdict::NOT_PLAYABLE:
        break;
    }
    return word(Word::CNDA_NOT_PLAYABLE);
  }

 private:
  Language language_;
};

std::string_view style_of(CaseVerdict verdict) {
  if (verdict == CaseVerdict::PASSED) return "passed";
  return verdict == CaseVerdict::FAILED ? "failed" : "not-playable";
}

std::string link(std::string_view slug, const std::string& file, const std::string& text) {
  return "<a href=\"" + std::string(slug) + "/" + file + "\">" + text + "</a><br>";
}

std::string numbered(const char* name, int number) {
  return std::string(name) + "-" + std::to_string(number + 1) + ".xml";
}

std::string files_cell(const Page& page, const CaseOutcome& outcome) {
  if (outcome.verdict == CaseVerdict::NOT_PLAYABLE) return {};
  std::string cell;
  const auto slug = outcome.what->slug;
  bool sent = false;
  for (int i = 0; i < outcome.result.attempts_size(); ++i) {
    const auto& attempt = outcome.result.attempts(i);
    const std::string number = " " + std::to_string(i + 1);
    if (!attempt.request_message().empty()) {
      cell += link(slug, numbered("request", i), page.word(Word::CNDA_REQUEST) + number);
      sent = true;
    }
    if (!attempt.answer_message().empty())
      cell += link(slug, numbered("answer", i), page.word(Word::CNDA_ANSWER) + number);
  }
  if (!sent && !outcome.what->expected.error.empty()) cell += page.word(Word::CNDA_NOTHING_SENT) + "<br>";
  return cell + link(slug, "screen.txt", page.word(Word::CNDA_SCREEN)) +
         link(slug, "result.json", page.word(Word::CNDA_RESULT));
}

[[noreturn]] void cannot(Language language) {
  throw Failure("FILE_FAILED", say(language, Word::FILE_FAILED), say(language, Word::FILE_FAILED_REMEDY));
}

void write_file(Language language, const fs::path& file, std::string_view content) {
  std::ofstream out(file, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) cannot(language);
}

std::string result_of(const CaseOutcome& outcome) {
  v1::SearchResult result = outcome.result;
  for (auto& attempt : *result.mutable_attempts()) {
    attempt.clear_request_message();  // they are files of their own
    attempt.clear_answer_message();
  }
  google::protobuf::Struct verdict;
  auto& fields = *verdict.mutable_fields();
  fields["case"].set_string_value(std::string(outcome.what->slug));
  fields["verdict"].set_string_value(name_of(outcome.verdict));
  fields["expected"].set_string_value(outcome.expected);
  fields["got"].set_string_value(outcome.got);
  JsonDocument document;
  document.add("judgement", verdict);
  document.add("result", result);
  document.add("error", outcome.error);
  return document.text() + "\n";
}

void write_case(Language language, const fs::path& folder, const CaseOutcome& outcome) {
  std::error_code error;
  if (!fs::create_directory(folder, error)) cannot(language);
  for (int i = 0; i < outcome.result.attempts_size(); ++i) {
    const auto& attempt = outcome.result.attempts(i);
    if (!attempt.request_message().empty())
      write_file(language, folder / numbered("request", i), attempt.request_message());
    if (!attempt.answer_message().empty())
      write_file(language, folder / numbered("answer", i), attempt.answer_message());
  }
  write_file(language, folder / "screen.txt", outcome.screen);
  write_file(language, folder / "result.json", result_of(outcome));
}

/// The dossier while it is written; gone unless it got its name.
class Draft {
 public:
  Draft(Language language, const std::string& target) : language_(language), path_(target + ".XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) cannot(language);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] fs::path path() const { return path_; }
  void name(const std::string& target) {
    // Never over something that came in the meantime.
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) {
      if (errno == EEXIST)
        throw UsageError(say(language_, Word::CNDA_EXISTS, {printable(target), std::strerror(EEXIST)}));
      cannot(language_);
    }
    path_.clear();
  }

 private:
  Language language_;
  std::string path_;
};

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string index_page(Language language, const std::vector<CaseOutcome>& outcomes,
                       const std::string& daemon) {
  const Page page(language);
  std::ostringstream out;
  out << "<!DOCTYPE html>\n<html lang=\"" << language_tag(language) << "\">\n<head>\n"
      << kHead << "<title>" << page.word(Word::CNDA_TITLE) << "</title>\n</head>\n<body>\n<h1>"
      << page.word(Word::CNDA_TITLE) << "</h1>\n<p>" << escaped(daemon) << "</p>\n<p>"
      << page.word(Word::CNDA_NOTICE) << "</p>\n<table>\n<tr>";
  for (const Word head :
       {Word::CNDA_CASE, Word::CNDA_VERDICT, Word::CNDA_EXPECTED, Word::CNDA_GOT, Word::CNDA_FILES})
    out << "<th>" << page.word(head) << "</th>";
  out << "</tr>\n";
  for (const CaseOutcome& each : outcomes) {
    const auto note = page.of(each.what->note_fr, each.what->note_en);
    out << "<tr class=\"" << style_of(each.verdict) << "\"><td><b>" << each.what->slug << "</b> "
        << escaped(page.of(each.what->title_fr, each.what->title_en));
    if (!note.empty()) out << "<br><small>" << escaped(note) << "</small>";
    out << "</td><td>" << page.verdict(each.verdict) << "</td><td>" << escaped(each.expected) << "</td><td>"
        << escaped(each.got) << "</td><td>" << files_cell(page, each) << "</td></tr>\n";
  }
  out << "</table>\n</body>\n</html>\n";
  return out.str();
}

void write_dossier(Language language, const std::string& directory, const std::vector<CaseOutcome>& outcomes,
                   const std::string& daemon) {
  std::string target = directory;
  while (target.size() > 1 && target.ends_with('/')) target.pop_back();
  Draft draft(language, target);
  for (const CaseOutcome& each : outcomes) {
    if (each.what->play != Play::NOT_PLAYABLE) write_case(language, draft.path() / each.what->slug, each);
  }
  write_file(language, draft.path() / "index.html", index_page(language, outcomes, daemon));
  draft.name(target);
}

}  // namespace insd::cli
