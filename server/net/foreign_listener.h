// Connections that a library reads and writes: who comes in, when, and how each ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/base/clock.h"
#include "server/base/fd.h"
#include "server/base/mutex.h"
#include "server/net/acceptor.h"
#include "server/net/client_places.h"
#include "server/net/event_loop.h"
#include "server/net/foreign_books.h"

namespace baton::net {

class WatchedHandshake;

// What is known of one.
struct ForeignConnection {
  std::uint64_t number = 0;  // of its listener, from 1, never used again
  std::string peer;          // "127.0.0.1:51344", or "unix"
  Duration age = Duration::zero();
  bool is_open = false;  // its library has it, and its handshake, if there is one, is done
  std::uint64_t received_bytes = 0;  // of the socket, with what TLS adds; 0 of a Unix socket
  std::uint64_t sent_bytes = 0;
  std::string tls_version;  // "TLSv1.3"; empty: plain, or still shaking hands
  bool is_leaving = false;  // it was told to
};

// Accepts, and hands each connection over once it has something to say: the first bytes, or the
// whole first record of a TLS handshake. Until then it costs a descriptor and a timer; who is
// silent for too long, or has left, is never handed over. One at a time is answered, and for some
// times as long nobody is: a flood of handshakes gets a part of the library's thread.
//
// A second descriptor of each connection is kept: by it the end of a connection is seen, which the
// library brings about with shutdown(2), and by it others bring it about.
//
// Threads: the loop's, but for what says "any thread".
// Owns: the listening sockets, and a descriptor of each connection.
class ForeignListener {
 public:
  // Takes over a non-blocking descriptor, and has a connection's handshake begin on this thread.
  using HandOver = std::function<void(UniqueFd)>;

  struct Door {
    UniqueFd listening;
    bool speaks_tls = false;
    std::size_t most = 1024;               // connections at once
    std::size_t most_of_each_address = 0;  // 0: nobody counts
    HandOver hand_over;
  };

  // `opening_time`: for a client's first bytes, and for its handshake.
  ForeignListener(EventLoop& loop, Duration opening_time);
  // Requires: the loop turns no more. What is still there is closed.
  ~ForeignListener();
  ForeignListener(const ForeignListener&) = delete;
  ForeignListener& operator=(const ForeignListener&) = delete;

  // Before Start.
  void AddDoor(Door door);
  void Start() BATON_REQUIRES(on_loop);
  // Who is in the backlog is let in; who comes later is turned away by the kernel. From now on
  // connections end for the drain.
  void StopAccepting() BATON_REQUIRES(on_loop);
  // Nobody is handed over any more: who waits for it is closed.
  void StopHandingOver() BATON_REQUIRES(on_loop);

  // Any thread. The first `limit` of those behind `after`, by number.
  std::vector<ForeignConnection> List(std::optional<std::uint64_t> after, std::size_t limit) const
      BATON_EXCLUDES(mutex_);
  // Any thread. Cuts it off, whatever is under way on it. Empty when it is not there.
  std::optional<ForeignConnection> Close(std::uint64_t number) BATON_EXCLUDES(mutex_);
  // Any thread.
  const ForeignBooks& books() const { return books_; }
  // Of the first door: its socket, to be asked for its port and backlog for as long as this lives.
  int listening_fd() const;
  bool speaks_tls() const;

 private:
  struct Entry;
  class Guest;
  struct Mailbox;

  void OnAccepted(Entry& entry, UniqueFd fd) BATON_REQUIRES(on_loop) BATON_EXCLUDES(mutex_);
  void TurnAway(ForeignEnd why);
  void OnEvents(Guest& guest, std::uint32_t events) BATON_REQUIRES(on_loop) BATON_EXCLUDES(mutex_);
  void OnFirstBytes(Guest& guest) BATON_REQUIRES(on_loop) BATON_EXCLUDES(mutex_);
  void OnTimeIsUp(std::uint64_t number) BATON_REQUIRES(on_loop) BATON_EXCLUDES(mutex_);
  void OnAnswered(std::uint64_t number, Duration work) BATON_REQUIRES(on_loop)
      BATON_EXCLUDES(mutex_);
  void OnHandshakeOver(std::uint64_t number) BATON_REQUIRES(on_loop) BATON_EXCLUDES(mutex_);
  void LetSomeIn() BATON_REQUIRES(on_loop) BATON_EXCLUDES(mutex_);
  void LetIn(Guest& guest) BATON_REQUIRES(on_loop) BATON_EXCLUDES(mutex_);
  void ShakeHands(Guest& guest, UniqueFd fd) BATON_REQUIRES(on_loop) BATON_EXCLUDES(mutex_);
  void Rest(Duration work) BATON_REQUIRES(on_loop);
  void LetInLater() BATON_REQUIRES(on_loop) BATON_EXCLUDES(mutex_);
  void Open(Guest& guest) BATON_REQUIRES(on_loop) BATON_EXCLUDES(mutex_);
  void Refuse(Guest& guest, HandshakeOutcome outcome) BATON_REQUIRES(on_loop)
      BATON_EXCLUDES(mutex_);
  // The guest is retired.
  void End(Guest& guest, ForeignEnd why) BATON_REQUIRES(on_loop) BATON_EXCLUDES(mutex_);
  ForeignEnd WhyEnded(const Guest& guest) const BATON_REQUIRES(on_loop) BATON_EXCLUDES(mutex_);
  Guest* Find(std::uint64_t number) BATON_REQUIRES(on_loop) BATON_EXCLUDES(mutex_);
  ForeignConnection Describe(const Guest& guest) const BATON_REQUIRES(mutex_);

  // Set once.
  EventLoop& loop_;
  const Duration opening_time_;
  std::deque<Entry> entries_;  // by door
  const std::shared_ptr<Mailbox> mailbox_;

  // Loop thread.
  std::list<Guest*> waiting_ BATON_GUARDED_BY(on_loop);               // to be handed over
  std::optional<std::uint64_t> answering_ BATON_GUARDED_BY(on_loop);  // the library is at it
  SteadyTime next_turn_ BATON_GUARDED_BY(on_loop);  // not before; of one that is under way: at last
  std::optional<EventLoop::TimerId> turn_timer_ BATON_GUARDED_BY(on_loop);
  bool hands_over_ BATON_GUARDED_BY(on_loop) = true;
  bool is_draining_ BATON_GUARDED_BY(on_loop) = false;
  std::uint64_t last_number_ BATON_GUARDED_BY(on_loop) = 0;

  // Any thread (atomic).
  ForeignBooks books_;

  // Changed by the loop's thread, with the lock held.
  mutable Mutex mutex_;
  std::map<std::uint64_t, std::unique_ptr<Guest>> guests_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::net
