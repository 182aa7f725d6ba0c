// A stream of bytes through a parser in given pieces, and what came out as comparable text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/request_parser.h"

namespace baton::http {

struct Outcome {
  std::vector<std::string> requests;  // each as text
  ParseState state = ParseState::kHead;
  int status = 0;            // of the refusal, 0 without
  std::string reason;        // of the refusal
  std::string message;       // of the refusal
  std::size_t consumed = 0;  // only told when nothing was refused

  bool operator==(const Outcome&) const = default;
};

inline std::string AsText(const Request& request) {
  std::string text(ToText(request.method));
  text += " target=" + request.target + " path=" + request.path + " query=" + request.query;
  text += " 1." + std::to_string(request.version_minor);
  text += request.keep_alive ? " keep" : " close";
  if (request.has_body) text += " body=" + request.body;
  const std::string_view head = request.head;
  for (const Request::HeaderField& field : request.headers) {
    text.append("\n").append(head.substr(field.name_at, field.name_size));
    text.append("=").append(head.substr(field.value_at, field.value_size));
  }
  return text;
}

// Feeds `bytes` in pieces whose sizes `next_piece` gives, as a session would: every complete
// request is taken over, then the rest is offered again.
inline Outcome ParsePieces(std::string_view bytes, const Limits& limits,
                           const std::function<std::size_t()>& next_piece) {
  Outcome outcome;
  RequestParser parser(limits);
  while (!bytes.empty() && parser.state() != ParseState::kRefused) {
    std::string_view piece = bytes.substr(0, std::max<std::size_t>(next_piece(), 1));
    while (!piece.empty() && parser.state() != ParseState::kRefused) {
      // A copy of its own, so that the address sanitizer sees a look beyond it.
      const std::vector<char> own(piece.begin(), piece.end());
      const auto progress = parser.Feed({own.data(), own.size()});
      piece.remove_prefix(progress.consumed);
      bytes.remove_prefix(progress.consumed);
      outcome.consumed += progress.consumed;
      if (progress.state == ParseState::kComplete) {
        const Request taken = std::move(parser.request());
        outcome.requests.push_back(AsText(taken));
        parser.Next();
      }
    }
  }
  outcome.state = parser.state();
  if (outcome.state == ParseState::kRefused) {
    outcome.consumed = 0;
    outcome.status = parser.refusal().status;
    outcome.reason = parser.refusal().reason;
    outcome.message = parser.refusal().message;
  }
  return outcome;
}

inline Outcome ParseWhole(std::string_view bytes, const Limits& limits = {}) {
  return ParsePieces(bytes, limits, [] { return std::string_view::npos; });
}

inline Outcome ParseByteByByte(std::string_view bytes, const Limits& limits = {}) {
  return ParsePieces(bytes, limits, [] { return std::size_t{1}; });
}

// Two pieces: the first of `first_size`.
inline Outcome ParseSplit(std::string_view bytes, std::size_t first_size,
                          const Limits& limits = {}) {
  std::size_t size = first_size;
  return ParsePieces(bytes, limits,
                     [&size] { return std::exchange(size, std::string_view::npos); });
}

inline void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << outcome.requests.size() << " requests";
  for (const std::string& request : outcome.requests) *out << "\n[" << request << "]";
  *out << "\nstate " << static_cast<int>(outcome.state) << ", consumed " << outcome.consumed
       << ", refusal " << outcome.status << " " << outcome.reason << ": " << outcome.message;
}

}  // namespace baton::http
