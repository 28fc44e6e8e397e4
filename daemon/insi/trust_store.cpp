// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/trust_store.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <tuple>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "daemon/insi/certificate.h"
#include "daemon/insi/openssl_ptr.h"
#include "drivers/base/error.h"

namespace insd::insi {
namespace fs = std::filesystem;

namespace {

using CrlPtr = std::unique_ptr<X509_CRL, Deleter<X509_CRL_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using ContextPtr = std::unique_ptr<X509_STORE_CTX, Deleter<X509_STORE_CTX_free>>;

constexpr std::size_t kMaxAuthorities = 64, kMaxAuthorityBytes = 1U << 20U;
constexpr std::size_t kMaxLists = 64, kMaxListBytes = 32U << 20U;
// 112 bits of strength: RSA of 2048 bits and SHA-2, in every certificate of the chain.
constexpr int kSecurityLevel = 2;

std::optional<Bytes> read(const fs::path& file, std::size_t max_bytes) {
  std::error_code failed;
  const auto size = fs::file_size(file, failed);
  if (failed || size == 0 || size > max_bytes) return std::nullopt;
  Bytes bytes(size);
  std::ifstream in(file, std::ios::binary);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  return in.gcount() == static_cast<std::streamsize>(size) ? std::optional(std::move(bytes)) : std::nullopt;
}

BioPtr bio_of(const Bytes& bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// All of a PEM file; nothing when something in it is not one, or there are too many.
template <class Ptr, class Read>
std::optional<std::vector<Ptr>> read_pem(const Bytes& bytes, std::size_t max, Read read_one) {
  const BioPtr bio = bio_of(bytes);
  std::vector<Ptr> found;
  while (Ptr one{read_one(bio.get(), nullptr, nullptr, nullptr)}) {
    if (found.size() == max) return std::nullopt;
    found.push_back(std::move(one));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  return at_end && !found.empty() ? std::optional(std::move(found)) : std::nullopt;
}

std::optional<std::vector<CrlPtr>> read_lists(const fs::path& file) {
  const auto bytes = read(file, kMaxListBytes);
  if (!bytes) return std::nullopt;
  constexpr std::string_view pem = "-----BEGIN";
  if (bytes->size() > pem.size() && std::equal(pem.begin(), pem.end(), bytes->begin())) {
    return read_pem<CrlPtr>(*bytes, kMaxLists, PEM_read_bio_X509_CRL);
  }
  const unsigned char* position = bytes->data();
  CrlPtr list(d2i_X509_CRL(nullptr, &position, static_cast<long>(bytes->size())));
  ERR_clear_error();
  if (!list || position != bytes->data() + bytes->size()) return std::nullopt;
  std::vector<CrlPtr> one;
  one.push_back(std::move(list));
  return one;
}

using Fingerprint = std::vector<std::tuple<fs::path, fs::file_time_type, std::uintmax_t>>;

// The files, as they are now; nothing when there are too many or they cannot be looked at.
std::optional<Fingerprint> look(const fs::path& place) {
  std::error_code failed;
  std::vector<fs::path> files;
  if (fs::is_directory(place, failed)) {
    for (fs::directory_iterator entry(place, failed), end; !failed && entry != end; entry.increment(failed)) {
      std::error_code ignored;
      if (entry->is_regular_file(ignored)) files.push_back(entry->path());
      if (files.size() > kMaxLists) return std::nullopt;
    }
  } else {
    files.push_back(place);
  }
  Fingerprint result;
  for (const auto& file : files) {
    std::error_code no_time, no_size;
    result.emplace_back(file, fs::last_write_time(file, no_time), fs::file_size(file, no_size));
    if (no_time || no_size) return std::nullopt;
  }
  if (failed || result.empty()) return std::nullopt;
  std::ranges::sort(result);
  return result;
}

struct Verdict {
  bool stale_counts = true, stale = false;
};

int on_verify(int ok, X509_STORE_CTX* context) {
  auto* verdict = static_cast<Verdict*>(X509_STORE_CTX_get_app_data(context));
  if (ok == 1 || X509_STORE_CTX_get_error(context) != X509_V_ERR_CRL_HAS_EXPIRED) return ok;
  verdict->stale = true;
  return verdict->stale_counts ? 1 : 0;
}

Trust trust_of(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Trust::NOT_VALID_NOW;
    case X509_V_ERR_CERT_REVOKED:
      return Trust::REVOKED;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
      return Trust::REVOCATION_UNKNOWN;
    default:
      return Trust::UNTRUSTED;
  }
}

}  // namespace

// What is wrong, and with whose certificate where it is not the person's own.
std::string detail_of(X509_STORE_CTX* context, int error) {
  std::string detail = X509_verify_cert_error_string(error);
  const X509* culprit = X509_STORE_CTX_get_current_cert(context);
  if (X509_STORE_CTX_get_error_depth(context) == 0 || culprit == nullptr) return detail;
  std::array<char, 256> name{};
  X509_NAME_oneline(X509_get_subject_name(culprit), name.data(), name.size());
  return detail + ": " + printable(name.data());
}

class TrustStore::Impl {
 public:
  explicit Impl(TrustOptions options) : options_(std::move(options)) {
    const auto bytes = read(options_.authorities, kMaxAuthorityBytes);
    auto found = bytes ? read_pem<X509Ptr>(*bytes, kMaxAuthorities, PEM_read_bio_X509) : std::nullopt;
    if (!found) {
      throw Error(Code::CONFIG_INVALID, options_.authorities.string() + ": not a PEM file of certificates");
    }
    authorities_ = std::move(*found);
    fill({});
  }

  Judgement judge(ByteView der, Clock::Wall now) {
    Judgement judgement;
    const unsigned char* position = der.data();
    const X509Ptr certificate(der.size() > kMaxCertificateBytes
                                  ? nullptr
                                  : d2i_X509(nullptr, &position, static_cast<long>(der.size())));
    ERR_clear_error();
    if (!certificate || position != der.data() + der.size())
      return {Trust::UNTRUSTED, false, "not a certificate"};
    if (!options_.revocation_lists.empty() && !renew_lists()) {
      return {Trust::REVOCATION_UNKNOWN, false, options_.revocation_lists.string() + ": cannot be read"};
    }
    Verdict verdict{options_.stale_list_counts};
    const ContextPtr context(X509_STORE_CTX_new());
    if (!context || X509_STORE_CTX_init(context.get(), store_.get(), certificate.get(), nullptr) != 1) {
      throw Error(Code::INTERNAL, "X509_STORE_CTX");
    }
    X509_STORE_CTX_set_app_data(context.get(), &verdict);
    X509_STORE_CTX_set_verify_cb(context.get(), on_verify);
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_time(parameters, Clock::Wall::clock::to_time_t(now));
    X509_VERIFY_PARAM_set_auth_level(parameters, kSecurityLevel);
    // The whole chain: a sub-authority that was revoked vouches for nobody any more.
    if (!options_.revocation_lists.empty())
      X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    const bool good = X509_verify_cert(context.get()) == 1;
    const int error = X509_STORE_CTX_get_error(context.get());
    ERR_clear_error();
    judgement.stale_list = verdict.stale;
    judgement.trust = good ? Trust::TRUSTED : trust_of(error);
    if (!good) judgement.detail = detail_of(context.get(), error);
    if (good && verdict.stale) judgement.detail = "a revocation list should have been renewed";
    return judgement;
  }

 private:
  bool renew_lists() {
    const auto now = look(options_.revocation_lists);
    if (!now) return false;
    if (*now == seen_) return true;
    std::vector<CrlPtr> lists;
    for (const auto& [file, time, size] : *now) {
      auto found = read_lists(file);
      if (!found) return false;
      for (auto& list : *found) lists.push_back(std::move(list));
    }
    fill(lists);
    seen_ = *now;
    return true;
  }

  void fill(const std::vector<CrlPtr>& lists) {
    store_.reset(X509_STORE_new());
    if (!store_) throw Error(Code::INTERNAL, "X509_STORE");
    for (const auto& authority : authorities_) X509_STORE_add_cert(store_.get(), authority.get());
    for (const auto& list : lists) X509_STORE_add_crl(store_.get(), list.get());
  }

  const TrustOptions options_;
  std::vector<X509Ptr> authorities_;
  StorePtr store_;
  Fingerprint seen_;
};

TrustStore::TrustStore(TrustOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
TrustStore::~TrustStore() = default;

Judgement TrustStore::judge(ByteView certificate, Clock::Wall now, CertificateUse use) {
  Judgement judgement = impl_->judge(certificate, now);
  if (judgement.trust != Trust::TRUSTED) return judgement;
  try {
    const CertificateFacts facts = certificate_facts(certificate);
    if (use == CertificateUse::SIGNATURE && !facts.non_repudiation) {
      return {Trust::WRONG_USE, judgement.stale_list, "KeyUsage without nonRepudiation"};
    }
    if (use == CertificateUse::AUTHENTICATION && (!facts.digital_signature || facts.non_repudiation)) {
      return {Trust::WRONG_USE, judgement.stale_list, "KeyUsage is not digitalSignature alone"};
    }
  } catch (const Error& error) {
    return {Trust::UNTRUSTED, judgement.stale_list, error.detail()};
  }
  return judgement;
}

}  // namespace insd::insi
