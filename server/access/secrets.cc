// Finding a token, and the small forms of a file.
#include "server/access/secrets.h"

#include <algorithm>
#include <array>
#include <ctime>

namespace baton::access {
namespace {

constexpr const char* kInstantForm = "%Y-%m-%dT%H:%M:%SZ";
constexpr std::time_t kLatest = 7'258'118'400;  // the year 2200; the clock's own end is in 2262
constexpr std::size_t kLongestName = 64;
constexpr std::string_view kNameLetters =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-_";
constexpr std::size_t kInnerLetters = 3;  // the last ones, which no name begins with

}  // namespace

// The place is searched by the digest itself, which takes a time that depends on it. That tells
// who measures it something of the digests in the file, and of no token: nobody can choose a token
// by its SHA-256. The digest that is there is compared in constant time.
Secrets::Found Secrets::Find(std::string_view token, WallTime now) const {
  if (token.empty() || token.size() > kLongestToken) return {};
  const Digest digest = DigestOf(token);
  const auto place =
      std::lower_bound(secrets_.begin(), secrets_.end(), digest,
                       [](const Secret& one, const Digest& other) { return one.digest < other; });
  if (place == secrets_.end() || !AreEqual(place->digest, digest)) return {};
  return {&holders_[place->holder], place->holder, place->expires && now >= *place->expires};
}

Result<WallTime> ParseInstant(const std::string& text) {
  std::tm parts{};
  const char* const end = strptime(text.c_str(), kInstantForm, &parts);
  const std::time_t seconds = timegm(&parts);
  if (end != nullptr && *end == '\0' && seconds >= 0 && seconds < kLatest) {
    const auto instant = std::chrono::system_clock::from_time_t(seconds);
    if (ToText(instant) == text) return instant;  // no 30th of February
  }
  return Fail(
      ErrorCode::kInvalidArgument,
      "expected an instant in UTC such as 2027-01-31T00:00:00Z, got '" + text.substr(0, 32) + "'");
}

std::string ToText(WallTime instant) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(instant);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  return {text.data(), std::strftime(text.data(), text.size(), kInstantForm, &parts)};
}

std::string ToYaml(const SecretEntry& entry) {
  std::string text = "- name: " + entry.name + "\n";
  if (entry.role != Role::kNone) text.append("  role: ").append(ToText(entry.role)).append("\n");
  if (entry.rate) {
    text += "  rate: " + ToText(*entry.rate) + "\n";
    if (entry.rate->burst != entry.rate->requests) {
      text += "  burst: " + std::to_string(entry.rate->burst) + "\n";
    }
  }
  if (entry.expires) text += "  expires: " + ToText(*entry.expires) + "\n";
  return text + "  sha256: " + ToText(entry.digest) + "\n";
}

Status CheckName(const std::string& name) {
  const bool has_right_size = !name.empty() && name.size() <= kLongestName;
  const std::string_view first = kNameLetters.substr(0, kNameLetters.size() - kInnerLetters);
  if (has_right_size && first.find(name[0]) != std::string_view::npos &&
      name.find_first_not_of(kNameLetters) == std::string::npos && WithoutTokens(name) == name) {
    return {};
  }
  return Fail(ErrorCode::kInvalidArgument,
              "expected a letter or digit and up to 63 letters, digits, '.', '-' and '_' that are "
              "no token, got '" +
                  WithoutTokens(name.substr(0, kLongestName)) + "'");
}

}  // namespace baton::access
