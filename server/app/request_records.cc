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

void RequestRecords::Close(Index index) {
  rows_[index].version.reset();  // at once: whoever unloads it waits for this
  rows_[index].captured.reset();
  free_.push_back(index);
}

}  // namespace baton::app
