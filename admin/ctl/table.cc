// Text in columns, as wide as the terminal bears.
#include "admin/ctl/table.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <utility>

namespace baton::ctl {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr int kGap = 2;
constexpr int kLeastWidth = 4;

constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kPlain = "\x1b[0m";

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kColours = {
    {{"ready", kGreen},
     {"loading", kYellow},
     {"draining", kYellow},
     {"unloaded", kYellow},
     {"fallback", kYellow},
     {"refused", kYellow},
     {"timeout", kYellow},
     {"not ready", kRed},
     {"failed", kRed},
     {"error", kRed}}};

// Of what stands under (or beside) such a head; empty for what has no colour of its own.
std::string_view ColourOf(std::string_view head, std::string_view cell) {
  if (head != "STATE" && head != "ANSWER" && head != "state") return {};
  const auto* const found = std::find_if(kColours.begin(), kColours.end(),
                                         [cell](const auto& one) { return one.first == cell; });
  return found == kColours.end() ? std::string_view() : found->second;
}

std::string Painted(std::string_view head, const std::string& cell, const std::string& shown,
                    const Look& look) {
  const std::string_view colour = look.has_colour ? ColourOf(head, cell) : std::string_view();
  if (colour.empty()) return shown;
  return std::string(colour) + shown + std::string(kPlain);
}

// What a server says may hold anything, and a terminal obeys it: control characters become spaces.
std::vector<Row> Tame(std::vector<Row> rows) {
  for (Row& row : rows) {
    for (std::string& cell : row) {
      std::replace_if(
          cell.begin(), cell.end(),
          [](unsigned char letter) { return letter < ' ' || letter == '\x7f'; }, ' ');
    }
  }
  return rows;
}

std::vector<int> NaturalWidths(const std::vector<Row>& rows) {
  std::vector<int> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], WidthOf(row[i]));
  }
  return widths;
}

int TotalOf(const std::vector<int>& widths) {
  const int gaps = kGap * (static_cast<int>(widths.size()) - 1);
  return std::accumulate(widths.begin(), widths.end(), gaps);
}

// Takes from the widest columns behind the first, then from that. Where there is no room for a few
// letters of each, the last columns go.
void Shrink(std::vector<int>& widths, int most) {
  while (widths.size() > 1 && TotalOf(widths) > most) {
    auto widest = std::max_element(widths.begin() + 1, widths.end());
    if (*widest <= kLeastWidth) widest = widths.begin();
    if (*widest <= kLeastWidth) {
      widths.pop_back();
    } else {
      --*widest;
    }
  }
}

// Where a line of at most `width` columns may end: behind the last space, or in the midst of what
// has none.
std::size_t LineEnd(std::string_view text, int width) {
  std::size_t end = 0;
  std::size_t space = 0;
  for (int columns = 0; end < text.size(); ++columns) {
    if (columns == width) return space > 0 ? space : end;
    if (text[end] == ' ') space = end + 1;
    for (++end; end < text.size() && (text[end] & '\xc0') == '\x80'; ++end) {
    }
  }
  return end;
}

std::string Wrapped(const std::string& text, int indent, int width) {
  if (width <= indent + kLeastWidth) return text;
  std::string lines;
  std::string_view rest = text;
  while (WidthOf(rest) > width - indent) {
    const std::size_t end = LineEnd(rest, width - indent);
    lines += std::string(rest.substr(0, end)) + '\n' +
             std::string(static_cast<std::size_t>(indent), ' ');
    rest.remove_prefix(end);
  }
  return lines + std::string(rest);
}

}  // namespace

int WidthOf(std::string_view text) {
  const auto follows = [](char byte) { return (byte & '\xc0') == '\x80'; };
  return static_cast<int>(text.size()) -
         static_cast<int>(std::count_if(text.begin(), text.end(), follows));
}

std::string CutTo(const std::string& text, int width) {
  if (WidthOf(text) <= width) return text;
  if (width <= 0) return "";
  std::size_t end = 0;
  for (int columns = 1; columns < width; ++columns) {
    for (++end; (text[end] & '\xc0') == '\x80'; ++end) {
    }
  }
  return text.substr(0, end) + std::string(kEllipsis);
}

std::string Columns(const std::vector<Row>& raw, const Look& look) {
  const std::vector<Row> rows = Tame(raw);
  std::vector<int> widths = NaturalWidths(rows);
  if (look.width > 0) Shrink(widths, look.width);
  std::string text;
  for (const Row& row : rows) {
    const std::size_t count = std::min(row.size(), widths.size());
    for (std::size_t i = 0; i < count; ++i) {
      const std::string shown = CutTo(row[i], widths[i]);
      text += Painted(rows.front()[i], row[i], shown, look);
      const int padding = i + 1 < count ? widths[i] - WidthOf(shown) + kGap : 0;
      text.append(static_cast<std::size_t>(padding), ' ');
    }
    text += '\n';
  }
  return text;
}

std::string Fields(const std::vector<Row>& raw, const Look& look) {
  const std::vector<Row> rows = Tame(raw);
  int indent = 0;
  for (const Row& row : rows) indent = std::max(indent, WidthOf(row[0]) + kGap);
  std::string text;
  for (const Row& row : rows) {
    text += row[0];
    text.append(static_cast<std::size_t>(indent - WidthOf(row[0])), ' ');
    text += Painted(row[0], row[1], Wrapped(row[1], indent, look.width), look) + '\n';
  }
  return text;
}

}  // namespace baton::ctl
