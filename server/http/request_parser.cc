// The public face of RequestMachine, which keeps llhttp out of other people's includes.
#include "server/http/request_parser.h"

#include <utility>

#include "server/base/check.h"
#include "server/http/refusal_kind.h"
#include "server/http/request_machine.h"

namespace baton::http {

std::span<const std::string_view> AllRefusalReasons() { return AllReasons(); }

struct RequestParser::Impl {
  explicit Impl(const Limits& limits) : machine(limits) {}
  RequestMachine machine;
};

RequestParser::RequestParser(const Limits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

RequestParser::Progress RequestParser::Feed(std::string_view bytes) {
  RequestMachine& machine = impl_->machine;
  BATON_CHECK(!machine.IsDone());
  std::size_t used = 0;
  while (used < bytes.size() && !machine.IsDone()) {
    if (machine.phase() > Phase::kFields) machine.continue_is_due() = false;  // it did not wait
    used += machine.Step(bytes.substr(used));
  }
  return {used, state()};
}

ParseState RequestParser::state() const {
  switch (impl_->machine.phase()) {
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

bool RequestParser::IsBetweenRequests() const { return impl_->machine.IsUntouched(); }

bool RequestParser::TakeExpectContinue() {
  return std::exchange(impl_->machine.continue_is_due(), false);
}

Request& RequestParser::request() {
  BATON_CHECK(state() == ParseState::kComplete);
  return impl_->machine.request();
}

const Request& RequestParser::partial() const { return impl_->machine.request(); }
const Refusal& RequestParser::refusal() const { return impl_->machine.refusal(); }

void RequestParser::Next() {
  BATON_CHECK(state() == ParseState::kComplete);
  impl_->machine.Restart();
}

}  // namespace baton::http
