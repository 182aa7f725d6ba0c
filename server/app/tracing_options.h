// Where requests are told of as traces, and which.
#pragma once

#include <string>
#include <vector>

#include "server/base/result.h"
#include "server/config/configuration.h"
#include "server/trace/sampling.h"

namespace baton::app {

struct TracingOptions {
  std::string endpoint;      // http: or https:; empty: nobody is told
  std::string headers_file;  // of what is sent; empty: no headers but our own
  std::string ca_file;  // who may sign the collector's certificate; empty: as the system has it
  std::string service = "baton";
  trace::Sampling sampling;
};

// Errors: an address that is none, with where it was said.
Result<TracingOptions> ReadTracing(const config::Configuration& configuration);

// "Name: value", a line each; lines that are empty or begin with '#' say nothing.
// Errors: kInvalidArgument with the line's number, and nothing of what is in it: it is a secret.
Result<std::vector<std::string>> ParseCollectorHeaders(const std::string& text);

}  // namespace baton::app
