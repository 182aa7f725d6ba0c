// One counted state between the two, taken from what is used again.
#include "server/serve/reply_future.h"

#include <atomic>
#include <memory>

#include "server/base/check.h"
#include "server/base/recycling_allocator.h"

namespace baton::serve {

struct ReplyPromise::State {
  enum class Stage { kOpen, kKept, kTaken };

  std::atomic<int> owners{1};
  std::atomic<Stage> stage{Stage::kOpen};
  Reply reply;
};

ReplyPromise::ReplyPromise() : state_(std::construct_at(RecyclingAllocator<State>().allocate(1))) {}

ReplyPromise::~ReplyPromise() { Release(state_); }

void ReplyPromise::Release(State* state) {
  if (state == nullptr) return;
  // Whoever is alone needs no locked instruction to know it: nobody is left to change that.
  const bool is_last = state->owners.load(std::memory_order_acquire) == 1 ||
                       state->owners.fetch_sub(1, std::memory_order_acq_rel) == 1;
  if (!is_last) return;
  std::destroy_at(state);
  RecyclingAllocator<State>().deallocate(state, 1);
}

ReplyFuture ReplyPromise::future() {
  BATON_DCHECK(state_->owners.load(std::memory_order_relaxed) == 1);
  state_->owners.store(2, std::memory_order_relaxed);  // nobody else knows it yet
  return ReplyFuture(state_);
}

void ReplyPromise::Keep(Reply&& reply) {
  BATON_CHECK(state_->stage.load(std::memory_order_relaxed) == State::Stage::kOpen);
  state_->reply = std::move(reply);
  state_->stage.store(State::Stage::kKept, std::memory_order_release);
}

bool ReplyFuture::IsReady() const {
  return state_ != nullptr &&
         state_->stage.load(std::memory_order_acquire) == ReplyPromise::State::Stage::kKept;
}

Reply ReplyFuture::Take() {
  BATON_CHECK(IsReady());
  state_->stage.store(ReplyPromise::State::Stage::kTaken, std::memory_order_relaxed);
  return std::move(state_->reply);
}

}  // namespace baton::serve
