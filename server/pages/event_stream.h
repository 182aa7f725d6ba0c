// What the server does, as server-sent events: a message a second to each of those who watch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "server/control/status_sample.h"
#include "server/http/session.h"
#include "server/pages/history.h"
#include "server/pages/sample_json.h"

namespace baton::pages {

// A watcher gets the last minutes first (event `history`), then each sample (event `sample`, whose
// id is "RUN-NUMBER"). One that has not taken the message before gets none: it finds the newest
// later, so that nothing piles up for it. Whoever comes again with Last-Event-ID gets what it
// missed of the history, or the whole of it where that id is of another run of the server.
//
// Threads: the loop's.
class EventStream {
 public:
  static constexpr std::size_t kMostWatchers = 32;
  // What a watcher may be told now. Asked again at every sample, on the loop.
  using AskTold = std::function<Told()>;

  // `run` tells this run of the server from others: numbers of samples begin again with each.
  explicit EventStream(std::string run) : run_(std::move(run)) {}

  // Answers `request` on `session`, now or from now on. `headers`: of every answer of the pages.
  // The stream of one who may be told all ends when that is no longer so.
  void Begin(http::Session& session, http::ExchangeId exchange, const http::Request& request,
             AskTold ask, const std::string& headers) BATON_REQUIRES(on_loop);
  // Forgets a session that has gone.
  void OnClosed(const http::Session& session) { watchers_.erase(session.id()); }
  void Publish(std::shared_ptr<const control::StatusSample> sample) BATON_REQUIRES(on_loop);
  // Says goodbye to everybody.
  void End() BATON_REQUIRES(on_loop);

  std::size_t watchers() const { return watchers_.size(); }
  const control::StatusSample& newest() const { return *newest_; }

 private:
  struct Watcher {
    http::Session* session;
    Told told;
    AskTold ask;
  };

  std::string Message(Told told) const;
  // Of the sample that a watcher saw last; 0: it saw none of this run.
  std::uint64_t LastSeen(const http::Request& request) const;
  void EndWhoMayNoLonger() BATON_REQUIRES(on_loop);

  const std::string run_;
  std::shared_ptr<const control::StatusSample> newest_ =
      std::make_shared<const control::StatusSample>();
  History history_;
  std::map<http::ConnectionId, Watcher> watchers_;
};

}  // namespace baton::pages
