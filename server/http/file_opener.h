// The thread that looks for files and opens them, so that no conductor waits for a disk.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <thread>

#include "server/base/mutex.h"
#include "server/http/message.h"
#include "server/http/static_files.h"
#include "server/net/client_places.h"
#include "server/net/event_loop.h"

namespace baton::http {

// Requests go in, answers come back to the loop that asked, one after the other. Sending the file
// is the connection's.
//
// Threads: Ask from any loop; Covers from any thread.
class FileOpener {
 public:
  using Done = std::function<void(Response&&)>;

  // At most `capacity` requests wait.
  FileOpener(StaticFiles files, std::size_t capacity);
  // As Stop.
  ~FileOpener();
  FileOpener(const FileOpener&) = delete;
  FileOpener& operator=(const FileOpener&) = delete;

  bool Covers(std::string_view path) const { return files_.Covers(path); }

  // Requires: Covers(request.path). Either the answer, for what needs no file and when too many
  // wait (503), or none: then `done` is called with it on `loop` later, unless Stop comes first.
  std::optional<Response> Ask(Request&& request, net::ClientAddress client, net::EventLoop& loop,
                              Done done) BATON_EXCLUDES(mutex_);

  // Forgets those that wait, and waits for the one that is looked for now. `loop`s may go
  // afterwards.
  void Stop() BATON_EXCLUDES(mutex_);

 private:
  struct Job {
    Request request;
    net::ClientAddress client;
    net::EventLoop* loop;
    Done done;
  };

  void Run() BATON_EXCLUDES(mutex_);
  std::optional<Job> NextJob() BATON_EXCLUDES(mutex_);

  // Set once; but for Covers the thread's.
  StaticFiles files_;
  const std::size_t capacity_;

  // Guarded by mutex_.
  Mutex mutex_;
  CondVar has_changed_;
  std::deque<Job> jobs_ BATON_GUARDED_BY(mutex_);
  bool is_stopped_ BATON_GUARDED_BY(mutex_) = false;

  std::jthread thread_;
};

}  // namespace baton::http
