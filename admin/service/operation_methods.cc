// The methods about operations that go on.
#include <chrono>
#include <string>
#include <utility>

#include "baton/admin/v1/admin_service.pb.h"
#include "google/longrunning/operations.pb.h"

#include "admin/service/admin_method.h"
#include "admin/service/admin_methods.h"
#include "admin/service/paging.h"
#include "admin/service/translate_operation.h"
#include "server/control/operation_book.h"

namespace baton::admin {
namespace {

using google::longrunning::Operation;

Status ListOperations(const Call& call, const v1::ListOperationsRequest& request,
                      v1::ListOperationsResponse& response) {
  Result<Page<control::OperationState>> page =
      TakePage(call.control.Operations().List(), request.page_size(), request.page_token());
  if (!page) return tl::unexpected(page.error());
  for (const control::OperationState& one : page->items) Fill(one, *response.add_operations());
  response.set_next_page_token(std::move(page->next_token));
  return {};
}

Status GetOperation(const Call& call, const v1::GetOperationRequest& request, Operation& response) {
  const Result<std::string> name = ToOperationName(request.name());
  if (!name) return tl::unexpected(name.error());
  const Result<control::OperationState> found = call.control.Operations().Find(*name);
  if (!found) return tl::unexpected(found.error());
  Fill(*found, response);
  return {};
}

// Holds no thread: the book tells when it is over, and the answer goes from the thread of the
// calls.
Status Await(control::ControlPort& control, const PostToCalls& post, std::string_view message,
             const AdminReply& reply) {
  const Result<v1::WaitOperationRequest> request = Parse<v1::WaitOperationRequest>(message);
  if (!request) return tl::unexpected(request.error());
  const Result<std::string> name = ToOperationName(request->name());
  if (!name) return tl::unexpected(name.error());
  const Result<Duration> time = ToWaitTime(request->timeout_ms());
  if (!time) return tl::unexpected(time.error());
  return control.Operations().Await(
      *name, std::chrono::steady_clock::now() + *time,
      [post, reply](const control::OperationState& operation) {
        Operation response;
        Fill(operation, response);
        post([reply, answer = response.SerializeAsString()] { reply(answer); });
      });
}

}  // namespace

void AddOperationMethods(AdminMethods& methods, control::ControlPort& control,
                         const PostToCalls& post) {
  methods["ListOperations"] = AnsweredBy(&ListOperations, control);
  methods["GetOperation"] = AnsweredBy(&GetOperation, control);
  methods["WaitOperation"] = [&control, post](const control::Caller& /*caller*/,
                                              std::string_view message, const AdminReply& reply) {
    const Status begun = Await(control, post, message, reply);
    if (!begun) reply(tl::unexpected(begun.error()));
  };
}

}  // namespace baton::admin
