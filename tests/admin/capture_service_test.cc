// The stream of what clients send, over a real channel and a fake control port.
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "baton/admin/v1/admin_service.grpc.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "tests/admin/served_fixture.h"

namespace baton::admin {
namespace {

using ::testing::HasSubstr;

// A call that is open until it goes.
struct Capture {
  Capture(v1::AdminService::Stub& stub, const v1::CaptureRequestsRequest& request)
      : reader(stub.CaptureRequests(&context, request)) {}
  ~Capture() {
    context.TryCancel();
    static_cast<void>(Finish());
  }
  bool Next() { return reader->Read(&news); }
  grpc::Status Finish() {
    while (!is_finished && reader->Read(&news)) {
    }
    if (!is_finished) status = reader->Finish();
    is_finished = true;
    return status;
  }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<v1::CaptureRequestsResponse>> reader;
  v1::CaptureRequestsResponse news;
  grpc::Status status;
  bool is_finished = false;
};

class CaptureServiceTest : public ServedFixture {
 protected:
  // A client's request comes, and is answered.
  void Serve(const std::string& body, const std::string& header = "v") {
    const auto place = control_.captures().TakePlace("tumour", 100, body.size());
    ASSERT_TRUE(place);
    control::CapturedRequest request;
    request.capture = place->capture;
    request.endpoint = "tumour";
    request.headers = {{"n", header}};
    request.body = body.substr(0, place->body_bytes);
    request.body_bytes = body.size();
    control_.captures().Add(std::move(request));
  }
  void Look(Duration after, bool is_draining = false) {
    control_.captures().Look(SteadyTime() + after, is_draining);
  }
};

TEST_F(CaptureServiceTest, ItSaysThatItHasBegunThenWhatComesThenWhyItEnds) {
  Capture capture(*stub_, {});
  ASSERT_TRUE(capture.Next());
  EXPECT_EQ(capture.news.requests_size(), 0);
  EXPECT_TRUE(control_.captures().IsRunning());
  Serve("{}");
  Look(1s);
  ASSERT_TRUE(capture.Next());
  ASSERT_EQ(capture.news.requests_size(), 1);
  EXPECT_EQ(capture.news.requests(0).endpoint(), "endpoints/tumour");
  EXPECT_EQ(capture.news.requests(0).body(), "{}");
  EXPECT_EQ(capture.news.progress().kept(), 1U);
  Serve("[]");
  Look(30s);
  ASSERT_TRUE(capture.Next());
  EXPECT_EQ(capture.news.requests(0).body(), "[]");
  EXPECT_EQ(capture.news.progress().ended(), v1::CAPTURE_END_DURATION);
  EXPECT_TRUE(capture.Finish().ok());
}

// More than fits into one message, all of it there when the end is.
TEST_F(CaptureServiceTest, NothingIsLostOnTheWayToWhoReadsSlowly) {
  v1::CaptureRequestsRequest request;
  request.set_max_bytes(64 << 20);
  request.set_max_body_bytes(1 << 20);
  Capture capture(*stub_, request);
  ASSERT_TRUE(capture.Next());
  for (int i = 0; i < 20; ++i) Serve(std::string(1 << 20, static_cast<char>('a' + i)));
  Look(30s);
  std::string seen;
  do {
    ASSERT_TRUE(capture.Next());
    for (const auto& one : capture.news.requests()) seen += one.body().at(0);
  } while (capture.news.progress().ended() == v1::CAPTURE_END_UNSPECIFIED);
  EXPECT_EQ(seen, "abcdefghijklmnopqrst");
  EXPECT_TRUE(capture.Finish().ok());
}

TEST_F(CaptureServiceTest, BytesOfHostileClientsArriveWhole) {
  Capture capture(*stub_, {});
  ASSERT_TRUE(capture.Next());
  const std::string bytes("\xff\x00\xc3\x28\xe2\x82", 6);
  Serve(bytes, "caf\xe9 \xe2\x82\xac");
  Look(1s);
  ASSERT_TRUE(capture.Next());
  const auto& told = capture.news.requests(0);
  EXPECT_EQ(told.body(), bytes);
  EXPECT_EQ(told.headers(0).value(), "caf\xEF\xBF\xBD \xe2\x82\xac");
  EXPECT_EQ(told.headers(0).raw_value(), "caf\xe9 \xe2\x82\xac");
}

TEST_F(CaptureServiceTest, WhoCannotBeServedIsToldWhy) {
  const auto error = [this](auto&& spoil) {
    v1::CaptureRequestsRequest request;
    spoil(request);
    const grpc::Status status = Capture(*stub_, request).Finish();
    return std::to_string(status.error_code()) + " " + status.error_message();
  };
  EXPECT_THAT(error([](auto& r) { r.set_duration_ms(99); }),
              HasSubstr("3 duration_ms: expected 100"));
  EXPECT_THAT(error([](auto& r) { r.set_duration_ms(1e300); }), HasSubstr("3 duration_ms"));
  EXPECT_THAT(error([](auto& r) { r.set_max_requests(-1); }), HasSubstr("3 max_requests"));
  EXPECT_THAT(error([](auto& r) { r.set_max_bytes(1); }), HasSubstr("3 max_bytes"));
  EXPECT_THAT(error([](auto& r) { r.set_max_body_bytes(-1); }), HasSubstr("3 max_body_bytes"));
  EXPECT_THAT(error([](auto& r) { r.set_endpoint("tumour"); }), HasSubstr("3 endpoint"));
  EXPECT_THAT(error([](auto& r) { r.set_endpoint("endpoints/nosuch"); }), HasSubstr("5 "));
  Capture first(*stub_, {});
  ASSERT_TRUE(first.Next());
  EXPECT_THAT(error([](auto&) {}), HasSubstr("8 one capture runs at a time"));
}

TEST_F(CaptureServiceTest, ItEndsWhenItsCallerGoesAndAnotherMayFollow) {
  {
    Capture capture(*stub_, {});
    ASSERT_TRUE(capture.Next());
  }
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (control_.captures().IsRunning() && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(control_.captures().IsRunning());
  EXPECT_TRUE(Capture(*stub_, {}).Next());
}

TEST_F(CaptureServiceTest, ADrainIsTheLastThatIsSaid) {
  Capture capture(*stub_, {});
  ASSERT_TRUE(capture.Next());
  Look(1s, true);
  server_->Stop(30s);
  EXPECT_TRUE(capture.Finish().ok());
  EXPECT_EQ(capture.news.progress().ended(), v1::CAPTURE_END_DRAINING);
}

TEST_F(CaptureServiceTest, ItEndsWithTheServerAsWell) {
  Capture capture(*stub_, {});
  ASSERT_TRUE(capture.Next());
  server_->Stop(Duration::zero());
  EXPECT_FALSE(capture.Finish().ok());
  EXPECT_FALSE(control_.captures().IsRunning());
}

}  // namespace
}  // namespace baton::admin
