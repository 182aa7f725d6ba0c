// Good requests with random damage: whatever comes of them, it must not depend on where the input
// was cut.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/http/parse_outcome.h"
#include "tests/http/samples.h"

namespace baton::http {
namespace {

using std::string_view_literals::operator""sv;

constexpr int kRounds = 5'000;

// Limits that damage can reach.
Limits TightLimits() {
  return Limits{.request_line_bytes = 60,
                .header_bytes = 150,
                .header_count = 5,
                .body_bytes = 40,
                .chunk_extension_bytes = 12,
                .trailer_bytes = 16};
}

class Damage {
 public:
  explicit Damage(std::uint64_t seed) : random_(seed) {}

  std::size_t Below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }

  void Apply(std::string& bytes) {
    static constexpr std::string_view kBytes = "\r\n\0 \t:;,0a%/.#\x7f\xff\"AZ5f"sv;
    const std::size_t at = Below(bytes.size());
    switch (Below(6)) {
      case 0: bytes[at] = kBytes[Below(kBytes.size())]; break;
      case 1: bytes[at] = static_cast<char>(Below(256)); break;
      case 2: bytes.insert(at, 1, kBytes[Below(kBytes.size())]); break;
      case 3: bytes.erase(at, 1 + Below(3)); break;
      case 4: bytes.insert(at, std::string(bytes, Below(bytes.size()), 1 + Below(20))); break;
      default: bytes.insert(at, Below(2) == 0 ? "\r\n" : std::string(Below(30), 'a')); break;
    }
    if (bytes.empty()) bytes = "\r";
  }

 private:
  std::mt19937_64 random_;
};

std::uint64_t Seed() {
  const char* given = std::getenv("BATON_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

TEST(ParserMutationTest, DamagedRequestsMeanTheSameInAnyPieces) {
  const std::uint64_t seed = Seed();
  std::printf("seed %llu (BATON_TEST_SEED repeats it)\n", static_cast<unsigned long long>(seed));
  Damage damage(seed);
  int refused = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::string bytes = GoodSamples()[damage.Below(GoodSamples().size())].bytes;
    if (damage.Below(3) == 0) bytes += GoodSamples()[damage.Below(GoodSamples().size())].bytes;
    for (std::size_t i = damage.Below(4); i > 0; --i) damage.Apply(bytes);
    const Limits limits = damage.Below(2) == 0 ? Limits{} : TightLimits();
    const Outcome whole = ParseWhole(bytes, limits);
    const std::size_t longest = 1 + damage.Below(20);
    const Outcome pieces = ParsePieces(bytes, limits, [&] { return 1 + damage.Below(longest); });
    ASSERT_EQ(pieces, whole) << "seed " << seed << ", round " << round << ", bytes:\n"
                             << testing::PrintToString(bytes);
    ASSERT_EQ(ParseByteByByte(bytes, limits), whole) << testing::PrintToString(bytes);
    if (whole.state == ParseState::kRefused) ++refused;
  }
  EXPECT_GT(refused, kRounds / 10);
  EXPECT_LT(refused, kRounds * 9 / 10);
}

}  // namespace
}  // namespace baton::http
