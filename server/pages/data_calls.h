// Requests of the pages to the data plane of their own process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "server/base/fd.h"
#include "server/http/message.h"
#include "server/net/event_loop.h"
#include "server/net/tcp_connection.h"

namespace baton::pages {

// `/data/PATH` of the pages is `/PATH` of the data plane, as far as it looks or predicts. Each goes
// over a pair of connected sockets to a conductor, which takes it for what it is: a request, with
// its key, its budget and its place in the books.
//
// Threads: the loop's. Owns: the pages' ends of the sockets.
class DataCalls {
 public:
  static constexpr std::size_t kMostAtOnce = 16;
  static constexpr std::size_t kMostAnswerBytes = std::size_t{4} << 20U;
  using Reply = std::function<void(http::Response response)>;

  // `bring` takes the data plane's end of a connection over.
  DataCalls(net::EventLoop& loop, std::function<void(UniqueFd)> bring);
  ~DataCalls();
  DataCalls(const DataCalls&) = delete;
  DataCalls& operator=(const DataCalls&) = delete;

  static bool Takes(std::string_view path) { return path.starts_with("/data/"); }
  // Replies once, later or in this call. Requires: Takes(request.path).
  void Call(const http::Request& request, const Reply& reply) BATON_REQUIRES(on_loop);
  // Drops what is under way; nobody is told.
  void Stop() BATON_REQUIRES(on_loop);

 private:
  class Connection;

  void End(std::uint64_t number, http::Response response) BATON_REQUIRES(on_loop);

  net::EventLoop& loop_;
  const std::function<void(UniqueFd)> bring_;
  struct UnderWay {
    std::unique_ptr<Connection> connection;
    Reply reply;
  };
  std::map<std::uint64_t, UnderWay> under_way_;
  std::uint64_t next_ = 0;
};

// The request that the data plane is sent for `request`; what cannot be asked this way is an error
// with a sentence. Pure.
tl::expected<std::string, http::Response> ToDataRequest(const http::Request& request);

// What `bytes`, a whole answer of HTTP/1.1 behind which the connection ended, says; none when it is
// none. Pure.
std::optional<http::Response> ReadDataAnswer(std::string_view bytes);

}  // namespace baton::pages
