// What an operator sees of a conductor's connections, and the end of one.
#include <algorithm>
#include <utility>

#include "server/app/conductor.h"

namespace baton::app {

control::ConnectionState Conductor::Describe(const http::Session& session) const {
  const http::Session::Figures figures = session.figures();
  control::ConnectionState state;
  state.key = {static_cast<int>(options_.index), static_cast<std::uint64_t>(session.id())};
  state.peer = session.client_text();
  state.age = loop_.Now() - figures.opened;
  state.state = ToText(figures.state);
  state.requests_total = figures.requests;
  state.in_flight = figures.in_flight;
  state.received_bytes = figures.received_bytes;
  state.sent_bytes = session.sent_bytes();
  state.tls_version = session.tls_version();
  state.is_leaving = figures.is_leaving;
  return state;
}

// Numbers are looked through first: only those of the page are described, which costs system calls.
void Conductor::List(std::optional<std::uint64_t> after, std::size_t limit, Listed done) {
  loop_.Post([this, after, limit, done = std::move(done)] {
    loop_.AssertOnLoop();
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, session] : sessions_) {
      if (!after || number > *after) numbers.push_back(number);
    }
    const std::size_t taken = std::min(limit, numbers.size());
    const auto end = numbers.begin() + static_cast<std::ptrdiff_t>(taken);
    std::partial_sort(numbers.begin(), end, numbers.end());
    std::vector<control::ConnectionState> connections;
    connections.reserve(taken);
    for (auto number = numbers.begin(); number != end; ++number) {
      connections.push_back(Describe(*sessions_.at(*number)));
    }
    done(std::move(connections));
  });
}

void Conductor::Close(std::uint64_t connection, bool is_forced, Closed done) {
  loop_.Post([this, connection, is_forced, done = std::move(done)] {
    loop_.AssertOnLoop();
    const auto found = sessions_.find(connection);
    if (found == sessions_.end()) return done(std::nullopt);
    http::Session& session = *found->second;
    control::ConnectionState state = Describe(session);
    state.is_leaving = true;
    if (is_forced) {
      session.CloseNow(http::CloseReason::kOperator);
    } else {
      session.CloseWhenAnswered();
    }
    done(std::move(state));
  });
}

}  // namespace baton::app
