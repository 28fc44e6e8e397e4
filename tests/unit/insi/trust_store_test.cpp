// SPDX-License-Identifier: Apache-2.0
// Whose certificate a card may hold: chain, dates, use, revocation (T-CARD-07).
#include "daemon/insi/trust_store.h"

#include <fstream>
#include <functional>
#include <optional>

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "drivers/base/error.h"
#include "tests/unit/insi/test_pki.h"

namespace insd::insi {
namespace {

namespace fs = std::filesystem;
using test::CertificateSpec;
using test::Rdn;

constexpr long kDay = 86'400;

struct CrlDeleter {
  void operator()(X509_CRL* list) const { X509_CRL_free(list); }
};
using Crl = std::unique_ptr<X509_CRL, CrlDeleter>;

class TrustStoreTest : public ::testing::Test {
 protected:
  TrustStoreTest() {
    std::string name = (fs::temp_directory_path() / "insd-trust-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = name;
    write("authorities.pem", test::to_pem(root_.get()) + test::to_pem(sub_.get()));
  }
  ~TrustStoreTest() override {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }

  fs::path write(const std::string& name, const std::string& content) const {
    const auto file = directory_ / name;
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

  static test::Certificate authority(const std::vector<Rdn>& name, const std::vector<Rdn>& issuer,
                                     EVP_PKEY* key, EVP_PKEY* issuer_key) {
    return test::make_certificate({.subject = name,
                                   .issuer = issuer,
                                   .key_usage = "critical,keyCertSign,cRLSign",
                                   .basic_constraints = "critical,CA:TRUE",
                                   .card_type_der = std::nullopt},
                                  key, issuer_key);
  }

  test::Certificate leaf(CertificateSpec spec = {}) {
    spec.issuer = sub_name_;
    return test::make_certificate(spec, leaf_key_.get(), sub_key_.get());
  }

  // A list of the sub-authority's, in DER.
  std::string list(const X509* revoked, long from_seconds, long to_seconds, EVP_PKEY* signer = nullptr) {
    return list_of(sub_.get(), signer != nullptr ? signer : sub_key_.get(), revoked, from_seconds,
                   to_seconds);
  }
  std::string root_list(const X509* revoked, long from_seconds, long to_seconds) {
    return list_of(root_.get(), root_key_.get(), revoked, from_seconds, to_seconds);
  }

  static std::string list_of(const X509* issuer, EVP_PKEY* signer, const X509* revoked, long from_seconds,
                             long to_seconds) {
    Crl made(X509_CRL_new());
    X509_CRL_set_version(made.get(), 1);
    X509_CRL_set_issuer_name(made.get(), X509_get_subject_name(issuer));
    const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> last(X509_gmtime_adj(nullptr, from_seconds),
                                                                     &ASN1_TIME_free),
        next(X509_gmtime_adj(nullptr, to_seconds), &ASN1_TIME_free);
    X509_CRL_set1_lastUpdate(made.get(), last.get());
    X509_CRL_set1_nextUpdate(made.get(), next.get());
    if (revoked != nullptr) {
      X509_REVOKED* entry = X509_REVOKED_new();
      X509_REVOKED_set_serialNumber(entry, const_cast<ASN1_INTEGER*>(X509_get0_serialNumber(revoked)));
      X509_REVOKED_set_revocationDate(entry, last.get());
      X509_CRL_add0_revoked(made.get(), entry);
    }
    if (X509_CRL_sign(made.get(), signer, EVP_sha256()) <= 0) throw std::runtime_error("X509_CRL_sign");
    unsigned char* data = nullptr;
    const int length = i2d_X509_CRL(made.get(), &data);
    std::string der(data, data + length);
    OPENSSL_free(data);
    return der;
  }

  // The lists of a site that keeps all of them: the root's with nobody in it, and this one of the
  // sub-authority.
  void lists(const std::string& of_sub_authority) {
    lists_ = directory_ / "lists";
    fs::create_directory(lists_);
    write("lists/root.crl", root_list(nullptr, -3600, kDay));
    write("lists/sub.crl", of_sub_authority);
  }

  Trust judge(const test::Certificate& certificate, std::chrono::seconds later = {}) {
    TrustStore store({directory_ / "authorities.pem", lists_, stale_counts_});
    last_ = store.judge(test::to_der(certificate.get()), std::chrono::system_clock::now() + later);
    return last_.trust;
  }

  const std::vector<Rdn> root_name_ = {{{"CN", "TEST AC RACINE"}}}, sub_name_ = {{{"CN", "TEST AC FORT"}}};
  const test::Key root_key_ = test::rsa_key(), sub_key_ = test::rsa_key(), leaf_key_ = test::rsa_key();
  const test::Certificate root_ = authority(root_name_, root_name_, root_key_.get(), root_key_.get());
  const test::Certificate sub_ = authority(sub_name_, root_name_, sub_key_.get(), root_key_.get());
  fs::path directory_, lists_;
  bool stale_counts_ = true;
  Judgement last_;
};

TEST_F(TrustStoreTest, TheAuthoritiesCertificateIsTrusted) {
  EXPECT_EQ(judge(leaf()), Trust::TRUSTED) << last_.detail;
  EXPECT_EQ(last_.detail, "");
}

TEST_F(TrustStoreTest, T_CARD_07_AStrangersCertificateOfTheSameNamesIsNot) {
  const auto forged = test::make_certificate({.issuer = sub_name_}, leaf_key_.get(), root_key_.get());
  EXPECT_EQ(judge(forged), Trust::UNTRUSTED);
  const auto own = test::make_certificate({}, leaf_key_.get(), leaf_key_.get());
  EXPECT_EQ(judge(own), Trust::UNTRUSTED);
}

TEST_F(TrustStoreTest, T_CARD_07_APersonIsNoAuthority) {
  const auto person = leaf({.subject = {{{"CN", "899900000001"}}}});
  write("authorities.pem", test::to_pem(root_.get()) + test::to_pem(sub_.get()) + test::to_pem(person.get()));
  const auto below =
      test::make_certificate({.issuer = {{{"CN", "899900000001"}}}}, leaf_key_.get(), leaf_key_.get());
  EXPECT_EQ(judge(below), Trust::UNTRUSTED);
}

TEST_F(TrustStoreTest, T_CARD_07_ASubAuthorityAloneVouchesForNobody) {
  write("authorities.pem", test::to_pem(sub_.get()));
  EXPECT_EQ(judge(leaf()), Trust::UNTRUSTED) << "the chain ends at a root";
}

TEST_F(TrustStoreTest, T_CARD_07_DatesCount) {
  EXPECT_EQ(judge(leaf({.from_seconds = kDay, .to_seconds = 2 * kDay})), Trust::NOT_VALID_NOW);
  EXPECT_EQ(judge(leaf({.from_seconds = -2 * kDay, .to_seconds = -kDay})), Trust::NOT_VALID_NOW);
  EXPECT_EQ(judge(leaf({.from_seconds = kDay, .to_seconds = 3 * kDay}), std::chrono::hours(48)),
            Trust::TRUSTED)
      << "the time is the caller's";
}

TEST_F(TrustStoreTest, T_CARD_07_AnAuthenticationCertificateDoesNotSign) {
  EXPECT_EQ(judge(leaf({.key_usage = "critical,digitalSignature"})), Trust::WRONG_USE);
  EXPECT_EQ(judge(leaf({.key_usage = ""})), Trust::WRONG_USE);
}

TEST_F(TrustStoreTest, T_CARD_07_AWeakKeyIsNotTrusted) {
  const auto weak_key = test::rsa_key(1024);
  CertificateSpec spec;
  spec.issuer = sub_name_;
  EXPECT_EQ(judge(test::make_certificate(spec, weak_key.get(), sub_key_.get())), Trust::UNTRUSTED);
}

TEST_F(TrustStoreTest, T_CARD_07_BytesThatAreNoCertificate) {
  TrustStore store({directory_ / "authorities.pem", {}, true});
  const Bytes der = test::to_der(leaf().get());
  const auto now = std::chrono::system_clock::now();
  for (std::size_t length = 0; length < der.size(); length += 7) {
    EXPECT_EQ(store.judge(ByteView(der).first(length), now).trust, Trust::UNTRUSTED) << length;
  }
  Bytes longer = der;
  longer.push_back(0);
  EXPECT_EQ(store.judge(longer, now).trust, Trust::UNTRUSTED);
  EXPECT_EQ(store.judge(Bytes(1U << 20U, 0x30), now).trust, Trust::UNTRUSTED);
}

TEST_F(TrustStoreTest, ARevokedCertificateIsTold) {
  const auto good = leaf(), bad = leaf();
  lists(list(bad.get(), -3600, kDay));
  EXPECT_EQ(judge(good), Trust::TRUSTED) << last_.detail;
  EXPECT_EQ(judge(bad), Trust::REVOKED);
}

TEST_F(TrustStoreTest, AListThatShouldHaveBeenRenewedCountsOrNotByPolicy) {
  const auto good = leaf(), bad = leaf();
  lists(list(bad.get(), -2 * kDay, -kDay));
  EXPECT_EQ(judge(good), Trust::TRUSTED);
  EXPECT_TRUE(last_.stale_list);
  EXPECT_FALSE(last_.detail.empty());
  EXPECT_EQ(judge(bad), Trust::REVOKED) << "what it says still holds";
  stale_counts_ = false;
  EXPECT_EQ(judge(good), Trust::REVOCATION_UNKNOWN);
}

TEST_F(TrustStoreTest, WithoutAListOfItsIssuerRevocationIsUnknown) {
  lists_ = directory_ / "lists";
  EXPECT_EQ(judge(leaf()), Trust::REVOCATION_UNKNOWN) << "no directory";
  fs::create_directory(lists_);
  EXPECT_EQ(judge(leaf()), Trust::REVOCATION_UNKNOWN) << "nothing in it";
  write("lists/sub.crl", "no list");
  EXPECT_EQ(judge(leaf()), Trust::REVOCATION_UNKNOWN) << "nonsense in it";
  lists(list(nullptr, -3600, kDay, leaf_key_.get()));
  EXPECT_EQ(judge(leaf()), Trust::REVOCATION_UNKNOWN) << "signed by somebody else";
  lists(list(nullptr, -3600, kDay));
  EXPECT_EQ(judge(leaf()), Trust::TRUSTED) << last_.detail;
}

TEST_F(TrustStoreTest, ARevokedSubAuthorityVouchesForNobody) {
  lists(list(nullptr, -3600, kDay));
  EXPECT_EQ(judge(leaf()), Trust::TRUSTED) << last_.detail;
  write("lists/root.crl", root_list(sub_.get(), -3600, kDay));
  EXPECT_EQ(judge(leaf()), Trust::REVOKED);
  EXPECT_NE(last_.detail.find("TEST AC FORT"), std::string::npos) << last_.detail;
}

TEST_F(TrustStoreTest, EveryAuthorityOfTheChainNeedsAList) {
  lists(list(nullptr, -3600, kDay));
  fs::remove(lists_ / "root.crl");
  EXPECT_EQ(judge(leaf()), Trust::REVOCATION_UNKNOWN);
  EXPECT_NE(last_.detail.find("TEST AC FORT"), std::string::npos) << last_.detail;
  // The same in one PEM file, as a site may keep them.
  const auto pem = [](const std::string& der) {
    const auto* data = reinterpret_cast<const unsigned char*>(der.data());
    const Crl list(d2i_X509_CRL(nullptr, &data, static_cast<long>(der.size())));
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_X509_CRL(out.get(), list.get());
    char* text = nullptr;
    const long length = BIO_get_mem_data(out.get(), &text);
    return std::string(text, static_cast<std::size_t>(length));
  };
  lists_ = write("lists.pem", pem(list(nullptr, -3600, kDay)) + pem(root_list(nullptr, -3600, kDay)));
  EXPECT_EQ(judge(leaf()), Trust::TRUSTED) << last_.detail;
}

TEST_F(TrustStoreTest, AStaleListOfTheRootCountsOrNotByPolicy) {
  lists(list(nullptr, -3600, kDay));
  write("lists/root.crl", root_list(nullptr, -2 * kDay, -kDay));
  EXPECT_EQ(judge(leaf()), Trust::TRUSTED);
  EXPECT_TRUE(last_.stale_list);
  stale_counts_ = false;
  EXPECT_EQ(judge(leaf()), Trust::REVOCATION_UNKNOWN);
  stale_counts_ = true;
  write("lists/root.crl", root_list(sub_.get(), -2 * kDay, -kDay));
  EXPECT_EQ(judge(leaf()), Trust::REVOKED) << "what it says still holds";
}

TEST_F(TrustStoreTest, AnAuthenticationCertificateIsJudgedForItsOwnUse) {
  TrustStore store({directory_ / "authorities.pem", {}, true});
  const auto now = std::chrono::system_clock::now();
  const auto trust = [&](const char* key_usage) {
    return store
        .judge(test::to_der(leaf({.key_usage = key_usage}).get()), now, CertificateUse::AUTHENTICATION)
        .trust;
  };
  EXPECT_EQ(trust("critical,digitalSignature"), Trust::TRUSTED);
  EXPECT_EQ(trust("critical,digitalSignature,keyEncipherment"), Trust::TRUSTED);
  EXPECT_EQ(trust("critical,nonRepudiation"), Trust::WRONG_USE);
  EXPECT_EQ(trust("critical,digitalSignature,nonRepudiation"), Trust::WRONG_USE);
}

TEST_F(TrustStoreTest, ARenewedListIsReadAgain) {
  const auto person = leaf();
  lists_ = directory_ / "lists";
  fs::create_directory(lists_);
  write("lists/root.crl", root_list(nullptr, -3600, kDay));
  write("lists/1.crl", list(nullptr, -7200, kDay));
  TrustStore store({directory_ / "authorities.pem", lists_, true});
  const Bytes der = test::to_der(person.get());
  EXPECT_EQ(store.judge(der, std::chrono::system_clock::now()).trust, Trust::TRUSTED);
  fs::remove(lists_ / "1.crl");
  write("lists/2.crl", list(person.get(), -3600, kDay));
  EXPECT_EQ(store.judge(der, std::chrono::system_clock::now()).trust, Trust::REVOKED);
}

TEST_F(TrustStoreTest, AuthoritiesThatCannotBeReadAreAnErrorOfTheConfiguration) {
  for (const char* content :
       {"", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
    write("authorities.pem", content);
    try {
      TrustStore store({directory_ / "authorities.pem", {}, true});
      ADD_FAILURE() << content;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::CONFIG_INVALID);
    }
  }
}

// ---- what is kept, and for how long

class KeptVerdictTest : public TrustStoreTest {
 protected:
  TrustStore& store() {
    if (!store_) store_.emplace(TrustOptions{directory_ / "authorities.pem", lists_, stale_counts_});
    return *store_;
  }
  Trust judge_at(const test::Certificate& certificate, Clock::Wall now,
                 CertificateUse use = CertificateUse::SIGNATURE) {
    last_ = store().judge(test::to_der(certificate.get()), now, use);
    return last_.trust;
  }
  // How many chains that took.
  std::size_t verified(const std::function<void()>& work) {
    const auto before = store().chains_verified();
    work();
    return store().chains_verified() - before;
  }
  // Another file of that name, also for a file system that tells whole seconds only.
  void replace(const std::string& name, const std::string& content) {
    const auto before = fs::last_write_time(directory_ / name);
    write(name, content);
    fs::last_write_time(directory_ / name, before + std::chrono::seconds(++changes_));
  }

  const Clock::Wall now_ = std::chrono::system_clock::now();
  std::optional<TrustStore> store_;
  int changes_ = 0;
};

TEST_F(KeptVerdictTest, OneChainAMinute) {
  const auto certificate = leaf();
  EXPECT_EQ(verified([&] {
              for (const int second : {0, 1, 30, 59}) {
                EXPECT_EQ(judge_at(certificate, now_ + std::chrono::seconds(second)), Trust::TRUSTED);
              }
            }),
            1U);
  EXPECT_EQ(verified([&] { judge_at(certificate, now_ + std::chrono::seconds(60)); }), 1U) << "its age";
  EXPECT_EQ(verified([&] { judge_at(certificate, now_ + std::chrono::seconds(59)); }), 1U)
      << "the clock was set back";
}

TEST_F(KeptVerdictTest, EachCertificateAndEachUseHasItsOwn) {
  const auto one = leaf(), other = leaf({.subject = {{{"CN", "899900000099"}}}});
  const auto stranger = test::make_certificate({.issuer = sub_name_}, leaf_key_.get(), root_key_.get());
  EXPECT_EQ(judge_at(one, now_), Trust::TRUSTED);
  EXPECT_EQ(verified([&] { judge_at(other, now_); }), 1U);
  EXPECT_EQ(judge_at(one, now_, CertificateUse::AUTHENTICATION), Trust::WRONG_USE)
      << "trusted for one use is not trusted for the other";
  EXPECT_EQ(judge_at(stranger, now_), Trust::UNTRUSTED);
  EXPECT_EQ(verified([&] { judge_at(stranger, now_); }), 1U) << "only trust is kept";
}

TEST_F(KeptVerdictTest, T_CARD_07_ItEndsWithTheCertificate) {
  const auto certificate = leaf({.from_seconds = -kDay, .to_seconds = 20});
  EXPECT_EQ(judge_at(certificate, now_), Trust::TRUSTED);
  EXPECT_EQ(judge_at(certificate, now_ + std::chrono::seconds(40)), Trust::NOT_VALID_NOW);
}

TEST_F(KeptVerdictTest, T_CARD_07_ItEndsWithTheList) {
  stale_counts_ = false;
  lists(list(nullptr, -3600, 20));
  const auto certificate = leaf();
  EXPECT_EQ(judge_at(certificate, now_), Trust::TRUSTED) << last_.detail;
  EXPECT_EQ(judge_at(certificate, now_ + std::chrono::seconds(40)), Trust::REVOCATION_UNKNOWN);
}

TEST_F(KeptVerdictTest, T_CARD_07_AListThatBecomesValidCountsAtOnce) {
  const auto certificate = leaf();
  lists(list(nullptr, -3600, kDay));
  write("lists/next.crl", list(certificate.get(), 20, kDay));
  EXPECT_EQ(judge_at(certificate, now_), Trust::TRUSTED) << last_.detail;
  EXPECT_EQ(judge_at(certificate, now_ + std::chrono::seconds(40)), Trust::REVOKED);
}

TEST_F(KeptVerdictTest, T_CARD_07_ARevokedCertificateIsSeenAsSoonAsItsListIsThere) {
  const auto certificate = leaf();
  lists(list(nullptr, -3600, kDay));
  EXPECT_EQ(judge_at(certificate, now_), Trust::TRUSTED) << last_.detail;
  replace("lists/sub.crl", list(certificate.get(), -3000, kDay));
  EXPECT_EQ(judge_at(certificate, now_), Trust::REVOKED);
  replace("lists/sub.crl", "not a list");
  EXPECT_EQ(judge_at(certificate, now_), Trust::REVOCATION_UNKNOWN);
}

TEST_F(KeptVerdictTest, T_CARD_07_AuthoritiesThatAreTakenAwayVouchForNobodyAnyMore) {
  const auto certificate = leaf();
  const std::string both = test::to_pem(root_.get()) + test::to_pem(sub_.get());
  EXPECT_EQ(judge_at(certificate, now_), Trust::TRUSTED);
  replace("authorities.pem", test::to_pem(root_.get()));
  EXPECT_EQ(judge_at(certificate, now_), Trust::UNTRUSTED);
  replace("authorities.pem", both);
  EXPECT_EQ(judge_at(certificate, now_), Trust::TRUSTED);
  replace("authorities.pem", "none");
  EXPECT_EQ(judge_at(certificate, now_), Trust::UNTRUSTED);
  EXPECT_NE(last_.detail.find("cannot be read"), std::string::npos);
  fs::remove(directory_ / "authorities.pem");
  EXPECT_EQ(judge_at(certificate, now_), Trust::UNTRUSTED);
  write("authorities.pem", both);
  EXPECT_EQ(judge_at(certificate, now_), Trust::TRUSTED);
}

}  // namespace
}  // namespace insd::insi
