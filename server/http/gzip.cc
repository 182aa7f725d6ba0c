// The one unit that includes zlib; each thread keeps its state from one body to the next.
#include "server/http/gzip.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#define ZLIB_CONST  // NOLINT(readability-identifier-naming): the library asks for it
#include <zlib.h>

namespace baton::http {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;
constexpr std::size_t kSpareBytes = 64;  // for readers that look beyond the end
constexpr int kGzipWindow = 15 + 16;     // the largest one, and no format but gzip
constexpr int kMemoryLevel = 8;          // zlib's default

// A zlib stream with a buffer for what comes out of it.
class Stream {
 public:
  // What is left of the input from `at` on, a piece at most.
  void SetInput(std::string_view input, std::size_t at) {
    const std::string_view piece = input.substr(at, kPieceBytes);
    z_.next_in = reinterpret_cast<const Bytef*>(piece.data());
    z_.avail_in = given_ = static_cast<uInt>(piece.size());
    z_.next_out = output_.data();
    z_.avail_out = kPieceBytes;
  }
  std::size_t used() const { return given_ - z_.avail_in; }
  std::size_t made() const { return kPieceBytes - z_.avail_out; }
  bool has_room() const { return z_.avail_out > 0; }
  void AppendTo(std::string& out) const {
    out.append(reinterpret_cast<const char*>(output_.data()), made());
  }
  z_stream* z() { return &z_; }

 private:
  z_stream z_{};
  uInt given_ = 0;
  std::array<Bytef, kPieceBytes> output_;
};

// Room for what came out: memory grows twofold, and ends at the bound. A new string, because one
// that has a capacity already grows by its own rule.
void Reserve(std::string& out, std::size_t more, std::size_t max_bytes) {
  const std::size_t needed = out.size() + more;
  if (out.capacity() >= needed + kSpareBytes) return;
  std::string larger;
  larger.reserve(std::min(std::max(needed, 2 * out.size()), max_bytes) + kSpareBytes);
  larger += out;
  out = std::move(larger);
}

tl::unexpected<Error> Corrupt(std::string_view why, std::size_t at) {
  return Fail(ErrorCode::kInvalidArgument, "the body is no valid gzip: " + std::string(why) +
                                               " (byte " + std::to_string(at) + ")");
}

tl::unexpected<Error> TooLarge(std::size_t max_bytes) {
  return Fail(ErrorCode::kTooLarge,
              "the body expands to more than " + std::to_string(max_bytes) + " bytes");
}

// The size of the last member as its last four bytes tell it, modulo 2^32.
std::uint64_t ClaimedSize(std::string_view zipped) {
  if (zipped.size() < 4) return 0;
  std::uint64_t size = 0;
  for (std::size_t i = 1; i <= 4; ++i) {
    size = size << 8U | static_cast<unsigned char>(zipped[zipped.size() - i]);
  }
  return size;
}

class Inflater {
 public:
  Inflater() {
    if (inflateInit2(stream_.z(), kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(stream_.z()); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Result<std::string> Run(std::string_view zipped, std::size_t max_bytes, const GoOn& go_on) {
    std::string out;
    out.reserve(kSpareBytes);
    const bool claims_too_much = ClaimedSize(zipped) > max_bytes;
    std::size_t at = 0;
    inflateReset(stream_.z());
    while (true) {
      if (!go_on()) return Fail(ErrorCode::kDeadlineExceeded, "expanding the body was stopped");
      stream_.SetInput(zipped, at);
      const int code = inflate(stream_.z(), Z_NO_FLUSH);
      at += stream_.used();
      if (stream_.made() > max_bytes - out.size()) return TooLarge(max_bytes);
      Reserve(out, stream_.made(), max_bytes);
      stream_.AppendTo(out);
      const bool is_all = at == zipped.size();
      if (code == Z_STREAM_END && is_all) return out;
      const Status status =
          code == Z_STREAM_END ? BeginNext(zipped.substr(at), at) : Check(code, at, is_all);
      if (!status) return tl::unexpected<Error>(status.error());
      // A trailer could be anything; that the beginning is like it leaves no doubt.
      const bool is_like_it = out.size() / at > max_bytes / zipped.size();
      if (claims_too_much && is_like_it) return TooLarge(max_bytes);
    }
  }

 private:
  Status BeginNext(std::string_view rest, std::size_t at) {
    if (rest.front() != '\x1f' || (rest.size() > 1 && rest[1] != '\x8b')) {
      return Corrupt("something follows it", at);
    }
    inflateReset(stream_.z());
    return {};
  }

  // Of an end of inflate() that is not the member's.
  Status Check(int code, std::size_t at, bool is_all) {
    if (code == Z_MEM_ERROR) throw std::bad_alloc();
    if (code != Z_OK && code != Z_BUF_ERROR) {
      const char* const why = stream_.z()->msg;
      return Corrupt(why != nullptr ? why : "malformed", at);
    }
    if (is_all && stream_.has_room()) return Corrupt("cut short at its end", at);
    return {};
  }

  Stream stream_;
};

class Deflater {
 public:
  Deflater() {
    if (deflateInit2(stream_.z(), Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Deflater() { deflateEnd(stream_.z()); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  std::optional<std::string> Run(std::string_view plain, const GoOn& go_on) {
    std::string out;
    std::size_t at = 0;
    int code = Z_OK;
    deflateReset(stream_.z());
    while (code != Z_STREAM_END) {
      if (!go_on()) return std::nullopt;
      stream_.SetInput(plain, at);
      code = deflate(stream_.z(), plain.size() - at <= kPieceBytes ? Z_FINISH : Z_NO_FLUSH);
      at += stream_.used();
      stream_.AppendTo(out);
      if (out.size() >= plain.size()) return std::nullopt;
    }
    return out;
  }

 private:
  Stream stream_;
};

// Made at the first use, and not again.
template <typename State>
State& OfThisThread() {
  thread_local const std::unique_ptr<State> state = std::make_unique<State>();
  return *state;
}

}  // namespace

Result<std::string> Expand(std::string_view zipped, std::size_t max_bytes, const GoOn& go_on) {
  try {
    return OfThisThread<Inflater>().Run(zipped, max_bytes, go_on);
  } catch (const std::bad_alloc&) {
    return Fail(ErrorCode::kResourceExhausted, "out of memory while expanding the body");
  }
}

std::optional<std::string> Compress(std::string_view plain, const GoOn& go_on) {
  try {
    return OfThisThread<Deflater>().Run(plain, go_on);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

}  // namespace baton::http
