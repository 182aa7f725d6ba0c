// A way in three steps: something to say, its turn, and the library; and a watch over what it has.
#include "server/net/foreign_listener.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <utility>

#include "server/net/socket.h"
#include "server/net/socket_end.h"
#include "server/net/tls/handshake_watch.h"

namespace baton::net {
namespace {

constexpr int kRestFor = 3;  // times as long as the library was at it
constexpr Duration kLongestRest = 10ms;
// For the library to answer: beyond, who comes next does not wait for a client with more to say.
constexpr Duration kLongestTurn = 20ms;

constexpr std::uint32_t kUntilBytesCome = EPOLLIN | EPOLLRDHUP;
constexpr std::uint32_t kUntilTheEnd = EPOLLRDHUP | EPOLLET;

constexpr std::size_t kRecordHeaderBytes = 5;
constexpr unsigned char kHandshakeRecord = 22;
constexpr std::size_t kMaxRecordBytes = (std::size_t{16} << 10U) + 256;

// Bytes that are there are announced only once there are so many.
void AnnounceOnce(int fd, std::size_t bytes) {
  const int wanted = static_cast<int>(bytes);
  setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof(wanted));
}

std::size_t BytesThere(int fd) {
  int bytes = 0;
  return ioctl(fd, FIONREAD, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

// Of a Unix socket, nothing.
tcp_info ReadTcp(int fd) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
  return info;
}

std::string PeerOf(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  const bool is_known = getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) == 0;
  return is_known && storage.ss_family == AF_UNIX ? "unix" : PeerText(fd);
}

}  // namespace

struct ForeignListener::Entry {
  Entry(ForeignListener& listener, Door taken)
      : door(std::move(taken)),
        acceptor(
            listener.loop_, door.listening.get(),
            [this, &listener](UniqueFd fd) {
              listener.loop_.AssertOnLoop();
              listener.OnAccepted(*this, std::move(fd));
            },
            [&listener] { listener.TurnAway(ForeignEnd::kLimit); }) {
    if (door.most_of_each_address > 0) places.emplace(door.most_of_each_address);
  }

  const Door door;
  Acceptor acceptor;
  std::size_t open = 0;  // loop thread
  std::optional<ClientPlaces> places;
};

class ForeignListener::Guest final : public IoHandler {
 public:
  enum class Stage { kSilent, kWaiting, kHandedOver, kOpen };

  Guest(ForeignListener& listener, Entry& through, std::uint64_t as, UniqueFd taken)
      : entry(through), number(as), fd(std::move(taken)), listener_(listener) {}

  void OnEvents(std::uint32_t events) override {
    listener_.loop_.AssertOnLoop();
    if (!has_ended) listener_.OnEvents(*this, events);
  }
  bool IsHandedOver() const { return stage >= Stage::kHandedOver; }

  // Set once.
  Entry& entry;
  const std::uint64_t number;
  const UniqueFd fd;
  ClientPlace place;
  SteadyTime came;

  // Loop thread.
  EventLoop::TimerId opening_ends{};
  std::list<Guest*>::iterator turn;  // while it waits
  bool has_client_ended = false;
  bool has_ended = false;

  // Of the listener's lock.
  Stage stage = Stage::kSilent;
  std::shared_ptr<WatchedHandshake> handshake;
  std::optional<ForeignEnd> told_to_leave;

 private:
  ForeignListener& listener_;
};

// What handshakes tell of themselves; some of them outlive the listener.
struct ForeignListener::Mailbox {
  explicit Mailbox(ForeignListener& listener) : to(&listener) {}

  void Put(std::uint64_t number, WatchedHandshake::Step step, Duration work) BATON_EXCLUDES(mutex) {
    MutexLock lock(mutex);
    if (to == nullptr) return;
    to->loop_.Post([listener = to, number, step, work] {
      listener->loop_.AssertOnLoop();
      if (step == WatchedHandshake::Step::kAnswered) {
        listener->OnAnswered(number, work);
      } else {
        listener->OnHandshakeOver(number);
      }
    });
  }

  Mutex mutex;
  ForeignListener* to BATON_GUARDED_BY(mutex);
};

ForeignListener::ForeignListener(EventLoop& loop, Duration opening_time)
    : loop_(loop), opening_time_(opening_time), mailbox_(std::make_shared<Mailbox>(*this)) {}

ForeignListener::~ForeignListener() {
  {
    MutexLock lock(mailbox_->mutex);
    mailbox_->to = nullptr;
  }
  MutexLock lock(mutex_);
  for (const auto& [number, guest] : guests_) {
    shutdown(guest->fd.get(), SHUT_RDWR);
    books_.CountClosed(ForeignEnd::kDrain);
  }
  for (auto& count : books_.connections) count = 0;
}

void ForeignListener::AddDoor(Door door) { entries_.emplace_back(*this, std::move(door)); }

int ForeignListener::listening_fd() const { return entries_.front().door.listening.get(); }

bool ForeignListener::speaks_tls() const { return entries_.front().door.speaks_tls; }

void ForeignListener::Start() {
  for (Entry& entry : entries_) entry.acceptor.Start();
}

void ForeignListener::StopAccepting() {
  if (std::exchange(is_draining_, true)) return;
  for (Entry& entry : entries_) {
    entry.acceptor.AcceptAll();
    entry.acceptor.Stop();
    shutdown(entry.door.listening.get(), SHUT_RD);
  }
}

void ForeignListener::StopHandingOver() {
  StopAccepting();
  hands_over_ = false;
  std::vector<Guest*> left;
  {
    MutexLock lock(mutex_);
    for (const auto& [number, guest] : guests_) {
      if (!guest->IsHandedOver()) left.push_back(guest.get());
    }
  }
  for (Guest* const guest : left) End(*guest, ForeignEnd::kDrain);
}

void ForeignListener::TurnAway(ForeignEnd why) {
  ++books_.accepted;
  books_.CountClosed(why);
}

void ForeignListener::OnAccepted(Entry& entry, UniqueFd fd) {
  if (entry.open >= entry.door.most) return TurnAway(ForeignEnd::kLimit);
  std::optional<ClientPlace> place = ClientPlace();
  if (entry.places) place = entry.places->Take(ReadClientAddress(fd.get()));
  if (!place) return TurnAway(ForeignEnd::kAddressLimit);
  auto made = std::make_unique<Guest>(*this, entry, ++last_number_, std::move(fd));
  Guest& guest = *made;
  guest.place = *std::move(place);
  guest.came = loop_.Now();
  if (guest.entry.door.speaks_tls) AnnounceOnce(guest.fd.get(), kRecordHeaderBytes);
  if (loop_.Watch(guest.fd.get(), kUntilBytesCome, guest) != 0) return TurnAway(ForeignEnd::kLimit);
  guest.opening_ends = loop_.RunAt(guest.came + opening_time_, [this, number = guest.number] {
    loop_.AssertOnLoop();
    OnTimeIsUp(number);
  });
  ++entry.open;
  ++books_.accepted;
  ++books_.of(ForeignState::kOpening);
  MutexLock lock(mutex_);
  guests_.emplace(guest.number, std::move(made));
}

ForeignListener::Guest* ForeignListener::Find(std::uint64_t number) {
  MutexLock lock(mutex_);
  const auto found = guests_.find(number);
  return found == guests_.end() ? nullptr : found->second.get();
}

void ForeignListener::OnEvents(Guest& guest, std::uint32_t events) {
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) return End(guest, WhyEnded(guest));
  if ((events & EPOLLRDHUP) != 0) {
    guest.has_client_ended = true;
    if (!guest.IsHandedOver()) return End(guest, ForeignEnd::kClient);
  }
  if ((events & EPOLLIN) != 0 && guest.stage == Guest::Stage::kSilent) OnFirstBytes(guest);
}

// The bytes stay where they are.
void ForeignListener::OnFirstBytes(Guest& guest) {
  const int fd = guest.fd.get();
  if (guest.entry.door.speaks_tls) {
    std::array<unsigned char, kRecordHeaderBytes> header{};
    const ssize_t n = recv(fd, header.data(), header.size(), MSG_PEEK | MSG_DONTWAIT);
    if (n <= 0) return;
    if (header[0] != kHandshakeRecord) {
      const bool is_text = header[0] >= 'A' && header[0] <= 'Z';  // a method, or PRI
      return Refuse(guest, is_text ? HandshakeOutcome::kPlainHttp : HandshakeOutcome::kBroken);
    }
    const std::size_t size = std::size_t{header[3]} << 8U | header[4];
    if (size > kMaxRecordBytes) return Refuse(guest, HandshakeOutcome::kBroken);
    const std::size_t wanted = kRecordHeaderBytes + size;
    if (static_cast<std::size_t>(n) < kRecordHeaderBytes || BytesThere(fd) < wanted) {
      return AnnounceOnce(
          fd, static_cast<std::size_t>(n) < kRecordHeaderBytes ? kRecordHeaderBytes : wanted);
    }
    AnnounceOnce(fd, 1);
  }
  loop_.Rewatch(fd, kUntilTheEnd, guest);
  {
    MutexLock lock(mutex_);
    guest.stage = Guest::Stage::kWaiting;
  }
  guest.turn = waiting_.insert(waiting_.end(), &guest);
  LetSomeIn();
}

void ForeignListener::Refuse(Guest& guest, HandshakeOutcome outcome) {
  ++(*books_.handshakes)[static_cast<std::size_t>(outcome)];
  End(guest, ForeignEnd::kError);
}

void ForeignListener::LetSomeIn() {
  while (!waiting_.empty() && loop_.ReadClock() >= next_turn_) {
    Guest& guest = *waiting_.front();
    waiting_.pop_front();
    LetIn(guest);
  }
  LetInLater();
}

void ForeignListener::LetInLater() {
  if (turn_timer_) loop_.Cancel(*std::exchange(turn_timer_, std::nullopt));
  if (waiting_.empty()) return;
  turn_timer_ = loop_.RunAt(next_turn_, [this] {
    loop_.AssertOnLoop();
    turn_timer_.reset();
    LetSomeIn();
  });
}

void ForeignListener::Rest(Duration work) {
  answering_.reset();
  next_turn_ = loop_.ReadClock() + std::min<Duration>(kRestFor * work, kLongestRest);
}

// Who has left is not handed over: nobody would miss what the library does for it.
void ForeignListener::LetIn(Guest& guest) {
  {
    MutexLock lock(mutex_);
    guest.stage = Guest::Stage::kSilent;  // not in the queue any more
  }
  if (!hands_over_) return End(guest, ForeignEnd::kDrain);
  if (ReadPeerState(guest.fd.get()) != PeerState::kThere) return End(guest, ForeignEnd::kClient);
  UniqueFd other(fcntl(guest.fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!other.valid()) return End(guest, ForeignEnd::kLimit);
  {
    MutexLock lock(mutex_);
    guest.stage = Guest::Stage::kHandedOver;
  }
  if (guest.entry.door.speaks_tls) return ShakeHands(guest, std::move(other));
  Open(guest);  // before the library serves it, and asks who is
  const SteadyTime began = loop_.ReadClock();
  guest.entry.door.hand_over(std::move(other));
  Rest(loop_.ReadClock() - began);
}

void ForeignListener::ShakeHands(Guest& guest, UniqueFd fd) {
  auto handshake = std::make_shared<WatchedHandshake>(
      books_.handshakes,
      [mailbox = mailbox_, number = guest.number](WatchedHandshake::Step step, Duration work) {
        mailbox->Put(number, step, work);
      });
  {
    MutexLock lock(mutex_);
    guest.handshake = handshake;
  }
  answering_ = guest.number;
  next_turn_ = loop_.ReadClock() + kLongestTurn;
  {
    const WatchedHandshake::Scope scope(handshake);
    guest.entry.door.hand_over(std::move(fd));
  }
  if (handshake->is_watched()) return;
  Rest(Duration::zero());
  Open(guest);  // as far as anybody knows
}

void ForeignListener::OnAnswered(std::uint64_t number, Duration work) {
  if (answering_ != number) return;
  Rest(work);
  LetSomeIn();
}

void ForeignListener::OnHandshakeOver(std::uint64_t number) {
  Guest* const guest = Find(number);
  if (guest == nullptr || guest->has_ended) return;
  if (guest->stage == Guest::Stage::kHandedOver && guest->handshake->is_done()) Open(*guest);
}

void ForeignListener::Open(Guest& guest) {
  loop_.Cancel(guest.opening_ends);
  --books_.of(ForeignState::kOpening);
  ++books_.of(ForeignState::kOpen);
  MutexLock lock(mutex_);
  guest.stage = Guest::Stage::kOpen;
}

// The library hears of it by the end of its input, and so do we of its own end.
void ForeignListener::OnTimeIsUp(std::uint64_t number) {
  Guest* const guest = Find(number);
  if (guest == nullptr) return;
  if (!guest->IsHandedOver()) return End(*guest, ForeignEnd::kHeaderTimeout);
  MutexLock lock(mutex_);
  guest->told_to_leave = ForeignEnd::kHeaderTimeout;
  shutdown(guest->fd.get(), SHUT_RDWR);
}

// A client that has gone at once in both directions looks the same as its end in two steps. Who
// ended the connection first is known of the others.
ForeignEnd ForeignListener::WhyEnded(const Guest& guest) const {
  {
    MutexLock lock(mutex_);
    if (guest.told_to_leave) return *guest.told_to_leave;
  }
  if (guest.has_client_ended) return ForeignEnd::kClient;
  if (!HasEndedFirst(guest.fd.get())) return ForeignEnd::kClient;
  return is_draining_ ? ForeignEnd::kDrain : ForeignEnd::kError;
}

void ForeignListener::End(Guest& guest, ForeignEnd why) {
  const bool was_open = guest.stage == Guest::Stage::kOpen;
  guest.has_ended = true;
  loop_.Cancel(guest.opening_ends);
  loop_.Unwatch(guest.fd.get());
  if (guest.stage == Guest::Stage::kWaiting) waiting_.erase(guest.turn);
  --guest.entry.open;
  --books_.of(was_open ? ForeignState::kOpen : ForeignState::kOpening);
  books_.CountClosed(why);
  guest.place = ClientPlace();  // the books of its address may go before it does
  std::unique_ptr<Guest> ended;
  {
    MutexLock lock(mutex_);
    const auto found = guests_.find(guest.number);
    ended = std::move(found->second);
    guests_.erase(found);
  }
  loop_.Retire(std::move(ended));
}

ForeignConnection ForeignListener::Describe(const Guest& guest) const {
  ForeignConnection state;
  state.number = guest.number;
  state.peer = PeerOf(guest.fd.get());
  state.age = loop_.ReadClock() - guest.came;
  // The library may be serving it before the loop has heard that its handshake is done.
  state.is_open =
      guest.stage == Guest::Stage::kOpen || (guest.handshake && guest.handshake->is_done());
  const tcp_info tcp = ReadTcp(guest.fd.get());
  state.received_bytes = tcp.tcpi_bytes_received;
  state.sent_bytes = tcp.tcpi_bytes_acked;
  if (guest.handshake) state.tls_version = guest.handshake->Version();
  state.is_leaving = guest.told_to_leave.has_value();
  return state;
}

std::vector<ForeignConnection> ForeignListener::List(std::optional<std::uint64_t> after,
                                                     std::size_t limit) const {
  std::vector<ForeignConnection> listed;
  MutexLock lock(mutex_);
  for (auto at = guests_.upper_bound(after.value_or(0));
       at != guests_.end() && listed.size() < limit; ++at) {
    listed.push_back(Describe(*at->second));
  }
  return listed;
}

std::optional<ForeignConnection> ForeignListener::Close(std::uint64_t number) {
  MutexLock lock(mutex_);
  const auto found = guests_.find(number);
  if (found == guests_.end()) return std::nullopt;
  found->second->told_to_leave = ForeignEnd::kOperator;
  ForeignConnection state = Describe(*found->second);
  shutdown(found->second->fd.get(), SHUT_RDWR);
  return state;
}

}  // namespace baton::net
