// Whether anything is recorded: not in the server that tests/bench/recording.py compares with.
#pragma once

namespace baton::metrics {

#ifdef BATON_RECORDS_NOTHING
inline constexpr bool kRecords = false;
#else
inline constexpr bool kRecords = true;
#endif

}  // namespace baton::metrics
