// What a completion queue brings back, and who is told.
#pragma once

namespace baton::rpc {

class TagThread;

class QueueTag {
 public:
  // For gRPC, and from it.
  void* ToVoid() { return this; }
  static QueueTag& From(void* tag) { return *static_cast<QueueTag*>(tag); }

  // Where it is handled; null: on the thread that runs the queue.
  TagThread* thread() const { return thread_; }
  virtual void Handle(bool ok) = 0;

 protected:
  explicit QueueTag(TagThread* thread) : thread_(thread) {}
  ~QueueTag() = default;

 private:
  TagThread* const thread_;
};

// Calls a method of its object.
template <typename T, void (T::*Method)(bool ok)>
class TagOf final : public QueueTag {
 public:
  explicit TagOf(T& object, TagThread* thread = nullptr) : QueueTag(thread), object_(object) {}
  void Handle(bool ok) override { (object_.*Method)(ok); }

 private:
  T& object_;
};

}  // namespace baton::rpc
