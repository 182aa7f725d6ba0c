// Tokens: the secrets themselves, and what may be kept of them.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "server/base/result.h"

namespace baton::access {

// What every token of ours begins with, so that scanners for leaked secrets know one when they see
// it.
inline constexpr std::string_view kTokenPrefix = "baton_";
// Nobody's token is longer; what is presented beyond that is not even hashed.
inline constexpr std::size_t kLongestToken = 256;

// A new token: the prefix and 43 letters and digits, 256 bits from the system's random source.
// kInternal when that has none.
Result<std::string> NewToken();

// Its SHA-256. A token is as hard to guess as its hash is to invert, since it is random and long:
// a slow hash, which makes guessing of passwords dear, would only make every request dear.
using Digest = std::array<unsigned char, 32>;
Digest DigestOf(std::string_view token);

// In a time that does not depend on where they differ.
bool AreEqual(const Digest& one, const Digest& other);

// 64 hexadecimal digits, as sha256sum(1) writes them. What is wrong with others is said without
// repeating them: they may be a token, put there by mistake.
std::string ToText(const Digest& digest);
Result<Digest> ParseDigest(std::string_view text);

// `text` with what follows the prefix in each token, or piece of one, struck out.
std::string WithoutTokens(std::string_view text);

}  // namespace baton::access
