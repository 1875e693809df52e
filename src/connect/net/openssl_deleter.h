// For owning what OpenSSL hands out: std::unique_ptr<BIO, OpensslDeleter<&BIO_free>>.
#pragma once

namespace penstock::connect {

template <auto kFree>
struct OpensslDeleter {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

}  // namespace penstock::connect
