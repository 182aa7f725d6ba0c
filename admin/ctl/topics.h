// Everything that `batonctl explain` knows: settings, metrics, answers, causes, statuses, headers,
// the admin API, the words of the documentation.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace baton::ctl {

struct Fact {
  std::string name;
  std::string text;
};

struct Topic {
  std::string group;                 // the name of one of Groups()
  std::string term;                  // "limits.body_bytes", "baton_queue_depth", "Pool.size", "503"
  std::vector<std::string> aliases;  // what it is found by too: "--workers", "size"
  std::vector<Fact> facts;
};

struct TopicGroup {
  std::string_view name;
  std::string_view about;
};
std::span<const TopicGroup> Groups();

// All of them, by group, each group in the order of its source. Cost: some milliseconds.
std::vector<Topic> AllTopics();

// Of these the ones that `word` names, whatever its case: those whose term it is come first, then
// those that it is an alias of.
std::vector<Topic> FindTopics(const std::vector<Topic>& topics, const std::string& word);

// Terms that contain `word`, at most ten; else the one that was probably meant, or none.
std::vector<std::string> NearTerms(const std::vector<Topic>& topics, const std::string& word);

}  // namespace baton::ctl
