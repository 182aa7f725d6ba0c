// The response parser on top of llhttp, the only unit of the client that includes it.
#include "client/lib/response_parser.h"

#include <utility>

#include <llhttp.h>

namespace baton::client {

struct ResponseParser::Machine {
  llhttp_t llhttp;
  ResponseParserOptions options;
  Response response;
  State state = State::kNeedMore;
  bool has_begun = false;
  bool answers_head = false;
  bool is_head_complete = false;
  std::size_t header_bytes = 0;
  std::string name;
  std::string value;
  std::string problem;
};

namespace {

constexpr int kNoBody = 1;  // what llhttp's on_headers_complete returns for it

template <typename Machine>
Machine& Self(llhttp_t* llhttp) {
  return *static_cast<Machine*>(llhttp->data);
}

int Refuse(llhttp_t* llhttp, const char* reason) {
  llhttp_set_error_reason(llhttp, reason);
  return HPE_USER;
}

template <typename Machine>
struct Callbacks {
  static int OnBegin(llhttp_t* llhttp) {
    Machine& self = Self<Machine>(llhttp);
    self.response.Clear();
    self.name.clear();
    self.value.clear();
    self.header_bytes = 0;
    self.is_head_complete = false;
    return 0;
  }

  static int Append(llhttp_t* llhttp, std::string& text, const char* at, std::size_t size) {
    Machine& self = Self<Machine>(llhttp);
    self.header_bytes += size;
    if (self.header_bytes > self.options.max_header_bytes) {
      return Refuse(llhttp, "the headers are larger than the client takes");
    }
    text.append(at, size);
    return 0;
  }
  static int OnName(llhttp_t* llhttp, const char* at, std::size_t size) {
    return Append(llhttp, Self<Machine>(llhttp).name, at, size);
  }
  static int OnValue(llhttp_t* llhttp, const char* at, std::size_t size) {
    return Append(llhttp, Self<Machine>(llhttp).value, at, size);
  }

  static int OnHeaderEnd(llhttp_t* llhttp) {
    Machine& self = Self<Machine>(llhttp);
    // llhttp drops the space before a value, not after it.
    self.value.erase(self.value.find_last_not_of(" \t") + 1);
    // Trailers are read and left out: nothing of ours travels in them.
    if (!self.is_head_complete) self.response.headers.Add(self.name, self.value);
    self.name.clear();
    self.value.clear();
    return 0;
  }

  static int OnHeadEnd(llhttp_t* llhttp) {
    Machine& self = Self<Machine>(llhttp);
    self.is_head_complete = true;
    self.response.status = llhttp_get_status_code(llhttp);
    if (self.response.status == 101) return Refuse(llhttp, "unexpected 101 Switching Protocols");
    return self.answers_head ? kNoBody : 0;
  }

  static int OnBody(llhttp_t* llhttp, const char* at, std::size_t size) {
    Machine& self = Self<Machine>(llhttp);
    self.response.body_bytes += size;
    if (self.response.body_bytes > self.options.max_body_bytes) {
      return Refuse(llhttp, "the body is larger than the client takes");
    }
    if (self.options.keep_body) self.response.body.append(at, size);
    return 0;
  }

  static int OnComplete(llhttp_t* llhttp) {
    Machine& self = Self<Machine>(llhttp);
    const bool is_informational = self.response.status < 200;
    if (is_informational) return 0;
    self.response.keep_alive = llhttp_should_keep_alive(llhttp) != 0;
    self.state = ResponseParser::State::kComplete;
    return HPE_PAUSED;  // so that the bytes of a next response are left to the caller
  }

  static llhttp_settings_t Settings() {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_message_begin = OnBegin;
    settings.on_header_field = OnName;
    settings.on_header_value = OnValue;
    settings.on_header_value_complete = OnHeaderEnd;
    settings.on_headers_complete = OnHeadEnd;
    settings.on_body = OnBody;
    settings.on_message_complete = OnComplete;
    return settings;
  }
};

}  // namespace

ResponseParser::ResponseParser(const ResponseParserOptions& options)
    : machine_(std::make_unique<Machine>()) {
  machine_->options = options;
  Start();
}

ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;

void ResponseParser::Start(bool answers_head) {
  static const llhttp_settings_t settings = Callbacks<Machine>::Settings();
  llhttp_init(&machine_->llhttp, HTTP_RESPONSE, &settings);
  machine_->llhttp.data = machine_.get();
  machine_->state = State::kNeedMore;
  machine_->has_begun = false;
  machine_->answers_head = answers_head;
  machine_->response.Clear();
}

ResponseParser::Fed ResponseParser::Feed(std::string_view bytes) {
  if (machine_->state != State::kNeedMore || bytes.empty()) return Fed{0, machine_->state};
  machine_->has_begun = true;
  llhttp_t* llhttp = &machine_->llhttp;
  const llhttp_errno_t outcome = llhttp_execute(llhttp, bytes.data(), bytes.size());
  if (outcome == HPE_OK) return Fed{bytes.size(), machine_->state};
  if (machine_->state != State::kComplete) {
    machine_->state = State::kMalformed;
    const char* reason = llhttp_get_error_reason(llhttp);
    machine_->problem = reason != nullptr && *reason != '\0' ? reason : llhttp_errno_name(outcome);
  }
  const char* stopped_at = llhttp_get_error_pos(llhttp);
  const std::size_t consumed =
      stopped_at == nullptr ? bytes.size() : static_cast<std::size_t>(stopped_at - bytes.data());
  return Fed{consumed, machine_->state};
}

ResponseParser::State ResponseParser::FeedEof() {
  if (machine_->state != State::kNeedMore) return machine_->state;
  if (machine_->has_begun) llhttp_finish(&machine_->llhttp);
  if (machine_->state != State::kComplete) {
    machine_->state = State::kMalformed;
    machine_->problem = machine_->has_begun ? "the connection closed in the middle of the response"
                                            : "the connection closed before a response";
  }
  return machine_->state;
}

bool ResponseParser::HasBegun() const { return machine_->has_begun; }
const Response& ResponseParser::response() const { return machine_->response; }
Response ResponseParser::TakeResponse() { return std::move(machine_->response); }
const std::string& ResponseParser::problem() const { return machine_->problem; }

}  // namespace baton::client
