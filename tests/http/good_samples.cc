// What must be understood.
#include "tests/http/samples.h"

namespace baton::http {

std::string WithHeaders(std::string_view lines) {
  return "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(lines) + "\r\n";
}

std::string Chunked(std::string_view raw) {
  return "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(raw);
}

namespace {

constexpr std::string_view kChunkedHead = "\nHost=h\nTransfer-Encoding=chunked";

std::string Get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

std::string GotPath(std::string_view target, std::string_view path, std::string_view query = "") {
  return "GET target=" + std::string(target) + " path=" + std::string(path) +
         " query=" + std::string(query) + " 1.1 keep\nHost=h";
}

std::string GotHeaders(std::string_view text, std::string_view connection = "keep") {
  return "GET target=/ path=/ query= 1.1 " + std::string(connection) + "\nHost=h" +
         std::string(text);
}

std::string GotChunked(std::string_view body) {
  return "POST target=/p path=/p query= 1.1 keep body=" + std::string(body) +
         std::string(kChunkedHead);
}

std::vector<GoodSample> LineSamples() {
  return {
      {"a plain GET", Get("/"), {GotPath("/", "/")}},
      {"a query", Get("/a?b=c&d=%20?e"), {GotPath("/a?b=c&d=%20?e", "/a", "b=c&d=%20?e")}},
      {"a query of odd but visible characters",
       Get("/?{\"a\"}|^`\\"),
       {GotPath("/?{\"a\"}|^`\\", "/", "{\"a\"}|^`\\")}},
      {"an empty query", Get("/a?"), {GotPath("/a?", "/a")}},
      {"percent-encoding", Get("/%61%7Eb%c3%a9"), {GotPath("/%61%7Eb%c3%a9", "/a~b\xc3\xa9")}},
      {"encoding is taken off once", Get("/%2561"), {GotPath("/%2561", "/%61")}},
      {"an encoded colon", Get("/m%3Apredict"), {GotPath("/m%3Apredict", "/m:predict")}},
      {"a dot segment", Get("/a/./b"), {GotPath("/a/./b", "/a/b")}},
      {"a double dot segment", Get("/a/x/../b"), {GotPath("/a/x/../b", "/a/b")}},
      {"encoded dot segments", Get("/a/x/%2e%2E/b"), {GotPath("/a/x/%2e%2E/b", "/a/b")}},
      {"a dot segment at the end", Get("/a/."), {GotPath("/a/.", "/a/")}},
      {"a double dot at the end", Get("/a/b/.."), {GotPath("/a/b/..", "/a/")}},
      {"up to the root", Get("/a/.."), {GotPath("/a/..", "/")}},
      {"names with dots", Get("/.../..a/b../.c"), {GotPath("/.../..a/b../.c", "/.../..a/b../.c")}},
      {"empty segments stay", Get("//a//b/"), {GotPath("//a//b/", "//a//b/")}},
      {"double dots take empty segments", Get("/a//../b"), {GotPath("/a//../b", "/a/b")}},
      {"absolute form",
       Get("http://example.com:80/a?b"),
       {GotPath("http://example.com:80/a?b", "/a", "b")}},
      {"absolute form without a path", Get("HTTPS://[::1]:1"), {GotPath("HTTPS://[::1]:1", "/")}},
      {"absolute form with a bare query", Get("http://a?q"), {GotPath("http://a?q", "/", "q")}},
      {"a URL inside a path", Get("/x/http://h/"), {GotPath("/x/http://h/", "/x/http://h/")}},
      {"asterisk form",
       "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
       {"OPTIONS target=* path=* query= 1.1 keep\nHost=h"}},
      {"asterisk form as a URL",
       "OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n",
       {"OPTIONS target=http://h path=* query= 1.1 keep\nHost=h"}},
      {"a registered method that nobody serves",
       "PROPFIND / HTTP/1.1\r\nHost: h\r\n\r\n",
       {"OTHER target=/ path=/ query= 1.1 keep\nHost=h"}},
      {"TRACE",
       "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n",
       {"OTHER target=/ path=/ query= 1.1 keep\nHost=h"}},
      {"an empty line before", "\r\n" + Get("/"), {GotPath("/", "/")}},
      {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", {"GET target=/ path=/ query= 1.0 close"}},
      {"HTTP/1.0 that stays",
       "HEAD / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
       {"HEAD target=/ path=/ query= 1.0 keep\nConnection=Keep-Alive"}},
      {"HTTP/1.0 that wants both",
       "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
       {"GET target=/ path=/ query= 1.0 close\nConnection=keep-alive, close"}},
  };
}

std::vector<GoodSample> HeaderSamples() {
  return {
      {"blanks around a value", WithHeaders("A: \t b c \t\r\n"), {GotHeaders("\nA=b c")}},
      {"no blank before a value", WithHeaders("A:b\r\n"), {GotHeaders("\nA=b")}},
      {"an empty value", WithHeaders("A:\r\nB: \t \r\nC: d\r\n"), {GotHeaders("\nA=\nB=\nC=d")}},
      {"obs-text in a value", WithHeaders("A: \xe9\xff\r\n"), {GotHeaders("\nA=\xe9\xff")}},
      {"a tab in a value", WithHeaders("A: b\tc\r\n"), {GotHeaders("\nA=b\tc")}},
      {"every token character in a name",
       WithHeaders("!#$%&'*+-.^_`|~09aZ: b\r\n"),
       {GotHeaders("\n!#$%&'*+-.^_`|~09aZ=b")}},
      {"names that start like known ones",
       WithHeaders("Content-Len: 1\r\nTransfer: x\r\n"),
       {GotHeaders("\nContent-Len=1\nTransfer=x")}},
      {"close in any case",
       WithHeaders("cOnNeCtIoN: ClOsE\r\n"),
       {GotHeaders("\ncOnNeCtIoN=ClOsE", "close")}},
      {"close in a list",
       WithHeaders("Connection: TE ,\tclose\r\n"),
       {GotHeaders("\nConnection=TE ,\tclose", "close")}},
      {"close in a second line",
       WithHeaders("Connection: a\r\nConnection: close\r\n"),
       {GotHeaders("\nConnection=a\nConnection=close", "close")}},
      {"a word that only holds close",
       WithHeaders("Connection: closed\r\n"),
       {GotHeaders("\nConnection=closed")}},
      {"an offer to upgrade",
       WithHeaders("Connection: Upgrade\r\nUpgrade: websocket\r\n") + Get("/n"),
       {GotHeaders("\nConnection=Upgrade\nUpgrade=websocket"), GotPath("/n", "/n")}},
      {"an expectation without a body",
       WithHeaders("Expect: 100-continue\r\n"),
       {GotHeaders("\nExpect=100-continue")}},
      {"an empty expectation", WithHeaders("Expect:\r\n"), {GotHeaders("\nExpect=")}},
      {"a host with a port",
       "GET / HTTP/1.1\r\nHost: a-b.c_d:65535\r\n\r\n",
       {"GET target=/ path=/ query= 1.1 keep\nHost=a-b.c_d:65535"}},
      {"a host that is an address",
       "GET / HTTP/1.1\r\nHOST: [2001:db8::1]:80\r\n\r\n",
       {"GET target=/ path=/ query= 1.1 keep\nHOST=[2001:db8::1]:80"}},
      {"an empty host",
       "GET / HTTP/1.1\r\nHost:\r\n\r\n",
       {"GET target=/ path=/ query= 1.1 keep\nHost="}},
  };
}

std::vector<GoodSample> BodySamples() {
  const std::string post = "POST /p HTTP/1.1\r\nHost: h\r\n";
  const std::string got_post = "POST target=/p path=/p query= 1.1 keep";
  return {
      {"no body", post + "\r\n", {got_post + "\nHost=h"}},
      {"an empty body",
       post + "Content-Length: 0\r\n\r\n",
       {got_post + " body=\nHost=h\nContent-Length=0"}},
      {"a body",
       post + "CONTENT-length: 5\r\n\r\nhello",
       {got_post + " body=hello\nHost=h\nCONTENT-length=5"}},
      {"blanks around a length",
       post + "Content-Length: \t 3  \r\n\r\nabc",
       {got_post + " body=abc\nHost=h\nContent-Length=3"}},
      {"zeros before a length",
       post + "Content-Length: 0003\r\n\r\nabc",
       {got_post + " body=abc\nHost=h\nContent-Length=0003"}},
      {"a body that looks like a request",
       post + "Content-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
       {got_post + " body=GET / HTTP/1.1\r\n\r\n\nHost=h\nContent-Length=18"}},
      {"a GET with a body",
       "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab" + Get("/"),
       {"GET target=/ path=/ query= 1.1 keep body=ab\nHost=h\nContent-Length=2",
        GotPath("/", "/")}},
      {"an upgrade with a body",
       post + "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab" + Get("/"),
       {got_post + " body=ab\nHost=h\nConnection=Upgrade\nUpgrade=h2c\nContent-Length=2",
        GotPath("/", "/")}},
      {"a body after a pause was asked for",
       post + "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\nab",
       {got_post + " body=ab\nHost=h\nExpect=100-Continue\nContent-Length=2"}},
      {"one chunk", Chunked("5\r\nhello\r\n0\r\n\r\n"), {GotChunked("hello")}},
      {"no chunk", Chunked("0\r\n\r\n"), {GotChunked("")}},
      {"chunks", Chunked("1\r\nh\r\n4\r\nello\r\n0\r\n\r\n"), {GotChunked("hello")}},
      {"hexadecimal sizes",
       Chunked("A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n"),
       {GotChunked("0123456789abcdefghij")}},
      {"padded sizes", Chunked("0000000000000005\r\nhello\r\n000\r\n\r\n"), {GotChunked("hello")}},
      {"extensions",
       Chunked("5;a=b;c;d=\"e;f\"\r\nhello\r\n0;last\r\n\r\n"),
       {GotChunked("hello")}},
      {"line ends in a chunk", Chunked("4\r\n\r\n\r\n\r\n0\r\n\r\n"), {GotChunked("\r\n\r\n")}},
      {"trailers are dropped",
       Chunked("1\r\na\r\n0\r\nX: y\r\nZ:\r\n\r\n") + Get("/"),
       {GotChunked("a"), GotPath("/", "/")}},
      {"chunked in any case",
       post + "transfer-ENCODING: ChUnKeD\r\n\r\n1\r\na\r\n0\r\n\r\n",
       {got_post + " body=a\nHost=h\ntransfer-ENCODING=ChUnKeD"}},
      {"blanks around chunked",
       post + "Transfer-Encoding: \t chunked \t\r\n\r\n1\r\na\r\n0\r\n\r\n",
       {got_post + " body=a\nHost=h\nTransfer-Encoding=chunked"}},
      {"an upgrade with chunks",
       post + "Connection: upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
           Get("/"),
       {got_post + " body=\nHost=h\nConnection=upgrade\nUpgrade=x\nTransfer-Encoding=chunked",
        GotPath("/", "/")}},
      {"requests behind each other",
       Get("/1") + Chunked("1\r\na\r\n0\r\n\r\n") + post + "Content-Length: 1\r\n\r\nb" + Get("/2"),
       {GotPath("/1", "/1"), GotChunked("a"), got_post + " body=b\nHost=h\nContent-Length=1",
        GotPath("/2", "/2")}},
  };
}

}  // namespace

const std::vector<GoodSample>& GoodSamples() {
  static const std::vector<GoodSample> samples = [] {
    std::vector<GoodSample> all = LineSamples();
    for (const auto& more : {HeaderSamples(), BodySamples()}) {
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }();
  return samples;
}

}  // namespace baton::http
