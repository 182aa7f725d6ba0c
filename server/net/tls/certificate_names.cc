// Names as OpenSSL keeps them into texts.
#include "server/net/tls/certificate_names.h"

#include <arpa/inet.h>
#include <array>
#include <memory>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace baton::net {
namespace {

struct Deleter {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(unsigned char* text) const { OPENSSL_free(text); }
};

void Add(const ASN1_STRING* text, std::vector<std::string>& names) {
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, text);
  const std::unique_ptr<unsigned char, Deleter> owned(bytes);
  if (size > 0) names.emplace_back(bytes, bytes + size);
}

void AddAddress(const ASN1_OCTET_STRING* address, std::vector<std::string>& names) {
  const int size = ASN1_STRING_length(address);
  if (size != 4 && size != 16) return;
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text.data(),
            text.size());
  names.emplace_back(text.data());
}

}  // namespace

std::vector<std::string> NamesIn(const X509& certificate) {
  std::vector<std::string> names;
  const X509_NAME* const subject = X509_get_subject_name(&certificate);
  for (int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); at >= 0;
       at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) {
    Add(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), names);
  }
  const std::unique_ptr<GENERAL_NAMES, Deleter> others(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(others.get()); ++i) {
    int type = 0;
    const void* const value =
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(others.get(), i), &type);
    if (type == GEN_DNS || type == GEN_EMAIL || type == GEN_URI) {
      Add(static_cast<const ASN1_STRING*>(value), names);
    } else if (type == GEN_IPADD) {
      AddAddress(static_cast<const ASN1_OCTET_STRING*>(value), names);
    }
  }
  return names;
}

}  // namespace baton::net
