// What every fuzzer shares: its entry, conditions that show what broke them, and random choices
// that the input itself decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <gtest/gtest-printers.h>

// Called with each input by libFuzzer, or by replay.cc where there is none. Returns 0; aborts when
// the input breaks what the fuzzer is there for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace baton::fuzz {

inline std::string_view AsText(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

[[noreturn]] inline void Fail(const std::string& what) {
  std::fprintf(stderr, "what must hold does not: %s\n", what.c_str());
  std::abort();
}

inline void Require(bool holds, std::string_view what, std::string_view got = {}) {
  if (holds) return;
  Fail(std::string(what) + (got.empty() ? "" : ": " + testing::PrintToString(std::string(got))));
}

template <typename T>
void RequireEqual(const T& a, const T& b, std::string_view what) {
  if (a == b) return;
  Fail(std::string(what) + "\n--- is\n" + testing::PrintToString(a) + "\n--- should be\n" +
       testing::PrintToString(b));
}

// Numbers that depend on nothing but the input, so that an input means the same in every run.
class Choices {
 public:
  explicit Choices(std::string_view input) {
    for (const char c : input) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  }
  std::size_t Below(std::size_t bound) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::size_t>(state_ >> 33U) % bound;
  }

 private:
  std::uint64_t state_ = 0xCBF29CE484222325U;
};

}  // namespace baton::fuzz
