// Names for clang's thread-safety attributes
// (https://clang.llvm.org/docs/ThreadSafetyAnalysis.html); other compilers see nothing.
#pragma once

#if defined(__clang__)
#define BATON_ATTRIBUTE(x) __attribute__((x))
#else
#define BATON_ATTRIBUTE(x)
#endif

#define BATON_CAPABILITY(name) BATON_ATTRIBUTE(capability(name))
#define BATON_SCOPED_CAPABILITY BATON_ATTRIBUTE(scoped_lockable)
#define BATON_GUARDED_BY(x) BATON_ATTRIBUTE(guarded_by(x))
#define BATON_REQUIRES(...) BATON_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define BATON_EXCLUDES(...) BATON_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define BATON_ACQUIRE(...) BATON_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define BATON_RELEASE(...) BATON_ATTRIBUTE(release_capability(__VA_ARGS__))
#define BATON_ASSERT_CAPABILITY(x) BATON_ATTRIBUTE(assert_capability(x))
#define BATON_NO_THREAD_SAFETY_ANALYSIS BATON_ATTRIBUTE(no_thread_safety_analysis)
