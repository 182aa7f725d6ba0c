// SHA-256 by OpenSSL's digests.
#include "server/serve/cache_key.h"

#include <memory>

#include <openssl/evp.h>

#include "server/base/check.h"

namespace baton::serve {
namespace {

using Digest = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Digest NewDigest() {
  Digest digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  BATON_CHECK(digest != nullptr);
  return digest;
}

void Add(EVP_MD_CTX* digest, const void* bytes, std::size_t size) {
  BATON_CHECK(EVP_DigestUpdate(digest, bytes, size) == 1);
}

}  // namespace

CacheKey KeyOf(const CacheKeyParts& parts) {
  thread_local const Digest digest = NewDigest();
  BATON_CHECK(EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1);
  // Where something was left out counts: the rest must not pass for a body without that.
  const std::array<std::uint64_t, 6> head = {parts.json_bytes.has_value(),
                                             parts.json_bytes.value_or(0),
                                             parts.format,
                                             parts.version,
                                             parts.own_size == 0 ? 0 : parts.own_begin,
                                             parts.own_size != 0};
  Add(digest.get(), head.data(), sizeof(head));
  const std::string_view before = parts.body.substr(0, parts.own_begin);
  const std::string_view behind = parts.body.substr(parts.own_begin + parts.own_size);
  Add(digest.get(), before.data(), before.size());
  Add(digest.get(), behind.data(), behind.size());
  CacheKey key;
  unsigned size = 0;
  BATON_CHECK(EVP_DigestFinal_ex(digest.get(), key.sum.data(), &size) == 1);
  BATON_CHECK(size == key.sum.size());
  return key;
}

}  // namespace baton::serve
