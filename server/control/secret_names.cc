// Rather one name too many than one too few.
#include "server/control/secret_names.h"

#include <algorithm>
#include <array>

namespace baton::control {
namespace {

// Parts of names, without what stands between their words.
constexpr std::array<std::string_view, 15> kSecretParts = {
    "authorization",   "authentication", "cookie",  "apikey",    "accesskey",
    "subscriptionkey", "token",          "secret",  "password",  "passwd",
    "passphrase",      "credential",     "session", "signature", "jwt"};
// Whole names that are too short to be looked for within others.
constexpr std::array<std::string_view, 8> kSecretNames = {"auth", "xauth", "sig",  "pwd",
                                                          "code", "otp",   "xotp", "totp"};

std::string Plain(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == '-' || c == '_' || c == '.') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return plain;
}

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// A name may be written as "%74oken" as well.
std::string Decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() && DigitOf(text[i + 1]) >= 0 &&
                           DigitOf(text[i + 2]) >= 0;
    if (is_escape) {
      decoded += static_cast<char>(DigitOf(text[i + 1]) * 16 + DigitOf(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

void AppendVisible(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    if (c > ' ' && c < 0x7F) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
}

}  // namespace

bool IsSecretName(std::string_view name) {
  const std::string plain = Plain(name);
  if (plain.ends_with("key") && !plain.ends_with("idempotencykey")) return true;
  return std::find(kSecretNames.begin(), kSecretNames.end(), plain) != kSecretNames.end() ||
         std::any_of(kSecretParts.begin(), kSecretParts.end(),
                     [&](std::string_view part) { return plain.find(part) != std::string::npos; });
}

std::string WithoutSecrets(std::string_view target) {
  std::string out;
  const std::size_t query = std::min(target.find('?'), target.size());
  AppendVisible(out, target.substr(0, query));
  for (std::size_t at = query; at < target.size();) {
    AppendVisible(out, target.substr(at, 1));  // '?', and '&' or ';' of those that follow
    ++at;
    const std::size_t end = std::min(target.find_first_of("&;", at), target.size());
    const std::string_view parameter = target.substr(at, end - at);
    const std::size_t equals = parameter.find('=');
    const bool is_secret =
        equals != std::string_view::npos && IsSecretName(Decoded(parameter.substr(0, equals)));
    AppendVisible(out, is_secret ? parameter.substr(0, equals + 1) : parameter);
    if (is_secret) out += kRedacted;
    at = end;
  }
  return out;
}

}  // namespace baton::control
