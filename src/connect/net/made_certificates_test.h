// For tests of TLS: certificates and keys made on the spot, as PEM texts.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "base/check.h"
#include "connect/net/openssl_deleter.h"

namespace penstock::connect {

using MadeKey = std::unique_ptr<EVP_PKEY, OpensslDeleter<&EVP_PKEY_free>>;
using MadeX509 = std::unique_ptr<X509, OpensslDeleter<&X509_free>>;
using MadeBio = std::unique_ptr<BIO, OpensslDeleter<&BIO_free>>;

inline std::string text_of(const MadeBio& bio) {
  const char* data = nullptr;
  // What BIO_get_mem_data does, without its cast.
  const long size = BIO_ctrl(bio.get(), BIO_CTRL_INFO, 0, &data);
  return std::string(data, static_cast<size_t>(size));
}

struct CertificateWish {
  std::string name;
  std::string alternative_name = {};  // "DNS:localhost,IP:127.0.0.1"
  bool authority = false;
  long valid_from_s = -3600;  // From now.
  long valid_until_s = 3600;
};

class MadeCertificate {
 public:
  // Signed by itself.
  explicit MadeCertificate(const CertificateWish& wish) : MadeCertificate(wish, nullptr) {}
  MadeCertificate(const CertificateWish& wish, const MadeCertificate& issuer)
      : MadeCertificate(wish, &issuer) {}

  std::string certificate_pem() const {
    const MadeBio bio(BIO_new(BIO_s_mem()));
    CHECK_OP(==, PEM_write_bio_X509(bio.get(), x509_.get()), 1);
    return text_of(bio);
  }
  std::string key_pem() const { return key_pem(nullptr, ""); }
  std::string locked_key_pem(const std::string& password) const {
    return key_pem(EVP_aes_128_cbc(), password);
  }

 private:
  MadeCertificate(const CertificateWish& wish, const MadeCertificate* issuer)
      : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")), x509_(X509_new()) {
    static long serial = 1;
    X509_set_version(x509_.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509_.get()), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x509_.get()), wish.valid_from_s);
    X509_gmtime_adj(X509_getm_notAfter(x509_.get()), wish.valid_until_s);
    X509_set_pubkey(x509_.get(), key_.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509_.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(wish.name.data()),
                               static_cast<int>(wish.name.size()), -1, 0);
    const MadeCertificate& signer = issuer != nullptr ? *issuer : *this;
    X509_set_issuer_name(x509_.get(), X509_get_subject_name(signer.x509_.get()));
    if (wish.authority) add_extension(NID_basic_constraints, "critical,CA:TRUE");
    if (!wish.alternative_name.empty()) {
      add_extension(NID_subject_alt_name, wish.alternative_name);
    }
    CHECK(X509_sign(x509_.get(), signer.key_.get(), EVP_sha256()) > 0);
  }

  void add_extension(int nid, const std::string& value) {
    X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    CHECK(made != nullptr);
    X509_add_ext(x509_.get(), made, -1);
    X509_EXTENSION_free(made);
  }

  std::string key_pem(const EVP_CIPHER* cipher, const std::string& password) const {
    const MadeBio bio(BIO_new(BIO_s_mem()));
    CHECK_OP(==,
             PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), cipher, password.data(),
                                           static_cast<int>(password.size()), nullptr, nullptr),
             1);
    return text_of(bio);
  }

  MadeKey key_;
  MadeX509 x509_;
};

}  // namespace penstock::connect
