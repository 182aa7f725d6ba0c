// The scan of a body's top level, against hand-made bodies and against the decoder.
#include "server/api/body_scan.h"

#include <gtest/gtest.h>

#include "server/api/infer_request.h"
#include "server/api/json.h"
#include "tests/api/fake_model.h"
#include "tests/api/random_json.h"

namespace baton::api {
namespace {

struct Row {
  std::string body;
  std::optional<Duration> timeout;
  std::optional<std::uint64_t> priority;
  bool saw_all;
};

void Check(const std::vector<Row>& table) {
  for (const Row& row : table) {
    const BodyAsk ask = ScanBody(row.body);
    EXPECT_EQ(ask.timeout, row.timeout) << row.body;
    EXPECT_EQ(ask.priority, row.priority) << row.body;
    EXPECT_EQ(ask.saw_all, row.saw_all) << row.body;
  }
}

TEST(BodyScanTest, FindsTimeoutAndPriorityAtTheTopLevel) {
  Check({
      {R"({"parameters":{"timeout":1500}})", 1500us, {}, true},
      {R"({"parameters":{"priority":2,"timeout":7}})", 7us, 2U, true},
      {R"( { "id" : "x" , "parameters" : { "timeout" : 9 } , "inputs" : [ ] } )", 9us, {}, true},
      {R"({"inputs":[{"data":[[1,2],["a]","b}"]],"parameters":{"timeout":1}}],"parameters":{"timeout":2}})",
       2us,
       {},
       true},
      {R"({})", {}, {}, true},
      {R"({"parameters":{}})", {}, {}, true},
      {R"({"parameters":{"timeout":0,"priority":0}})", {}, 0U, true},
  });
}

TEST(BodyScanTest, IsNotFooledByTheWordElsewhere) {
  Check({
      {R"({"id":"\"parameters\":{\"timeout\":5}"})", {}, {}, true},
      {R"({"x":{"parameters":{"timeout":5}}})", {}, {}, true},
      {R"({"x":[{"parameters":{"timeout":5}}]})", {}, {}, true},
      {R"({"x":"parameters","y":{"timeout":5}})", {}, {}, true},
      {R"({"timeout":5})", {}, {}, true},
      {R"({"parameters":{"other":"timeout","x":"\"timeout\":5"}})", {}, {}, true},
  });
}

TEST(BodyScanTest, FindsTheIdAsItIsWritten) {
  const std::vector<std::pair<std::string, std::string_view>> table = {
      {R"({"id":"x"})", R"("x")"},
      {R"({"inputs":[{"id":"no"}], "id" : "a\"\u00e9\n" , "parameters":{"id":1}})",
       R"("a\"\u00e9\n")"},
      {"{\"id\":\"h\xc3\xa9\",\"parameters\":{\"timeout\":5}}", "\"h\xc3\xa9\""},
      {R"({"parameters":{"timeout":5},"id":""})", R"("")"},
      {R"({"parameters":{"timeout":5}})", ""},
      {R"({"id":7})", ""},
      {R"({"id":{"id":"x"}})", ""},
      {R"({"x":{"id":"x"}})", ""},
  };
  for (const auto& [body, id] : table) {
    EXPECT_EQ(ScanBody(body).id, id) << body;
    EXPECT_TRUE(ScanBody(body).saw_all) << body;
  }
}

TEST(BodyScanTest, FindsNothingBesideAnIdThatCannotBeEchoed) {
  for (const std::string id : {R"("\x")", R"("\u12g4")", "\"\xff\"", "\"\xc3\"", "\"a\nb\""}) {
    const std::string body = R"({"parameters":{"timeout":5},"id":)" + id + "}";
    const BodyAsk ask = ScanBody(body);
    EXPECT_EQ(ask.id, "") << id;
    EXPECT_EQ(ask.timeout, std::nullopt) << id;
  }
  EXPECT_EQ(ScanBody(R"({"id":"a","id":"a"})").id, "");
}

TEST(BodyScanTest, AnIdCountsOnlyWholeAndAsMuchAsParametersBehindIt) {
  const std::string numbers = "[" + std::string(2 * kBodyScanBytes, '1') + "]";
  const std::string whole = R"({"id":"x","parameters":{"timeout":5},"inputs":)" + numbers + "}";
  const BodyAsk both = ScanBody(whole);
  EXPECT_EQ(both.id, R"("x")");
  EXPECT_EQ(both.timeout, 5us);
  EXPECT_FALSE(both.saw_all);
  const std::string half_way = R"({"parameters":{"timeout":5},"id":")" + numbers + R"("})";
  EXPECT_EQ(ScanBody(half_way).id, "");
  EXPECT_EQ(ScanBody(half_way).timeout, 5us);
}

TEST(BodyScanTest, LooksAsFarAsItIsTold) {
  const std::string numbers = "[" + std::string(2 * kBodyScanBytes, '1') + "]";
  const std::string body = R"({"inputs":)" + numbers + R"(,"id":"a"})";
  EXPECT_EQ(ScanBody(body).id, "");
  EXPECT_EQ(ScanBody(body, body.size()).id, R"("a")");
  EXPECT_TRUE(ScanBody(body, body.size()).saw_all);
  EXPECT_FALSE(ScanBody(body, body.size() - 1).saw_all);
}

TEST(BodyScanTest, LeavesOutWhatIsNoWholeNumber) {
  Check({
      {R"({"parameters":{"timeout":-5}})", {}, {}, true},
      {R"({"parameters":{"timeout":1.5}})", {}, {}, true},
      {R"({"parameters":{"timeout":1e3}})", {}, {}, true},
      {R"({"parameters":{"timeout":"5"}})", {}, {}, true},
      {R"({"parameters":{"timeout":true,"priority":1}})", {}, 1U, true},
      {R"({"parameters":{"priority":-0}})", {}, 0U, true},
  });
}

TEST(BodyScanTest, FindsNothingInWhatIsMalformedOrDoubtful) {
  for (const std::string body : {"",
                                 " ",
                                 "[",
                                 "[1]",
                                 "{",
                                 "x",
                                 R"({"parameters")",
                                 R"({"parameters":{"timeout":5})",
                                 R"({"parameters":{"timeout":5}} x)",
                                 R"({"parameters":{"timeout":5},)",
                                 R"({"parameters":{"timeout":5}"x":1})",
                                 R"({"parameters":{"timeout":05}})",
                                 R"({"parameters":[{"timeout":5}]})",
                                 R"({"parameters":{"timeout":5,"x":[1]}})",
                                 R"({"parameters":{"timeout":5},"parameters":{"timeout":5}})",
                                 R"({"parameters":{"timeout":5,"timeout":5}})",
                                 R"({"\u0070arameters":{"timeout":5}})",
                                 R"({"parameters":{"timeou\u0074":5}})",
                                 R"({"x":[},"parameters":{"timeout":5}})",
                                 R"({"parameters":{"timeout":5},"x":"unclosed})",
                                 R"({"parameters" {"timeout":5}})",
                                 "{\"id\":\"a\nb\",\"parameters\":{\"timeout\":5}}",
                                 R"({"x":,"parameters":{"timeout":5}})"}) {
    Check({{body, {}, {}, false}});
  }
}

TEST(BodyScanTest, LooksNoFurtherThanItsWindow) {
  const std::string numbers = "[" + std::string(2 * kBodyScanBytes, '1') + "]";
  const std::string parameters = R"("parameters":{"timeout":5})";
  Check({
      {"{" + parameters + ",\"inputs\":" + numbers + "}", 5us, {}, false},
      {"{\"inputs\":" + numbers + "," + parameters + "}", {}, {}, false},
  });
  // Wherever the window ends, inside the parameters or after them, only whole ones count.
  const std::string tail = parameters + ",\"inputs\":" + numbers + "}";
  for (std::size_t space = kBodyScanBytes - parameters.size() - 3; space < kBodyScanBytes;
       ++space) {
    const std::string body = "{" + std::string(space, ' ') + tail;
    const bool is_whole = 1 + space + parameters.size() <= kBodyScanBytes;
    EXPECT_EQ(ScanBody(body).timeout.has_value(), is_whole) << space;
    EXPECT_FALSE(ScanBody(body).saw_all);
  }
}

TEST(BodyScanTest, AsDeepAsADecoderMayLookAndNoDeeper) {
  const auto deep = [](std::size_t depth) {
    return "{\"x\":" + std::string(depth, '[') + std::string(depth, ']') +
           R"(,"parameters":{"timeout":5}})";
  };
  EXPECT_EQ(ScanBody(deep(kMaxJsonDepth - 1)).timeout, 5us);
  EXPECT_EQ(ScanBody(deep(kMaxJsonDepth)).timeout, std::nullopt);
  EXPECT_EQ(ScanBody(deep(1500)).timeout, std::nullopt);
}

// The id that a scan has found, as the decoder would have read it.
std::optional<std::string> IdOf(const BodyAsk& ask) {
  if (ask.id.empty()) return std::nullopt;
  const std::string text = Padded(ask.id);
  const auto value = ParseJson(text);
  if (!value) return "no JSON: " + text;
  return std::string(value->Text());
}

TEST(BodyScanTest, WhatIsNullOrNoWholeNumberOf64BitsIsNotGiven) {
  for (const std::string body :
       {R"({"parameters":null,"id":null})", R"({"parameters":{"timeout":18446744073709551616}})"}) {
    const BodyAsk ask = ScanBody(body);
    EXPECT_EQ(ask.timeout, std::nullopt) << body;
    EXPECT_TRUE(ask.id.empty()) << body;
    EXPECT_TRUE(ask.saw_all) << body;
  }
}

// What the scan finds is what the decoder finds, and it finds everything in bodies it has seen
// whole.
TEST(BodyScanTest, AgreesWithTheDecoderOnRandomAndDamagedBodies) {
  const std::uint64_t seed = TestSeed();
  RandomJson random(seed);
  int found = 0;
  int ids = 0;
  int decoded = 0;
  for (int i = 0; i < 40'000; ++i) {
    std::string text = random.InferBody();
    if (random.OneIn(3)) text = random.Damage(text);
    if (random.OneIn(10)) text.insert(random.Below(text.size() + 1), kBodyScanBytes, ' ');
    const BodyAsk ask = ScanBody(text);
    const auto request = DecodeInferRequest(Padded(text));
    if (!request) continue;
    ++decoded;
    if (!ask.id.empty() || ask.saw_all) {
      ++ids;
      const auto id = IdOf(ask);
      ASSERT_EQ(id, request->id) << "seed " << seed << ": " << text;
    }
    if (ask.timeout || ask.priority || ask.saw_all) {
      ASSERT_EQ(ask.timeout, request->timeout) << "seed " << seed << ": " << text;
      ASSERT_EQ(ask.priority, request->priority) << "seed " << seed << ": " << text;
    }
    found += ask.timeout ? 1 : 0;
    const bool is_plain = text.size() <= kBodyScanBytes && text.find('\\') == std::string::npos;
    ASSERT_TRUE(!is_plain || ask.saw_all) << "seed " << seed << ": " << text;
  }
  EXPECT_GT(decoded, 5'000);
  EXPECT_GT(found, 500);
  EXPECT_GT(ids, 500);
}

TEST(BodyScanTest, ReadsNothingBehindItsEnd) {
  const std::string body =
      R"({"inputs":[{"name":"x","data":[1,2,"a"]}],"parameters":{"timeout":5}})";
  for (std::size_t size = 0; size < body.size(); ++size) {
    const std::vector<char> exact(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(ScanBody({exact.data(), exact.size()}).timeout, std::nullopt) << size;
  }
}

}  // namespace
}  // namespace baton::api
