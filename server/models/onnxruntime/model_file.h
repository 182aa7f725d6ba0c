// A bounded look at an ONNX file before ONNX Runtime takes it in.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "server/base/result.h"

namespace baton::models {

// Checks that no tensor in the file declares more elements than the bytes that come with it can
// hold: ONNX Runtime 1.31 makes room for the strings that are declared before it looks whether they
// are there, and other releases may for numbers. What else is wrong with a file is left to it.
//
// Cost: reads the headers of what is in the file, not the data. Errors: kInvalidArgument, naming
// the tensor; for a file that cannot be read, too.
Status CheckOnnxFile(const std::filesystem::path& path);
Status CheckOnnxBytes(std::span<const std::byte> bytes);

}  // namespace baton::models
