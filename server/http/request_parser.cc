// The public face of RequestMachine, which keeps llhttp out of other people's includes.
#include "server/http/request_parser.h"

#include <utility>

#include "server/base/check.h"
#include "server/http/refusal_kind.h"
#include "server/http/request_machine.h"

namespace baton::http {

std::span<const std::string_view> AllRefusalReasons() { return AllReasons(); }

ParserPool::ParserPool() = default;
ParserPool::~ParserPool() = default;

RequestParser::RequestParser(const Limits& limits, ParserPool* pool)
    : limits_(limits), pool_(pool) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

RequestMachine& RequestParser::Machine() {
  if (machine_) return *machine_;
  if (pool_ != nullptr && !pool_->spare_.empty()) {
    machine_ = std::move(pool_->spare_.back());
    pool_->spare_.pop_back();
  } else {
    machine_ = std::make_unique<RequestMachine>(limits_);
  }
  return *machine_;
}

std::span<char> RequestParser::BodyRoom() {
  return machine_ ? machine_->BodyRoom() : std::span<char>();
}

RequestParser::Progress RequestParser::Feed(std::string_view bytes) {
  RequestMachine& machine = Machine();
  BATON_CHECK(!machine.IsDone());
  std::size_t used = 0;
  std::size_t head_bytes = 0;
  while (used < bytes.size() && !machine.IsDone()) {
    const bool is_in_head = machine.phase() <= Phase::kFields;
    if (!is_in_head) machine.continue_is_due() = false;  // it did not wait
    used += machine.Step(bytes.substr(used));
    if (is_in_head) head_bytes = used;
  }
  return {used, used - head_bytes, state()};
}

ParseState RequestParser::state() const {
  if (!machine_) return ParseState::kHead;
  switch (machine_->phase()) {
    case Phase::kLine:
    case Phase::kFields: return ParseState::kHead;
    case Phase::kLengthBody:
    case Phase::kChunkLine:
    case Phase::kChunkData:
    case Phase::kTrailer: return ParseState::kBody;
    case Phase::kComplete: return ParseState::kComplete;
    case Phase::kRefused: break;
  }
  return ParseState::kRefused;
}

bool RequestParser::IsBetweenRequests() const { return !machine_ || machine_->IsUntouched(); }

bool RequestParser::TakeExpectContinue() {
  return machine_ && std::exchange(machine_->continue_is_due(), false);
}

Request& RequestParser::request() {
  BATON_CHECK(state() == ParseState::kComplete);
  return machine_->request();
}

const Request& RequestParser::partial() const {
  static const Request nothing;
  return machine_ ? machine_->request() : nothing;
}

std::size_t RequestParser::held_bytes() const { return machine_ ? machine_->held_bytes() : 0; }

std::uint64_t RequestParser::BodyBytesLeft() const {
  BATON_CHECK(state() == ParseState::kBody);
  return machine_->BodyBytesLeft();
}

Request RequestParser::TakeHead(std::size_t at_most) {
  BATON_CHECK(state() == ParseState::kBody);
  return machine_->TakeHead(at_most);
}

const Refusal& RequestParser::refusal() const {
  BATON_CHECK(state() == ParseState::kRefused);
  return machine_->refusal();
}

void RequestParser::Next() {
  BATON_CHECK(state() == ParseState::kComplete);
  machine_->Restart();
  if (pool_ == nullptr) return;
  if (pool_->spare_.size() < ParserPool::kKept) pool_->spare_.push_back(std::move(machine_));
  machine_.reset();
}

}  // namespace baton::http
