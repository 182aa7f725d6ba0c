// How much a request allocates once a server is warm, on all threads. A program of its own, because
// it counts every `new`.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "server/base/check.h"
#include "tests/app/conductor_harness.h"

namespace {

std::atomic<std::size_t> allocations{0};

void* Counted(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* const place = std::malloc(size > 0 ? size : 1);
  if (place == nullptr) throw std::bad_alloc();
  return place;
}

}  // namespace

void* operator new(std::size_t size) { return Counted(size); }
void* operator new[](std::size_t size) { return Counted(size); }
void operator delete(void* place) noexcept { std::free(place); }
void operator delete[](void* place) noexcept { std::free(place); }
void operator delete(void* place, std::size_t) noexcept { std::free(place); }
void operator delete[](void* place, std::size_t) noexcept { std::free(place); }

namespace baton::app {
namespace {

constexpr int kWarmUp = 1000;
constexpr int kCounted = 1000;
constexpr int kRounds = 4;
// Tensors in and out with their names, shapes and elements.
constexpr std::size_t kInferAllocations = 8;

class AllocationsTest : public testing::Test {
 protected:
  // Those of a thousand times `requests`, which are `count` together, one after the other on one
  // warm connection. The least of a few rounds: what grows once, in a moment when the machine is
  // busy with something else, is no cost of a request.
  std::size_t CountFor(std::string_view requests, std::size_t count = 1) {
    const UniqueFd client = testing_support::Connect(harness_.port());
    for (int i = 0; i < kWarmUp; ++i) Exchange(client.get(), requests, count);
    std::size_t least = SIZE_MAX;
    for (int round = 0; round < kRounds && least > 0; ++round) {
      const std::size_t before = allocations;
      for (int i = 0; i < kCounted; ++i) Exchange(client.get(), requests, count);
      least = std::min<std::size_t>(least, allocations - before);
    }
    return least;
  }

 private:
  static void Exchange(int fd, std::string_view requests, std::size_t count) {
    BATON_CHECK(send(fd, requests.data(), requests.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(requests.size()));
    std::array<char, 16 * 1024> answers{};
    std::size_t size = 0;
    while (CountOf("HTTP/1.1 200 ", {answers.data(), size}) < count || answers[size - 1] != '}') {
      const ssize_t n = recv(fd, answers.data() + size, answers.size() - size, 0);
      BATON_CHECK(n > 0);
      size += static_cast<std::size_t>(n);
    }
  }
  static std::size_t CountOf(std::string_view what, std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
    return count;
  }

  ConductorHarness harness_;
};

std::string Post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: baton.example:8080\r\nUser-Agent: allocations-test/1.0\r\n"
         "Accept: */*\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string Times(std::size_t count, std::string_view request) {
  std::string requests;
  for (std::size_t i = 0; i < count; ++i) requests += request;
  return requests;
}

const std::string kReverse = Post("/reverse", R"({"data":["Hello, World", "and more of it"]})");
constexpr char kHello[] = "GET /hello HTTP/1.1\r\nHost: baton.example:8080\r\nAccept: */*\r\n\r\n";

TEST_F(AllocationsTest, AWarmServerAllocatesNothingForAReverse) {
  EXPECT_EQ(CountFor(kReverse), 0u);
}

TEST_F(AllocationsTest, AWarmServerAllocatesNothingForAHello) { EXPECT_EQ(CountFor(kHello), 0u); }

TEST_F(AllocationsTest, NothingIsAllocatedForPipelinedRequestsEither) {
  for (const std::size_t depth : {3u, 16u}) {
    EXPECT_EQ(CountFor(Times(depth, kReverse), depth), 0u) << depth;
    EXPECT_EQ(CountFor(Times(depth, kHello), depth), 0u) << depth;
  }
}

TEST_F(AllocationsTest, NorForAnswersThatWaitForTheirTurn) {
  EXPECT_EQ(CountFor(kReverse + Times(2, kHello), 3), 0u);
}

TEST_F(AllocationsTest, NorForOneThatBelongsToATrace) {
  std::string traced = kReverse;
  traced.insert(traced.find("Accept"),
                "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n");
  EXPECT_EQ(CountFor(traced), 0u);
}

TEST_F(AllocationsTest, AnInferenceAllocatesTensorsOnly) {
  const std::string request =
      Post("/v2/models/sum/infer", R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1,4],)"
                                   R"("data":[1,2,3.5,4]}]})");
  EXPECT_LE(CountFor(request), kInferAllocations * kCounted);
}

}  // namespace
}  // namespace baton::app
