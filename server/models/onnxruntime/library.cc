// Finds the ONNX Runtime library, takes its function table, and makes the environment.
#include "server/models/onnxruntime/library.h"

#include <cstdlib>
#include <dlfcn.h>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "server/base/log.h"
#include "server/base/mutex.h"
#include "server/models/onnxruntime/api.h"

namespace baton::models {
namespace {

constexpr const char* kFileName = "libonnxruntime.so.1";

struct HandleCloser {
  void operator()(void* handle) const { ::dlclose(handle); }
};
using Handle = std::unique_ptr<void, HandleCloser>;

struct Opened {
  Handle handle;
  std::filesystem::path path;
};

struct Process {
  Mutex mutex;
  void* handle BATON_GUARDED_BY(mutex) = nullptr;
  const OnnxRuntime* runtime BATON_GUARDED_BY(mutex) = nullptr;
};

// Never destroyed, like what it points to.
Process& TheProcess() {
  static Process& process = *new Process;
  return process;
}

std::vector<std::filesystem::path> Places(const std::filesystem::path& path) {
  if (!path.empty()) return {path};
  std::error_code error;
  const std::filesystem::path executable = std::filesystem::read_symlink("/proc/self/exe", error);
  std::vector<std::filesystem::path> places;
  if (!error) {
    places.push_back((executable.parent_path() / ".." / "lib" / kFileName).lexically_normal());
  }
  places.emplace_back(kFileName);
  return places;
}

Result<Opened> OpenFirst(std::span<const std::filesystem::path> places) {
  std::string reasons;
  for (const std::filesystem::path& place : places) {
    // Local: its own protobuf and the like must not meet ours.
    if (Handle handle{::dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL)}) {
      return Opened{std::move(handle), place};
    }
    const char* reason = ::dlerror();
    reasons += "\n  " + place.string() + ": " + (reason == nullptr ? "no reason given" : reason);
  }
  return Fail(ErrorCode::kNotFound,
              "the ONNX Runtime library could not be opened; tried:" + reasons);
}

LogLevel LevelOf(OrtLoggingLevel severity) {
  switch (severity) {
    case ORT_LOGGING_LEVEL_WARNING:
    case ORT_LOGGING_LEVEL_FATAL: return LogLevel::kWarning;
    // An error is also handed to the caller, who knows whether it is anybody's concern: a client's
    // bad tensor must not fill the log.
    case ORT_LOGGING_LEVEL_ERROR:
    case ORT_LOGGING_LEVEL_INFO:
    case ORT_LOGGING_LEVEL_VERBOSE: break;
  }
  return LogLevel::kDebug;
}

void ORT_API_CALL WriteLog(void* /*param*/, OrtLoggingLevel severity, const char* category,
                           const char* session, const char* where, const char* message) {
  try {
    Log(LevelOf(severity), "onnxruntime",
        {{"category", category}, {"model", session}, {"where", where}, {"message", message}});
  } catch (...) {
    // Called from C: a line that cannot be written is lost.
  }
}

struct Entry {
  const OrtApi* api;
  std::string version;
};

Result<Entry> FindEntry(const Opened& opened) {
  using GetApiBase = const OrtApiBase* (*)();
  const auto get_api_base =
      reinterpret_cast<GetApiBase>(::dlsym(opened.handle.get(), "OrtGetApiBase"));
  if (get_api_base == nullptr) {
    return Fail(ErrorCode::kUnsupported,
                opened.path.string() + " is no ONNX Runtime library: it has no OrtGetApiBase");
  }
  const OrtApiBase* base = get_api_base();
  Entry entry{base->GetApi(ORT_API_VERSION), base->GetVersionString()};
  if (entry.api == nullptr) {
    return Fail(ErrorCode::kUnsupported, opened.path.string() + " is ONNX Runtime " +
                                             entry.version + ", expected 1." +
                                             std::to_string(ORT_API_VERSION) + " or later");
  }
  return entry;
}

Result<const OnnxRuntime*> Start(const Entry& entry, const std::filesystem::path& path) {
  Ort::InitApi(entry.api);
  try {
    auto env = std::make_unique<Ort::Env>(ORT_LOGGING_LEVEL_WARNING, "baton", &WriteLog, nullptr);
    auto runtime = std::make_unique<const OnnxRuntime>(path, entry.version, *env);
    static_cast<void>(env.release());  // now the runtime's, for the rest of the process
    return runtime.release();
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kInternal,
                "ONNX Runtime " + entry.version + " did not start: " + error.what());
  }
}

}  // namespace

Result<const OnnxRuntime*> OpenOnnxRuntime(const std::filesystem::path& path) {
  // Its releases of 2026 report to their maker and keep a database in the user's home unless told
  // not to; looked at while the library is loaded.
  if (::setenv("ORT_DISABLE_TELEMETRY", "1", 1) != 0) {
    return Fail(ErrorCode::kInternal, "the environment cannot hold ORT_DISABLE_TELEMETRY");
  }
  Result<Opened> opened = OpenFirst(Places(path));
  if (!opened) return tl::unexpected(opened.error());
  const Result<Entry> entry = FindEntry(*opened);
  if (!entry) return tl::unexpected(entry.error());

  Process& process = TheProcess();
  MutexLock lock(process.mutex);
  if (process.runtime != nullptr) {
    if (opened->handle.get() == process.handle) return process.runtime;
    return Fail(ErrorCode::kFailedPrecondition,
                opened->path.string() + " cannot be opened: ONNX Runtime runs already from " +
                    process.runtime->path().string());
  }
  Result<const OnnxRuntime*> runtime = Start(*entry, opened->path);
  if (runtime) {
    process.runtime = *runtime;
    process.handle = opened->handle.release();
  }
  return runtime;
}

}  // namespace baton::models
