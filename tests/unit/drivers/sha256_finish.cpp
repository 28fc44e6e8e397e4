// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/drivers/sha256_finish.h"

#include <array>
#include <bit>

namespace insd::test {
namespace {

using Words = std::array<std::uint32_t, 8>;

constexpr Words kInitial = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
constexpr std::uint32_t kConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

std::uint64_t big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8U | byte;
  return value;
}

void compress(Words& state, ByteView block) {
  std::array<std::uint32_t, 64> w{};
  for (std::size_t i = 0; i < 16; ++i) w[i] = static_cast<std::uint32_t>(big_endian(block.subspan(i * 4, 4)));
  for (std::size_t i = 16; i < 64; ++i) {
    const auto a = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3U);
    const auto b = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10U);
    w[i] = w[i - 16] + a + w[i - 7] + b;
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const auto s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const auto t1 = h + s1 + ((e & f) ^ (~e & g)) + kConstants[i] + w[i];
    const auto s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const auto t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  const Words round = {a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < 8; ++i) state[i] += round[i];
}

}  // namespace

Bytes finish_sha256(ByteView state, ByteView tail) {
  if ((!state.empty() && state.size() != 40) || tail.size() > 63) return {};
  Words words = kInitial;
  std::uint64_t bits = 0;
  if (!state.empty()) {
    for (std::size_t i = 0; i < 8; ++i)
      words[i] = static_cast<std::uint32_t>(big_endian(state.subspan(i * 4, 4)));
    bits = big_endian(state.subspan(32));
  }
  bits += tail.size() * 8;
  Bytes last(tail.begin(), tail.end());
  last.push_back(0x80);
  while (last.size() % 64 != 56) last.push_back(0);
  for (int shift = 56; shift >= 0; shift -= 8)
    last.push_back(static_cast<std::uint8_t>(bits >> shift & 0xFFU));
  for (std::size_t at = 0; at < last.size(); at += 64) compress(words, ByteView(last).subspan(at, 64));
  Bytes digest;
  for (const std::uint32_t word : words) {
    for (int shift = 24; shift >= 0; shift -= 8)
      digest.push_back(static_cast<std::uint8_t>(word >> shift & 0xFFU));
  }
  return digest;
}

}  // namespace insd::test
