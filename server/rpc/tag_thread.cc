// One list of tasks, taken whole.
#include "server/rpc/tag_thread.h"

#include <utility>

#include "server/base/thread_name.h"
#include "server/rpc/queue_tag.h"

namespace baton::rpc {

TagThread::TagThread(const char* name)
    : thread_([this, name] {
        NameThisThread(name);
        Run();
      }) {}

void TagThread::Hand(QueueTag& tag, bool ok) {
  Post([&tag, ok] { tag.Handle(ok); });
}

void TagThread::Post(Task task) {
  MutexLock lock(mutex_);
  if (is_stopped_) return;
  posted_.push_back(std::move(task));
  is_there_.NotifyOne();
}

void TagThread::Run() {
  std::vector<Task> taken;
  MutexLock lock(mutex_);
  while (!is_stopped_ || !posted_.empty()) {
    if (posted_.empty()) {
      is_there_.Wait(lock);
      continue;
    }
    taken.swap(posted_);
    lock.Unlock();  // tasks post others
    for (const Task& task : taken) task();
    taken.clear();
    lock.Lock();
  }
}

void TagThread::Stop() {
  {
    MutexLock lock(mutex_);
    is_stopped_ = true;
    is_there_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace baton::rpc
