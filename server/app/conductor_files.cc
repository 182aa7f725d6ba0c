// Requests for static files on their conductor: it asks for them, and sends what it is given.
#include <utility>

#include "server/app/conductor.h"

namespace baton::app {

// One at a time of each connection: a client that does not read holds one file and no more.
void Conductor::AskForFile(http::Session& session, http::ExchangeId exchange,
                           http::Request&& request) {
  const auto done = [this, connection = session.id(), exchange](http::Response&& response) {
    loop_.AssertOnLoop();
    SendFileAnswer(connection, exchange, std::move(response));
  };
  const net::ClientAddress client = session.client();
  if (auto at_once = shared_.files->Ask(std::move(request), client, loop_, done)) {
    SendFileAnswer(session.id(), exchange, std::move(*at_once));
  } else {
    session.TakeNoMoreUntilSent();
  }
}

// The client may have left meanwhile.
void Conductor::SendFileAnswer(http::ConnectionId connection, http::ExchangeId exchange,
                               http::Response&& response) {
  const auto session = sessions_.find(static_cast<std::uint64_t>(connection));
  if (session == sessions_.end()) return;
  shared_.static_metrics.Count(*shard_, response.status);
  session->second->Answer(exchange, std::move(response));
}

}  // namespace baton::app
