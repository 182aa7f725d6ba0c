/* Loaded before the C library (LD_PRELOAD), it lets system calls of the conductors fail, or do less
 * than they were asked for, as often as BATON_FAULTS says: CALL:FAULT/N,... where every N-th CALL
 * has the FAULT, an errno such as EINTR, "short" for one byte or one event, or "late" for 120 ms.
 * Calls on other threads are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kMaxRules = 16, kNone = 0, kShort = -1, kLate = -2, kLateMicros = 120000 };

struct Rule {
  char call[16];
  int fault;
  unsigned every;
  atomic_uint calls;
};
static struct Rule rules[kMaxRules];
static int rule_count;

static int FaultNamed(const char* name) {
  static const struct {
    const char* name;
    int fault;
  } known[] = {{"short", kShort},         {"late", kLate},
               {"EINTR", EINTR},          {"EAGAIN", EAGAIN},
               {"ENOBUFS", ENOBUFS},      {"ENOMEM", ENOMEM},
               {"EMFILE", EMFILE},        {"ENFILE", ENFILE},
               {"ENOSPC", ENOSPC},        {"ECONNABORTED", ECONNABORTED},
               {"EPIPE", EPIPE},          {"ETIMEDOUT", ETIMEDOUT},
               {"ECONNRESET", ECONNRESET}};
  for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); ++i) {
    if (strcmp(known[i].name, name) == 0) return known[i].fault;
  }
  fprintf(stderr, "fault_shim: %s is no fault that it knows\n", name);
  abort();
}

__attribute__((constructor)) static void ReadRules(void) {
  const char* const said = getenv("BATON_FAULTS");
  if (said == NULL) return;
  char* const text = strdup(said);
  char* rest = text;
  for (char* word; (word = strsep(&rest, ",")) != NULL && rule_count < kMaxRules;) {
    struct Rule* const rule = &rules[rule_count++];
    char fault[16];
    if (sscanf(word, "%15[^:]:%15[^/]/%u", rule->call, fault, &rule->every) != 3 ||
        rule->every == 0) {
      fprintf(stderr, "fault_shim: expected CALL:FAULT/N, got %s\n", word);
      abort();
    }
    rule->fault = FaultNamed(fault);
  }
  free(text);
}

static int IsConductor(void) {
  static _Thread_local int is_one;
  char name[16] = "";
  if (!is_one && prctl(PR_GET_NAME, name) == 0) is_one = strncmp(name, "conductor", 9) == 0;
  return is_one;
}

/* An errno, kShort or kNone. */
static int Fault(const char* call) {
  if (rule_count == 0 || !IsConductor()) return kNone;
  for (int i = 0; i < rule_count; ++i) {
    if (strcmp(rules[i].call, call) != 0) continue;
    if ((atomic_fetch_add(&rules[i].calls, 1) + 1) % rules[i].every == 0) return rules[i].fault;
  }
  return kNone;
}

/* Declares `real`, the next definition of the calling function, and `fault`; fails when that says
 * so. */
#define BEGIN(name, ...)                                               \
  static __typeof__(name)* real;                                       \
  if (real == NULL) real = (__typeof__(name)*)dlsym(RTLD_NEXT, #name); \
  const int fault = Fault(#name);                                      \
  if (fault > 0) {                                                     \
    errno = fault;                                                     \
    return -1;                                                         \
  }                                                                    \
  if (fault == kLate) usleep(kLateMicros);

int accept4(int fd, struct sockaddr* address, socklen_t* size, int flags) {
  BEGIN(accept4)
  return real(fd, address, size, flags);
}

ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  BEGIN(recv)
  return real(fd, buffer, fault == kShort && size > 1 ? 1 : size, flags);
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
  BEGIN(send)
  return real(fd, data, fault == kShort && size > 1 ? 1 : size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  BEGIN(sendmsg)
  if (fault != kShort || message->msg_iovlen == 0) return real(fd, message, flags);
  struct iovec first = message->msg_iov[0];
  if (first.iov_len > 1) first.iov_len = 1;
  struct msghdr less = *message;
  less.msg_iov = &first;
  less.msg_iovlen = 1;
  return real(fd, &less, flags);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  BEGIN(writev)
  if (fault != kShort || count == 0) return real(fd, parts, count);
  struct iovec first = parts[0];
  if (first.iov_len > 1) first.iov_len = 1;
  return real(fd, &first, 1);
}

ssize_t sendfile(int to, int from, off_t* offset, size_t size) {
  BEGIN(sendfile)
  return real(to, from, offset, fault == kShort && size > 1 ? 1 : size);
}

/* What is watched already can be changed and let go; only new ones find no room. */
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event* event) {
  static __typeof__(epoll_ctl)* real;
  if (real == NULL) real = (__typeof__(epoll_ctl)*)dlsym(RTLD_NEXT, "epoll_ctl");
  const int fault = operation == EPOLL_CTL_ADD ? Fault("epoll_ctl") : kNone;
  if (fault > 0) {
    errno = fault;
    return -1;
  }
  return real(epoll, operation, fd, event);
}

int epoll_wait(int epoll, struct epoll_event* events, int size, int timeout) {
  BEGIN(epoll_wait)
  return real(epoll, events, fault == kShort ? 1 : size, timeout);
}

int epoll_pwait2(int epoll, struct epoll_event* events, int size, const struct timespec* timeout,
                 const sigset_t* mask) {
  BEGIN(epoll_pwait2)
  return real(epoll, events, fault == kShort ? 1 : size, timeout, mask);
}
