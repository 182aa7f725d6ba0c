// A bounded queue and its thread.
#include "server/http/file_opener.h"

#include <ctime>
#include <utility>

#include "server/http/error_response.h"

namespace baton::http {

FileOpener::FileOpener(StaticFiles files, std::size_t capacity)
    : files_(std::move(files)), capacity_(capacity), thread_([this] { Run(); }) {}

FileOpener::~FileOpener() { Stop(); }

std::optional<Response> FileOpener::Ask(Request&& request, net::ClientAddress client,
                                        net::EventLoop& loop, Done done) {
  if (auto response = StaticFiles::RespondWithoutFile(request)) return response;
  request.body = std::string();  // means nothing here, and would be held while the request waits
  {
    const MutexLock lock(mutex_);
    if (jobs_.size() < capacity_) {
      jobs_.push_back(Job{std::move(request), client, &loop, std::move(done)});
      has_changed_.NotifyOne();
      return std::nullopt;
    }
  }
  return TryLater("too many requests wait for files");
}

void FileOpener::Stop() {
  {
    const MutexLock lock(mutex_);
    is_stopped_ = true;
    has_changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

std::optional<FileOpener::Job> FileOpener::NextJob() {
  MutexLock lock(mutex_);
  while (jobs_.empty() && !is_stopped_) has_changed_.Wait(lock);
  if (is_stopped_) return std::nullopt;
  std::optional<Job> job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

void FileOpener::Run() {
  while (std::optional<Job> job = NextJob()) {
    Response response = files_.Respond(job->request, job->client, std::time(nullptr));
    job->loop->Post([done = std::move(job->done), response = std::move(response)]() mutable {
      done(std::move(response));
    });
  }
}

}  // namespace baton::http
