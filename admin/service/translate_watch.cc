// A sample of what the server does, as the admin schema tells of it.
#include "admin/service/translate_watch.h"

#include <string>

#include "baton/admin/v1/status_update.pb.h"

#include "admin/messages/endpoint_words.h"
#include "admin/service/translate.h"

namespace baton::admin {
namespace {

void Fill(const control::Counted& counted, v1::Counted& told) {
  told.set_name(counted.name);
  told.set_total(counted.total);
  told.set_per_second(counted.per_second);
}

void Fill(const control::EndpointLoad& load, v1::EndpointLoad& told) {
  told.set_name(std::string(kEndpointPrefix) + load.name);
  told.set_received_total(load.received_total);
  told.set_requests_total(load.requests_total);
  told.set_predictions_total(load.predictions_total);
  told.set_misses_total(load.misses_total);
  told.set_in_flight(load.in_flight);
  told.set_waiting(load.waiting);
  told.set_offered_per_second(load.offered_per_second);
  told.set_goodput_per_second(load.goodput_per_second);
  told.set_misses_per_second(load.misses_per_second);
  told.set_predicted_wait_ms(ToMillis(load.predicted_wait));
  told.set_median_ms(ToMillis(load.median));
  told.set_default_budget_ms(ToMillis(load.default_budget));
}

void Fill(const control::ConductorLoad& load, v1::ConductorLoad& told) {
  told.set_number(load.number);
  told.set_worst_lag_ms(ToMillis(load.worst_lag));
  told.set_overload_level(load.overload_level);
  told.set_connections(load.connections);
}

void Fill(const control::BacklogState& backlog, v1::Backlog& told) {
  told.set_listener(backlog.listener);
  told.set_depth(backlog.depth);
  told.set_limit(backlog.limit);
  told.set_drops_total(backlog.drops_total);
}

}  // namespace

void Fill(const control::StatusSample& sample, v1::StatusUpdate& update) {
  update.set_number(sample.number);
  update.set_at_unix_ms(sample.at_unix_ms);
  update.set_covers_seconds(ToSeconds(sample.covers));
  Fill(sample.server, *update.mutable_status());
  update.set_received_total(sample.received_total);
  update.set_in_flight(sample.in_flight);
  update.set_offered_per_second(sample.offered_per_second);
  update.set_goodput_per_second(sample.goodput_per_second);
  update.set_misses_per_second(sample.misses_per_second);
  for (const auto& one : sample.answers) Fill(one, *update.add_answers());
  for (const auto& one : sample.causes) Fill(one, *update.add_causes());
  update.set_longest_predicted_wait_ms(ToMillis(sample.longest_predicted_wait));
  for (const auto& one : sample.backlogs) Fill(one, *update.add_backlogs());
  for (const auto& one : sample.conductors) Fill(one, *update.add_conductors());
  for (const auto& one : sample.endpoints) Fill(one, *update.add_endpoints());
}

}  // namespace baton::admin
