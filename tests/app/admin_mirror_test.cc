// The admin API's mirror in front of an admin plane that does what the test says.
#include "server/app/admin_mirror.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "baton/admin/v1/admin_service.pb.h"
#include <gmock/gmock.h>

#include "server/base/json_writer.h"
#include "tests/support/make_request.h"

namespace baton::app {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr char kFrom[] = "ipv4:127.0.0.1:5000";
const Headers kOperator = {{"Authorization", "Bearer operators"}};
const Headers kViewer = {{"authorization", "bearer viewers"}};
const Headers kNobody = {{"Authorization", "Bearer nobodys"}};

std::optional<access::Identity> FindToken(std::string_view token) {
  if (token == "operators") return access::Identity{"olga", access::Role::kOperator, {}};
  if (token == "viewers") return access::Identity{"vera", access::Role::kViewer, {}};
  return std::nullopt;
}

enum class Tokens { kKnown, kNone };

class AdminMirrorTest : public ::testing::Test {
 protected:
  void Make(Tokens tokens, pages::Site site = {}) {
    MirrorDoor::Options door;
    door.site = std::move(site);
    door.may_look_unnamed = may_look_unnamed_;
    door.viewers = {"ci", "dash.example"};
    if (tokens == Tokens::kKnown) {
      door.find_token = [this](std::string_view token) {
        if (is_revoked_ && token == "viewers") token = {};
        return FindToken(token);
      };
    }
    mirror_.emplace(
        std::move(door),
        [this](const std::string& method, const control::Caller& caller, std::string message,
               admin::AdminReply reply) {
          called_.push_back(method + " by " + caller.ToText());
          message_ = std::move(message);
          replies_.push_back(std::move(reply));
        },
        [this](const std::string& method, const control::Caller& caller, std::string_view message,
               const std::function<void()>& /*tell*/) -> admin::OpenedAdminFeed {
          called_.push_back(method + " by " + caller.ToText());
          message_ = message;
          if (method == "WatchStatus") return std::make_unique<Feed>(told_, open_feeds_);
          return Fail(ErrorCode::kResourceExhausted, "there is one at a time");
        },
        clock_, registry_);
  }

  // Messages that the test puts there.
  class Feed final : public admin::AdminFeed {
   public:
    Feed(std::deque<std::string>& messages, int& open) : messages_(messages), open_(open) {
      ++open_;
    }
    ~Feed() override { --open_; }
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;
    std::optional<std::string> Next() override {
      if (messages_.empty()) return std::nullopt;
      std::string message = std::move(messages_.front());
      messages_.pop_front();
      return message;
    }
    bool HasEnded() const override { return false; }

   private:
    std::deque<std::string>& messages_;
    int& open_;
  };

  http::Request RequestOf(http::Method method, const std::string& path, const Headers& headers = {},
                          const std::string& body = {}) {
    Headers all = {{"Host", "localhost:8082"}};
    all.insert(all.end(), headers.begin(), headers.end());
    http::Request request = http::RequestWith(all);
    request.method = method;
    request.target = path;
    request.path = path.substr(0, path.find('?'));
    if (path.find('?') != path.npos) request.query = path.substr(path.find('?') + 1);
    request.body = body;
    request.client_names = &client_names_;
    return request;
  }
  // Of an answer that comes at once; status 0 when none does.
  http::Response Ask(http::Method method, const std::string& path, const Headers& headers = {},
                     const std::string& body = {}) {
    const http::Request request = RequestOf(method, path, headers, body);
    answer_ = {};
    answer_.status = 0;
    mirror_->Answer(request, kFrom,
                    [this](http::Response response) { answer_ = std::move(response); });
    return answer_;
  }
  int StatusOf(http::Method method, const std::string& path, const Headers& headers = {},
               const std::string& body = {}) {
    const http::Response response = Ask(method, path, headers, body);
    EXPECT_TRUE(response.status < 400 || response.body.starts_with("{\"error\":{\"code\":" +
                                                                   std::to_string(response.status)))
        << response.body;
    return response.status;
  }
  void ExpectMayLookWhoIsAnswered(const Headers& headers) {
    const int status = StatusOf(http::Method::kGet, "/admin/v1", headers);
    Headers all = {{"Host", "localhost:8082"}};
    all.insert(all.end(), headers.begin(), headers.end());
    http::Request request = http::RequestWith(all);
    request.target = "/";
    request.client_names = &client_names_;
    EXPECT_EQ(mirror_->MayLook(request), status == 200) << status;
  }
  double Refused(const std::string& reason) {
    const std::string line = "baton_mirror_refusals_total{reason=\"" + reason + "\"} ";
    const std::string all = registry_.Expose();
    return std::stod(all.substr(all.find(line) + line.size()));
  }

  bool may_look_unnamed_ = true;
  std::vector<std::string> client_names_;  // in the client's certificate
  ManualClock clock_;
  metrics::Registry registry_;
  std::vector<std::string> called_;
  std::string message_;
  std::vector<admin::AdminReply> replies_;
  std::deque<std::string> told_;
  int open_feeds_ = 0;
  bool is_revoked_ = false;  // the viewers' token
  std::optional<AdminMirror> mirror_;
  http::Response answer_;
};

constexpr auto kGet = http::Method::kGet;
constexpr auto kPost = http::Method::kPost;
constexpr auto kPatch = http::Method::kPatch;

TEST_F(AdminMirrorTest, AGetIsCalledAndAnsweredLater) {
  Make(Tokens::kNone);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool"), 0);
  EXPECT_THAT(called_, ElementsAre("GetPool by ipv4:127.0.0.1:5000"));
  admin::v1::Pool pool;
  pool.set_etag("4");
  replies_.front()(pool.SerializeAsString());
  EXPECT_EQ(answer_.status, 200);
  EXPECT_EQ(answer_.headers, "ETag: \"4\"\r\n");
  EXPECT_EQ(StatusOf(http::Method::kHead, "/admin/v1/pool"), 0);
  EXPECT_EQ(called_.size(), 2U);
}

TEST_F(AdminMirrorTest, WithoutATokenFileNothingIsChangedAndLoopbackMayLook) {
  Make(Tokens::kNone);
  const http::Response refused = Ask(kPost, "/admin/v1/config:reload", kOperator);
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("--admin-token-file FILE"));
  EXPECT_EQ(StatusOf(kGet, "/admin/v1"), 200);
  EXPECT_THAT(called_, IsEmpty());
}

TEST_F(AdminMirrorTest, WithoutATokenFileNobodyLooksFromBeyondLoopback) {
  Make(Tokens::kNone, {false, true, {}});
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool"), 403);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1"), 403);
  EXPECT_THAT(called_, IsEmpty());
}

class WhoMayLookTest : public AdminMirrorTest,
                       public ::testing::WithParamInterface<std::tuple<Tokens, bool, bool>> {};

TEST_P(WhoMayLookTest, IsWhoWouldGetAnAnswer) {
  const auto [tokens, is_loopback, is_secured] = GetParam();
  Make(tokens, {is_loopback, is_secured, {}});
  for (const Headers& headers : {Headers(), kViewer, kOperator, kNobody}) {
    ExpectMayLookWhoIsAnswered(headers);
  }
  client_names_ = {"alice"};
  ExpectMayLookWhoIsAnswered({});
}

INSTANTIATE_TEST_SUITE_P(EveryDoor, WhoMayLookTest,
                         ::testing::Combine(::testing::Values(Tokens::kKnown, Tokens::kNone),
                                            ::testing::Bool(), ::testing::Bool()));

TEST_F(AdminMirrorTest, WhoIsToldWhetherTheyMayLookIsNotCounted) {
  Make(Tokens::kKnown);
  EXPECT_FALSE(mirror_->MayLook(http::RequestWith({{"Host", "localhost"}})));
  for (const char* reason : {"no_token", "other_site"}) EXPECT_EQ(Refused(reason), 0) << reason;
}

TEST_F(AdminMirrorTest, WithATokenFileEveryCallNeedsATokenOfItsRole) {
  Make(Tokens::kKnown);
  for (const char* path : {"/admin/v1", "/admin/v1/pool"}) {
    const http::Response unknown = Ask(kGet, path);
    EXPECT_EQ(unknown.status, 401);
    EXPECT_EQ(unknown.headers, "WWW-Authenticate: Bearer realm=\"baton\"\r\n");
    EXPECT_EQ(StatusOf(kGet, path, kNobody), 401);
  }
  EXPECT_EQ(StatusOf(kPost, "/admin/v1/config:reload"), 401);
  const http::Response viewer = Ask(kPost, "/admin/v1/config:reload", kViewer);
  EXPECT_EQ(viewer.status, 403);
  EXPECT_THAT(viewer.body, AllOf(HasSubstr("vera is a viewer"), HasSubstr("operator")));
  EXPECT_THAT(called_, IsEmpty());
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool", kViewer), 0);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool", kOperator), 0);
  EXPECT_EQ(StatusOf(kPost, "/admin/v1/config:reload", kOperator), 0);
  EXPECT_THAT(called_, ElementsAre("GetPool by vera from ipv4:127.0.0.1:5000",
                                   "GetPool by olga from ipv4:127.0.0.1:5000",
                                   "ReloadConfig by olga from ipv4:127.0.0.1:5000"));
}

TEST_F(AdminMirrorTest, TokensThatAreNoneAreRefusedAndCountedAndNeverShown) {
  Make(Tokens::kKnown);
  for (const char* bad : {"", "Bearer", "Bearer ", "Bearer operators x", "Basic operators",
                          "operators", "Beareroperators", "Bearer operators,x"}) {
    const http::Response refused = Ask(kGet, "/admin/v1/pool", {{"Authorization", bad}});
    EXPECT_EQ(refused.status, 401) << bad;
    EXPECT_THAT(refused.headers, HasSubstr("error=\"invalid_token\""));
    EXPECT_THAT(refused.body, ::testing::Not(HasSubstr("operators"))) << bad;
  }
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool",
                     {{"Authorization", "Bearer operators"}, {"Authorization", "Bearer x"}}),
            401);
  EXPECT_EQ(Refused("wrong_token"), 9);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool"), 401);
  EXPECT_EQ(Refused("no_token"), 1);
  EXPECT_EQ(StatusOf(kPost, "/admin/v1/config:reload", kViewer), 403);
  EXPECT_EQ(Refused("viewer"), 1);
}

TEST_F(AdminMirrorTest, ACertificateIsAnOperatorsUnlessOneOfItsNamesIsAViewers) {
  Make(Tokens::kNone, {false, true, {}});
  client_names_ = {"alice", "alice.example"};
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool"), 0);
  EXPECT_EQ(StatusOf(kPost, "/admin/v1/config:reload"), 0);
  EXPECT_THAT(called_, ElementsAre("GetPool by alice from ipv4:127.0.0.1:5000",
                                   "ReloadConfig by alice from ipv4:127.0.0.1:5000"));
  client_names_ = {"d", "dash.example"};
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool"), 0);
  const http::Response refused = Ask(kPost, "/admin/v1/config:reload");
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("d is a viewer, this needs the role operator"));
  EXPECT_EQ(Refused("viewer"), 1);
  client_names_.clear();
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool"), 403);
  EXPECT_EQ(called_.size(), 3U);
}

TEST_F(AdminMirrorTest, APageOfAnotherSiteGainsNothingByItsUsersCertificate) {
  Make(Tokens::kNone, {false, true, {}});
  client_names_ = {"alice"};
  EXPECT_EQ(StatusOf(kPost, "/admin/v1/config:reload", {{"Sec-Fetch-Site", "cross-site"}}), 403);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool", {{"Origin", "https://elsewhere.example"}}), 403);
  EXPECT_THAT(called_, IsEmpty());
}

TEST_F(AdminMirrorTest, WhereTokensAreAskedForACertificateReplacesNone) {
  Make(Tokens::kKnown, {false, true, {}});
  client_names_ = {"alice"};
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool"), 401);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool", kViewer), 0);
  EXPECT_EQ(StatusOf(kPost, "/admin/v1/config:reload", kViewer), 403);
  EXPECT_THAT(called_, ElementsAre("GetPool by vera from ipv4:127.0.0.1:5000"));
}

TEST_F(AdminMirrorTest, BeyondLoopbackTokensTravelOverTlsAlone) {
  Make(Tokens::kKnown, {false, false, {}});
  const http::Response plain = Ask(kGet, "/admin/v1/pool", kOperator);
  EXPECT_EQ(plain.status, 403);
  EXPECT_THAT(plain.body, HasSubstr("--pages-tls-certificate"));
  EXPECT_EQ(Refused("not_secured"), 1);
  EXPECT_EQ(StatusOf(http::Method::kOptions, "/admin/v1/pool"), 403);
}

TEST_F(AdminMirrorTest, OtherSitesAreRefusedWhateverTheyShow) {
  Make(Tokens::kKnown);
  Headers cross = kOperator;
  cross.emplace_back("Sec-Fetch-Site", "cross-site");
  for (const auto method : {kGet, kPost, http::Method::kOptions}) {
    EXPECT_EQ(StatusOf(method, "/admin/v1/config:reload", cross), 403);
  }
  cross.back() = {"Origin", "http://evil.example"};
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool", cross), 403);
  EXPECT_EQ(Refused("other_site"), 4);
  EXPECT_THAT(called_, IsEmpty());
}

TEST_F(AdminMirrorTest, WhatTravelsIsJson) {
  Make(Tokens::kKnown);
  const auto with = [](const char* type) {
    Headers headers = kOperator;
    headers.emplace_back("Content-Type", type);
    return headers;
  };
  const std::string body = R"({"size": 3})";
  EXPECT_EQ(StatusOf(kPatch, "/admin/v1/pool", kOperator, body), 415);
  for (const char* type : {"application/x-www-form-urlencoded", "text/plain", "",
                           "application/jsonx", "multipart/form-data"}) {
    EXPECT_EQ(StatusOf(kPatch, "/admin/v1/pool", with(type), body), 415) << type;
    EXPECT_EQ(StatusOf(kPost, "/admin/v1/config:reload", with(type)), 415) << type;
  }
  Headers packed = with("application/json");
  packed.emplace_back("Content-Encoding", "gzip");
  EXPECT_EQ(StatusOf(kPatch, "/admin/v1/pool", packed, body), 415);
  EXPECT_THAT(called_, IsEmpty());
  EXPECT_EQ(StatusOf(kPatch, "/admin/v1/pool", with("Application/JSON; charset=utf-8"), body), 0);
  admin::v1::UpdatePoolRequest request;
  EXPECT_TRUE(request.ParseFromString(message_));
  EXPECT_EQ(request.pool().size(), 3);
}

TEST_F(AdminMirrorTest, VerbsAndPathsThatAreNotThereAreSaid) {
  Make(Tokens::kNone);
  EXPECT_EQ(StatusOf(kGet, "/admin"), 404);
  EXPECT_EQ(StatusOf(kGet, "/admin/v2/pool"), 404);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool/"), 404);
  EXPECT_EQ(StatusOf(http::Method::kDelete, "/admin/v1/pool"), 405);
  EXPECT_EQ(answer_.headers, "Allow: GET, HEAD, OPTIONS, PATCH\r\n");
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/config:reload"), 405);
  EXPECT_EQ(answer_.headers, "Allow: OPTIONS, POST\r\n");
  EXPECT_EQ(StatusOf(kPost, "/admin/v1"), 405);
  EXPECT_EQ(StatusOf(http::Method::kOptions, "/admin/v1/pool"), 204);
  EXPECT_EQ(answer_.headers, "Allow: GET, HEAD, OPTIONS, PATCH\r\n");
  EXPECT_THAT(called_, IsEmpty());
}

TEST_F(AdminMirrorTest, WrongRequestsAreNotCalled) {
  Make(Tokens::kNone);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/endpoints?page_size=x"), 400);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/endpoints?page_size=%"), 400);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool", {}, "{}"), 400);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool", {{"If-Match", "\"1\""}, {"If-Match", "\"1\""}}), 400);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/endpoints/\xFF"), 400);
  EXPECT_THAT(called_, IsEmpty());
}

TEST_F(AdminMirrorTest, OnlySoManyAreUnderWayAtOnce) {
  Make(Tokens::kNone);
  for (int i = 0; i < AdminMirror::kMostAtOnce; ++i) {
    EXPECT_EQ(StatusOf(kGet, "/admin/v1/status"), 0);
  }
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/status"), 503);
  EXPECT_EQ(answer_.headers, "Retry-After: 1\r\n");
  replies_.front()(Fail(ErrorCode::kNotFound, "nothing"));
  EXPECT_EQ(answer_.status, 404);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/status"), 0);
}

TEST_F(AdminMirrorTest, AReplyMayComeWhenTheMirrorHasGone) {
  Make(Tokens::kNone);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool"), 0);
  mirror_.reset();
  replies_.front()(admin::v1::Pool().SerializeAsString());
  EXPECT_EQ(answer_.status, 200);
}

TEST_F(AdminMirrorTest, NobodyLooksUnnamedWhereTheAdminPlaneAsksForANameOrACertificate) {
  may_look_unnamed_ = false;
  Make(Tokens::kNone);
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/pool"), 403);
  EXPECT_THAT(called_, IsEmpty());
}

TEST_F(AdminMirrorTest, WhoWaitsForAnOperationKeepsNobodyOut) {
  Make(Tokens::kNone);
  for (int i = 0; i < AdminMirror::kMostAtOnce + 1; ++i) {
    EXPECT_EQ(StatusOf(kGet, "/admin/v1/operations/0-1:wait"), 0);
  }
  EXPECT_EQ(StatusOf(kGet, "/admin/v1/status"), 0);
}

TEST_F(AdminMirrorTest, AStreamIsALineAMessage) {
  Make(Tokens::kNone);
  EXPECT_FALSE(mirror_->Streams(RequestOf(kGet, "/admin/v1/status")));
  ASSERT_TRUE(mirror_->Streams(RequestOf(kGet, "/admin/v1/status:watch")));
  auto opened = mirror_->Open(RequestOf(kGet, "/admin/v1/status:watch"), kFrom, false, [] {});
  ASSERT_TRUE(opened);
  EXPECT_THAT(called_, ElementsAre("WatchStatus by ipv4:127.0.0.1:5000"));
  EXPECT_EQ((*opened)->Next(), "");
  admin::v1::StatusUpdate update;
  update.set_number(3);
  told_.push_back(update.SerializeAsString());
  EXPECT_THAT((*opened)->Next(), AllOf(HasSubstr("\"number\":\"3\""), ::testing::EndsWith("}\n")));
  EXPECT_FALSE((*opened)->HasEnded());
}

TEST_F(AdminMirrorTest, TheHeadOfAStreamIsAnsweredAndNothingIsOpened) {
  Make(Tokens::kNone);
  EXPECT_FALSE(mirror_->Streams(RequestOf(http::Method::kHead, "/admin/v1/status:watch")));
  const http::Response head = Ask(http::Method::kHead, "/admin/v1/status:watch");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.content_type, "application/x-ndjson");
  EXPECT_THAT(called_, IsEmpty());
}

TEST_F(AdminMirrorTest, WhoMayNotCallAStreamOrAsksForItWronglyIsToldSo) {
  Make(Tokens::kKnown);
  const std::string capture = "/admin/v1/requests:capture";
  const auto status = [&](const Headers& headers, const std::string& path,
                          const std::string& body) {
    Headers all = headers;
    all.emplace_back("Content-Type", "application/json");
    const auto opened = mirror_->Open(RequestOf(kPost, path, all, body), kFrom, false, [] {});
    return opened ? 200 : opened.error().status;
  };
  EXPECT_EQ(status({}, capture, ""), 401);
  EXPECT_EQ(status(kViewer, capture, ""), 403);
  EXPECT_EQ(status(kOperator, capture, R"({"duration": 1})"), 400);
  EXPECT_EQ(status(kOperator, capture + "?x=1", ""), 400);
  EXPECT_THAT(called_, IsEmpty());
  EXPECT_EQ(status(kOperator, capture, R"({"endpoint": "endpoints/tumour"})"), 429);
  admin::v1::CaptureRequestsRequest asked;
  EXPECT_TRUE(asked.ParseFromString(message_));
  EXPECT_EQ(asked.endpoint(), "endpoints/tumour");
}

TEST_F(AdminMirrorTest, AStreamIsForThePagesOfThisSiteAndHasAPlace) {
  Make(Tokens::kKnown);
  const auto status = [&](Headers headers, bool is_full) {
    headers.insert(headers.end(), kOperator.begin(), kOperator.end());
    const auto opened =
        mirror_->Open(RequestOf(kGet, "/admin/v1/status:watch", headers), kFrom, is_full, [] {});
    return opened ? 200 : opened.error().status;
  };
  EXPECT_EQ(status({{"Sec-Fetch-Site", "cross-site"}}, true), 403);
  EXPECT_EQ(status({{"Origin", "http://evil.example"}}, false), 403);
  EXPECT_EQ(status({}, true), 503);
  EXPECT_EQ(status({}, false), 200);
  // Captures are one at a time, and have a place whoever watches.
  const Headers json = {kOperator.front(), {"Content-Type", "application/json"}};
  const auto capture =
      mirror_->Open(RequestOf(kPost, "/admin/v1/requests:capture", json), kFrom, true, [] {});
  ASSERT_FALSE(capture);
  EXPECT_EQ(capture.error().status, 429);
}

TEST_F(AdminMirrorTest, AStreamWhoseLinesWaitEndsWithItsTokenToo) {
  Make(Tokens::kKnown);
  auto opened =
      mirror_->Open(RequestOf(kGet, "/admin/v1/status:watch", kViewer), kFrom, false, [] {});
  ASSERT_TRUE(opened);
  EXPECT_EQ(open_feeds_, 1);
  is_revoked_ = true;
  (*opened)->LookAtCaller();
  (*opened)->LookAtCaller();
  EXPECT_EQ(open_feeds_, 0);
  EXPECT_EQ(Refused("wrong_token"), 1) << "once";
  EXPECT_FALSE((*opened)->HasEnded());
  EXPECT_THAT((*opened)->Next(), HasSubstr("{\"error\":{\"code\":401,"));
  EXPECT_TRUE((*opened)->HasEnded());
}

TEST_F(AdminMirrorTest, AStreamEndsWhenItsTokenIsTakenBack) {
  Make(Tokens::kKnown);
  auto opened =
      mirror_->Open(RequestOf(kGet, "/admin/v1/status:watch", kViewer), kFrom, false, [] {});
  ASSERT_TRUE(opened);
  told_.emplace_back();
  EXPECT_THAT((*opened)->Next(), HasSubstr("\"number\""));
  is_revoked_ = true;
  told_.emplace_back();
  EXPECT_THAT((*opened)->Next(), HasSubstr("{\"error\":{\"code\":401,"));
  EXPECT_TRUE((*opened)->HasEnded());
  EXPECT_EQ((*opened)->Next(), "");
}

TEST_F(AdminMirrorTest, WithoutAnAdminPlaneNothingIsThere) {
  mirror_.emplace(MirrorDoor::Options{}, nullptr, nullptr, clock_, registry_);
  const auto stream = mirror_->Open(RequestOf(kGet, "/admin/v1/status:watch"), kFrom, false, [] {});
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().status, 404);
  const http::Response off = Ask(kGet, "/admin/v1/pool");
  EXPECT_EQ(off.status, 404);
  EXPECT_THAT(off.body, HasSubstr("the admin plane is off"));
}

}  // namespace
}  // namespace baton::app
