"""The backlog: how long it is, what waits in it, and whom it turns away while the conductor stands still."""

import pathlib
import re
import time

import environment
import http_raw
import server_process
from http_raw import request
from stopped_thread import stopped

BACKLOG = 1
FITS = BACKLOG + 1  # the kernel lets one more in than it was told (listen(2), sk_acceptq_is_full)
EXCESS = 3
COULD_NOT_CONNECT_IN_TIME = 28  # curl(1), exit codes


def kernels_figures(server):
    """Depth, limit and drops of the data plane's backlog, as ss(8) has them."""
    _, port = http_raw.split_address(server.http)
    shown = environment.run(environment.tool("ss"), "-Htlnm", f"sport = :{port}").stdout
    depth, limit = shown.split()[1:3]
    return int(depth), int(limit), int(re.search(r"skmem:\(.*\bd(\d+)\)", shown).group(1))


def exported_figures(scrape):
    return tuple(int(scrape(name, listener="http")) for name in
                 ("baton_listen_backlog_depth", "baton_listen_backlog_limit", "baton_listen_drops_total"))


def give_up_connecting(server, seconds):
    """What curl says of a server that does not let it connect."""
    done = environment.run(environment.tool("curl"), "--silent", "--show-error", "--connect-timeout", seconds,
                           f"http://{server.http}/hello", expect=None)
    return done.returncode


def test_its_length_is_what_the_operator_says():
    with server_process.running("--backlog", 7) as server:
        assert exported_figures(server.metrics()) == kernels_figures(server) == (0, 7, 0)


def test_by_default_it_is_4096_or_what_the_system_allows():
    allowed = int(pathlib.Path("/proc/sys/net/core/somaxconn").read_text())
    with server_process.running() as server:
        assert exported_figures(server.metrics()) == kernels_figures(server) == (0, min(4096, allowed), 0)


def test_what_does_not_fit_into_it_does_not_connect_and_is_counted_and_what_fits_is_served_later():
    with server_process.running("--backlog", BACKLOG, *server_process.PLENTY) as server:
        with stopped(server):
            waiting = [server.connect() for _ in range(FITS)]
            for connection in waiting:
                connection.send(request("POST", "/reverse", {"data": "ab"}))
            full = server.metrics_when(lambda now: now("baton_listen_backlog_depth", listener="http") == FITS)
            assert exported_figures(full) == kernels_figures(server) == (FITS, BACKLOG, 0)

            codes = [give_up_connecting(server, seconds=0.5) for _ in range(EXCESS)]
            assert codes == [COULD_NOT_CONNECT_IN_TIME] * EXCESS
            after = server.metrics()
            depth, limit, drops = exported_figures(after)
            assert (depth, limit) == (FITS, BACKLOG)
            assert drops >= EXCESS, "each of them sent a SYN at least"
            assert drops == kernels_figures(server)[2]
            assert after("baton_connections_accepted_total", listener="http") == 0
        for connection in waiting:
            assert connection.read().json() == {"data": "ba"}
            connection.close()
        assert server.ask("POST", "/reverse", {"data": "ab"}).json() == {"data": "ba"}
        scrape = server.metrics_when(lambda now: now("baton_connections", listener="http") == 0)
        assert scrape("baton_connections_accepted_total", listener="http") == FITS + 1
        assert exported_figures(scrape) == (0, BACKLOG, drops)


def test_who_is_patient_connects_when_the_conductor_goes_on():
    with server_process.running("--backlog", BACKLOG, *server_process.PLENTY) as server:
        with stopped(server):
            waiting = [server.connect() for _ in range(FITS)]
            patient = environment.start(environment.tool("curl"), "--silent", "--connect-timeout",
                                        f"{environment.patience(20):g}", f"http://{server.http}/hello")
            server.metrics_when(lambda now: now("baton_listen_drops_total", listener="http") > 0)
            assert patient.poll() is None
        said, _ = patient.communicate(timeout=environment.patience(30))
        assert patient.returncode == 0 and b"message" in said
        for connection in waiting:
            connection.close()


def test_the_pages_are_served_while_the_conductor_stands_still_and_connections_wait():
    count = 200
    with server_process.running("--backlog", 256, *server_process.PLENTY) as server:
        with stopped(server):
            waiting = [server.connect() for _ in range(count)]
            for connection in waiting:
                connection.send(request("GET", "/hello"))
            began = time.monotonic()
            assert exported_figures(server.metrics()) == (count, 256, 0)
            assert time.monotonic() - began < environment.patience(5)
        for connection in waiting:
            assert connection.read().status == 200
            connection.close()
