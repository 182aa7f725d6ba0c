// Offers unary gRPC calls with the same message, one after the other on each of some connections,
// and prints how many were answered and how fast, as JSON.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference/grpc_service.pb.h"
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  std::string address;
  int connections = 64;
  int in_flight = 1;  // on each
  double seconds = 2;
  std::string model = "tumour";
  std::string input = "input";
  std::vector<std::int64_t> shape = {1, 30};
  int budget_ms = 0;  // the calls' deadline; 0 for none
};

constexpr const char* kUsage =
    "Usage: grpc_load HOST:PORT [--connections N] [--in-flight N] [--seconds S]\n"
    "                 [--model NAME] [--input NAME] [--shape 1,30] [--budget-ms N]\n"
    "Sends FP32 ones, raw, to inference.GRPCInferenceService/ModelInfer.\n";

std::vector<std::int64_t> ReadShape(const std::string& text) {
  std::vector<std::int64_t> shape;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t used = 0;
    shape.push_back(std::stoll(text.substr(at), &used));
    at += used + 1;
  }
  return shape;
}

std::optional<Settings> ReadSettings(int argc, char** argv) {
  if (argc < 2 || argc % 2 != 0) return std::nullopt;
  Settings settings;
  settings.address = argv[1];
  for (int i = 2; i < argc; i += 2) {
    const std::string_view flag = argv[i];
    const std::string value = argv[i + 1];
    if (flag == "--connections") {
      settings.connections = std::stoi(value);
    } else if (flag == "--in-flight") {
      settings.in_flight = std::stoi(value);
    } else if (flag == "--seconds") {
      settings.seconds = std::stod(value);
    } else if (flag == "--model") {
      settings.model = value;
    } else if (flag == "--input") {
      settings.input = value;
    } else if (flag == "--shape") {
      settings.shape = ReadShape(value);
    } else if (flag == "--budget-ms") {
      settings.budget_ms = std::stoi(value);
    } else {
      return std::nullopt;
    }
  }
  return settings;
}

grpc::ByteBuffer MakeMessage(const Settings& settings) {
  inference::ModelInferRequest request;
  request.set_model_name(settings.model);
  auto& input = *request.add_inputs();
  input.set_name(settings.input);
  input.set_datatype("FP32");
  std::int64_t count = 1;
  for (const std::int64_t size : settings.shape) {
    input.add_shape(size);
    count *= size;
  }
  const std::vector<float> ones(static_cast<std::size_t>(count), 1.0F);
  request.add_raw_input_contents(ones.data(), ones.size() * sizeof(float));
  const grpc::Slice slice(request.SerializeAsString());
  return {&slice, 1};
}

// One call after the other.
class Caller {
 public:
  Caller(const std::shared_ptr<grpc::Channel>& channel, const Settings& settings,
         const grpc::ByteBuffer& message, grpc::CompletionQueue& queue)
      : stub_(channel), settings_(settings), message_(message), queue_(queue) {}

  void Begin() {
    context_ = std::make_unique<grpc::ClientContext>();
    if (settings_.budget_ms > 0) {
      context_->set_deadline(std::chrono::system_clock::now() +
                             std::chrono::milliseconds(settings_.budget_ms));
    }
    began_ = Clock::now();
    reader_ = stub_.PrepareUnaryCall(context_.get(), kMethod, message_, &queue_);
    reader_->StartCall();
    reader_->Finish(&answer_, &status_, this);
  }
  // Of the call that has ended.
  const grpc::Status& status() const { return status_; }
  Clock::duration took() const { return Clock::now() - began_; }

 private:
  inline static const std::string kMethod = "/inference.GRPCInferenceService/ModelInfer";

  grpc::GenericStub stub_;
  const Settings& settings_;
  const grpc::ByteBuffer& message_;
  grpc::CompletionQueue& queue_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader_;
  grpc::ByteBuffer answer_;
  grpc::Status status_;
  Clock::time_point began_;
};

struct Outcome {
  std::vector<double> micros;  // of those that were answered
  std::vector<std::int64_t> by_code = std::vector<std::int64_t>(17);
  double seconds = 0;
};

Outcome Offer(const Settings& settings) {
  const grpc::ByteBuffer message = MakeMessage(settings);
  grpc::CompletionQueue queue;
  std::deque<Caller> callers;
  for (int i = 0; i < settings.connections; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
    const auto channel =
        grpc::CreateCustomChannel(settings.address, grpc::InsecureChannelCredentials(), arguments);
    channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5));
    for (int k = 0; k < settings.in_flight; ++k) {
      callers.emplace_back(channel, settings, message, queue);
    }
  }
  Outcome outcome;
  const Clock::time_point began = Clock::now();
  const auto until = began + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(settings.seconds));
  for (Caller& caller : callers) caller.Begin();
  void* tag = nullptr;
  bool ok = false;
  for (std::size_t open = callers.size(); open > 0 && queue.Next(&tag, &ok);) {
    Caller& caller = *static_cast<Caller*>(tag);
    const int code = caller.status().error_code();
    ++outcome.by_code[static_cast<std::size_t>(std::clamp(code, 0, 16))];
    if (code == 0) {
      outcome.micros.push_back(std::chrono::duration<double, std::micro>(caller.took()).count());
    }
    if (Clock::now() < until) {
      caller.Begin();
    } else {
      --open;
    }
  }
  outcome.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return outcome;
}

void Print(Outcome& outcome) {
  std::sort(outcome.micros.begin(), outcome.micros.end());
  const auto quantile = [&outcome](double q) {
    if (outcome.micros.empty()) return 0.0;
    return outcome
        .micros[static_cast<std::size_t>(q * static_cast<double>(outcome.micros.size() - 1))];
  };
  std::printf("{\"requests\": %zu, \"seconds\": %.3f, \"requests_per_second\": %.1f",
              outcome.micros.size(), outcome.seconds,
              static_cast<double>(outcome.micros.size()) / outcome.seconds);
  std::printf(", \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f",
              quantile(0.5), quantile(0.9), quantile(0.99), quantile(1));
  std::printf(", \"failed_by_code\": {");
  const char* comma = "";
  for (std::size_t code = 1; code < outcome.by_code.size(); ++code) {
    if (outcome.by_code[code] == 0) continue;
    std::printf("%s\"%zu\": %lld", comma, code, static_cast<long long>(outcome.by_code[code]));
    comma = ", ";
  }
  std::printf("}}\n");
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Settings> settings = ReadSettings(argc, argv);
  if (!settings) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  Outcome outcome = Offer(*settings);
  Print(outcome);
  return outcome.micros.empty() ? 1 : 0;
}
