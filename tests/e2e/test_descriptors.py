"""Few descriptors and many clients: who cannot be let in is sent away or waits, and the server goes on."""

import contextlib
import time

import crowd
import environment
import server_process
from crowd import ANSWERED, CLOSED, RESET
from http_raw import EndOfConnection, request

REVERSE = request("POST", "/reverse", {"data": "ab"})
CLIENTS = 200
FEW = 64


def with_descriptors(count, *flags):
    return server_process.running(
        *server_process.PLENTY, *flags, through=(environment.tool("prlimit"), f"--nofile={count}:{count}"))


def assert_it_serves(server):
    assert server.ask("POST", "/reverse", {"data": "ab"}).json() == {"data": "ba"}


def ends_of(scrape, *reasons):
    return sum(scrape("baton_connections_closed_total", listener="http", reason=reason) for reason in reasons)


def test_clients_beyond_the_descriptors_wait_for_those_who_leave_with_their_answers():
    with with_descriptors(FEW) as server:
        found = crowd.outcomes(crowd.ask_at_once(server.http, REVERSE, CLIENTS), seconds=30)
        assert found == {ANSWERED: CLIENTS}
        scrape = server.metrics_when_idle()
        assert scrape("process_max_fds") == FEW
        assert scrape.answers("reverse") == {"prediction": CLIENTS}
        assert scrape("baton_conductor_overload_changes_total", level="closed") >= 1
        assert_it_serves(server)


def test_clients_that_stay_are_closed_when_they_are_idle_and_make_room_for_the_others():
    with with_descriptors(FEW) as server:
        clients = crowd.ask_at_once(server.http, REVERSE, CLIENTS)
        found = crowd.outcomes(clients, seconds=60, stay_when=lambda outcome: outcome == ANSWERED)
        assert found == {ANSWERED: CLIENTS}
        scrape = server.metrics_when_idle()
        assert scrape.answers("reverse") == {"prediction": CLIENTS}
        assert ends_of(scrape, "limit") >= CLIENTS - FEW
        for client in clients:
            client.socket.close()
        assert_it_serves(server)


def test_the_pages_and_the_admin_plane_are_open_while_the_descriptors_are_taken():
    with with_descriptors(FEW) as server, contextlib.ExitStack() as stack:
        for client in crowd.ask_at_once(server.http, b"GET /hello HTTP/1.1\r\n", CLIENTS):
            stack.callback(client.socket.close)
        scrape = server.metrics_when(lambda now: now("baton_connections", listener="http") >= FEW / 4)
        assert scrape("baton_connections", listener="http") >= FEW / 4
        assert server.batonctl("status", "-o", "json").returncode == 0


def own_descriptors():
    """How many the server needs for itself."""
    with server_process.running() as server:
        return server.open_at_start


def is_let_in(connection):
    try:
        return connection.ask("GET", "/hello").status == 200
    except (EndOfConnection, ConnectionError):
        return False


def test_where_none_is_left_the_spare_one_sends_away_who_comes_and_those_inside_are_served():
    left = 6
    with with_descriptors(own_descriptors() + left) as server, contextlib.ExitStack() as stack:
        # The undefined behaviour sanitizer needs a descriptor when it meets a class first.
        assert_it_serves(server)
        server.metrics_when(lambda now: now("baton_connections", listener="http") == 0)
        came = [stack.enter_context(server.connect()) for _ in range(2 * left)]
        inside = [connection for connection in came if is_let_in(connection)]
        assert 0 < len(inside) < len(came)
        found = crowd.outcomes(crowd.ask_at_once(server.http, REVERSE, CLIENTS), seconds=20)
        assert found.total() == CLIENTS and found[ANSWERED] < CLIENTS, found
        for connection in inside:
            assert connection.ask("POST", "/reverse", {"data": "ab"}).json() == {"data": "ba"}
        assert "no file descriptors left" in server.log()
        stack.close()
        wait_for_descriptors(server)
        scrape = server.metrics_when(lambda now: now("baton_connections", listener="http") == 0)
        assert ends_of(scrape, "limit") == found[CLOSED] + found[RESET] + len(came) - len(inside)
        assert_it_serves(server)


def wait_for_descriptors(server):
    """Until the server has closed what its clients have: before that, its pages are not served either."""
    deadline = time.monotonic() + environment.patience(20)
    while len(server.open_files()) > server.open_at_start and time.monotonic() < deadline:
        time.sleep(0.01)


def test_connections_in_all_are_limited_and_those_beyond_are_counted():
    limit = 20
    with server_process.running(*server_process.PLENTY, "--max-connections", limit) as server:
        clients = crowd.ask_at_once(server.http, REVERSE, CLIENTS)
        found = crowd.outcomes(clients, seconds=20, stay_when=lambda outcome: outcome == ANSWERED)
        assert found[ANSWERED] == limit and found.total() == CLIENTS
        scrape = server.metrics()
        assert ends_of(scrape, "limit") == CLIENTS - limit
        assert scrape("baton_connections", listener="http") == limit
        for client in clients:
            client.socket.close()
        server.metrics_when(lambda now: now("baton_connections", listener="http") == 0)
        assert_it_serves(server)
