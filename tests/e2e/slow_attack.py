"""Crowds of clients that are as slow as they can be, beside clients that are not."""

import contextlib
import socket
import threading

import environment
import http_raw
import load
import server_process
from http_raw import request

WAVE_S = 1.0  # how often each slow client does the little that it does
AT_ONCE = 20  # of them, so that they are no crowd
ANSWER_BYTES = 40_000
MOST_HELD_KIB = environment.patience(8 * ANSWER_BYTES / 1024)

# What a slow client sends when it begins, and what with each wave.
KINDS = {
    "slow head": (b"POST /reverse HTTP/1.1\r\nHost: t\r\n", b"X-A: b\r\n"),
    "slow body": (b"POST /reverse HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n{", b" "),
    "slow read": (request("POST", "/reverse", {"data": "x" * ANSWER_BYTES}) * 8, b""),
}
# Why the server closes them: by one of these clocks.
REASONS = {
    "slow head": ("header_timeout",),
    "slow body": ("body_timeout", "body_too_slow", "budget_spent"),
    "slow read": ("write_timeout",),
}


class SlowClient:
    """One connection of a kind; a slow reader takes a byte a wave."""

    def __init__(self, address, kind):
        self.kind = kind
        self.rest, self.more = KINDS[kind]
        self.socket = socket.socket()
        if kind == "slow read":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.socket.connect(http_raw.split_address(address))
        self.socket.setblocking(False)
        self.step()

    def step(self):
        """False when the server has hung up."""
        try:
            self.rest = self.rest[self.socket.send(self.rest):] if self.rest else self._trickle()
            return self.kind == "slow read" or self.socket.recv(1024) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def _trickle(self):
        if self.more:
            self.socket.send(self.more)
        else:
            self.socket.recv(1)
        return b""


class Attack(threading.Thread):
    """So many slow clients of each kind, until each has been closed or stop() is called."""

    def __init__(self, address, count):
        super().__init__(name="attack")
        self.clients = [SlowClient(address, kind) for _ in range(count) for kind in KINDS]
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.is_set():
            everybody = list(self.clients)
            for number in range(0, len(everybody), AT_ONCE):
                self.step(everybody[number:number + AT_ONCE])
                self.is_over.wait(WAVE_S * AT_ONCE / len(everybody))
            self.is_over.wait(0.01)

    def step(self, clients):
        for client in clients:
            if not client.step():
                client.socket.close()
                self.clients.remove(client)

    def stop(self):
        self.is_over.set()
        self.join()
        for client in self.clients:
            client.socket.close()


@contextlib.contextmanager
def attacking(address, count):
    attack = Attack(address, count)
    attack.start()
    try:
        yield attack
    finally:
        attack.stop()


def closed(scrape, kind):
    """How many of a kind the server has closed."""
    return sum(scrape("baton_connections_closed_total", listener="http", reason=reason) for reason in REASONS[kind])


def good_clients(server, seconds):
    """What clients get that are not slow; each of them is answered."""
    report = load.offer(server, environment.fewer(500), seconds, budget_ms=8000, path="/reverse", run_ms=0)
    assert report["good"] == report["requests"], report
    return report["latency_ms"]["p99"]


def check(count):
    """So many slow clients of each kind beside good ones: their p99, the server's memory, and why each slow one was
    closed. The clocks are those of the server's defaults, 20 s at most."""
    with server_process.running(*server_process.PLENTY) as server:
        before = good_clients(server, seconds=2)
        resident = server.metrics()("process_resident_memory_bytes")
        with attacking(server.http, count):
            connected = server.metrics_when(lambda now: now("baton_connections", listener="http") == count * len(KINDS))
            assert connected("baton_connections", listener="http") == count * len(KINDS)
            busiest = server.metrics_when(
                lambda now: now("baton_connections", listener="http", state="writing") == count)
            assert busiest("baton_connections", listener="http", state="writing") == count
            during = good_clients(server, seconds=2)
            over = server.metrics_when(lambda now: all(closed(now, kind) == count for kind in KINDS), seconds=40)
            assert {kind: closed(over, kind) for kind in KINDS} == dict.fromkeys(KINDS, count)
            held = (busiest("process_resident_memory_bytes") - resident) / (count * len(KINDS)) / 1024
        after = good_clients(server, seconds=1)
        print(f"{count * len(KINDS)} slow clients: p99 of good ones {before:.2f} ms before, {during:.2f} ms meanwhile, "
              f"{after:.2f} ms after; {held:.1f} KiB resident for each")
        # Promised: twice as long. With a tenfold margin, and what a busy machine does to a few milliseconds.
        assert during < 10 * 2 * max(before, environment.patience(10)), (before, during)
        assert held < MOST_HELD_KIB
