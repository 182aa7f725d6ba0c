// A connection's story as a text that people can read and a fuzzer can mutate.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/session.h"
#include "tests/support/session_harness.h"

namespace baton::fuzz {

// Plays one script over a socket pair, under a manual clock. Bytes of the script are what the
// client sends, but for '~', which says with the byte behind it what happens next:
//
//   ~.  the client sends what it has to say so far     ~h  ends its input
//   ~r  reads all there is    ~k  reads 100 bytes      ~x  hangs up
//   ~a  the owner answers the oldest request           ~z  the newest
//   ~b  the oldest, at length                          ~i  from now on each at once
//   ~d  drains                                         ~p  takes pipelined requests or stops it
//   ~n  needs no body from now on, or does again       ~c  wants bodies within 3 s from now
//   ~t  a second goes by                               ~T  30 s go by
//   ~~  is a '~' that the client sends
//
// An unknown byte behind '~' says nothing.
class SessionScript {
 public:
  explicit SessionScript(http::HalfClose half_close);

  void Play(std::string_view script);
  // Whatever is left to be done is done, until nothing moves any more: the client says the rest and
  // reads on, the owner takes all and answers all.
  void Settle();
  // Time goes by, with a client that reads on, until every clock of a session has run out.
  void LetTimePass();

  // What the kernel took of the client's bytes, and what the client has read.
  const std::string& sent() const { return sent_; }
  const std::string& received() const { return received_; }
  bool has_hung_up() const { return has_hung_up_; }
  // Whether requests may have been taken without their bodies.
  bool may_lack_bodies() const { return may_lack_bodies_; }
  // The owner's answer to exchange `id`; nothing when it gave none.
  const std::string* AnswerTo(std::size_t id) const;
  testing_support::SessionHarness& harness() { return harness_; }

  static const http::Session::Options& OptionsFor(http::HalfClose half_close);

 private:
  void Do(char what);
  void Send();
  void Read(std::size_t at_most);
  void Answer(std::size_t id, std::size_t body_bytes = 0);
  void AnswerOldest(std::size_t body_bytes = 0);
  void AnswerNewest();
  bool AnswerAll();

  testing_support::SessionHarness harness_;
  std::string unsaid_;  // of the client, until ~.
  std::string sent_;
  std::string received_;
  std::vector<std::string> answers_;  // by exchange; empty: none yet
  http::HeadVerdict verdict_;
  bool may_lack_bodies_ = false;
  bool has_hung_up_ = false;
  bool answers_at_once_ = false;
  bool takes_pipelined_ = true;
};

}  // namespace baton::fuzz
