// Loads and unloads that clients ask for: somebody else makes them, and the answer follows.
#include <utility>

#include "server/api/error_body.h"
#include "server/app/conductor.h"

namespace baton::app {
namespace {

http::Response ToResponse(const Status& changed) {
  http::Response response;
  response.status = changed ? 200 : api::HttpStatusOf(changed.error().code);
  response.body = changed ? "{}" : api::ErrorBody(changed.error().message, changed.error().field);
  return response;
}

}  // namespace

// One at a time of each connection.
void Conductor::ChangeModel(http::Session& session, http::ExchangeId exchange,
                            const api::RepositoryChange& change) {
  session.TakeNoMoreUntilSent();
  shared_.models.Change(change, [this, connection = session.id(), exchange](const Status& changed) {
    loop_.Post([this, connection, exchange, response = ToResponse(changed)]() mutable {
      loop_.AssertOnLoop();
      AnswerLater(connection, exchange, std::move(response));
    });
  });
}

void Conductor::AnswerLater(http::ConnectionId connection, http::ExchangeId exchange,
                            http::Response&& response) {
  const auto session = sessions_.find(static_cast<std::uint64_t>(connection));
  if (session != sessions_.end()) session->second->Answer(exchange, std::move(response));
}

}  // namespace baton::app
