// Reading of weights.
#include "server/http/field_list.h"

namespace baton::http {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

int Thousandths(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  if (text.size() > 1 && text[1] != '.') return 0;
  int value = (text[0] - '0') * 1000;
  int unit = 100;
  for (const char digit : text.substr(text.size() > 1 ? 2 : 1)) {
    if (!IsDigit(digit)) return 0;
    value += (digit - '0') * unit;
    unit /= 10;
  }
  return value <= 1000 ? value : 0;
}

}  // namespace baton::http
