// What a change of models has done to them, for the log.
#pragma once

#include <string>
#include <vector>

#include "server/control/control_port.h"

namespace baton::app {

// "1=ready 2=failed default=1 canary=2@0.1 stable=1": its versions, who answers, its labels.
std::string TextOf(const control::ModelState& model);

struct ModelDifference {
  std::string model;
  std::string before;  // empty: it was not there
  std::string after;   // empty: it has gone
};
// Of those that differ, by name. Both are in the order of their names.
std::vector<ModelDifference> DifferencesOf(const std::vector<control::ModelState>& before,
                                           const std::vector<control::ModelState>& after);

// A line for each. `who` has asked for it.
void LogModelChanges(const std::vector<control::ModelState>& before,
                     const std::vector<control::ModelState>& after, const std::string& who);

}  // namespace baton::app
