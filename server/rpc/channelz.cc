// gRPC tells of itself in the JSON of its own messages.
#include "server/rpc/channelz.h"

#include <memory>
#include <string>

#include "grpc/channelz/v1/channelz.pb.h"
#include <google/protobuf/util/json_util.h>
#include <grpc/grpc.h>
#include <grpc/support/alloc.h>

namespace baton::rpc {
namespace {

namespace v1 = grpc::channelz::v1;

using Told = std::unique_ptr<char, decltype(&gpr_free)>;

// What gRPC says, which is nothing for a number that nobody has.
template <typename Response>
grpc::Status Take(char* json, const std::string& what, Response& response) {
  const Told told(json, &gpr_free);
  if (told == nullptr) return {grpc::StatusCode::NOT_FOUND, "there is no " + what};
  const auto read = google::protobuf::util::JsonStringToMessage(told.get(), &response);
  if (read.ok()) return {};
  return {grpc::StatusCode::INTERNAL, "gRPC's own figures could not be read"};
}

std::string Numbered(const char* kind, std::int64_t number) {
  return std::string(kind) + " with the number " + std::to_string(number);
}

template <typename Request, typename Response>
PlainMethod Asks(grpc::Status (*answer)(const Request&, Response&)) {
  return MakeMethod<Request, Response>(PlainMethod::Shape::kUnary, answer);
}

grpc::Status TopChannels(const v1::GetTopChannelsRequest& request,
                         v1::GetTopChannelsResponse& response) {
  return Take(grpc_channelz_get_top_channels(request.start_channel_id()), "channels", response);
}

grpc::Status Servers(const v1::GetServersRequest& request, v1::GetServersResponse& response) {
  return Take(grpc_channelz_get_servers(request.start_server_id()), "servers", response);
}

grpc::Status OneServer(const v1::GetServerRequest& request, v1::GetServerResponse& response) {
  return Take(grpc_channelz_get_server(request.server_id()),
              Numbered("server", request.server_id()), response);
}

grpc::Status ServerSockets(const v1::GetServerSocketsRequest& request,
                           v1::GetServerSocketsResponse& response) {
  if (request.start_socket_id() < 0 || request.max_results() < 0) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "start_socket_id, max_results: expected 0 or more"};
  }
  return Take(grpc_channelz_get_server_sockets(request.server_id(), request.start_socket_id(),
                                               request.max_results()),
              Numbered("server", request.server_id()), response);
}

grpc::Status OneChannel(const v1::GetChannelRequest& request, v1::GetChannelResponse& response) {
  return Take(grpc_channelz_get_channel(request.channel_id()),
              Numbered("channel", request.channel_id()), response);
}

grpc::Status OneSubchannel(const v1::GetSubchannelRequest& request,
                           v1::GetSubchannelResponse& response) {
  return Take(grpc_channelz_get_subchannel(request.subchannel_id()),
              Numbered("subchannel", request.subchannel_id()), response);
}

grpc::Status OneSocket(const v1::GetSocketRequest& request, v1::GetSocketResponse& response) {
  return Take(grpc_channelz_get_socket(request.socket_id()),
              Numbered("socket", request.socket_id()), response);
}

}  // namespace

PlainMethods ChannelzMethods() {
  const std::string service("/grpc.channelz.v1.Channelz/");
  return {{service + "GetTopChannels", Asks(&TopChannels)},
          {service + "GetServers", Asks(&Servers)},
          {service + "GetServer", Asks(&OneServer)},
          {service + "GetServerSockets", Asks(&ServerSockets)},
          {service + "GetChannel", Asks(&OneChannel)},
          {service + "GetSubchannel", Asks(&OneSubchannel)},
          {service + "GetSocket", Asks(&OneSocket)}};
}

}  // namespace baton::rpc
