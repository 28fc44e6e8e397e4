// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/delivery.h"

#include <cstdint>
#include <sstream>

#include "tests/simulators/insi/http.h"

namespace sim {
namespace {

constexpr std::size_t kHugeBody = 64U << 20U;

/// A gzip member of one stored block per 65535 bytes: real gzip without a compressor.
std::string gzip(const std::string& content) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : content) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  const auto little_endian = [](std::uint32_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFFU);
    return out;
  };
  std::string out("\x1F\x8B\x08\0\0\0\0\0\0\xFF", 10);
  std::size_t at = 0;
  do {
    const auto block = content.substr(at, 0xFFFF);
    at += block.size();
    const auto size = static_cast<std::uint32_t>(block.size());
    out += static_cast<char>(at == content.size() ? 1 : 0);
    out += little_endian(size, 2) + little_endian(~size, 2) + block;
  } while (at < content.size());
  return out + little_endian(~crc, 4) + little_endian(static_cast<std::uint32_t>(content.size()), 4);
}

/// A gzip member of 256 MiB of blanks in 1.7 MB: one literal, then copies of the longest kind, in one block
/// of fixed codes. Its checksum is left wrong: who gets as far as reading it has failed.
std::string gzip_bomb() {
  constexpr std::uint32_t kBytes = 256U << 20U;
  constexpr std::uint32_t kCopy = 258;
  std::string out("\x1F\x8B\x08\0\0\0\0\0\0\xFF", 10);
  std::uint32_t bits = 0;
  int count = 0;
  const auto put = [&](std::uint32_t value, int size) {  // the first bit of `value` is its lowest
    bits |= value << count;
    for (count += size; count >= 8; count -= 8, bits >>= 8) out += static_cast<char>(bits & 0xFFU);
  };
  put(0b011, 3);       // the last block, fixed codes
  put(0b00001010, 8);  // a blank: code 0x50
  for (std::uint32_t done = 1; done < kBytes; done += kCopy) put(0b00000'10100011, 13);  // 258 from 1 back
  put(0, 14);  // end of block, padding
  return out + std::string(8, '\0');
}

/// Faults that only change what is in an HTTP answer.
void disguise(Answer& answer, Fault fault) {
  switch (fault) {
    case Fault::HTTP_500_PLAIN:
      answer.status = 500;
      answer.content_type = "text/plain";
      answer.body = "Internal Server Error\n";
      break;
    case Fault::HTML:
      answer.status = 200;
      answer.content_type = "text/html; charset=utf-8";
      answer.body =
          "<!DOCTYPE html><html><head><title>Portail</title></head><body><p>Connexion au "
          "réseau</body></html>\n";
      break;
    case Fault::WRONG_CONTENT_TYPE:
      answer.content_type = "application/octet-stream";
      break;
    case Fault::EMPTY:
      answer.status = 200;
      answer.body.clear();
      break;
    case Fault::GZIP:
      answer.body = gzip(answer.body);
      answer.headers.emplace_back("Content-Encoding: gzip");
      break;
    case Fault::GZIP_BOMB:
      answer.body = gzip_bomb();
      answer.headers.emplace_back("Content-Encoding: gzip");
      break;
    case Fault::HUGE_HEADERS:
      for (int i = 0; i < 1024; ++i) answer.headers.push_back("X-Filler: " + std::string(1024, 'x'));
      break;
    case Fault::REDIRECT:
      answer.status = 302;
      answer.content_type.clear();
      answer.body.clear();
      answer.headers.emplace_back("Location: /elsewhere");
      break;
    default:
      break;
  }
}

bool drip(Connection& connection, const std::string& bytes, Stop& stop) {
  for (const char c : bytes) {
    connection.write({&c, 1});
    if (stop.wait_for(std::chrono::milliseconds(200))) return false;
  }
  return true;
}

void never_end(Connection& connection, const Answer& answer, Stop& stop) {
  const auto chunk = [](const std::string& content) {
    std::ostringstream text;
    text << std::hex << content.size() << "\r\n" << content << "\r\n";
    return text.str();
  };
  connection.write(http_head(answer, std::nullopt, true));
  connection.write(chunk(answer.body.substr(0, answer.body.rfind("</"))));
  while (!stop.wait_for(std::chrono::milliseconds(1))) connection.write(chunk(std::string(4096, ' ')));
}

/// The whole answer in one chunk whose size line has an extension of 1 MiB.
std::string with_chunk_extension(const Answer& answer, bool keep_alive) {
  std::ostringstream text;
  text << http_head(answer, std::nullopt, keep_alive) << std::hex << answer.body.size()
       << ";x=" << std::string(1U << 20U, 'x') << "\r\n"
       << answer.body << "\r\n0\r\n\r\n";
  return text.str();
}

}  // namespace

void Stop::set() {
  const std::lock_guard lock(mutex_);
  set_ = true;
  changed_.notify_all();
}

bool Stop::wait_for(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [this] { return set_; });
}

bool deliver(Connection& connection, Answer answer, Fault fault, bool keep_alive, Stop& stop) {
  disguise(answer, fault);
  const auto last_tag = answer.body.rfind("</");
  if (fault == Fault::HUGE_BODY && last_tag != std::string::npos) {
    answer.body.insert(last_tag, kHugeBody, ' ');  // blanks in the envelope: right, but far too long
  }
  const auto whole = http_head(answer, answer.body.size(), keep_alive) + answer.body;
  switch (fault) {
    case Fault::CUT_AFTER_READ:
      return false;
    case Fault::TRUNCATED:
      connection.write(std::string_view(whole).substr(0, whole.size() - answer.body.size() / 2));
      return false;
    case Fault::SLOW_DRIP:
      return drip(connection, whole, stop) && keep_alive;
    case Fault::CHUNK_EXTENSIONS:
      connection.write(with_chunk_extension(answer, keep_alive));
      return keep_alive;
    case Fault::ENDLESS:
      never_end(connection, answer, stop);
      return false;
    default:
      connection.write(whole);
      return keep_alive;
  }
}

}  // namespace sim
