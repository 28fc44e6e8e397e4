// SPDX-License-Identifier: Apache-2.0
#include "daemon/identities/seal.h"

#include <algorithm>
#include <array>
#include <memory>

#include <openssl/evp.h>

#include "daemon/keys/private_file.h"
#include "drivers/base/error.h"
#include "drivers/base/random.h"

namespace insd {
namespace {

constexpr std::array<std::uint8_t, 5> kMagic = {'I', 'N', 'S', 'D', 1};
constexpr std::size_t kMaxKeyId = 64;
constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

Cipher make_cipher() {
  Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  if (!cipher) throw std::bad_alloc();
  return cipher;
}

// A key of its own for this use: the site's key is never used twice.
Bytes sealing_key(const keys::SiteKey& key) {
  return keys::hmac(key, as_bytes("insd identity token, AES-256-GCM"));
}

/// Where the parts of a token begin; nothing when it has none.
struct Parts {
  std::string key_id;
  ByteView header, nonce, ciphertext, tag;
};

std::optional<Parts> parts_of(ByteView token) {
  if (token.size() > kMaxTokenBytes || token.size() < kMagic.size() + 1) return std::nullopt;
  if (!std::ranges::equal(token.first(kMagic.size()), kMagic)) return std::nullopt;
  const std::size_t id_size = token[kMagic.size()];
  const std::size_t header = kMagic.size() + 1 + id_size;
  if (id_size == 0 || id_size > kMaxKeyId || token.size() < header + kNonce + kTag) return std::nullopt;
  Parts parts;
  parts.key_id.assign(token.begin() + kMagic.size() + 1, token.begin() + static_cast<std::ptrdiff_t>(header));
  parts.header = token.first(header);
  parts.nonce = token.subspan(header, kNonce);
  parts.ciphertext = token.subspan(header + kNonce, token.size() - header - kNonce - kTag);
  parts.tag = token.last(kTag);
  return parts;
}

}  // namespace

Bytes seal(const keys::SiteKey& key, ByteView content) {
  Bytes token(kMagic.begin(), kMagic.end());
  token.push_back(static_cast<std::uint8_t>(key.id.size()));
  token.insert(token.end(), key.id.begin(), key.id.end());
  const std::size_t header = token.size();
  if (key.id.empty() || key.id.size() > kMaxKeyId ||
      header + kNonce + content.size() + kTag > kMaxTokenBytes) {
    throw Error(Code::INTERNAL, "an identity does not fit into a token");
  }
  const Bytes nonce = random_bytes(kNonce);
  token.insert(token.end(), nonce.begin(), nonce.end());
  token.resize(header + kNonce + content.size() + kTag);
  std::uint8_t* const ciphertext = token.data() + header + kNonce;
  const Bytes secret = sealing_key(key);
  const Cipher cipher = make_cipher();
  int done = 0;
  int last = 0;
  const bool sealed =
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, secret.data(), nonce.data()) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &done, token.data(), static_cast<int>(header)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), ciphertext, &done, content.data(), static_cast<int>(content.size())) ==
          1 &&
      EVP_EncryptFinal_ex(cipher.get(), ciphertext + done, &last) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTag, ciphertext + content.size()) == 1;
  if (!sealed) throw Error(Code::INTERNAL, "a token could not be sealed");
  return token;
}

std::optional<std::string> sealing_key_id(ByteView token) {
  const auto parts = parts_of(token);
  if (!parts) return std::nullopt;
  return parts->key_id;
}

Bytes open_seal(const keys::SiteKey& key, ByteView token) {
  const auto parts = parts_of(token);
  if (!parts || parts->key_id != key.id) throw Error(Code::IDENTITY_TOKEN_INVALID);
  Bytes tag(parts->tag.begin(), parts->tag.end());
  Bytes content(parts->ciphertext.size() + 1);  // never an empty buffer
  const Bytes secret = sealing_key(key);
  const Cipher cipher = make_cipher();
  int done = 0;
  int last = 0;
  const bool opened =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, secret.data(), parts->nonce.data()) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &done, parts->header.data(),
                        static_cast<int>(parts->header.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), content.data(), &done, parts->ciphertext.data(),
                        static_cast<int>(parts->ciphertext.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTag, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), content.data() + done, &last) == 1;
  if (!opened) throw Error(Code::IDENTITY_TOKEN_INVALID, "the token was altered, or sealed with another key");
  content.resize(parts->ciphertext.size());
  return content;
}

keys::SiteKey read_shared_key(const std::filesystem::path& file) {
  constexpr std::size_t kKeyBytes = 32;
  Bytes bytes = keys::read_private_file(file, "identity.site_key", kKeyBytes + 1);
  if (bytes.size() != kKeyBytes) {
    throw Error(Code::CONFIG_INVALID,
                "identity.site_key: " + printable(file.string()) + " is not of 32 bytes");
  }
  keys::SiteKey key;
  key.secret = SecretString(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  wipe(bytes.data(), bytes.size());
  key.id = "site-" + to_hex(keys::hmac(key, as_bytes("insd identity token, key id"))).substr(0, 16);
  return key;
}

}  // namespace insd
