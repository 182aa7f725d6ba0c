"""Several conductors on one listening socket: they share the connections that there may be, and share them evenly."""

import contextlib
import json
import pathlib
import signal

import pytest

import crowd
import server_process
from crowd import ANSWERED, CLOSED, RESET
from http_raw import request

HELLO = request("GET", "/hello")
STATUS = ("status", "-o", "json")


def with_conductors(count, *flags):
    return server_process.running(*server_process.PLENTY, "--conductors", count, *flags)


def connections_by_loop(server):
    """How many sockets each epoll instance watches, of those that are connected clients."""
    clients = set()
    folder = pathlib.Path(f"/proc/{server.pid}")
    ports = set()
    for line in (folder / "net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[1].endswith(f":{int(server.http.rpartition(':')[2]):04X}") and words[3] == "01":
            ports.add(words[9])
    counts = []
    names = {}
    for entry in (folder / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            names[entry.name] = entry.readlink().as_posix()
    for name, target in names.items():
        if target.startswith("socket:[") and target[8:-1] in ports:
            clients.add(int(name))
    for name, target in names.items():
        if target == "anon_inode:[eventpoll]":
            lines = (folder / "fdinfo" / name).read_text().splitlines()
            watched = {int(line.split()[1]) for line in lines if line.startswith("tfd:")}
            counts.append(len(watched & clients))
    return sorted(counts, reverse=True)


@pytest.mark.parametrize("count", [2, 4])
def test_clients_that_come_together_are_shared_evenly(count):
    with with_conductors(count) as server:
        clients = crowd.ask_at_once(server.http, HELLO, 50 * count)
        found = crowd.outcomes(clients, seconds=20, stay_when=lambda outcome: outcome == ANSWERED)
        assert found == {ANSWERED: 50 * count}
        shares = connections_by_loop(server)[:count]
        assert sum(shares) == 50 * count
        assert min(shares) >= 40 and max(shares) <= 62, shares
        for client in clients:
            client.socket.close()


@pytest.mark.parametrize(("count", "limit"), [(2, 40), (4, 1), (3, 2)])
def test_all_connections_that_there_may_be_are_let_in_whoever_accepts_them(count, limit):
    with with_conductors(count, "--max-connections", limit) as server:
        for _ in range(3):  # places come back
            clients = crowd.ask_at_once(server.http, HELLO, limit)
            found = crowd.outcomes(clients, seconds=20, stay_when=lambda outcome: outcome == ANSWERED)
            assert found == {ANSWERED: limit}
            more = crowd.outcomes(crowd.ask_at_once(server.http, HELLO, 10), seconds=20)
            assert more[CLOSED] + more[RESET] == 10
            for client in clients:
                client.socket.close()
            server.metrics_when(lambda now: now("baton_connections", listener="http") == 0)


def test_conductors_may_be_chosen_by_the_cores():
    with with_conductors("auto") as server:
        assert 1 <= json.loads(server.batonctl(*STATUS).stdout)["conductors"] <= 8
        assert server.ask("GET", "/hello").status == 200


def test_whoever_is_connected_when_the_drain_begins_is_answered():
    with with_conductors(3) as server:
        clients = [server.connect() for _ in range(200)]
        server.signal(signal.SIGTERM)
        for client in clients:
            assert client.ask("GET", "/hello").status == 200
            client.close()
        assert server.wait(20) == 0
