// The mirror as a table read off the schema, and what hostile requests meet in it.
#include "admin/service/http_mirror.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "baton/admin/v1/admin_service.pb.h"
#include "baton/admin/v1/http_rule.pb.h"
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "admin/service/admin_feed.h"
#include "admin/service/admin_service.h"
#include "server/base/json_writer.h"
#include "tests/admin/fake_control_port.h"

namespace baton::admin {
namespace {

using ::google::protobuf::DescriptorPool;
using ::google::protobuf::MethodDescriptor;
using ::google::protobuf::MethodOptions;
using ::google::protobuf::ServiceDescriptor;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class HttpMirrorTest : public ::testing::Test {
 protected:
  static Result<std::string> MessageOf(std::string_view verb, std::string_view path,
                                       const HttpAsk& ask) {
    const auto found = Mirror().Find(verb, path);
    if (found.method == nullptr) return Fail(ErrorCode::kNotFound, "allows " + found.allow);
    return HttpMirror::ToMessage(found, ask);
  }
  template <typename Message>
  static Message Request(std::string_view verb, std::string_view path, const HttpAsk& ask) {
    const Result<std::string> bytes = MessageOf(verb, path, ask);
    EXPECT_TRUE(bytes) << bytes.error().message;
    Message message;
    EXPECT_TRUE(message.ParseFromString(bytes.value_or("\xFF")));
    return message;
  }
  static Error Refused(std::string_view verb, std::string_view path, const HttpAsk& ask) {
    const Result<std::string> bytes = MessageOf(verb, path, ask);
    EXPECT_FALSE(bytes) << path;
    return bytes ? Error{} : bytes.error();
  }
  static const HttpMirror& Mirror() {
    static const HttpMirror mirror;
    return mirror;
  }
};

std::vector<const MethodDescriptor*> AllMethods() {
  const ServiceDescriptor& service =
      *DescriptorPool::generated_pool()->FindServiceByName("baton.admin.v1.AdminService");
  std::vector<const MethodDescriptor*> methods;
  methods.reserve(static_cast<std::size_t>(service.method_count()));
  for (int i = 0; i < service.method_count(); ++i) methods.push_back(service.method(i));
  return methods;
}

// A path that a template takes.
std::string ExampleOf(std::string path) {
  for (std::size_t open = path.find('{'); open != path.npos; open = path.find('{')) {
    const std::size_t close = path.find('}', open);
    const std::string field = path.substr(open + 1, close - open - 1);
    const std::size_t equals = field.find('=');
    path.replace(open, close - open + 1, equals == field.npos ? "*" : field.substr(equals + 1));
  }
  for (std::size_t star = path.find('*'); star != path.npos; star = path.find('*')) {
    path.replace(star, path.compare(star, 2, "**") == 0 ? 2 : 1, "x");
  }
  return path;
}

TEST_F(HttpMirrorTest, EveryMethodHasAVerbAndAPathOfItsOwn) {
  std::set<std::string> mirrored;
  for (const MirroredMethod& method : Mirror().methods()) mirrored.insert(method.name);
  std::set<std::string> places;
  for (const MethodDescriptor* method : AllMethods()) {
    EXPECT_THAT(mirrored, ::testing::Contains(method->name()))
        << "give it an option (http) in admin_service.proto";
  }
  for (const MirroredMethod& method : Mirror().methods()) {
    EXPECT_THAT(method.path.text(), ::testing::StartsWith("/admin/v1/")) << method.name;
    EXPECT_THAT(method.what, Not(IsEmpty())) << method.name;
    const std::string example = ExampleOf(method.path.text());
    EXPECT_TRUE(places.insert(method.verb + " " + example).second) << example << " is two methods'";
    EXPECT_EQ(Mirror().Find(method.verb, example).method, &method) << example;
  }
}

TEST_F(HttpMirrorTest, EveryMethodOfTheSchemaIsServed) {
  FakeControlPort control;
  const AdminMethods served = MakeAdminMethods(control, [](auto task) { task(); });
  const AdminFeeds fed = MakeAdminFeeds(control);
  for (const MirroredMethod& method : Mirror().methods()) {
    EXPECT_EQ(method.streams ? fed.count(method.name) : served.count(method.name), 1U)
        << method.name;
  }
}

TEST_F(HttpMirrorTest, WhatChangesNothingIsAGetAndNothingElseIs) {
  for (const MethodDescriptor* method : AllMethods()) {
    const v1::HttpRule& rule = method->options().GetExtension(v1::http);
    const bool changes_nothing =
        method->options().idempotency_level() == MethodOptions::NO_SIDE_EFFECTS;
    EXPECT_EQ(rule.has_get(), changes_nothing) << method->name();
    EXPECT_TRUE(!rule.has_get() || rule.body().empty()) << method->name();
  }
}

TEST_F(HttpMirrorTest, WhatTakesATimeToWaitWaitsAndNothingElse) {
  bool is_any = false;
  for (const MirroredMethod& method : Mirror().methods()) {
    const bool takes_time =
        method.descriptor->input_type()->FindFieldByName("timeout_ms") != nullptr;
    EXPECT_EQ(method.waits, takes_time) << method.name;
    is_any = is_any || takes_time;
  }
  EXPECT_TRUE(is_any);
}

TEST_F(HttpMirrorTest, FieldsComeFromThePathAndTheQuery) {
  const auto endpoint = Request<v1::GetEndpointRequest>("GET", "/admin/v1/endpoints//reverse", {});
  EXPECT_EQ(endpoint.name(), "endpoints//reverse");
  const auto list = Request<v1::ListEndpointsRequest>(
      "GET", "/admin/v1/endpoints", {.query = "page_size=2&&page_token=a%20b+%C3%A9"});
  EXPECT_EQ(list.page_size(), 2);
  EXPECT_EQ(list.page_token(), "a b \xC3\xA9");
}

TEST_F(HttpMirrorTest, AnUpdateIsItsResourceWithTheRestInTheQuery) {
  const auto update = Request<v1::UpdateEndpointRequest>(
      "PATCH", "/admin/v1/endpoints/tumour",
      {.query = "update_mask=batch.max_size,criticality&validate_only=true",
       .body = R"({"criticality": "CRITICALITY_CRITICAL", "batch": {"maxSize": 4}})"});
  EXPECT_EQ(update.endpoint().name(), "endpoints/tumour");
  EXPECT_EQ(update.endpoint().batch().max_size(), 4);
  EXPECT_EQ(update.endpoint().criticality(), v1::CRITICALITY_CRITICAL);
  EXPECT_THAT(update.update_mask().paths(), ElementsAre("batch.max_size", "criticality"));
  EXPECT_TRUE(update.validate_only());
  const auto load = Request<v1::LoadModelRequest>("POST", "/admin/v1/models/tumour:load", {});
  EXPECT_EQ(load.name(), "models/tumour");
  const auto reload = Request<v1::ReloadConfigRequest>("POST", "/admin/v1/config:reload",
                                                       {.body = R"({"validate_only": true})"});
  EXPECT_TRUE(reload.validate_only());
}

TEST_F(HttpMirrorTest, AnswersAreJsonWithTheirDefaultsAndTheirEtag) {
  v1::Pool pool;
  pool.set_name("pool");
  pool.set_size(3);
  pool.set_etag("7");
  const auto& get = *Mirror().Find("GET", "/admin/v1/pool").method;
  const HttpAnswer answer = HttpMirror::ToAnswer(get, pool.SerializeAsString(), false);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, AllOf(HasSubstr("\"size\": 3"), HasSubstr("\"busy\": 0")));
  EXPECT_EQ(answer.etag, "\"7\"");
  const HttpAnswer broken = HttpMirror::ToAnswer(get, std::string("\xFF"), false);
  EXPECT_EQ(broken.status, 500);
}

TEST_F(HttpMirrorTest, AMessageOfAStreamIsALine) {
  const auto watch = Mirror().Find("GET", "/admin/v1/status:watch");
  ASSERT_NE(watch.method, nullptr);
  EXPECT_TRUE(watch.method->streams);
  v1::StatusUpdate update;
  update.set_number(7);
  update.add_causes()->set_name("no\ntime");
  const auto line = HttpMirror::ToLine(*watch.method, update.SerializeAsString());
  ASSERT_TRUE(line);
  EXPECT_THAT(*line, AllOf(HasSubstr("\"number\":\"7\""), HasSubstr("no\\ntime"),
                           HasSubstr("\"goodput_per_second\":0")));
  EXPECT_EQ(line->find('\n'), line->size() - 1);
  EXPECT_FALSE(HttpMirror::ToLine(*watch.method, "\xff"));
}

TEST_F(HttpMirrorTest, IfMatchIsTheEtagOfTheResource) {
  const HttpAsk ask{.body = R"({"size": 3})", .if_match = "\"7\""};
  const auto update = Request<v1::UpdatePoolRequest>("PATCH", "/admin/v1/pool", ask);
  EXPECT_EQ(update.pool().etag(), "7");
  const HttpAsk any{.body = R"({"size": 3})", .if_match = "*"};
  EXPECT_EQ(Request<v1::UpdatePoolRequest>("PATCH", "/admin/v1/pool", any).pool().etag(), "");
  for (const std::string_view bad : {"7", "W/\"7\"", "\"7\", \"8\"", "\"\"", "\"", ""}) {
    const HttpAsk wrong{.body = R"({"size": 3})", .if_match = bad};
    EXPECT_THAT(Refused("PATCH", "/admin/v1/pool", wrong).message, HasSubstr("If-Match")) << bad;
  }
  const HttpAsk both{.body = R"({"size": 3, "etag": "6"})", .if_match = "\"7\""};
  EXPECT_THAT(Refused("PATCH", "/admin/v1/pool", both).message,
              AllOf(HasSubstr("'6'"), HasSubstr("'7'")));
  EXPECT_THAT(Refused("POST", "/admin/v1/models/x:load", {.if_match = "\"7\""}).message,
              HasSubstr("LoadModel has no etag"));
}

TEST_F(HttpMirrorTest, AnEtagThatIsStaleIsAConflictOrAFailedPrecondition) {
  const auto& update = *Mirror().Find("PATCH", "/admin/v1/pool").method;
  const Result<std::string> stale = Fail(ErrorCode::kAborted, "etag: expected 8, got 7", "etag");
  EXPECT_EQ(HttpMirror::ToAnswer(update, stale, false).status, 409);
  const HttpAnswer failed = HttpMirror::ToAnswer(update, stale, true);
  EXPECT_EQ(failed.status, 412);
  EXPECT_THAT(failed.body, AllOf(HasSubstr("\"code\":412"), HasSubstr("\"status\":\"ABORTED\"")));
}

TEST_F(HttpMirrorTest, ErrorsHaveTheFormOfAip193) {
  const auto& get = *Mirror().Find("GET", "/admin/v1/pool").method;
  const auto body = [&get](ErrorCode code, const std::string& field) {
    return HttpMirror::ToAnswer(get, Fail(code, "no \"such\" thing", field), false);
  };
  EXPECT_EQ(body(ErrorCode::kInvalidArgument, "pool.size").body,
            R"({"error":{"code":400,"message":"pool.size: no \"such\" thing",)"
            R"("status":"INVALID_ARGUMENT","details":[{"@type":)"
            R"("type.googleapis.com/google.rpc.BadRequest","field_violations":[{"field":)"
            R"("pool.size","description":"pool.size: no \"such\" thing"}]}]}})"
            "\n");
  EXPECT_THAT(body(ErrorCode::kNotFound, "name").body, HasSubstr("\"details\":[]"));
  EXPECT_EQ(body(ErrorCode::kNotFound, "").status, 404);
  EXPECT_EQ(body(ErrorCode::kUnavailable, "").status, 503);
  EXPECT_EQ(body(ErrorCode::kUnsupported, "").status, 501);
  EXPECT_EQ(body(ErrorCode::kResourceExhausted, "").status, 429);
  EXPECT_EQ(body(ErrorCode::kInternal, "").status, 500);
}

TEST_F(HttpMirrorTest, APathTellsWhichVerbsItTakes) {
  EXPECT_EQ(Mirror().Find("PUT", "/admin/v1/pool").allow, "GET, HEAD, OPTIONS, PATCH");
  EXPECT_EQ(Mirror().Find("PUT", "/admin/v1/pool").method, nullptr);
  EXPECT_EQ(Mirror().Find("GET", "/admin/v1/nothing").allow, "");
  // The word of a custom method is no part of a name.
  EXPECT_EQ(Mirror().Find("GET", "/admin/v1/endpoints/a:resetEstimator").method, nullptr);
  EXPECT_EQ(Mirror().Find("GET", "/admin/v1/endpoints/a:resetEstimator").allow, "OPTIONS, POST");
}

TEST_F(HttpMirrorTest, WhatIsWrongWithAQueryIsSaid) {
  const auto refused = [](std::string_view query) {
    return Refused("GET", "/admin/v1/endpoints", {.query = query}).message;
  };
  EXPECT_THAT(refused("page_size=1&page_size=1"), HasSubstr("expected one value"));
  EXPECT_THAT(refused("page_size=0&page_size=0"), HasSubstr("expected one value"));
  EXPECT_THAT(refused("page_size=two"), AllOf(HasSubstr("page_size"), HasSubstr("'two'")));
  EXPECT_THAT(refused("page_size=99999999999"), HasSubstr("that fits"));
  EXPECT_THAT(refused("page_size"), HasSubstr("''"));
  EXPECT_THAT(refused("colour=red"), AllOf(HasSubstr("'colour'"), HasSubstr("page_token")));
  EXPECT_THAT(refused("page_size.x=1"), HasSubstr("is no field"));
  EXPECT_THAT(refused(".=1"), HasSubstr("is no field"));
  EXPECT_THAT(refused("page_token=%4"), HasSubstr("hexadecimal"));
  EXPECT_THAT(refused("page_token=%FF"), HasSubstr("UTF-8"));
  EXPECT_THAT(Refused("GET", "/admin/v1/pool", {.query = "name=pool"}).message,
              HasSubstr("in the query"));
  EXPECT_THAT(Refused("PATCH", "/admin/v1/pool", {.query = "pool.size=3", .body = "{}"}).message,
              HasSubstr("in the query"));
  EXPECT_THAT(Refused("POST", "/admin/v1/config:reload", {.query = "validate_only=true"}).message,
              HasSubstr("in the query"));
}

TEST_F(HttpMirrorTest, WhatIsWrongWithABodyIsSaid) {
  const auto refused = [](std::string_view body) {
    return Refused("PATCH", "/admin/v1/endpoints/reverse", {.body = body});
  };
  EXPECT_EQ(refused(R"({"colour": 1})").field, "colour");
  EXPECT_EQ(refused(R"({"batch": {"colour": 1}})").field, "batch.colour");
  EXPECT_EQ(refused(R"({"max_workers": "many"})").field, "max_workers");
  EXPECT_THAT(refused(R"({"etag": "1", "etag": "2"})").message, HasSubstr("'etag' is there twice"));
  EXPECT_THAT(refused(R"({"fallback": {"model": "a", "model": "b"}})").message,
              HasSubstr("'fallback.model' is there twice"));
  EXPECT_THAT(refused(R"({"name": "endpoints/tumour"})").message,
              AllOf(HasSubstr("endpoints/tumour"), HasSubstr("endpoints/reverse")));
  for (const std::string_view body :
       {"", "[]", "null", "3", "\"x\"", "{", "{} {}", "\xFF", "{\"a\""}) {
    EXPECT_THAT(refused(body).message, HasSubstr("the body: expected a JSON object of Endpoint"))
        << body;
  }
  EXPECT_THAT(Refused("GET", "/admin/v1/pool", {.body = "{}"}).message, HasSubstr("no body"));
}

TEST_F(HttpMirrorTest, DeepAndLargeBodiesAreRefused) {
  for (const std::string_view piece : {"{\"batch\":", "[", "{\"fallback\":{\"model\":[", "{"}) {
    std::string deep;
    while (deep.size() < 64 * 1024) deep += piece;
    EXPECT_EQ(Refused("PATCH", "/admin/v1/endpoints/x", {.body = deep}).code,
              ErrorCode::kInvalidArgument);
    EXPECT_EQ(Refused("POST", "/admin/v1/models:reload", {.body = deep}).code,
              ErrorCode::kInvalidArgument);
  }
  const std::string long_key = "{\"" + std::string(60 * 1024, 'k') + "\": 1}";
  EXPECT_LT(Refused("PATCH", "/admin/v1/pool", {.body = long_key}).field.size(), 200U);
}

// What such a request does to the methods, too.
TEST_F(HttpMirrorTest, TenThousandMutatedRequestsAreAnswered) {
  struct Sample {
    std::string verb, path, query, body, if_match;
  };
  const std::vector<Sample> samples = {
      {"GET", "/admin/v1/endpoints", "page_size=2&page_token=abc", "", "*"},
      {"GET", "/admin/v1/endpoints/tumour", "", "", "\"1\""},
      {"GET", "/admin/v1/misses", "endpoint=endpoints%2Ftumour&limit=3", "", ""},
      {"PATCH", "/admin/v1/pool", "update_mask=size&validate_only=true", R"({"size": 3})", "\"1\""},
      {"PATCH", "/admin/v1/endpoints/tumour", "update_mask=*",
       R"({"criticality":"CRITICALITY_CRITICAL","batch":{"max_size":2},"max_workers":1})", ""},
      {"POST", "/admin/v1/endpoints/tumour:resetEstimator", "", "{}", ""},
      {"POST", "/admin/v1/config:reload", "", R"({"validate_only":true})", ""},
      {"POST", "/admin/v1/models:reload", "", "", ""}};
  FakeControlPort control;
  const AdminMethods served = MakeAdminMethods(control, [](auto task) { task(); });
  std::mt19937 random(20261122);
  const auto below = [&random](std::size_t n) { return random() % std::max<std::size_t>(n, 1); };
  const auto mutate = [&](std::string& text) {
    const std::size_t at = below(text.size() + 1);
    switch (below(5)) {
      case 0: text.insert(at, 1, static_cast<char>(random())); break;
      case 1: text.erase(at, below(4)); break;
      case 2: text.insert(at, text.substr(below(text.size() + 1), below(20))); break;
      case 3:
        if (at < text.size()) text[at] = "\"{}[]:,.%*&=/\\0-9"[below(17)];
        break;
      default: text.resize(at); break;
    }
  };
  std::size_t called = 0;
  std::size_t refused = 0;
  for (int i = 0; i < 10'000; ++i) {
    Sample sample = samples[below(samples.size())];
    std::string* const parts[] = {&sample.path, &sample.query, &sample.body, &sample.if_match};
    for (std::size_t n = below(4); n > 0; --n) mutate(*parts[below(4)]);
    const auto found = Mirror().Find(sample.verb, sample.path);
    if (found.method == nullptr) continue;
    HttpAsk ask{sample.query, sample.body, std::nullopt};
    if (!sample.if_match.empty()) ask.if_match = sample.if_match;
    const Result<std::string> message = HttpMirror::ToMessage(found, ask);
    HttpAnswer answer;
    if (message) {
      ++called;
      served.at(found.method->name)({"fuzz", "here"}, *message, [&](const auto& reply) {
        answer = HttpMirror::ToAnswer(*found.method, reply, ask.if_match.has_value());
      });
    } else {
      ++refused;
      answer = HttpMirror::ToAnswer(*found.method, tl::unexpected(message.error()), false);
      EXPECT_EQ(answer.status, 400) << answer.body;
    }
    EXPECT_TRUE(answer.status >= 200 && answer.status < 500) << answer.body;
    EXPECT_TRUE(answer.body.starts_with('{') && IsUtf8(answer.body)) << answer.body;
  }
  EXPECT_GT(called, 1000U);
  EXPECT_GT(refused, 1000U);
}

TEST_F(HttpMirrorTest, TheIndexHasEveryMethodWithASentence) {
  for (const MirroredMethod& method : Mirror().methods()) {
    EXPECT_THAT(Mirror().index(),
                AllOf(HasSubstr("\"verb\":\"" + method.verb + "\",\"path\":\"" +
                                method.path.text() + "\",\"method\":\"" + method.name + "\""),
                      HasSubstr(method.what)));
  }
  EXPECT_THAT(Mirror().index(),
              HasSubstr(R"("role":"viewer","streams":false,"what":"The worker pool.")"));
}

}  // namespace
}  // namespace baton::admin
