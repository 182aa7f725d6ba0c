// How much a request allocates once a server is warm, on all threads. A program of its own, because
// it counts every `new`.
#include <array>
#include <atomic>
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
// Tensors in and out with their names, shapes and elements.
constexpr std::size_t kInferAllocations = 8;

class AllocationsTest : public testing::Test {
 protected:
  // Those of the second thousand requests, sent one after the other on one connection.
  std::size_t CountFor(std::string_view request) {
    const UniqueFd client = testing_support::Connect(harness_.port());
    for (int i = 0; i < kWarmUp; ++i) Exchange(client.get(), request);
    const std::size_t before = allocations;
    for (int i = 0; i < kCounted; ++i) Exchange(client.get(), request);
    return allocations - before;
  }

 private:
  static void Exchange(int fd, std::string_view request) {
    BATON_CHECK(send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(request.size()));
    std::array<char, 1024> answer{};
    const ssize_t size = recv(fd, answer.data(), answer.size(), 0);
    BATON_CHECK(size > 0);
    const std::string_view text(answer.data(), static_cast<std::size_t>(size));
    BATON_CHECK(text.starts_with("HTTP/1.1 200 ") && text.ends_with("}"));
  }

  ConductorHarness harness_;
};

std::string Post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: baton.example:8080\r\nUser-Agent: allocations-test/1.0\r\n"
         "Accept: */*\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

TEST_F(AllocationsTest, AWarmServerAllocatesNothingForAReverse) {
  EXPECT_EQ(CountFor(Post("/reverse", R"({"data":["Hello, World", "and more of it"]})")), 0u);
}

TEST_F(AllocationsTest, AWarmServerAllocatesNothingForAHello) {
  EXPECT_EQ(CountFor("GET /hello HTTP/1.1\r\nHost: baton.example:8080\r\nAccept: */*\r\n\r\n"), 0u);
}

TEST_F(AllocationsTest, AnInferenceAllocatesTensorsOnly) {
  const std::string request =
      Post("/v2/models/sum/infer", R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1,4],)"
                                   R"("data":[1,2,3.5,4]}]})");
  EXPECT_LE(CountFor(request), kInferAllocations * kCounted);
}

}  // namespace
}  // namespace baton::app
