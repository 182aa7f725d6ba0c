// The ONNX Runtime library, opened while the process runs and kept for the rest of it.
#pragma once

#include <filesystem>
#include <string>

#include "server/base/result.h"

namespace Ort {
struct Env;
}

namespace baton::models {

// The opened library with the one environment that all sessions share. Lives as long as the
// process: it is never unloaded, because its threads and static objects may outlive every owner of
// ours.
//
// Threads: any.
class OnnxRuntime {
 public:
  OnnxRuntime(std::filesystem::path path, std::string version, Ort::Env& env)
      : path_(std::move(path)), version_(std::move(version)), env_(env) {}
  OnnxRuntime(const OnnxRuntime&) = delete;
  OnnxRuntime& operator=(const OnnxRuntime&) = delete;

  const std::filesystem::path& path() const { return path_; }  // what was opened
  const std::string& version() const { return version_; }      // of the library, such as "1.31.1"
  Ort::Env& env() const { return env_; }

 private:
  const std::filesystem::path path_;
  const std::string version_;
  Ort::Env& env_;
};

// Opens the library at `path`; with an empty path the first that can be opened of
// `<folder of the executable>/../lib/libonnxruntime.so.1` and the loader's own
// `libonnxruntime.so.1`. A library that is open already is returned again. Its log lines go to
// ours: warnings as warnings, and errors at debug, since each of them comes back to the caller as
// an Error too.
//
// Threads: any; the first call blocks for the time that opening takes.
// Errors: kNotFound, naming every place tried and the loader's reason; kUnsupported for a library
// older than 1.21 or none of ONNX Runtime; kFailedPrecondition when another one is open already.
Result<const OnnxRuntime*> OpenOnnxRuntime(const std::filesystem::path& path);

}  // namespace baton::models
