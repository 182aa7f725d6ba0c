// What of a used ticket comes back with the next one, and what does not.
#include "server/serve/spare_tickets.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace baton::serve {
namespace {

std::unique_ptr<Ticket> Used(SpareTickets& spare, const std::string& body) {
  std::unique_ptr<Ticket> ticket = spare.Take();
  ticket->call.body = body;
  ticket->lease = std::make_shared<int>(2);
  ticket->reply_buffer = body;
  ticket->largest_allowance = 1ms;
  ticket->endpoint_work.emplace();
  ticket->promise.Keep({});
  return ticket;
}

TEST(SpareTicketsTest, ATicketComesBackEmptyWithItsBuffers) {
  SpareTickets spare;
  std::unique_ptr<Ticket> used = Used(spare, std::string(1000, 'x'));
  const Ticket* const first = used.get();
  spare.GiveBack(std::move(used));
  const std::unique_ptr<Ticket> again = spare.Take();
  EXPECT_EQ(again.get(), first);
  EXPECT_EQ(again->call.body, "");
  EXPECT_GE(again->call.body.capacity(), 1000u);
  EXPECT_EQ(again->lease, nullptr);
  EXPECT_EQ(again->reply_buffer, "");
  EXPECT_GE(again->reply_buffer.capacity(), 1000u);
  EXPECT_EQ(again->largest_allowance, Duration::max());
  EXPECT_FALSE(again->endpoint_work.has_value());
}

TEST(SpareTicketsTest, ATicketThatIsPutAwayKeepsNoModelLoaded) {
  SpareTickets spare;
  const auto model = std::make_shared<int>(2);
  std::unique_ptr<Ticket> used = Used(spare, "x");
  used->lease = model;
  spare.GiveBack(std::move(used));
  EXPECT_EQ(model.use_count(), 1);
}

TEST(SpareTicketsTest, ItsPromiseIsANewOne) {
  SpareTickets spare;
  spare.GiveBack(Used(spare, "x"));
  const std::unique_ptr<Ticket> again = spare.Take();
  ReplyFuture future = again->promise.future();
  EXPECT_FALSE(future.IsReady());
  again->promise.Keep({});
  EXPECT_TRUE(future.IsReady());
}

TEST(SpareTicketsTest, OneThatWasAskedToStopIsNotStoppedTheNextTime) {
  SpareTickets spare;
  std::unique_ptr<Ticket> used = Used(spare, "x");
  const std::stop_token old = used->stop.get_token();
  used->stop.request_stop();
  spare.GiveBack(std::move(used));
  const std::unique_ptr<Ticket> again = spare.Take();
  EXPECT_FALSE(again->stop.stop_requested());
  again->stop.request_stop();
  EXPECT_TRUE(old.stop_requested());
}

TEST(SpareTicketsTest, LargeBuffersAreNotKept) {
  SpareTickets spare;
  spare.GiveBack(Used(spare, std::string(8 * 1024 * 1024, 'x')));
  const std::unique_ptr<Ticket> again = spare.Take();
  EXPECT_LT(again->call.body.capacity(), 64u);
  EXPECT_LT(again->reply_buffer.capacity(), 64u);
}

TEST(SpareTicketsTest, NoMoreThanItsBoundIsKept) {
  SpareTickets spare;
  std::vector<std::unique_ptr<Ticket>> many;
  for (std::size_t i = 0; i < SpareTickets::kKept + 3; ++i) many.push_back(spare.Take());
  for (std::unique_ptr<Ticket>& ticket : many) spare.GiveBack(std::move(ticket));
  EXPECT_EQ(spare.size(), SpareTickets::kKept);
}

}  // namespace
}  // namespace baton::serve
