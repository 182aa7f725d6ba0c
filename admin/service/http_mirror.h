// The admin API over HTTP and JSON: which method a verb and a path mean, its request out of path,
// query and body, and its answer as JSON. All of it is read off the schema.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/service/path_template.h"
#include "server/base/result.h"

namespace google::protobuf {
class MethodDescriptor;
class ServiceDescriptor;
}  // namespace google::protobuf

namespace baton::admin {

// What of an HTTP request matters to its method.
struct HttpAsk {
  std::string_view query = {};                    // as sent, without the question mark
  std::string_view body = {};                     // empty: none
  std::optional<std::string_view> if_match = {};  // the header's value
};

struct HttpAnswer {
  int status = 200;
  std::string body = {};  // JSON
  std::string etag = {};  // for the header, in its quotes; empty: none
};

// A method as the mirror has it.
struct MirroredMethod {
  const google::protobuf::MethodDescriptor* descriptor;
  std::string name;  // "GetPool"
  std::string verb;  // "GET"
  PathTemplate path;
  std::string body_field;  // "*": the request itself; empty: there is no body
  std::string what;        // what it does, as one sentence
  bool changes = false;    // anything: then an operator is asked for, else a viewer will do
  bool waits = false;      // for as long as its caller asks it to
  bool streams = false;    // its answers are lines, each a message, until one side ends it
};

// Threads: any; it never changes.
class HttpMirror {
 public:
  // That of baton.admin.v1.AdminService.
  HttpMirror();

  static constexpr std::string_view kRoot = "/admin/v1";

  // What `verb` means at `path`, which is decoded.
  struct Found {
    const MirroredMethod* method = nullptr;  // null: none
    PathFields fields = {};                  // that the path says
    std::string allow = {};                  // the verbs that it takes; empty: nothing is there
  };
  Found Find(std::string_view verb, std::string_view path) const;

  // The serialized request. kInvalidArgument for what it cannot be made of.
  static Result<std::string> ToMessage(const Found& found, const HttpAsk& ask);

  // What the method answered. An etag that `ask.if_match` asked for and that is no longer current
  // is 412, one in the body 409.
  static HttpAnswer ToAnswer(const MirroredMethod& method, const Result<std::string>& reply,
                             bool has_if_match);

  // A message of one that streams, as a line of JSON with its end.
  static Result<std::string> ToLine(const MirroredMethod& method, const std::string& message);

  // All of them, as JSON.
  const std::string& index() const { return index_; }
  const std::vector<MirroredMethod>& methods() const { return methods_; }

 private:
  std::vector<MirroredMethod> methods_;
  std::string index_;
};

}  // namespace baton::admin
