// What the files of methods share: a method, whichever way its calls come in, and the line that
// tells of a change.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "admin/service/translate.h"
#include "server/base/log.h"
#include "server/base/result.h"
#include "server/control/caller.h"
#include "server/control/control_port.h"

namespace baton::admin {

// A call, and what it is about.
struct Call {
  control::ControlPort& control;
  const control::Caller& caller;
};

// The one answer: a serialized message, or what was wrong.
using AdminReply = std::function<void(const Result<std::string>& answer)>;

// Takes a serialized message. Threads: that of the calls, and so is the reply's, within this call
// or later.
using AdminMethod = std::function<void(const control::Caller& caller, std::string_view message,
                                       const AdminReply& reply)>;

// By the method's name, as "GetPool".
using AdminMethods = std::map<std::string, AdminMethod, std::less<>>;

template <typename Request>
Result<Request> Parse(std::string_view message) {
  Request request;
  if (request.ParseFromArray(message.data(), static_cast<int>(message.size()))) return request;
  return Fail(ErrorCode::kInvalidArgument,
              "the message is no " + Request::descriptor()->full_name());
}

template <typename Request, typename Response>
AdminMethod AnsweredBy(Status (*answer)(const Call&, const Request&, Response&),
                       control::ControlPort& control) {
  return [answer, &control](const control::Caller& caller, std::string_view message,
                            const AdminReply& reply) {
    const Result<Request> request = Parse<Request>(message);
    if (!request) return reply(tl::unexpected(request.error()));
    Response response;
    const Status status = answer({control, caller}, *request, response);
    if (!status) return reply(tl::unexpected(status.error()));
    reply(response.SerializeAsString());
  };
}

// The line in the log that a change leaves.
inline void Audit(const Call& call, const std::string& what, const ChangeTexts& texts,
                  control::Generation generation) {
  LogAlways("admin_change", {{"who", call.caller.ToText()},
                             {"what", what},
                             {"before", texts.before},
                             {"after", texts.after},
                             {"generation", generation}});
}

}  // namespace baton::admin
