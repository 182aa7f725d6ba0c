// A library with ONNX Runtime's one entry point and nothing behind it, for what is decided at the
// door.
#include <cstdint>

namespace {

struct ApiBase {  // laid out as ONNX Runtime's own OrtApiBase
  const void* (*get_api)(std::uint32_t version);
  const char* (*get_version)();
};

#ifdef FAKE_HAS_API
const int g_table = 0;  // is never looked into
const void* GetApi(std::uint32_t /*version*/) { return &g_table; }
const char* GetVersion() { return "1.99.0"; }
#else
const void* GetApi(std::uint32_t /*version*/) { return nullptr; }
const char* GetVersion() { return "1.10.0"; }
#endif

const ApiBase g_base = {&GetApi, &GetVersion};

}  // namespace

extern "C" const ApiBase* OrtGetApiBase();
extern "C" const ApiBase* OrtGetApiBase() { return &g_base; }
