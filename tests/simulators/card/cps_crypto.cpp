// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/card/cps_crypto.h"

#include <bit>
#include <cstdio>
#include <stdexcept>

#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace insd::simcard {
namespace {

using State = std::array<std::uint32_t, 8>;

// FIPS 180-4, 4.2.2 and 5.3.3.
constexpr std::array<std::uint32_t, 64> round_constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
constexpr State initial_state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
constexpr std::size_t block_length = 64, state_length = 32, count_length = 8;

std::uint32_t word_at(ByteView bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at]) << 24 | static_cast<std::uint32_t>(bytes[at + 1]) << 16 |
         static_cast<std::uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

void compress(State& state, ByteView block) {
  std::array<std::uint32_t, 64> w{};
  for (std::size_t i = 0; i < 16; ++i) w[i] = word_at(block, i * 4);
  for (std::size_t i = 16; i < 64; ++i) {
    const auto s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
    const auto s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const auto s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const auto t1 = h + s1 + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
    const auto s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const auto t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const State mixed = {a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < state.size(); ++i) state[i] += mixed[i];
}

}  // namespace

std::optional<Sha256> finish_sha256(ByteView wire_state, ByteView rest) {
  State state = initial_state;
  std::uint64_t bits = 0;
  if (!wire_state.empty()) {
    if (wire_state.size() != state_length + count_length) return std::nullopt;
    for (std::size_t i = 0; i < state.size(); ++i) state[i] = word_at(wire_state, i * 4);
    for (const auto byte : wire_state.subspan(state_length)) bits = bits << 8 | byte;
    if (bits % (block_length * 8) != 0) return std::nullopt;
  }
  if (rest.size() > block_length) return std::nullopt;
  bits += rest.size() * 8;
  Bytes tail(rest.begin(), rest.end());
  tail.push_back(0x80);
  while (tail.size() % block_length != block_length - count_length) tail.push_back(0);
  for (int shift = 56; shift >= 0; shift -= 8) tail.push_back(static_cast<std::uint8_t>(bits >> shift));
  for (std::size_t at = 0; at < tail.size(); at += block_length)
    compress(state, ByteView(tail).subspan(at, block_length));

  Sha256 digest{};
  for (std::size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - i % 4 * 8));
  return digest;
}

Bytes digest_info(const Sha256& digest) {
  return from_hex("3031300D060960864801650304020105000420") + digest;
}

RsaKey::RsaKey(const std::filesystem::path& pem) : key_(nullptr, &EVP_PKEY_free) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(pem.c_str(), "r"), &std::fclose);
  if (file) key_.reset(PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr));
  if (!key_) throw std::runtime_error("cannot read the key " + pem.string());
}

std::size_t RsaKey::modulus_bytes() const {
  return static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
}

Bytes RsaKey::sign(ByteView input) const {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new(key_.get(), nullptr), &EVP_PKEY_CTX_free);
  Bytes signature(modulus_bytes());
  std::size_t length = signature.size();
  if (!context || EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1 ||
      EVP_PKEY_sign(context.get(), signature.data(), &length, input.data(), input.size()) != 1) {
    throw std::runtime_error("the simulated chip cannot sign");
  }
  signature.resize(length);
  return signature;
}

}  // namespace insd::simcard
