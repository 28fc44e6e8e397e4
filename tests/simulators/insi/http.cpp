// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/http.h"

#include <algorithm>
#include <charconv>

namespace sim {
namespace {

constexpr std::size_t kMaxHead = 16U << 10U;
constexpr std::size_t kMaxBody = 256U << 10U;

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

HttpRequest parse_head(const std::string& head) {
  HttpRequest request;
  const auto end_of_line = head.find("\r\n");
  const std::string line = head.substr(0, end_of_line);
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string::npos || first == last || line.substr(last + 1) != "HTTP/1.1") {
    throw BadHttp(400, "no HTTP/1.1 request line");
  }
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  std::size_t at = end_of_line + 2;
  while (at < head.size()) {
    const auto end = head.find("\r\n", at);
    const auto colon = head.find(':', at);
    if (colon == std::string::npos || colon >= end) throw BadHttp(400, "a header without a colon");
    const auto name = lower(head.substr(at, colon - at));
    if (!request.headers.emplace(name, trimmed(head.substr(colon + 1, end - colon - 1))).second) {
      throw BadHttp(400, "the header " + name + " twice");
    }
    at = end + 2;
  }
  return request;
}

std::size_t body_size(const HttpRequest& request) {
  if (!request.header("transfer-encoding").empty()) throw BadHttp(501, "a Transfer-Encoding");
  const auto text = request.header("content-length");
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (text.empty()) return 0;
  if (error != std::errc() || end != text.data() + text.size())
    throw BadHttp(400, "Content-Length is no number");
  if (size > kMaxBody) throw BadHttp(413, "the body is larger than 256 KiB");
  return size;
}

const char* reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 302:
      return "Found";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 415:
      return "Unsupported Media Type";
    case 500:
      return "Internal Server Error";
    default:
      return "Refused";
  }
}

}  // namespace

std::string HttpRequest::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? "" : found->second;
}

bool HttpRequest::keep_alive() const {
  return lower(header("connection")) != "close";
}

bool HttpReader::fill() {
  const auto bytes = connection_.read_some();
  pending_ += bytes;
  return !bytes.empty();
}

std::optional<HttpRequest> HttpReader::next() {
  std::size_t end = 0;
  while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
    if (pending_.size() > kMaxHead) throw BadHttp(431, "the head is larger than 16 KiB");
    if (!fill()) {
      if (pending_.empty()) return std::nullopt;
      throw ConnectionEnded("closed inside a request");
    }
  }
  auto request = parse_head(pending_.substr(0, end + 2));
  pending_.erase(0, end + 4);
  const auto size = body_size(request);
  if (lower(request.header("expect")) == "100-continue") connection_.write("HTTP/1.1 100 Continue\r\n\r\n");
  while (pending_.size() < size) {
    if (!fill()) throw ConnectionEnded("closed inside a request");
  }
  request.body = pending_.substr(0, size);
  pending_.erase(0, size);
  return request;
}

std::string http_head(const Answer& answer, std::optional<std::size_t> length, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " " + reason_of(answer.status) + "\r\n";
  if (!answer.content_type.empty()) head += "Content-Type: " + answer.content_type + "\r\n";
  head += length ? "Content-Length: " + std::to_string(*length) + "\r\n" : "Transfer-Encoding: chunked\r\n";
  for (const auto& header : answer.headers) head += header + "\r\n";
  return head + "Connection: " + (keep_alive ? "keep-alive" : "close") + "\r\n\r\n";
}

}  // namespace sim
