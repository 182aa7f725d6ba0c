// The one place that includes ONNX Runtime's headers, for the sources of this folder.
//
// The library is opened at run time, so nothing here may reach for its symbols: until
// OpenOnnxRuntime() has returned a runtime, no name out of these headers may be used.
#pragma once

#define ORT_API_MANUAL_INIT
#include <onnxruntime_cxx_api.h>
