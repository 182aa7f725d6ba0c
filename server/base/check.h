// Conditions whose failure is our own fault, and what happens then.
#pragma once

namespace baton {

// Writes "file:line: check failed: what" to standard error and aborts. Never returns.
[[noreturn]] void CheckFailed(const char* file, int line, const char* what);

}  // namespace baton

// Aborts when `condition` is false, in every build: for what could send a wrong answer.
#define BATON_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::baton::CheckFailed(__FILE__, __LINE__, #condition))

// The same, compiled out where NDEBUG is defined: for what a test should have found.
#ifdef NDEBUG
#define BATON_DCHECK(condition) static_cast<void>(sizeof((condition) ? 1 : 0))
#else
#define BATON_DCHECK(condition) BATON_CHECK(condition)
#endif
