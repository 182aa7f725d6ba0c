// How long requests take to parse, and answers to write: nanoseconds each and bytes a second.
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

#include "server/base/check.h"
#include "server/http/request_parser.h"
#include "server/http/response_writer.h"
#include "server/http/router.h"

namespace baton::http {
namespace {

constexpr int kRuns = 5;

// Runs `work` `times` times, kRuns times over, and prints the fastest run.
template <typename Work>
void Measure(std::string_view name, int times, std::size_t bytes, const Work& work) {
  double best_ns = 0;
  for (int run = 0; run < kRuns; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < times; ++i) work();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    const double ns = took.count() / times;
    if (run == 0 || ns < best_ns) best_ns = ns;
  }
  std::printf("%-28.*s %6zu bytes %9.0f ns each %8.0f MB/s\n", static_cast<int>(name.size()),
              name.data(), bytes, best_ns, static_cast<double>(bytes) / best_ns * 1000);
}

void MeasureParser(std::string_view name, const std::string& bytes, int times, std::size_t piece) {
  RequestParser parser{Limits{}};
  Measure(name, times, bytes.size(), [&] {
    for (std::size_t at = 0; at < bytes.size();) {
      at += parser.Feed(std::string_view(bytes).substr(at, piece)).consumed;
    }
    const Request taken = std::move(parser.request());
    BATON_CHECK(!taken.path.empty());
    parser.Next();
  });
}

std::string Post(std::string_view framing, std::string_view body) {
  return "POST /v2/models/tumour/infer HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: bench\r\n"
         "Accept: */*\r\nContent-Type: application/json\r\n" +
         std::string(framing) + "\r\n" + std::string(body);
}

void MeasureAll() {
  constexpr std::size_t kWhole = std::string_view::npos;
  const std::string browser =
      "GET /hello?name=world HTTP/1.1\r\nHost: localhost:8080\r\nConnection: keep-alive\r\n"
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: application/json\r\n"
      "Accept-Encoding: gzip, deflate\r\n\r\n";
  MeasureParser("smallest GET", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 500'000, kWhole);
  MeasureParser("GET, 6 headers", browser, 500'000, kWhole);
  MeasureParser("GET, 6 headers, 16 a piece", browser, 100'000, 16);
  const std::string small(60, 'a');
  MeasureParser("POST, 60 bytes", Post("Content-Length: 60\r\n", small), 500'000, kWhole);
  MeasureParser("POST, 60 bytes chunked",
                Post("Transfer-Encoding: chunked\r\n", "3c\r\n" + small + "\r\n0\r\n\r\n"), 500'000,
                kWhole);
  MeasureParser("POST, 1 MiB in 64 KiB",
                Post("Content-Length: 1048576\r\n", std::string(1 << 20, 'a')), 200, 64 * 1024);

  Router router;
  router.Add(Method::kGet, "/hello", 1);
  router.Add(Method::kPost, "/v2/models/{m}/infer", 2);
  std::size_t found = 0;
  Measure("route, literal", 1'000'000, 6,
          [&] { found += router.Find(Method::kGet, "/hello").route; });
  Measure("route, one name", 1'000'000, 23,
          [&] { found += router.Find(Method::kPost, "/v2/models/tumour/infer").route; });
  BATON_CHECK(found > 0);

  DateCache dates;
  Response response;
  response.body.assign(100, 'a');
  std::string out;
  Measure("answer, 100 bytes", 1'000'000, 230, [&] {
    out.clear();
    AppendResponse(out, response, {.date = dates.At(784111777)});
  });
}

}  // namespace
}  // namespace baton::http

int main() { baton::http::MeasureAll(); }
