// Reuse of rows.
#include "server/app/request_records.h"

namespace baton::app {

RequestRecords::Index RequestRecords::Open() {
  if (free_.empty()) {
    rows_.emplace_back();
    free_.push_back(static_cast<Index>(rows_.size() - 1));
  }
  const Index index = free_.back();
  free_.pop_back();
  rows_[index] = RequestRecord();
  return index;
}

}  // namespace baton::app
