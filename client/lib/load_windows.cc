// Counting by windows, and the first good second of them.
#include "client/lib/load_windows.h"

#include <algorithm>

namespace baton::client {

void LoadWindows::Add(Duration intended, bool is_good, bool is_late) {
  const auto number = static_cast<std::size_t>(std::max(intended, Duration::zero()) / kLength);
  const std::size_t index = std::min(number, kMostWindows - 1);
  if (index >= windows_.size()) windows_.resize(index + 1);
  Window& window = windows_[index];
  ++window.requests;
  if (is_good) ++window.good;
  if (is_late) ++window.late;
}

std::optional<Duration> BackToNormal(const LoadWindows& windows) {
  constexpr std::size_t kSteady = 1s / LoadWindows::kLength;
  const std::vector<LoadWindows::Window>& all = windows.all();
  const std::size_t wanted = std::min(kSteady, all.size());
  std::size_t in_a_row = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    in_a_row = all[i].IsAllGood() ? in_a_row + 1 : 0;
    if (in_a_row == wanted) return static_cast<int>(i + 1 - wanted) * LoadWindows::kLength;
  }
  return std::nullopt;
}

}  // namespace baton::client
