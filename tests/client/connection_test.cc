// The blocking connection against a scripted server.
#include "client/lib/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/scripted_server.h"

namespace baton::client {
namespace {

using testing::HasSubstr;

constexpr Duration kPatience = 20s;

Connection Connect(const std::string& address) {
  return Connection::Open(ServerAddress::Resolve(address).value(), kPatience).value();
}

Request Post(std::string body) {
  Request request;
  request.path = "/reverse";
  request.body = std::move(body);
  return request;
}

TEST(ConnectionTest, CarriesSeveralRequestsInTurn) {
  ScriptedServer server([](std::size_t index, const std::string& request) {
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    return Reply{HttpText(200, {"Number: " + std::to_string(index)}, "<" + body + ">")};
  });
  Connection connection = Connect(server.address());
  for (int i = 0; i < 3; ++i) {
    const Result<Response> response = connection.Send(Post(std::to_string(i)), kPatience);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "<" + std::to_string(i) + ">");
    EXPECT_EQ(response->headers.Find("Number"), std::to_string(i));
    EXPECT_TRUE(connection.IsOpen());
  }
}

TEST(ConnectionTest, CarriesBodiesLargerThanTheSocketBuffers) {
  ScriptedServer server([](std::size_t, const std::string& request) {
    return Reply{HttpText(200, {}, request.substr(request.find("\r\n\r\n") + 4))};
  });
  Connection connection = Connect(server.address());
  const std::string body(20 << 20, 'x');
  const Result<Response> response = connection.Send(Post(body), kPatience);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_TRUE(response->body == body);
}

TEST(ConnectionTest, ClosesWhenTheServerSaysSo) {
  ScriptedServer server([](std::size_t, const std::string&) {
    return Reply{HttpText(200, {"Connection: close"}, "{}"), Reply::Then::kClose};
  });
  Connection connection = Connect(server.address());
  EXPECT_TRUE(connection.Send(Post("{}"), kPatience));
  EXPECT_FALSE(connection.IsOpen());
}

TEST(ConnectionTest, NobodyListeningIsUnavailableWithTheSystemsReason) {
  const std::string address = "127.0.0.1:" + std::to_string(UnusedPort());
  const auto connection = Connection::Open(ServerAddress::Resolve(address).value(), kPatience);
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(connection.error().message, "cannot connect to " + address + ": Connection refused");
}

TEST(ConnectionTest, LossesAndNonsenseAreUnavailable) {
  const std::vector<std::pair<Reply, std::string>> cases = {
      {{"", Reply::Then::kClose}, "closed before a response"},
      {{"HTTP/1.1 200 OK\r\nContent-Le", Reply::Then::kClose}, "closed in the middle"},
      {{"", Reply::Then::kReset}, "Connection reset by peer"},
      {{"220 mail.example ESMTP\r\n", Reply::Then::kClose}, "is not HTTP"},
  };
  for (const auto& [reply, message] : cases) {
    ScriptedServer server([reply = reply](std::size_t, const std::string&) { return reply; });
    Connection connection = Connect(server.address());
    const Result<Response> response = connection.Send(Post("{}"), kPatience);
    ASSERT_FALSE(response) << message;
    EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(response.error().message, HasSubstr(message));
    EXPECT_FALSE(connection.IsOpen());
  }
}

TEST(ConnectionTest, GivesUpWaitingAfterItsTimeout) {
  ScriptedServer server([](std::size_t, const std::string&) { return Reply{}; });
  Connection connection = Connect(server.address());
  const Result<Response> response = connection.Send(Post("{}"), 20ms);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_THAT(response.error().message, HasSubstr("within the timeout of 20ms"));
  EXPECT_FALSE(connection.IsOpen());
}

TEST(ConnectionTest, ARequestThatCannotBeSentLeavesTheConnectionOpen) {
  ScriptedServer server(
      [](std::size_t, const std::string&) { return Reply{HttpText(200, {}, "")}; });
  Connection connection = Connect(server.address());
  Request request = Post("{}");
  request.path = "no path";
  EXPECT_EQ(connection.Send(request, kPatience).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(connection.IsOpen());
  EXPECT_TRUE(connection.Send(Post("{}"), kPatience));
}

}  // namespace
}  // namespace baton::client
