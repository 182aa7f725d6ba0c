// Random letters and SHA-256, by OpenSSL.
#include "server/access/token.h"

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "server/base/check.h"

namespace baton::access {
namespace {

constexpr std::string_view kLetters =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kRandomLetters = 43;   // of 5.95 bits each
constexpr std::size_t kLettersOfAWord = 20;  // more than these are a secret
constexpr std::string_view kHexDigits = "0123456789abcdef";

int ValueOf(char c) {
  const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c | 0x20) : c;
  const std::size_t value = kHexDigits.find(lower);
  return value == std::string_view::npos ? -1 : static_cast<int>(value);
}

}  // namespace

Result<std::string> NewToken() {
  // Bytes that would make some letters likelier than others are passed over.
  constexpr unsigned kFair = 256 - 256 % kLetters.size();
  std::string token(kTokenPrefix);
  while (token.size() < kTokenPrefix.size() + kRandomLetters) {
    std::array<unsigned char, 64> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
      return Fail(ErrorCode::kInternal, "the system has no random bytes");
    }
    for (const unsigned char byte : bytes) {
      const bool is_complete = token.size() == kTokenPrefix.size() + kRandomLetters;
      if (!is_complete && byte < kFair) token += kLetters[byte % kLetters.size()];
    }
    OPENSSL_cleanse(bytes.data(), bytes.size());
  }
  return token;
}

Digest DigestOf(std::string_view token) {
  Digest digest{};
  unsigned size = 0;
  const int is_made =
      EVP_Digest(token.data(), token.size(), digest.data(), &size, EVP_sha256(), nullptr);
  BATON_CHECK(is_made == 1 && size == digest.size());
  return digest;
}

bool AreEqual(const Digest& one, const Digest& other) {
  return CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

std::string ToText(const Digest& digest) {
  std::string text;
  for (const unsigned char byte : digest) {
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 0xF];
  }
  return text;
}

Result<Digest> ParseDigest(std::string_view text) {
  constexpr const char* kExpected = "expected the 64 hexadecimal digits of a token's SHA-256, got ";
  if (text.starts_with(kTokenPrefix)) {
    return Fail(ErrorCode::kInvalidArgument,
                kExpected + std::string("a token, which is known to all who read this now"));
  }
  Digest digest{};
  if (text.size() != 2 * digest.size()) {
    return Fail(ErrorCode::kInvalidArgument,
                kExpected + std::to_string(text.size()) + " characters");
  }
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int high = ValueOf(text[2 * i]);
    const int low = ValueOf(text[2 * i + 1]);
    if (high < 0 || low < 0)
      return Fail(ErrorCode::kInvalidArgument, kExpected + std::string("others"));
    digest[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return digest;
}

std::string WithoutTokens(std::string_view text) {
  std::string cleaned;
  while (true) {
    const std::size_t at = text.find(kTokenPrefix);
    if (at == std::string_view::npos) return cleaned.append(text);
    const std::size_t secret = at + kTokenPrefix.size();
    const std::size_t end = std::min(text.find_first_not_of(kLetters, secret), text.size());
    const bool is_word = end - secret < kLettersOfAWord;  // "baton_keys.yaml"
    cleaned.append(text.substr(0, is_word ? end : secret)).append(is_word ? "" : "***");
    text.remove_prefix(end);
  }
}

}  // namespace baton::access
