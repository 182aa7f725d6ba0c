// Finds the XGBoost library and its functions.
#include "server/models/xgboost/library.h"

#include <cstdlib>
#include <dlfcn.h>
#include <memory>
#include <string>
#include <utility>

#include "server/base/mutex.h"
#include "server/models/xgboost/api.h"

namespace baton::models {
namespace {

constexpr const char* kFileName = "libxgboost.so.0";
constexpr int kMajor = 1;
constexpr int kMinor = 7;

struct HandleCloser {
  void operator()(void* handle) const { ::dlclose(handle); }
};
using Handle = std::unique_ptr<void, HandleCloser>;

struct Process {
  Mutex mutex;
  const XgboostApi* api BATON_GUARDED_BY(mutex) = nullptr;
};

// Never destroyed, like what it points to.
Process& TheProcess() {
  static Process& process = *new Process;
  return process;
}

template <typename Function>
bool Find(void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(handle, name));
  return function != nullptr;
}

bool FindAll(void* handle, XgboostApi& api) {
  return Find(handle, "XGBoostVersion", api.version) &&
         Find(handle, "XGBGetLastError", api.last_error) &&
         Find(handle, "XGBRegisterLogCallback", api.register_log) &&
         Find(handle, "XGBoosterCreate", api.create) && Find(handle, "XGBoosterFree", api.free) &&
         Find(handle, "XGBoosterSetParam", api.set_parameter) &&
         Find(handle, "XGBoosterLoadModelFromBuffer", api.load) &&
         Find(handle, "XGBoosterPredictFromDense", api.predict);
}

Result<const XgboostApi*> Open(const std::filesystem::path& path) {
  // Looked at while libgomp is loaded. XGBoost loads trees on as many threads as there are
  // processors, whatever it is told; parallelism comes from the worker pool.
  if (::setenv("OMP_THREAD_LIMIT", "1", 0) != 0) {
    return Fail(ErrorCode::kInternal, "the environment cannot hold OMP_THREAD_LIMIT");
  }
  Handle handle(::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!handle) {
    const char* const reason = ::dlerror();
    return Fail(ErrorCode::kNotFound, "the XGBoost library could not be opened: " +
                                          std::string(reason == nullptr ? "no reason" : reason));
  }
  auto api = std::make_unique<XgboostApi>();
  if (!FindAll(handle.get(), *api)) {
    return Fail(ErrorCode::kUnsupported, path.string() + " is no XGBoost library of 1.7");
  }
  int major = 0;
  int minor = 0;
  int patch = 0;
  api->version(&major, &minor, &patch);
  if (major != kMajor || minor != kMinor) {
    return Fail(ErrorCode::kUnsupported, path.string() + " is XGBoost " + std::to_string(major) +
                                             "." + std::to_string(minor) + ", expected 1.7");
  }
  static_cast<void>(handle.release());
  return api.release();
}

}  // namespace

Result<const XgboostApi*> OpenXgboost(const std::filesystem::path& path) {
  Process& process = TheProcess();
  MutexLock lock(process.mutex);
  if (process.api != nullptr) return process.api;
  Result<const XgboostApi*> api = Open(path.empty() ? kFileName : path);
  if (api) process.api = *api;
  return api;
}

}  // namespace baton::models
