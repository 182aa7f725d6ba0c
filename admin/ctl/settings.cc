// KEY=VALUE arguments of `batonctl set`, read.
#include "admin/ctl/settings.h"

#include <string_view>

#include "server/control/key_values.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;
constexpr std::string_view kPoolKeys[] = {"size"};

}  // namespace

Result<v1::UpdatePoolRequest> ToPoolRequest(const std::vector<std::string>& settings) {
  v1::UpdatePoolRequest request;
  for (const std::string& setting : settings) {
    const Result<control::KeyValue> read = control::ReadKeyValue(setting, "pool", kPoolKeys);
    if (!read) return tl::unexpected<Error>(read.error());
    if (request.pool().has_size()) {
      return Fail(ErrorCode::kInvalidArgument, "size: given twice, expected once", "size");
    }
    const Result<int> size = control::ReadWholeNumber(read->value);
    if (!size) return Fail(ErrorCode::kInvalidArgument, "size: " + size.error().message, "size");
    request.mutable_pool()->set_size(*size);
    request.mutable_update_mask()->add_paths("size");
  }
  return request;
}

Result<control::EndpointChange> ToEndpointChange(const std::vector<std::string>& settings) {
  control::EndpointChange change;
  for (const std::string& setting : settings) {
    const Status added = control::AddSetting(setting, change);
    if (!added) return tl::unexpected<Error>(added.error());
  }
  return change;
}

}  // namespace baton::ctl
