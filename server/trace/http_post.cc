// By libcurl, which this unit alone includes.
#include "server/trace/http_post.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <string_view>

#include <curl/curl.h>

namespace baton::trace {
namespace {

constexpr std::size_t kMostAnswerBytes = 64 * 1024;
constexpr Duration kConnectTime = 5s;
constexpr Duration kLongestRetryAfter = std::chrono::hours(1);

struct CurlCloser {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct UrlCloser {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

void StartLibrary() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

long Millis(Duration duration) {
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return static_cast<long>(std::max<std::int64_t>(millis, 1));
}

// Of an answer that ends after its first part, nobody needs more.
std::size_t Keep(char* bytes, std::size_t /*one*/, std::size_t size, void* into) {
  std::string& body = *static_cast<std::string*>(into);
  if (body.size() + size > kMostAnswerBytes) return CURL_WRITEFUNC_ERROR;
  body.append(bytes, size);
  return size;
}

class CurlPost final : public Post {
 public:
  explicit CurlPost(const HttpPostOptions& options);

  PostAnswer Send(const std::string& body, Duration most) override;
  void Hurry(Duration most) override {
    end_ = (std::chrono::steady_clock::now() + most).time_since_epoch();
  }

 private:
  // Not 0: the transfer is over its time.
  static int OnProgress(void* self, curl_off_t /*all_down*/, curl_off_t /*down*/,
                        curl_off_t /*all_up*/, curl_off_t /*up*/) {
    return static_cast<CurlPost*>(self)->Left() <= Duration::zero() ? 1 : 0;
  }
  Duration Left() const {
    return end_.load() - std::chrono::steady_clock::now().time_since_epoch();
  }
  template <typename Value>
  void Set(CURLoption option, Value value) {
    curl_easy_setopt(curl_.get(), option, value);
  }

  std::unique_ptr<CURL, CurlCloser> curl_;
  std::unique_ptr<curl_slist, ListCloser> headers_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::atomic<Duration> end_{Duration::max()};  // since the clock's epoch
};

CurlPost::CurlPost(const HttpPostOptions& options) {
  StartLibrary();
  curl_.reset(curl_easy_init());
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Expect:");  // no round trip for leave to go on
  for (const std::string& header : options.headers) {
    headers = curl_slist_append(headers, header.c_str());
  }
  headers_.reset(headers);
  Set(CURLOPT_URL, options.url.c_str());
  Set(CURLOPT_PROTOCOLS_STR, "http,https");
  Set(CURLOPT_PROXY, "");
  Set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  Set(CURLOPT_FOLLOWLOCATION, 0L);
  Set(CURLOPT_NOSIGNAL, 1L);
  Set(CURLOPT_QUICK_EXIT, 1L);  // a name that nobody resolves holds up no shutdown
  Set(CURLOPT_USERAGENT, "baton/" BATON_VERSION);
  Set(CURLOPT_HTTPHEADER, headers_.get());
  Set(CURLOPT_CONNECTTIMEOUT_MS, Millis(kConnectTime));
  Set(CURLOPT_ERRORBUFFER, error_.data());
  Set(CURLOPT_WRITEFUNCTION, &Keep);
  Set(CURLOPT_NOPROGRESS, 0L);
  Set(CURLOPT_XFERINFOFUNCTION, &OnProgress);
  Set(CURLOPT_XFERINFODATA, this);
  if (!options.ca_file.empty()) {
    Set(CURLOPT_CAINFO, options.ca_file.c_str());
    Set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
}

PostAnswer CurlPost::Send(const std::string& body, Duration most) {
  PostAnswer answer;
  const Duration left = std::min(most, Left());
  if (left <= Duration::zero()) {
    answer.error = "there was no time left";
    return answer;
  }
  error_.front() = '\0';
  Set(CURLOPT_TIMEOUT_MS, Millis(left));
  Set(CURLOPT_POSTFIELDS, body.data());
  Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  Set(CURLOPT_WRITEDATA, &answer.body);
  const CURLcode code = curl_easy_perform(curl_.get());
  if (code != CURLE_OK && code != CURLE_WRITE_ERROR) {  // the latter: enough of it was read
    answer.error = error_.front() != '\0' ? error_.data() : curl_easy_strerror(code);
    return answer;
  }
  long status = 0;
  curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  curl_off_t seconds = 0;
  curl_easy_getinfo(curl_.get(), CURLINFO_RETRY_AFTER, &seconds);
  const auto longest = std::chrono::duration_cast<std::chrono::seconds>(kLongestRetryAfter);
  if (seconds > 0) {
    answer.retry_after = std::chrono::seconds(std::min<std::int64_t>(seconds, longest.count()));
  }
  return answer;
}

}  // namespace

Status CheckUrl(const std::string& url) {
  const auto fail = [&url](const std::string& why = "") {
    // Before an '@' there may be a password, also where the rest is no address.
    const bool may_be_told = url.find('@') == url.npos;
    return Fail(ErrorCode::kInvalidArgument,
                "expected an http: or https: address such as http://127.0.0.1:4318/v1/traces" +
                    (may_be_told ? ", got '" + url + "'" : ", got another one") + why);
  };
  if (!url.starts_with("http://") && !url.starts_with("https://")) return fail();
  const std::unique_ptr<CURLU, UrlCloser> parts(curl_url());
  if (curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return fail();
  char* user = nullptr;
  const bool has_user = curl_url_get(parts.get(), CURLUPART_USER, &user, 0) == CURLUE_OK;
  curl_free(user);
  if (has_user) {
    return Fail(
        ErrorCode::kInvalidArgument,
        "expected an address without a name and a password, which belong into headers_file");
  }
  char* path = nullptr;
  curl_url_get(parts.get(), CURLUPART_PATH, &path, 0);
  const bool has_path = path != nullptr && std::string_view(path) != "/";
  curl_free(path);
  return has_path ? Status() : fail(", without a path: usually it is /v1/traces");
}

std::unique_ptr<Post> MakeHttpPost(const HttpPostOptions& options) {
  return std::make_unique<CurlPost>(options);
}

}  // namespace baton::trace
