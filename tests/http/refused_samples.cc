// What must be refused, each with its status and reason.
#include "tests/http/samples.h"

namespace baton::http {
namespace {

using std::string_literals::operator""s;

std::string Line(std::string_view line) { return std::string(line) + "\r\nHost: h\r\n\r\n"; }
std::string Target(std::string_view target) {
  return Line("GET " + std::string(target) + " HTTP/1.1");
}
std::string Version(std::string_view version) { return Line("GET / " + std::string(version)); }
std::string Host(std::string_view host) {
  return "GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
}
std::string Length(std::string_view value) {
  return "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::string(value) +
         "\r\n\r\n0123456789abcdef";
}
std::string Coding(std::string_view value) {
  return "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: " + std::string(value) +
         "\r\n\r\n0\r\n\r\n";
}

std::vector<RefusedSample> LineSamples() {
  constexpr std::string_view kReason = "bad_request_line";
  return {
      {"only a method", Line("GET"), 400, kReason},
      {"no version", Line("GET /"), 400, kReason},
      {"two spaces before the target", Line("GET  / HTTP/1.1"), 400, kReason},
      {"two spaces after the target", Line("GET /  HTTP/1.1"), 400, kReason},
      {"a space at the end", Line("GET / HTTP/1.1 "), 400, kReason},
      {"a space at the start", Line(" GET / HTTP/1.1"), 400, kReason},
      {"no method", Line(" / HTTP/1.1"), 400, kReason},
      {"a tab for a space", Line("GET\t/ HTTP/1.1"), 400, kReason},
      {"a target with a space", Line("GET /a b HTTP/1.1"), 400, kReason},
      {"a method that is no token", Line("GE(T / HTTP/1.1"), 400, kReason},
      {"a bare LF at the end", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400, kReason},
      {"a bare LF inside", Line("GET /\nHTTP/1.1"), 400, kReason},
      {"a bare CR at the end", "GET / HTTP/1.1\rHost: h\r\n\r\n", 400, kReason},
      {"a bare CR inside", Line("GET /a\rb HTTP/1.1"), 400, kReason},
      {"two CRs at the end", "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", 400, kReason},
      {"NUL in the target", Line("GET /a\0b HTTP/1.1"s), 400, kReason},
      {"a control character", Line("GET /a\x01 HTTP/1.1"), 400, kReason},
      {"DEL", Line("GET /a\x7f HTTP/1.1"), 400, kReason},
      {"a vertical tab", Line("GET /a\vb HTTP/1.1"), 400, kReason},
      {"raw UTF-8 in the target", Line("GET /\xc3\xa9 HTTP/1.1"), 400, kReason},
      {"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, kReason},
      {"an empty line that ends in LF", "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, kReason},
      {"a lone CR before", "\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, kReason},
      {"a TLS client", "\x16\x03\x01\x02\x00\x01\x00"s, 400, kReason},
      {"JSON", "{\"id\":1}\r\n\r\n", 400, kReason},
      {"a Redis client", "*1\r\n$4\r\nPING\r\n\r\n", 400, kReason},
      {"a version without a number", Version("HTTP/"), 400, kReason},
      {"a version without a minor one", Version("HTTP/1"), 400, kReason},
      {"a version of three parts", Version("HTTP/1.1.1"), 400, kReason},
      {"a negative version", Version("HTTP/-1.1"), 400, kReason},
      {"a misspelt protocol", Version("HTP/1.1"), 400, kReason},
      {"a lower-case protocol", Version("http/1.1"), 400, kReason},
      {"another protocol", Version("RTSP/1.0"), 400, kReason},
      {"a minor version of two digits", Version("HTTP/1.10"), 400, kReason},
      {"a major version of two digits", Version("HTTP/01.1"), 400, kReason},
      {"a huge version", Version("HTTP/4294967297.1"), 400, kReason},
      {"a version with NUL", Version("HTTP/1.\0"s), 400, kReason},
      {"HTTP/2", Version("HTTP/2.0"), 505, "unsupported_version"},
      {"HTTP/0.9", Version("HTTP/0.9"), 505, "unsupported_version"},
      {"HTTP/1.2", Version("HTTP/1.2"), 505, "unsupported_version"},
      {"HTTP/9.9", Version("HTTP/9.9"), 505, "unsupported_version"},
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "unsupported_version"},
      {"an unknown method", Line("BREW / HTTP/1.1"), 501, "unsupported_method"},
      {"a lower-case method", Line("get / HTTP/1.1"), 501, "unsupported_method"},
      {"CONNECT", Line("CONNECT h:443 HTTP/1.1"), 501, "unsupported_method"},
      {"a line one byte too long", Target("/" + std::string(8192 - 13, 'a')), 414,
       "request_line_too_long"},
      {"a line without an end", "GET /" + std::string(9000, 'a'), 414, "request_line_too_long"},
  };
}

std::vector<RefusedSample> TargetSamples() {
  constexpr std::string_view kReason = "bad_target";
  return {
      {"no slash", Target("static"), 400, kReason},
      {"a scheme that is not HTTP", Target("ftp://h/"), 400, kReason},
      {"a file URL", Target("file:///etc/passwd"), 400, kReason},
      {"authority form", Target("h:80"), 400, kReason},
      {"an asterisk for GET", Target("*"), 400, kReason},
      {"an absolute form without a host", Target("http:///a"), 400, kReason},
      {"an absolute form with a user", Target("http://u@h/"), 400, kReason},
      {"an absolute form with a bad port", Target("http://h:x/"), 400, kReason},
      {"an absolute form of one slash", Target("http:/h/"), 400, kReason},
      {"a fragment", Target("/a#b"), 400, kReason},
      {"a fragment in the query", Target("/a?b#c"), 400, kReason},
      {"an encoded NUL", Target("/a%00b"), 400, kReason},
      {"an encoded line end", Target("/a%0d%0aX:%20y"), 400, kReason},
      {"an encoded DEL", Target("/%7f"), 400, kReason},
      {"an encoded slash", Target("/a%2fb"), 400, kReason},
      {"an encoded slash after dots", Target("/..%2F..%2fetc"), 400, kReason},
      {"an escape cut short", Target("/a%2"), 400, kReason},
      {"a lone percent sign", Target("/%"), 400, kReason},
      {"an escape of other letters", Target("/%zz"), 400, kReason},
      {"an escape of one digit", Target("/%u002e"), 400, kReason},
      {"dots above the root", Target("/../etc"), 400, kReason},
      {"dots above the root later", Target("/a/../../etc"), 400, kReason},
      {"encoded dots above the root", Target("/%2e%2E/etc"), 400, kReason},
      {"half-encoded dots above the root", Target("/.%2e/etc"), 400, kReason},
      {"dots above the root at the end", Target("/.."), 400, kReason},
      {"dots above the root of a URL", Target("http://h/../a"), 400, kReason},
      {"a backslash", Target("/..\\..\\a"), 400, kReason},
      {"braces", Target("/v2/models/{m}"), 400, kReason},
      {"quotes", Target("/\"a\""), 400, kReason},
  };
}

std::vector<RefusedSample> HeaderSamples() {
  constexpr std::string_view kReason = "bad_header";
  return {
      {"a space before the colon", WithHeaders("A : b\r\n"), 400, kReason},
      {"a tab before the colon", WithHeaders("A\t: b\r\n"), 400, kReason},
      {"a space in a length's name", WithHeaders("Content-Length : 5\r\n"), 400, kReason},
      {"a space in a coding's name", WithHeaders("Transfer-Encoding : chunked\r\n"), 400, kReason},
      {"a folded value", WithHeaders("A: b\r\n c\r\n"), 400, kReason},
      {"a value folded by a tab", WithHeaders("A: b\r\n\tc\r\n"), 400, kReason},
      {"a folded empty value", WithHeaders("A:\r\n b\r\n"), 400, kReason},
      {"a folded coding", WithHeaders("Transfer-Encoding:\r\n chunked\r\n"), 400, kReason},
      {"a fold before the first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400, kReason},
      {"a tab before the first field", "GET / HTTP/1.1\r\n\tHost: h\r\n\r\n", 400, kReason},
      {"no colon", WithHeaders("Abc\r\n"), 400, kReason},
      {"no name", WithHeaders(": b\r\n"), 400, kReason},
      {"a name with a bracket", WithHeaders("A(B: c\r\n"), 400, kReason},
      {"a name with a quote", WithHeaders("A\": c\r\n"), 400, kReason},
      {"a name with a space", WithHeaders("A B: c\r\n"), 400, kReason},
      {"a name with NUL", WithHeaders("A\0B: c\r\n"s), 400, kReason},
      {"a name with a control character", WithHeaders("A\x01: c\r\n"), 400, kReason},
      {"a name with a high byte", WithHeaders("A\x80: c\r\n"), 400, kReason},
      {"a name with a CR", WithHeaders("A\rB: c\r\n"), 400, kReason},
      {"a value with NUL", WithHeaders("A: b\0c\r\n"s), 400, kReason},
      {"a value with a CR", WithHeaders("A: b\rc\r\n"), 400, kReason},
      {"a value with a CR and a coding", WithHeaders("A: b\rTransfer-Encoding: chunked\r\n"), 400,
       kReason},
      {"a value with a control character", WithHeaders("A: b\x01\r\n"), 400, kReason},
      {"a value with DEL", WithHeaders("A: b\x7f\r\n"), 400, kReason},
      {"a value with a vertical tab", WithHeaders("A: b\vc\r\n"), 400, kReason},
      {"a connection option with a form feed", WithHeaders("Connection: close\f\r\n"), 400,
       kReason},
      {"a connection option with DEL", WithHeaders("Connection: \x7f\r\n"), 400, kReason},
      {"a connection option, then DEL", WithHeaders("Connection: close\x7f\r\n"), 400, kReason},
      {"a connection option, then a control character",
       WithHeaders("Connection: keep-alive\x02\r\n"), 400, kReason},
      {"an upgrade with DEL", WithHeaders("Upgrade: a\x7f\r\n"), 400, kReason},
      {"a proxy's option with NUL", WithHeaders("Proxy-Connection: a\0\r\n"s), 400, kReason},
      {"a line that ends in LF", WithHeaders("A: b\nC: d\r\n"), 400, kReason},
      {"an empty value that ends in LF", WithHeaders("A:\nTransfer-Encoding: chunked\r\n"), 400,
       kReason},
      {"a head that ends in LF", "GET / HTTP/1.1\r\nHost: h\r\n\n", 400, kReason},
      {"two CRs at a line's end", WithHeaders("A: b\r\r\n"), 400, kReason},
      {"a head that ends in two CRs", "GET / HTTP/1.1\r\nHost: h\r\n\r\r\n", 400, kReason},
      {"one header line too many", WithHeaders([] {
         std::string lines;
         for (int i = 0; i < 100; ++i) lines += "A: b\r\n";
         return lines;
       }()),
       431, "too_many_headers"},
      {"a value without an end", "GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(40000, 'a'), 431,
       "headers_too_large"},
      {"a name without an end", "GET / HTTP/1.1\r\n" + std::string(40000, 'a'), 431,
       "headers_too_large"},
      {"blanks without an end", "GET / HTTP/1.1\r\nA:" + std::string(40000, ' '), 431,
       "headers_too_large"},
  };
}

std::vector<RefusedSample> HostSamples() {
  constexpr std::string_view kReason = "bad_host";
  return {
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400, kReason},
      {"no host with an absolute form", "GET http://h/ HTTP/1.1\r\n\r\n", 400, kReason},
      {"two hosts", Host("a\r\nHost: b"), 400, kReason},
      {"the same host twice", Host("a\r\nhOST: a"), 400, kReason},
      {"two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400, kReason},
      {"a host with a space", Host("a b"), 400, kReason},
      {"a host with a slash", Host("a/b"), 400, kReason},
      {"a host with a user", Host("u@a"), 400, kReason},
      {"two hosts in a list", Host("a,b"), 400, kReason},
      {"a host with a quote", Host("a\"b"), 400, kReason},
      {"a host with a question mark", Host("a?b"), 400, kReason},
      {"a host with a high byte", Host("a\xe9"), 400, kReason},
      {"a bracket that stays open", Host("[::1"), 400, kReason},
      {"a bracket around a name", Host("[a]"), 400, kReason},
      {"empty brackets", Host("[]"), 400, kReason},
      {"text after a bracket", Host("[::1]a"), 400, kReason},
      {"a very long address", Host("[" + std::string(80, '1') + "]"), 400, kReason},
      {"a port of letters", Host("a:8x"), 400, kReason},
      {"a port too high", Host("a:65536"), 400, kReason},
      {"a port with a sign", Host("a:+80"), 400, kReason},
      {"two ports", Host("a:1:2"), 400, kReason},
      {"a port without a host", Host(":80"), 400, kReason},
      {"a bad escape in a host", Host("a%2"), 400, kReason},
  };
}

std::vector<RefusedSample> LengthSamples() {
  constexpr std::string_view kReason = "bad_content_length";
  return {
      {"a negative length", Length("-1"), 400, kReason},
      {"a length with a sign", Length("+5"), 400, kReason},
      {"a hexadecimal length", Length("0x5"), 400, kReason},
      {"a length with a space", Length("1 2"), 400, kReason},
      {"an empty length", Length(""), 400, kReason},
      {"a length of blanks", Length(" \t "), 400, kReason},
      {"a length of letters", Length("abc"), 400, kReason},
      {"a length with an exponent", Length("1e1"), 400, kReason},
      {"a length with a fraction", Length("5.0"), 400, kReason},
      {"a length with an underscore", Length("1_0"), 400, kReason},
      {"a length with a parameter", Length("5;x"), 400, kReason},
      {"a tab after a length", Length("5\t"), 400, kReason},
      {"two lengths in a list", Length("5, 0"), 400, kReason},
      {"the same length in a list", Length("5,5"), 400, kReason},
      {"a list of one length", Length("5,"), 400, kReason},
      {"a length of 2^63", Length("9223372036854775808"), 400, kReason},
      {"a length beyond 2^64", Length("18446744073709551621"), 400, kReason},
      {"a length of 40 digits", Length(std::string(40, '9')), 400, kReason},
      {"a full-width digit", Length("\xef\xbc\x95"), 400, kReason},
      {"a vertical tab before a length", Length("\v5"), 400, kReason},
      {"NUL after a length", Length("5\0"s), 400, kReason},
      {"a quoted length", Length("\"5\""), 400, kReason},
      {"two lengths", Length("0\r\nContent-Length: 5"), 400, kReason},
      {"the same length twice", Length("5\r\ncontent-length: 5"), 400, kReason},
      {"a body over the limit", Length("8388609"), 413, "body_too_large"},
      {"a huge body", Length("10737418240"), 413, "body_too_large"},
      {"another expectation", WithHeaders("Expect: magic\r\n"), 417, "unsupported_expectation"},
      {"an expectation with more", WithHeaders("Expect: y 100-continue\r\n"), 417,
       "unsupported_expectation"},
      {"two expectations", WithHeaders("Expect: 100-continue\r\nExpect: z\r\n"), 417,
       "unsupported_expectation"},
  };
}

std::vector<RefusedSample> CodingSamples() {
  constexpr std::string_view kReason = "bad_transfer_encoding";
  constexpr std::string_view kBoth = "conflicting_framing";
  return {
      {"identity", Coding("identity"), 400, kReason},
      {"gzip", Coding("gzip"), 400, kReason},
      {"a longer name", Coding("xchunked"), 400, kReason},
      {"a name that goes on", Coding("chunkedx"), 400, kReason},
      {"chunked and another", Coding("chunked, gzip"), 400, kReason},
      {"another and chunked", Coding("gzip, chunked"), 400, kReason},
      {"chunked twice in a list", Coding("chunked, chunked"), 400, kReason},
      {"a comma after", Coding("chunked,"), 400, kReason},
      {"a comma before", Coding(", chunked"), 400, kReason},
      {"a quoted coding", Coding("\"chunked\""), 400, kReason},
      {"a coding with a parameter", Coding("chunked;q=1"), 400, kReason},
      {"a coding in two words", Coding("chun ked"), 400, kReason},
      {"an empty coding", Coding(""), 400, kReason},
      {"a high byte before",
       Coding("\xa0"
              "chunked"),
       400, kReason},
      {"chunked twice", Coding("chunked\r\nTransfer-Encoding: chunked"), 400, kReason},
      {"identity after chunked", Coding("chunked\r\nTransfer-Encoding: identity"), 400, kReason},
      {"identity before chunked", Coding("identity\r\nTransfer-Encoding: chunked"), 400, kReason},
      {"a coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400, kReason},
      {"a vertical tab before a coding", Coding("\vchunked"), 400, "bad_header"},
      {"NUL after a coding", Coding("chunked\0"s), 400, "bad_header"},
      {"a length, then a coding", Length("5\r\nTransfer-Encoding: chunked"), 400, kBoth},
      {"a coding, then a length", Coding("chunked\r\nContent-Length: 5"), 400, kBoth},
      {"a zero length and a coding", Length("0\r\nTransfer-Encoding: chunked"), 400, kBoth},
      {"an upgrade does not excuse both",
       Coding("chunked\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 5"), 400, kBoth},
  };
}

std::vector<RefusedSample> ChunkSamples() {
  constexpr std::string_view kReason = "bad_chunk";
  constexpr std::string_view kTrailer = "bad_trailer";
  return {
      {"a size with 0x", Chunked("0x5\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"a size with a plus", Chunked("+5\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"a negative size", Chunked("-5\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"a space before a size", Chunked(" 5\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"a space after a size", Chunked("5 \r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"a tab after a size", Chunked("5\t\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"an underscore in a size", Chunked("0_5\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"letters after a size", Chunked("5ZZ\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"a comma after a size", Chunked("5,\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"a fraction", Chunked("5.0\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"no size", Chunked("\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"an extension without a size", Chunked(";a\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"a size that ends in LF", Chunked("5\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"a size that ends in CR", Chunked("5\rhello\r\n0\r\n\r\n"), 400, kReason},
      {"a size that ends in two CRs", Chunked("5\r\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"a size of 17 digits", Chunked("00000000000000005\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"a size beyond 2^64", Chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"an extension without a name", Chunked("5;;a\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"an extension's value without a name", Chunked("5;=b\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"an extension with an empty value", Chunked("5;a=\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"an extension with a quote in its value", Chunked("5;a=b\"c\"\r\nhello\r\n0\r\n\r\n"), 400,
       kReason},
      {"an extension with two quoted values", Chunked("5;a=\"b\"\"c\"\r\nhello\r\n0\r\n\r\n"), 400,
       kReason},
      {"an extension with a quoted DEL", Chunked("5;a=\"\x7f\"\r\nhello\r\n0\r\n\r\n"), 400,
       kReason},
      {"an extension that ends in LF", Chunked("5;\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"a named extension that ends in LF", Chunked("5;a\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"an extension's value that ends in LF", Chunked("5;a=b\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"a quoted value that ends in LF", Chunked("5;a=\"b\"\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"a quoted value with a line end", Chunked("5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n"), 400,
       kReason},
      {"an extension with a CR", Chunked("5;a\rb\r\nhello\r\n0\r\n\r\n"), 400, kReason},
      {"an extension with NUL", Chunked("5;a\0b\r\nhello\r\n0\r\n\r\n"s), 400, kReason},
      {"data longer than its size", Chunked("5\r\nhelloXX0\r\n\r\n"), 400, kReason},
      {"data that ends in LF", Chunked("5\r\nhello\n0\r\n\r\n"), 400, kReason},
      {"data that ends in CR", Chunked("5\r\nhello\r0\r\n\r\n"), 400, kReason},
      {"data shorter than its size", Chunked("5\r\nhell\r\n0\r\n\r\n"), 400, kReason},
      {"a last size that ends in LF", Chunked("0\n\r\n"), 400, kReason},
      {"a chunk over the limit", Chunked("800001\r\n"), 413, "body_too_large"},
      {"a chunk of 2^64-1", Chunked("ffffffffffffffff\r\n"), 413, "body_too_large"},
      {"extensions over the limit", Chunked("1;" + std::string(300, 'e') + "\r\na\r\n0\r\n\r\n"),
       400, "chunk_extensions_too_large"},
      {"a trailer without a colon", Chunked("0\r\nabc\r\n\r\n"), 400, kTrailer},
      {"a trailer with a space before its colon", Chunked("0\r\nA : b\r\n\r\n"), 400, kTrailer},
      {"a trailer that ends in LF", Chunked("0\r\nA: b\n\r\n"), 400, kTrailer},
      {"a folded trailer", Chunked("0\r\nA: b\r\n c\r\n\r\n"), 400, kTrailer},
      {"a trailer with NUL", Chunked("0\r\nA: \0\r\n\r\n"s), 400, kTrailer},
      {"trailers that end in LF", Chunked("0\r\n\n"), 400, kTrailer},
      {"trailers that end in CR", Chunked("0\r\n\rG"), 400, kTrailer},
      {"trailers over the limit", Chunked("0\r\nA: " + std::string(5000, 'a') + "\r\n\r\n"), 431,
       "trailers_too_large"},
  };
}

}  // namespace

const std::vector<RefusedSample>& RefusedSamples() {
  static const std::vector<RefusedSample> samples = [] {
    std::vector<RefusedSample> all;
    for (const auto& more : {LineSamples(), TargetSamples(), HeaderSamples(), HostSamples(),
                             LengthSamples(), CodingSamples(), ChunkSamples()}) {
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }();
  return samples;
}

}  // namespace baton::http
