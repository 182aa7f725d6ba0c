// The forms of a load report. The message is written by hand: nine numbers, whose schema comes with
// no package that a build could take it from.
#include "server/api/load_report.h"

#include <array>
#include <bit>
#include <charconv>

#include "server/api/answer_response.h"
#include "server/http/characters.h"
#include "server/http/message.h"

namespace baton::api {
namespace {

constexpr int kDigits = 6;
constexpr std::string_view kNamed = "named_metrics";
constexpr std::uint8_t kNamedField = 8;
constexpr std::uint8_t kDouble = 1;  // wire types
constexpr std::uint8_t kBytes = 2;

struct Figure {
  std::string_view name;
  std::uint8_t field;
  double value;
};
// Those of the message itself.
std::array<Figure, 4> FiguresOf(const LoadReport& report) {
  return {Figure{"cpu_utilization", 1, report.cpu_utilization},
          Figure{"application_utilization", 9, report.application_utilization},
          Figure{"rps_fractional", 6, report.requests_per_second},
          Figure{"eps", 7, report.errors_per_second}};
}

// Those that only Baton has.
template <typename OnFigure>
void ForEachNamed(const LoadReport& report, const OnFigure& on_figure) {
  on_figure("waiting_requests", static_cast<double>(report.waiting));
  if (report.predicted_wait) on_figure("predicted_wait_seconds", ToSeconds(*report.predicted_wait));
}

void AppendFigure(std::string& out, double value) {
  std::array<char, 32> text;
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value,
                                        std::chars_format::general, kDigits)
                              .ptr);
}

std::string Text(const LoadReport& report) {
  std::string text = "TEXT ";
  for (const Figure& figure : FiguresOf(report)) {
    if (text.size() > 5) text += ", ";
    text.append(figure.name).append("=");
    AppendFigure(text, figure.value);
  }
  ForEachNamed(report, [&](std::string_view name, double value) {
    text.append(", ").append(kNamed).append(".").append(name).append("=");
    AppendFigure(text, value);
  });
  return text;
}

std::string Json(const LoadReport& report) {
  std::string text = "JSON {";
  for (const Figure& figure : FiguresOf(report)) {
    text.append("\"").append(figure.name).append("\": ");
    AppendFigure(text, figure.value);
    text += ", ";
  }
  text.append("\"").append(kNamed).append("\": {");
  bool is_first = true;
  ForEachNamed(report, [&](std::string_view name, double value) {
    text.append(is_first ? "\"" : ", \"").append(name).append("\": ");
    AppendFigure(text, value);
    is_first = false;
  });
  return text + "}}";
}

void AppendDouble(std::string& out, std::uint8_t field, double value) {
  out += static_cast<char>(field << 3U | kDouble);
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(bits >> shift & 0xFFU);
}

void AppendBytes(std::string& out, std::uint8_t field, std::string_view bytes) {
  out += static_cast<char>(field << 3U | kBytes);
  out += static_cast<char>(bytes.size());  // a varint of one byte: names are short
  out += bytes;
}

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view three = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8U | (k < three.size() ? static_cast<unsigned char>(three[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= three.size() ? kLetters[bits >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

}  // namespace

LoadFormat ReadLoadFormat(std::string_view asked) {
  if (http::EqualsIgnoreCase(asked, "text")) return LoadFormat::kText;
  if (http::EqualsIgnoreCase(asked, "json")) return LoadFormat::kJson;
  if (http::EqualsIgnoreCase(asked, "bin")) return LoadFormat::kBinary;
  return LoadFormat::kNone;
}

std::string LoadText(const LoadReport& report, LoadFormat format) {
  switch (format) {
    case LoadFormat::kText: return Text(report);
    case LoadFormat::kJson: return Json(report);
    case LoadFormat::kBinary: return "BIN " + Base64(LoadBytes(report));
    case LoadFormat::kNone: break;
  }
  return {};
}

std::string LoadBytes(const LoadReport& report) {
  std::string bytes;
  for (const Figure& figure : FiguresOf(report)) AppendDouble(bytes, figure.field, figure.value);
  ForEachNamed(report, [&](std::string_view name, double value) {
    std::string entry;
    AppendBytes(entry, 1, name);
    AppendDouble(entry, 2, value);
    AppendBytes(bytes, kNamedField, entry);
  });
  return bytes;
}

void AppendLoadHint(std::string& headers, const LoadHint& hint) {
  if (hint.report.predicted_wait) {
    http::AppendHeader(headers, "Baton-Predicted-Wait-Ms", BudgetText(*hint.report.predicted_wait));
  }
  if (hint.format != LoadFormat::kNone) {
    http::AppendHeader(headers, kLoadHeader, LoadText(hint.report, hint.format));
  }
}

}  // namespace baton::api
