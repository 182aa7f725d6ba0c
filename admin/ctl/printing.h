// How every command of batonctl ends: with its result on standard output, or with a line on
// standard error.
#pragma once

#include <span>
#include <string>

#include "admin/ctl/exit_code.h"
#include "server/base/result.h"

namespace baton::ctl {

ExitCode Complain(ExitCode code, const std::string& message);
ExitCode Complain(const Error& error);

// A line on standard error about what has worked all the same.
void Warn(const std::string& message);

// Returns `code`; kRefused when nobody could read the text: scripts would go on with nothing.
ExitCode Print(const std::string& text, ExitCode code = ExitCode::kOk);

// "; did you mean tumour?", or nothing.
std::string MeantText(const std::string& word, std::span<const std::string> words);

}  // namespace baton::ctl
