// What the response cache did for a request.
#pragma once

#include <string_view>

namespace baton::serve {

enum class CacheState {
  kNone,    // it was not asked
  kHit,     // had the answer
  kMiss,    // had not: the request runs, and leads its equals
  kJoined,  // an equal request runs: this one waits for its answer
};

// "hit"; "" for kNone.
constexpr std::string_view ToText(CacheState state) {
  switch (state) {
    case CacheState::kNone: return "";
    case CacheState::kHit: return "hit";
    case CacheState::kMiss: return "miss";
    case CacheState::kJoined: return "joined";
  }
  return "";
}

}  // namespace baton::serve
