// Descriptors 0, 1 and 2, which libraries and the log write to whatever is behind them.
#pragma once

namespace baton::lifecycle {

// Puts /dev/null where one of them was closed by whoever started the process: else the next socket
// would get its number, and lines of the log would go to a client. Call before anything is opened.
void KeepStandardStreams();

}  // namespace baton::lifecycle
