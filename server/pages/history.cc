// Totals become differences on their way in.
#include "server/pages/history.h"

#include <utility>

#include "server/base/json_writer.h"

namespace baton::pages {

void History::Add(const control::StatusSample& sample) {
  if (sample.number == 0) return;
  Point point{sample.number,
              sample.at_unix_ms,
              sample.offered_per_second,
              sample.goodput_per_second,
              sample.misses_per_second,
              sample.budget_used};
  for (std::size_t i = 0; i < budget_used_.size() && i < point.budget_used.size(); ++i) {
    point.budget_used[i] -= budget_used_[i];
  }
  budget_used_ = sample.budget_used;
  points_.push_back(std::move(point));
  if (points_.size() > kMostPoints) points_.pop_front();
}

void History::Append(std::string& out, std::uint64_t after) const {
  const bool is_known =
      !points_.empty() && after >= points_.front().number && after <= points_.back().number;
  JsonWriter json(out);
  json.BeginObject().Key("is_whole").Bool(!is_known).Key("points").BeginArray();
  for (const Point& point : points_) {
    if (is_known && point.number <= after) continue;
    json.BeginObject().Key("number").Number(point.number);
    json.Key("at_unix_ms").Number(point.at_unix_ms).Key("offered").Number(point.offered);
    json.Key("goodput").Number(point.goodput).Key("misses").Number(point.misses);
    json.Key("budget_used").BeginArray();
    for (const std::uint64_t count : point.budget_used) json.Number(count);
    json.EndArray().EndObject();
  }
  json.EndArray().EndObject();
}

}  // namespace baton::pages
