// How the listener comes up and goes down.
#include "server/api/grpc/inference_server.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include "server/api/grpc/arriving_calls.h"
#include "server/api/grpc/inference_service.h"
#include "server/api/grpc/key_check.h"
#include "server/api/grpc/plain_methods.h"
#include "server/rpc/entrance.h"
#include "server/rpc/grpc_setup.h"
#include "server/rpc/health.h"
#include "server/rpc/open_tags.h"
#include "server/rpc/plain_calls.h"
#include "server/rpc/queued_server.h"
#include "server/rpc/reflection.h"
#include "server/rpc/tls_credentials.h"
#include "server/rpc/unread_answers.h"

namespace baton::api {
namespace {

constexpr const char* kServiceName = "inference.GRPCInferenceService";

// Peers that have gone without a word are found out within a minute and a half; peers that ask
// whether we are there may do so every ten seconds, with no call open as well.
constexpr int kKeepaliveTimeMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
constexpr int kShortestPingIntervalMs = 9'000;

std::vector<std::string> ServiceNames() {
  return {kServiceName, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
          "grpc.reflection.v1alpha.ServerReflection"};
}

}  // namespace

// What a listener answers with, and what it answers.
struct InferenceServer::State {
  State(rpc::CallQueue& shared, const Options& options)
      : queue(shared),
        entrance("grpc-entrance",
                 {options.max_connections, options.max_connections_per_address, options.backlog}) {}

  rpc::CallQueue& queue;
  rpc::OpenTags open_tags;
  InferenceService service;
  grpc::AsyncGenericService others;
  rpc::Health health{kServiceName};
  rpc::PlainMethods methods;
  rpc::Entrance entrance;                                // goes behind the server
  std::shared_ptr<grpc::ServerCredentials> credentials;  // its server asks it again and again
  std::unique_ptr<rpc::QueuedServer> server;
  std::optional<rpc::UnreadAnswers> unread;
  std::optional<ArrivingCalls> calls;
  std::optional<rpc::PlainCalls> plain_calls;
  bool has_stopped = false;

  Status Listen(const Options& options);
  void AddMethods(const ModelDirectory& directory);
};

Status InferenceServer::State::Listen(const Options& options) {
  grpc::ServerBuilder builder;
  rpc::SetUp(builder);
  credentials = rpc::CredentialsOf(options.tls);
  const bool speaks_tls = options.tls != nullptr;
  const Status listening = entrance.AddAddress(options.address, speaks_tls, credentials, builder);
  if (!listening) return listening;
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_streams_per_connection);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kShortestPingIntervalMs);
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  builder.SetMaxSendMessageSize(-1);
  builder.SetResourceQuota(grpc::ResourceQuota("inference").Resize(options.max_held_bytes));
  builder.RegisterService(&service);
  builder.RegisterAsyncGenericService(&others);
  server = rpc::QueuedServer::Start(builder, queue);
  if (server == nullptr) return Fail(ErrorCode::kInternal, "gRPC could not start its server");
  return {};
}

void InferenceServer::State::AddMethods(const ModelDirectory& directory) {
  methods = MakeInferenceMethods(
      directory, [this](rpc::CallQueue::Task task) { queue.Post(std::move(task)); });
  methods.merge(health.Methods());
  methods.merge(rpc::ReflectionMethods(ServiceNames()));
}

Result<std::unique_ptr<InferenceServer>> InferenceServer::Start(const Options& options,
                                                                const Parts& parts) {
  auto state = std::make_unique<State>(parts.queue, options);
  if (const Status listening = state->Listen(options); !listening) {
    return tl::unexpected(listening.error());
  }
  state->AddMethods(parts.directory);
  if (parts.keys != nullptr) RequireKeys(state->methods, *parts.keys, parts.clock);
  state->unread.emplace(parts.queue, state->open_tags, parts.clock,
                        rpc::UnreadAnswers::Limits{options.max_unsent_bytes, options.write_time});
  state->calls.emplace(ArrivingCalls::Parts{state->service, parts.queue, *state->unread,
                                            state->open_tags, parts.sink});
  state->plain_calls.emplace(rpc::PlainCalls::Parts{state->others, parts.queue, state->methods,
                                                    *state->unread, state->open_tags, parts.clock});
  state->calls->Start();
  state->plain_calls->Start();
  state->entrance.Open();
  return std::unique_ptr<InferenceServer>(new InferenceServer(std::move(state)));
}

InferenceServer::InferenceServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

InferenceServer::~InferenceServer() { Stop(Duration::zero()); }

std::uint16_t InferenceServer::port() const { return state_->entrance.port(); }

net::ForeignListener& InferenceServer::listener() { return state_->entrance.listener(); }

void InferenceServer::SetServing(bool serving) {
  state_->health.SetServing(serving);
  state_->queue.Post([&calls = *state_->plain_calls] { calls.TellWatchers(); });
}

void InferenceServer::StopAccepting() { state_->entrance.StopAccepting(); }

void InferenceServer::Stop(Duration grace) {
  if (std::exchange(state_->has_stopped, true)) return;
  SetServing(false);
  state_->queue.RunByItself();
  state_->queue.Post([&state = *state_] {
    state.calls->Close();
    state.plain_calls->Close();
  });
  state_->entrance.StopHandingOver();
  state_->server->Shutdown(grace);
  state_->queue.Post(state_->open_tags.Counting([&unread = *state_->unread] { unread.Close(); }));
  state_->open_tags.WaitUntilGone();
}

}  // namespace baton::api
