// The XGBoost library, opened when the first model needs it and kept for the rest of the process.
#pragma once

#include <filesystem>

#include "server/base/result.h"

namespace baton::models {

struct XgboostApi;

// Opens the library at `path`; with an empty path, the loader's own libxgboost.so.0. One that is
// open already is returned again, whatever the path. It is never unloaded: its threads' storage may
// outlive every owner of ours.
//
// OpenMP in this process is limited to the threads that call it, unless OMP_THREAD_LIMIT is in the
// environment already.
//
// Threads: any; the first call blocks for the time that opening takes.
// Errors: kNotFound with the loader's reason; kUnsupported for a library that is none of XGBoost or
// not 1.7: others read what models of 1.x say differently.
Result<const XgboostApi*> OpenXgboost(const std::filesystem::path& path);

}  // namespace baton::models
