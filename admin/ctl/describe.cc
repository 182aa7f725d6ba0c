// `batonctl describe`: all that is known of one thing, gathered by several calls.
#include "admin/ctl/describe.h"

#include <array>
#include <cstdio>
#include <span>
#include <vector>

#include "admin/ctl/endpoint_messages.h"
#include "admin/ctl/endpoint_output.h"
#include "admin/ctl/model_output.h"
#include "admin/ctl/output.h"
#include "admin/ctl/table.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;

constexpr int kLastMisses = 5;

std::string ShareText(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return std::to_string(part);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%llu of %llu (%.1f %%)",
                static_cast<unsigned long long>(part), static_cast<unsigned long long>(whole),
                100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text.data();
}

// What a description is made of, in a form for programs; the first one has the name.
template <typename Named>
std::string ForPrograms(const Named& named, std::span<const Part> parts, const Look& look) {
  if (look.format == Look::Format::kName) return ToNames(named);
  return look.format == Look::Format::kJson ? ToJson(parts) : ToYaml(parts);
}

std::string MissesText(const v1::ListMissesResponse& misses, const Look& look) {
  if (misses.misses().empty()) return "\nNo misses.\n";
  return "\nLast misses:\n" + ToTable(misses, look);
}

std::string PoolText(const v1::ServerStatus& status, const v1::ListEndpointsResponse& endpoints,
                     const Look& look) {
  const v1::Pool& pool = status.pool();
  const auto workers = [](int count) { return std::to_string(count); };
  std::string text =
      Fields({{"name", pool.name()},
              {"size", workers(pool.size()) + " workers are wanted"},
              {"busy", workers(pool.busy())},
              {"idle", workers(pool.idle())},
              {"retiring", workers(pool.retiring()) + " told to go, finishing what they run"},
              {"zombies", workers(pool.zombies()) + " run what nobody waits for any more"},
              {"waiting", std::to_string(status.queue_depth()) + " requests wait for a worker"},
              {"unanswered", std::to_string(status.pending_responses()) +
                                 " requests are let in and have no answer yet"},
              {"generation", std::to_string(pool.generation())}},
             look);
  std::vector<Row> rows = {{"ENDPOINT", "IN_FLIGHT", "MIN_WORKERS", "MAX_WORKERS"}};
  for (const v1::Endpoint& one : endpoints.endpoints()) {
    rows.push_back({ToState(one).name, std::to_string(one.in_flight()),
                    std::to_string(one.min_workers()),
                    one.max_workers() == 0 ? "auto" : std::to_string(one.max_workers())});
  }
  return text + "\nShares of the endpoints:\n" + Columns(rows, look);
}

std::string ModelText(const v1::Model& model, const v1::Endpoint& endpoint, const Look& look) {
  const auto or_none = [](const std::string& text) { return text.empty() ? "none" : text; };
  const control::EndpointState state = ToState(endpoint);
  std::string text = Fields({{"name", state.name},
                             {"default version", or_none(model.default_version())},
                             {"canary version", or_none(model.canary_version())},
                             {"what is wrong", model.reason().empty() ? "nothing" : model.reason()},
                             {"misses", ShareText(state.misses_total, state.requests_total)}},
                            look);
  return text + "\nVersions:\n" + ToTable(model, look) + "\nIts endpoint:\n" + ToTable(state, look);
}

}  // namespace

Result<std::string> DescribePool(AdminClient& client, const Look& look) {
  const Result<v1::ServerStatus> status = client.GetStatus();
  if (!status) return tl::unexpected<Error>(status.error());
  const Result<v1::ListEndpointsResponse> endpoints = client.ListEndpoints();
  if (!endpoints) return tl::unexpected<Error>(endpoints.error());
  if (look.IsTable()) return PoolText(*status, *endpoints, look);
  const std::array<Part, 2> parts = {{{"status", *status}, {"endpoints", *endpoints}}};
  return ForPrograms(status->pool(), parts, look);
}

Result<std::string> DescribeEndpoint(AdminClient& client, const std::string& name,
                                     const Look& look) {
  const Result<v1::Endpoint> endpoint = client.GetEndpoint(name);
  if (!endpoint) return tl::unexpected<Error>(endpoint.error());
  const Result<v1::ListMissesResponse> misses = client.ListMisses(name, kLastMisses);
  if (!misses) return tl::unexpected<Error>(misses.error());
  if (look.IsTable()) return ToTable(ToState(*endpoint), look) + MissesText(*misses, look);
  const std::array<Part, 2> parts = {{{"endpoint", *endpoint}, {"misses", *misses}}};
  return ForPrograms(*endpoint, parts, look);
}

Result<std::string> DescribeModel(AdminClient& client, const std::string& name, const Look& look) {
  const Result<v1::Model> model = client.GetModel(name);
  if (!model) return tl::unexpected<Error>(model.error());
  const Result<v1::Endpoint> endpoint = client.GetEndpoint(name);
  if (!endpoint) return tl::unexpected<Error>(endpoint.error());
  if (look.IsTable()) return ModelText(*model, *endpoint, look);
  const std::array<Part, 2> parts = {{{"model", *model}, {"endpoint", *endpoint}}};
  return ForPrograms(*model, parts, look);
}

}  // namespace baton::ctl
