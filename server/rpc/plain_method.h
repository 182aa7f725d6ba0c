// A method whose calls need no ticket: a message comes in, and what is answered goes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>
#include <tl/expected.hpp>

namespace baton::rpc {

// The one answer to one message: serialized, or a status that ends the call.
using PlainReply = std::function<void(const grpc::Status& status, const std::string& answer)>;

struct PlainAsk {
  std::string_view message;
  const grpc::ServerContext& call;  // who asks, and what was sent with it
};

// What a call goes on being answered with, message by message. It goes with the call.
// Threads: that of the calls.
class PlainFeed {
 public:
  virtual ~PlainFeed() = default;

  // Asked when the message before has gone, and whenever feeds are told that there is news: the
  // next one, none yet, or how the call ends.
  virtual tl::expected<std::optional<std::string>, grpc::Status> Next(
      const grpc::ServerContext& call) = 0;
};
using OpenedFeed = tl::expected<std::unique_ptr<PlainFeed>, grpc::Status>;

struct PlainMethod {
  enum class Shape : std::uint8_t {
    kUnary,
    kStream,  // answers each message, until the client is done
    kWatch,   // answers its message again whenever the answer has changed
    kFeed,    // answers its message by `open`, and loses nothing of what that tells
  };
  Shape shape = Shape::kUnary;
  // Threads: that of the calls, and so is the reply's, within this call or, of a unary one, later.
  std::function<void(const PlainAsk& ask, const PlainReply& reply)> answer;
  // Of one that is no unary one: how many of its calls may be open at once; 0: any number.
  std::size_t most_open = 0;
  std::function<OpenedFeed(const PlainAsk& ask)> open = nullptr;  // of a feed, in place of `answer`
};

// By the path that calls name, as "/package.Service/Method".
using PlainMethods = std::map<std::string, PlainMethod, std::less<>>;

template <typename Message>
grpc::Status Parse(std::string_view text, Message& message) {
  if (message.ParseFromArray(text.data(), static_cast<int>(text.size()))) return {};
  return {grpc::StatusCode::INVALID_ARGUMENT,
          "the message is no " + Message::descriptor()->full_name()};
}

// `fill(request, response)` says how it ended.
template <typename Request, typename Response, typename Fill>
PlainMethod MakeMethod(PlainMethod::Shape shape, Fill fill) {
  return {shape,
          [fill = std::move(fill)](const PlainAsk& ask, const PlainReply& reply) {
            Request request;
            Response response;
            grpc::Status status = Parse(ask.message, request);
            if (status.ok()) status = fill(request, response);
            reply(status, response.SerializeAsString());
          },
          0, nullptr};
}

}  // namespace baton::rpc
