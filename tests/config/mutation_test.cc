// Ten thousand changed configurations: each is read whole or refused with a place, and what is
// written of it reads back.
#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "server/config/check.h"
#include "server/config/file_layer.h"
#include "server/config/text.h"
#include "tests/support/mutated_yaml.h"

namespace baton::config {
namespace {

constexpr std::string_view kWhole = R"(# all kinds of values
listeners: {http: 127.0.0.1:0, grpc: off}
workers: 4
conductors: auto
budgets: {default: 20ms, max: 1.5s}
half_close: abandon
limits:
  body_bytes: 1MiB
  json_depth: 32
models: {folder: /srv/models, watch: true}
endpoints:
  tumour:
    max_workers: 2
    batch: {max_size: 8, max_delay: 2ms}
    fallback: {kind: constant, constant: '{"a":1}'}
  /test/sleep: {criticality: sheddable}
static_files: {/static: /srv/www}
log: {format: json, level: debug}
)";

void TryOne(const std::string& text) {
  const auto read = ReadText(text, "m.yaml");
  if (!read) {
    EXPECT_TRUE(read.error().message.starts_with("m.yaml:")) << text;
    return;
  }
  Configuration whole = Defaults();
  Overlay(*read, whole);
  if (const Status sound = CheckWhole(whole); !sound) {
    EXPECT_NE(sound.error().message.find("m.yaml:"), std::string::npos) << text;
  }
  const auto again = ReadText(ToYaml(whole, true), "w.yaml");
  ASSERT_TRUE(again) << again.error().message << "\nof\n" << text;
  EXPECT_EQ(again->origins.size(), whole.origins.size()) << text;
}

constexpr unsigned kRuns = 50;
constexpr int kMutationsARun = 200;

class MutationTest : public testing::TestWithParam<unsigned> {};

TEST_P(MutationTest, AnythingIsReadWholeOrRefused) {
  std::mt19937 random(GetParam());
  for (int i = 0; i < kMutationsARun; ++i) TryOne(MutatedYaml(std::string(kWhole), random));
}

INSTANTIATE_TEST_SUITE_P(TenThousand, MutationTest, testing::Range(0U, kRuns));

}  // namespace
}  // namespace baton::config
