// The methods about listeners and connections.
#include <algorithm>
#include <string>
#include <utility>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/service/admin_method.h"
#include "admin/service/admin_methods.h"
#include "admin/service/paging.h"
#include "admin/service/translate_connection.h"

namespace baton::admin {
namespace {

constexpr std::int32_t kDefaultPageSize = 100;
constexpr std::int32_t kMaxPageSize = 1000;

Status ListListeners(const Call& call, const v1::ListListenersRequest& request,
                     v1::ListListenersResponse& response) {
  auto page = TakePage(call.control.ListListeners(), request.page_size(), request.page_token());
  if (!page) return tl::unexpected(page.error());
  for (const control::ListenerFigures& one : page->items) Fill(one, *response.add_listeners());
  response.set_next_page_token(page->next_token);
  return {};
}

Status GetListener(const Call& call, const v1::GetListenerRequest& request,
                   v1::ListenerState& response) {
  const Result<std::string> name = ToListenerName(request.name());
  if (!name) return tl::unexpected(name.error());
  for (const control::ListenerFigures& one : call.control.ListListeners()) {
    if (one.name != *name) continue;
    Fill(one, response);
    return {};
  }
  return Fail(ErrorCode::kNotFound,
              "there is no listener '" + *name + "', expected one of http, grpc, admin, pages",
              "name");
}

// The token is the last name of the page before.
Status ListConnections(const Call& call, const v1::ListConnectionsRequest& request,
                       v1::ListConnectionsResponse& response) {
  if (request.page_size() < 0) {
    return Fail(ErrorCode::kInvalidArgument,
                "page_size: expected 0 to 1000, got " + std::to_string(request.page_size()),
                "page_size");
  }
  control::ConnectionQuery query;
  const auto wanted = static_cast<std::size_t>(
      std::min(request.page_size() == 0 ? kDefaultPageSize : request.page_size(), kMaxPageSize));
  query.limit = wanted + 1;  // to know whether there is another page
  if (!request.page_token().empty()) {
    const auto after = ToConnectionKey(request.page_token(), "page_token");
    if (!after) return tl::unexpected(after.error());
    query.after = *after;
  }
  control::ConnectionList list = call.control.ListConnections(query);
  const bool has_more = list.connections.size() > wanted;
  if (has_more) list.connections.resize(wanted);
  for (const control::ConnectionState& one : list.connections) {
    Fill(one, *response.add_connections());
  }
  if (has_more) response.set_next_page_token(NameOf(list.connections.back().key));
  for (const int conductor : list.silent_conductors) response.add_silent_conductors(conductor);
  return {};
}

Status CloseConnection(const Call& call, const v1::CloseConnectionRequest& request,
                       v1::Connection& response) {
  const auto key = ToConnectionKey(request.name(), "name");
  if (!key) return tl::unexpected(key.error());
  const auto closed = call.control.CloseConnection({*key, request.force()});
  const bool is_later = !closed && closed.error().code == ErrorCode::kUnavailable;
  if (closed || is_later) {
    LogAlways("admin_change", {{"who", call.caller.ToText()},
                               {"what", request.name()},
                               {"peer", closed ? closed->peer : "unknown"},
                               {"before", "open"},
                               {"after", request.force() ? "closed" : "closing"}});
  }
  if (!closed) return tl::unexpected(closed.error());
  Fill(*closed, response);
  return {};
}

}  // namespace

void AddConnectionMethods(AdminMethods& methods, control::ControlPort& control) {
  methods["ListListeners"] = AnsweredBy(&ListListeners, control);
  methods["GetListener"] = AnsweredBy(&GetListener, control);
  methods["ListConnections"] = AnsweredBy(&ListConnections, control);
  methods["CloseConnection"] = AnsweredBy(&CloseConnection, control);
}

}  // namespace baton::admin
