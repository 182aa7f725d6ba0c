#include "server/trace/span_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::trace {
namespace {

using testing::HasSubstr;
using testing::Not;

const WallClock kClock{SteadyTime(10s), std::chrono::system_clock::time_point(1'700'000'000s)};

FinishedRequest Request() {
  FinishedRequest request;
  request.trace.trace_id = {0x0af7651916cd43dd, 0x8448eb211c80319c};
  request.trace.parent = SpanId{0xb7ad6b7169203331};
  request.trace.span = SpanId{0x00f067aa0ba902b7};
  request.trace.is_sampled = true;
  request.trace.state = "a=1";
  request.ask.path = "/v2/models/tumour/infer";
  request.endpoint = "tumour";
  request.version = "3";
  request.answer = "prediction";
  request.criticality = "default";
  request.status = 200;
  request.has_budget = true;
  request.budget = 12'500us;
  request.arrival = SteadyTime(9s);
  request.stages.times = {1ms, 2ms, 0ms, 3ms, 4ns};
  return request;
}

std::string Written(const FinishedRequest& request) {
  SpanMessage message({}, kClock);
  message.Add(request);
  EXPECT_EQ(message.spans(), SpansOf(request.stages));
  return message.Finish();
}

TEST(SpanJsonTest, ARequestIsAServersSpanBelowItsCaller) {
  const std::string text = Written(Request());
  EXPECT_THAT(text, HasSubstr(R"({"traceId":"0af7651916cd43dd8448eb211c80319c",)"
                              R"("spanId":"00f067aa0ba902b7","traceState":"a=1",)"
                              R"("parentSpanId":"b7ad6b7169203331","flags":769,)"
                              R"("name":"POST tumour","kind":2,)"
                              R"("startTimeUnixNano":"1699999999000000000",)"
                              R"("endTimeUnixNano":"1699999999006000004","attributes":[)"));
  for (const char* attribute :
       {R"({"key":"http.request.method","value":{"stringValue":"POST"}})",
        R"({"key":"url.path","value":{"stringValue":"/v2/models/tumour/infer"}})",
        R"({"key":"http.response.status_code","value":{"intValue":"200"}})",
        R"({"key":"baton.version","value":{"stringValue":"3"}})",
        R"({"key":"baton.budget_ms","value":{"doubleValue":12.5}})",
        R"({"key":"service.name","value":{"stringValue":"baton"}})"}) {
    EXPECT_THAT(text, HasSubstr(attribute));
  }
  EXPECT_THAT(text, Not(HasSubstr("baton.cause")));
  EXPECT_THAT(text, Not(HasSubstr("\"status\"")));
}

TEST(SpanJsonTest, ItsStagesFollowEachOtherWithoutAGap) {
  const std::string text = Written(Request());
  const auto stage = [](const char* name, const char* from, const char* until) {
    return std::string(R"("parentSpanId":"00f067aa0ba902b7","flags":257,"name":")") + name +
           R"(","kind":1,"startTimeUnixNano":"1699999999)" + from +
           R"(","endTimeUnixNano":"1699999999)" + until + R"("})";
  };
  EXPECT_THAT(text, HasSubstr(stage("read", "000000000", "001000000")));
  EXPECT_THAT(text, HasSubstr(stage("queue", "001000000", "003000000")));
  EXPECT_THAT(text, HasSubstr(stage("run", "003000000", "006000000")));
  EXPECT_THAT(text, HasSubstr(stage("write", "006000000", "006000004")));
  EXPECT_THAT(text, Not(HasSubstr(R"("name":"batch")")));
}

TEST(SpanJsonTest, ABatchTellsHowManyRanTogether) {
  FinishedRequest request = Request();
  request.stages.batch_size = 7;
  EXPECT_THAT(Written(request),
              HasSubstr(R"("name":"batch","kind":1,"startTimeUnixNano":"1699999999003000000",)"
                        R"("endTimeUnixNano":"1699999999003000000","attributes":[)"
                        R"({"key":"baton.batch.size","value":{"intValue":"7"}}]})"));
}

TEST(SpanJsonTest, AMissIsAnErrorWithItsCause) {
  FinishedRequest request = Request();
  request.is_miss = true;
  request.answer = "fallback";
  request.cause = "no_time";
  const std::string text = Written(request);
  EXPECT_THAT(text, HasSubstr(R"({"key":"baton.cause","value":{"stringValue":"no_time"}})"));
  EXPECT_THAT(text, HasSubstr(R"({"key":"error.type","value":{"stringValue":"no_time"}})"));
  EXPECT_THAT(text, HasSubstr(R"("status":{"code":2,"message":"no_time"}})"));
}

TEST(SpanJsonTest, AClientsFaultIsNoErrorOfOurs) {
  FinishedRequest request = Request();
  request.answer = "invalid";
  request.status = 400;
  EXPECT_THAT(Written(request), Not(HasSubstr("\"status\"")));
  request.status = 501;
  EXPECT_THAT(Written(request), HasSubstr(R"("status":{"code":2}})"));
}

TEST(SpanJsonTest, AMethodThatNobodyKnowsIsNotRepeated) {
  FinishedRequest request = Request();
  request.ask.method = kOtherMethod;
  const std::string text = Written(request);
  EXPECT_THAT(text, HasSubstr(R"("name":"HTTP tumour")"));
  EXPECT_THAT(text, HasSubstr(R"("http.request.method","value":{"stringValue":"_OTHER"})"));
}

TEST(SpanJsonTest, ACallIsNamedByItsMethod) {
  FinishedRequest request = Request();
  request.ask.is_grpc = true;
  request.grpc_status = 14;
  const std::string text = Written(request);
  EXPECT_THAT(text, HasSubstr(R"("name":"inference.GRPCInferenceService/ModelInfer")"));
  EXPECT_THAT(text, HasSubstr(R"({"key":"rpc.grpc.status_code","value":{"intValue":"14"}})"));
  EXPECT_THAT(text, Not(HasSubstr("http.")));
}

TEST(SpanJsonTest, WithoutACallerItHasNoParent) {
  FinishedRequest request = Request();
  request.trace.parent = SpanId::kNone;
  request.trace.state.clear();
  request.trace.is_sampled = false;
  const std::string text = Written(request);
  EXPECT_THAT(text, HasSubstr(R"("spanId":"00f067aa0ba902b7","flags":256,)"));
  EXPECT_THAT(text, Not(HasSubstr("traceState")));
}

TEST(SpanJsonTest, WhatAClientWroteCannotBreakOut) {
  FinishedRequest request = Request();
  request.ask.path = "/\"},\x01\xff\n" + std::string(500, 'x');
  const std::string text = Written(request);
  EXPECT_THAT(text, HasSubstr("\"/\\\"},\\u0001\xef\xbf\xbd\\nxxx"));
  EXPECT_THAT(text, Not(HasSubstr(std::string(120, 'x'))));
}

}  // namespace
}  // namespace baton::trace
