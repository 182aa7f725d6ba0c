// What of a used ticket is kept.
#include "server/serve/spare_tickets.h"

#include <utility>

#include "server/base/spare_buffers.h"

namespace baton::serve {

std::unique_ptr<Ticket> SpareTickets::Take() {
  if (spare_.empty()) return std::make_unique<Ticket>();
  std::unique_ptr<Ticket> ticket = std::move(spare_.back());
  spare_.pop_back();
  return ticket;
}

void SpareTickets::GiveBack(std::unique_ptr<Ticket> ticket) {
  if (spare_.size() == kKept) return;
  ticket->promise = ReplyPromise();  // the old one may hold a reply that nobody took
  EmptyBuffer(ticket->call.body, kKeptBufferBytes);
  ticket->lease.reset();
  EmptyBuffer(ticket->reply_buffer, kKeptBufferBytes);
  // Nobody asks an ended run to stop: the source is as good as new unless it was asked before.
  if (ticket->stop.stop_requested()) ticket->stop = std::stop_source();
  ticket->largest_allowance = Duration::max();
  ticket->endpoint_work.reset();
  spare_.push_back(std::move(ticket));
}

}  // namespace baton::serve
