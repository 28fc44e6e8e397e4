// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/trust_store.h"

#include <algorithm>
#include <array>
#include <ctime>
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
// The certificates of the few cards that a desk has in its readers, for either use.
constexpr std::size_t kMostKept = 16;
constexpr std::chrono::seconds kKeptFor{60};

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

// What is wrong, and with whose certificate where it is not the person's own.
std::string detail_of(X509_STORE_CTX* context, int error) {
  std::string detail = X509_verify_cert_error_string(error);
  const X509* culprit = X509_STORE_CTX_get_current_cert(context);
  if (X509_STORE_CTX_get_error_depth(context) == 0 || culprit == nullptr) return detail;
  std::array<char, 256> name{};
  X509_NAME_oneline(X509_get_subject_name(culprit), name.data(), name.size());
  return detail + ": " + printable(name.data());
}

// Nothing for what is no date: then nothing may be kept.
std::optional<Clock::Wall> to_wall(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  // What std::chrono holds here ends in 2262.
  constexpr std::time_t kLast = 9'000'000'000;
  return Clock::Wall::clock::from_time_t(std::clamp(timegm(&parts), -kLast, kLast));
}

std::vector<X509Ptr> read_authorities(const fs::path& file) {
  const auto bytes = read(file, kMaxAuthorityBytes);
  auto found = bytes ? read_pem<X509Ptr>(*bytes, kMaxAuthorities, PEM_read_bio_X509) : std::nullopt;
  return found ? std::move(*found) : std::vector<X509Ptr>();
}

}  // namespace

class TrustStore::Impl {
 public:
  explicit Impl(TrustOptions options) : options_(std::move(options)) {
    if (!renew_authorities()) {
      throw Error(Code::CONFIG_INVALID, options_.authorities.string() + ": not a PEM file of certificates");
    }
  }

  Judgement judge(ByteView der, Clock::Wall now, CertificateUse use) {
    if (!renew_authorities())
      return {Trust::UNTRUSTED, false, options_.authorities.string() + ": cannot be read"};
    if (!options_.revocation_lists.empty() && !renew_lists()) {
      return {Trust::REVOCATION_UNKNOWN, false, options_.revocation_lists.string() + ": cannot be read"};
    }
    if (const Kept* kept = kept_of(der, now, use)) return kept->judgement;
    Clock::Wall until = now + kKeptFor;
    Judgement judgement = verify(der, now, until);
    if (judgement.trust == Trust::TRUSTED) judge_use(der, use, judgement);
    if (judgement.trust == Trust::TRUSTED) {
      if (kept_.size() == kMostKept) kept_.erase(kept_.begin());
      kept_.push_back({Bytes(der.begin(), der.end()), use, now, until, judgement});
    }
    return judgement;
  }

  [[nodiscard]] std::size_t chains_verified() const { return chains_verified_; }

 private:
  /// That a certificate is trusted.
  struct Kept {
    Bytes certificate;
    CertificateUse use;
    Clock::Wall from, until;
    Judgement judgement;
  };

  const Kept* kept_of(ByteView der, Clock::Wall now, CertificateUse use) {
    std::erase_if(kept_, [now](const Kept& each) { return now < each.from || now >= each.until; });
    const auto found = std::ranges::find_if(kept_, [&](const Kept& each) {
      return each.use == use && std::ranges::equal(each.certificate, der);
    });
    return found == kept_.end() ? nullptr : &*found;
  }

  // Of the chain; `until` becomes the first moment at which the answer may be another one, if that is
  // earlier.
  Judgement verify(ByteView der, Clock::Wall now, Clock::Wall& until) {
    ++chains_verified_;
    Judgement judgement;
    const unsigned char* position = der.data();
    const X509Ptr certificate(der.size() > kMaxCertificateBytes
                                  ? nullptr
                                  : d2i_X509(nullptr, &position, static_cast<long>(der.size())));
    ERR_clear_error();
    if (!certificate || position != der.data() + der.size())
      return {Trust::UNTRUSTED, false, "not a certificate"};
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
    if (good) until = std::min(until, first_change(context.get(), now));
    return judgement;
  }

  // OpenSSL counts whole seconds: a second that has begun is over.
  Clock::Wall first_change(X509_STORE_CTX* context, Clock::Wall now) const {
    Clock::Wall first = Clock::Wall::max();
    const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context);
    for (int i = 0; i < sk_X509_num(chain); ++i) {
      const auto end = to_wall(X509_get0_notAfter(sk_X509_value(chain, i)));
      if (!end) return now;
      first = std::min(first, *end);
    }
    for (const auto& list : lists_) {
      const auto valid = to_wall(X509_CRL_get0_lastUpdate(list.get()));
      if (!valid) return now;
      if (*valid > now) first = std::min(first, *valid);
      const auto renewed = to_wall(X509_CRL_get0_nextUpdate(list.get()));
      if (renewed && *renewed > now) first = std::min(first, *renewed);
    }
    return first;
  }

  static void judge_use(ByteView certificate, CertificateUse use, Judgement& judgement) {
    try {
      const CertificateFacts facts = certificate_facts(certificate);
      if (use == CertificateUse::SIGNATURE && !facts.non_repudiation) {
        judgement.trust = Trust::WRONG_USE;
        judgement.detail = "KeyUsage without nonRepudiation";
      }
      if (use == CertificateUse::AUTHENTICATION && (!facts.digital_signature || facts.non_repudiation)) {
        judgement.trust = Trust::WRONG_USE;
        judgement.detail = "KeyUsage is not digitalSignature alone";
      }
    } catch (const Error& error) {
      judgement.trust = Trust::UNTRUSTED;
      judgement.detail = error.detail();
    }
  }

  bool renew_authorities() {
    const auto now = look(options_.authorities);
    if (!now) return false;
    if (*now == seen_authorities_) return true;
    auto found = read_authorities(options_.authorities);
    if (found.empty()) return false;
    authorities_ = std::move(found);
    seen_authorities_ = *now;
    fill();
    return true;
  }

  bool renew_lists() {
    const auto now = look(options_.revocation_lists);
    if (!now) return false;
    if (*now == seen_lists_) return true;
    std::vector<CrlPtr> lists;
    for (const auto& [file, time, size] : *now) {
      auto found = read_lists(file);
      if (!found) return false;
      for (auto& list : *found) lists.push_back(std::move(list));
    }
    lists_ = std::move(lists);
    seen_lists_ = *now;
    fill();
    return true;
  }

  void fill() {
    kept_.clear();
    store_.reset(X509_STORE_new());
    if (!store_) throw Error(Code::INTERNAL, "X509_STORE");
    for (const auto& authority : authorities_) X509_STORE_add_cert(store_.get(), authority.get());
    for (const auto& list : lists_) X509_STORE_add_crl(store_.get(), list.get());
  }

  const TrustOptions options_;
  std::vector<X509Ptr> authorities_;
  std::vector<CrlPtr> lists_;
  StorePtr store_;
  Fingerprint seen_authorities_, seen_lists_;
  std::vector<Kept> kept_;
  std::size_t chains_verified_ = 0;
};

TrustStore::TrustStore(TrustOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
TrustStore::~TrustStore() = default;

Judgement TrustStore::judge(ByteView certificate, Clock::Wall now, CertificateUse use) {
  return impl_->judge(certificate, now, use);
}

std::size_t TrustStore::chains_verified() const {
  return impl_->chains_verified();
}

}  // namespace insd::insi
