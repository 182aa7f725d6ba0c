// Random JSON documents, and damage done to them.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace baton::api {

// From BATON_TEST_SEED, else a new one; printed, so that a failure can be repeated.
inline std::uint64_t TestSeed() {
  const char* given = std::getenv("BATON_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10)
                                              : (std::uint64_t{std::random_device()()});
  std::printf("seed %llu (BATON_TEST_SEED repeats it)\n", static_cast<unsigned long long>(seed));
  return seed;
}

class RandomJson {
 public:
  explicit RandomJson(std::uint64_t seed) : random_(seed) {}

  std::size_t Below(std::size_t limit) { return random_() % limit; }
  bool OneIn(std::size_t times) { return Below(times) == 0; }
  std::string_view Pick(const std::vector<std::string_view>& choices) {
    return choices[Below(choices.size())];
  }

  std::string Space() { return std::string(Pick({"", "", "", " ", "\n", "\t ", "\r\n"})); }

  std::string Scalar() {
    return std::string(Pick({"0",
                             "1",
                             "-1",
                             "-0",
                             "2.5",
                             "1e3",
                             "-0.0",
                             "18446744073709551615",
                             "9223372036854775808",
                             "5000",
                             "true",
                             "false",
                             "null",
                             R"("")",
                             R"("abc")",
                             R"("a\"b{}[],:")",
                             R"("\\")",
                             R"("h\u00e9")",
                             "\"h\xc3\xa9llo\"",
                             R"("\ud83d\ude00")",
                             R"("parameters")",
                             R"("timeout")"}));
  }

  std::string Value(int depth) {
    if (depth == 0 || OneIn(3)) return Scalar();
    return OneIn(2) ? Array(depth) : Object(depth);
  }

  std::string Array(int depth) {
    std::string text = "[" + Space();
    const std::size_t count = Below(4);
    for (std::size_t i = 0; i < count; ++i)
      text += (i > 0 ? "," : "") + Space() + Value(depth - 1) + Space();
    return text + "]";
  }

  // Keys now and then come twice, on purpose.
  std::string Object(int depth) {
    std::vector<std::string> members;
    const std::size_t count = Below(4);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string key(
          Pick({"a", "b", "c", "parameters", "timeout", "priority", "d\\n", "inputs"}));
      members.push_back(Member(key, Value(depth - 1)));
    }
    return Join(members);
  }

  // An inference request without inputs of any weight, valid but for repeated keys.
  std::string InferBody() {
    std::vector<std::string> members = {Member("inputs", "[]")};
    if (!OneIn(5)) members.push_back(Member(Key("parameters"), Parameters()));
    if (OneIn(2)) members.push_back(Member(OneIn(2) ? "x" : "y", Value(4)));
    if (OneIn(3)) members.push_back(Member("id", R"("timeout\":7")"));
    if (OneIn(20)) members.push_back(Member("parameters", Parameters()));
    for (std::size_t i = members.size(); i > 1; --i) std::swap(members[i - 1], members[Below(i)]);
    return Space() + Join(members) + Space();
  }

  // One byte changed, taken out or put in, or the end cut off.
  std::string Damage(std::string text) {
    if (text.empty()) return text;
    const std::size_t at = Below(text.size());
    const char c = Pick({"{", "}", "[", "]", "\"", ",", ":", "\\", "0", "-", "e", ".", "t", " ",
                         "\x01", "\xff"})[0];
    switch (Below(4)) {
      case 0: text[at] = c; break;
      case 1: text.erase(at, 1); break;
      case 2: text.insert(at, 1, c); break;
      default: text.resize(at); break;
    }
    return text;
  }

 private:
  // Now and then spelled with an escape.
  std::string Key(std::string key) {
    if (OneIn(12)) key.replace(0, 1, R"(\u0070)");
    return key;
  }

  std::string Member(const std::string& key, const std::string& value) {
    return Space() + "\"" + key + "\"" + Space() + ":" + Space() + value + Space();
  }

  std::string Parameters() {
    std::vector<std::string> members;
    const auto number = [this] {
      return std::string(Pick({"0", "1", "20000", "-5", "-0", "2.0", "1e3", "\"7\"", "true",
                               "18446744073709551615", "99999999999999999"}));
    };
    if (!OneIn(3)) members.push_back(Member("timeout", number()));
    if (OneIn(2)) members.push_back(Member(Key("priority"), number()));
    if (OneIn(3)) members.push_back(Member("other", R"("timeout")"));
    if (OneIn(15)) members.push_back(Member("timeout", number()));
    if (OneIn(15)) members.push_back(Member("nested", Value(2)));
    return Join(members);
  }

  static std::string Join(const std::vector<std::string>& members) {
    std::string text = "{";
    for (std::size_t i = 0; i < members.size(); ++i) text += (i > 0 ? "," : "") + members[i];
    return text + "}";
  }

  std::mt19937_64 random_;
};

}  // namespace baton::api
