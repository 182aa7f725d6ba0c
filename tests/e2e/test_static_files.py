"""Static files with real clients: whole, in parts, on conditions, slowly, and never from outside of the folder."""

import contextlib
import hashlib
import os
import pathlib
import random
import tempfile
import threading
import urllib.parse

import pytest

import environment
import server_process
from http_raw import EndOfConnection, request

HELLO = b"hello, static world\n"
BIG_BYTES = 24 << 20
SECRET = b"NOT-FOR-CLIENTS"


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o644)


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory(prefix="baton-static-") as name:
        around = pathlib.Path(name)
        root = around / "root"
        write(around / "secret.txt", SECRET)
        write(root / "hello.txt", HELLO)
        write(root / "big.bin", random.Random(1).randbytes(BIG_BYTES))
        write(root / "empty", b"")
        write(root / "with space & plus+.txt", b"space")
        write(root / "grüße/日本.txt", "こんにちは".encode())
        write(root / ".hidden", SECRET)
        write(root / "private.txt", SECRET)
        os.chmod(root / "private.txt", 0)
        (root / "link-in").symlink_to("hello.txt")
        (root / "link-out").symlink_to("../secret.txt")
        (root / "link-absolute").symlink_to(root / "hello.txt")
        (root / "link-up").symlink_to("..")
        os.mkfifo(root / "fifo")
        os.chmod(root, 0o755)
        yield root


@pytest.fixture(scope="module")
def server(folder):
    flags = [*server_process.PLENTY, "--workers", "1", "--static", f"/static={folder}"]
    with server_process.running(*flags) as started:
        yield started


def curl(server, path, *options, expect=0):
    """(the status, the headers by lower-case name, the body) as curl has them."""
    with tempfile.TemporaryDirectory() as name:
        body, head = pathlib.Path(name, "body"), pathlib.Path(name, "head")
        body.touch()
        done = environment.run(environment.tool("curl"), "-sS", "--path-as-is", "-m", "60", "-o", body, "-D", head,
                               "-w", "%{http_code}", *options, f"http://{server.http}{path}", expect=expect)
        lines = [line.partition(":") for line in head.read_text().splitlines()[1:] if line]
        return int(done.stdout), {name.lower(): value.strip() for name, _, value in lines}, body.read_bytes()


def test_a_file_comes_whole_with_its_type_and_its_validators(server):
    status, headers, body = curl(server, "/static/hello.txt")
    assert (status, body) == (200, HELLO)
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["accept-ranges"] == "bytes"
    assert headers["etag"].startswith('"') and headers["last-modified"].endswith(" GMT")


def test_head_says_what_get_would(server):
    with server.connect() as connection:
        head = connection.ask("HEAD", "/static/hello.txt")
        get = connection.ask("GET", "/static/hello.txt")
    assert (head.status, get.body) == (200, HELLO)
    del get.headers["date"], head.headers["date"]
    assert head.headers == get.headers


@pytest.mark.parametrize(("asked", "part"), [
    ("0-4", slice(0, 5)), ("7-", slice(7, None)), ("-6", slice(-6, None)), ("5-100000", slice(5, None)),
])
def test_parts_of_a_file(server, asked, part):
    status, headers, body = curl(server, "/static/hello.txt", "-r", asked)
    first = range(len(HELLO))[part]
    assert (status, body) == (206, HELLO[part])
    assert headers["content-range"] == f"bytes {first[0]}-{first[-1]}/{len(HELLO)}"


def test_a_part_behind_the_end_is_told_the_size(server):
    status, headers, _ = curl(server, "/static/hello.txt", "-r", "1000-")
    assert (status, headers["content-range"]) == (416, f"bytes */{len(HELLO)}")


def test_many_ranges_are_the_whole_file(server):
    asked = ",".join(f"{n}-" for n in range(1300))
    status, _, body = curl(server, "/static/hello.txt", "-H", f"Range: bytes={asked}")
    assert (status, body) == (200, HELLO)


def test_a_download_is_resumed_where_it_was_cut(server, folder):
    with tempfile.TemporaryDirectory() as name:
        part = pathlib.Path(name, "big.bin")
        part.write_bytes((folder / "big.bin").read_bytes()[:1_000_000])
        environment.run(environment.tool("curl"), "-sS", "-C", "-", "-o", part, f"http://{server.http}/static/big.bin")
        assert part.read_bytes() == (folder / "big.bin").read_bytes()


def test_what_has_not_changed_is_not_sent_again(server):
    _, headers, _ = curl(server, "/static/hello.txt")
    for condition in (f"If-None-Match: \"x\", W/{headers['etag']}", "If-None-Match: *",
                      f"If-Modified-Since: {headers['last-modified']}"):
        status, again, body = curl(server, "/static/hello.txt", "-H", condition)
        assert (status, body) == (304, b""), condition
        assert again["etag"] == headers["etag"]
        assert "content-length" not in again and "content-type" not in again
    assert curl(server, "/static/hello.txt", "-H", 'If-None-Match: "x"')[0] == 200


def test_conditions_that_fail_are_said(server):
    for condition in ('If-Match: "x"', "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"):
        assert curl(server, "/static/hello.txt", "-H", condition)[0] == 412, condition


def test_a_part_of_another_version_is_the_whole(server):
    _, headers, _ = curl(server, "/static/hello.txt")
    assert curl(server, "/static/hello.txt", "-r", "0-1", "-H", 'If-Range: "x"')[0] == 200
    assert curl(server, "/static/hello.txt", "-r", "0-1", "-H", f"If-Range: {headers['etag']}")[0] == 206


def test_a_rewritten_file_is_another(server, folder):
    write(folder / "changing.txt", b"before")
    _, before, _ = curl(server, "/static/changing.txt")
    write(folder / "new.txt", b"after!")
    os.replace(folder / "new.txt", folder / "changing.txt")
    status, after, body = curl(server, "/static/changing.txt", "-H", f"If-None-Match: {before['etag']}")
    assert (status, body) == (200, b"after!")
    assert after["etag"] != before["etag"]


def test_names_of_any_kind(server):
    for name, body in (("with space & plus+.txt", b"space"), ("grüße/日本.txt", "こんにちは".encode()), ("empty", b"")):
        assert curl(server, "/static/" + urllib.parse.quote(name))[::2] == (200, body), name


def test_a_query_does_not_matter(server):
    assert curl(server, "/static/hello.txt?v=1&x=%20")[::2] == (200, HELLO)


TRAVERSALS = [
    "../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", ".%2e/secret.txt", "%2e%2e%2fsecret.txt", "x/../../secret.txt",
    "%252e%252e%252fsecret.txt", "..%5csecret.txt", "....//secret.txt", "..;/secret.txt", "..%00/secret.txt",
    "%c0%ae%c0%ae/secret.txt", "%uff0e%uff0e/secret.txt", "/etc/passwd", "//etc/passwd", "/%2fetc/passwd", "../" * 1000,
    "../../../../../../etc/passwd", "..", "../", "%2e%2e", "~root/", "hello.txt%00.png", "hello.txt%0d%0aX-Injected:1",
    "link-out", "link-up/secret.txt", "link-absolute", ".hidden", "./.hidden", "", "gr%C3%BC%C3%9Fe",
    "gr%C3%BC%C3%9Fe/", "fifo", "hello.txt/", "nothing", "x" * 300, "x" * 4200, "%ff%fe",
]


@pytest.mark.parametrize("path", TRAVERSALS, ids=range(len(TRAVERSALS)))
def test_what_is_not_served(server, path):
    with server.connect() as connection:
        connection.send(request("GET", "/static/" + path))
        reply = connection.read()
    assert reply.status in (400, 404), reply
    assert reply.error and SECRET not in reply.body and b"root:" not in reply.body
    assert "x-injected" not in reply.headers


def test_an_absolute_target_does_not_leave_the_folder_either(server):
    reply = server.ask("GET", "http://test/static/../secret.txt")
    assert reply.status == 404


def test_a_symlink_that_stays_inside_is_followed(server):
    assert server.ask("GET", "/static/link-in").body == HELLO


@pytest.mark.skipif(os.geteuid() != 0, reason="the server keeps its user unless it starts as root")
def test_what_the_unprivileged_user_may_not_read_is_403(server):
    reply = server.ask("GET", "/static/private.txt")
    assert reply.status == 403 and SECRET not in reply.body


def test_other_methods_are_told_which_there_are(server):
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        reply = server.ask(method, "/static/hello.txt", b"x")
        assert (reply.status, reply.header("Allow")) == (405, "GET, HEAD")
    reply = server.ask("OPTIONS", "/static/hello.txt")
    assert (reply.status, reply.header("Allow")) == (204, "GET, HEAD")


def test_files_keep_their_place_in_a_pipeline(server, folder):
    asked = [
        (request("POST", "/test/sleep", {"ms": 30}), 200, None), (request("GET", "/static/big.bin"), 200, folder / "big.bin"),
        (request("GET", "/hello"), 200, None), (request("GET", "/static/nothing"), 404, None),
        (request("GET", "/static/hello.txt", headers=[("Range", "bytes=2-3")]), 206, None),
        (request("POST", "/reverse", {"data": "x"}), 200, None), (request("GET", "/static/empty"), 200, folder / "empty"),
    ] * 3
    server.teach()
    with server.connect() as connection:
        sender = threading.Thread(target=connection.send, args=(b"".join(data for data, _, _ in asked),))
        sender.start()
        for number, (_, status, path) in enumerate(asked):
            reply = connection.read()
            assert reply.status == status, f"answer {number}: {reply.status}"
            assert path is None or reply.body == path.read_bytes(), f"answer {number}"
        sender.join()
        assert connection.ask("GET", "/static/hello.txt").body == HELLO


def test_many_clients_get_a_big_file_byte_for_byte(server, folder):
    wanted = hashlib.sha256((folder / "big.bin").read_bytes()).hexdigest()
    seen = []

    def download():
        seen.append(hashlib.sha256(server.ask("GET", "/static/big.bin").body).hexdigest())

    threads = [threading.Thread(target=download) for _ in range(environment.fewer(8))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [wanted] * len(threads)


def test_slow_readers_of_a_big_file_cost_no_memory_and_one_descriptor(server, folder):
    count = environment.fewer(200)
    before = server.metrics_when_idle()
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(server.connect(receive_buffer=4096)) for _ in range(count)]
        for reader in readers:
            reader.send(request("GET", "/static/big.bin"))
        during = server.metrics_when(lambda now: now("baton_connections", listener="http", state="writing") == count)
        assert during("baton_connections", listener="http", state="writing") == count
        assert during("process_resident_memory_bytes") < before("process_resident_memory_bytes") + (32 << 20)
        assert sum(name == str(folder / "big.bin") for name in server.open_files()) == 1
        assert server.ask("GET", "/static/hello.txt").body == HELLO
        readers[0].reset()
        assert server.ask("GET", "/static/big.bin").body == (folder / "big.bin").read_bytes()


@contextlib.contextmanager
def few_files():
    """A server that may have 32 files open, 8 of them for one client, and its folder of large ones."""
    with tempfile.TemporaryDirectory(prefix="baton-static-") as name:
        root = pathlib.Path(name)
        root.chmod(0o755)
        for number in range(64):
            with (root / f"f{number}").open("wb") as file:
                file.truncate(1 << 20)
            (root / f"f{number}").chmod(0o644)
        write(root / "hello.txt", HELLO)
        flags = [*server_process.PLENTY, "--static", f"/static={root}", "--limit", "open_files=32"]
        with server_process.running(*flags) as started:
            yield started, root


def held_of(server, root):
    return sum(name.startswith(f"{root}/f") for name in server.open_files())


def test_a_client_that_does_not_read_holds_one_file_however_many_it_asks_for():
    with few_files() as (server, root), server.connect(receive_buffer=4096) as slow:
        slow.send(b"".join(request("GET", f"/static/f{number}") for number in range(64)))
        assert slow.read_head().status == 200
        assert server.ask("GET", "/static/hello.txt").body == HELLO
        assert held_of(server, root) == 1
        assert len(slow._take(1 << 20)) == 1 << 20
        replies = [slow.read() for _ in range(63)]
        assert {(reply.status, len(reply.body)) for reply in replies} == {(200, 1 << 20)}


def test_clients_of_one_address_that_do_not_read_leave_files_for_the_others():
    with few_files() as (server, root), contextlib.ExitStack() as stack:
        slow = [stack.enter_context(server.connect(receive_buffer=4096)) for _ in range(40)]
        statuses = []
        for number, connection in enumerate(slow):
            connection.send(request("GET", f"/static/f{number}"))
            statuses.append(connection.read_head().status)
        assert statuses == [200] * 8 + [503] * 32
        assert held_of(server, root) == 8
        assert server.ask("GET", "/static/hello.txt").status == 503
        with server.connect(source="127.0.0.2") as other:
            assert other.ask("GET", "/static/hello.txt").body == HELLO


def test_a_file_that_shrinks_under_way_is_never_taken_for_whole(server, folder):
    shrinking = folder / "shrinking.bin"
    write(shrinking, bytes(BIG_BYTES))
    closed = server.metrics()("baton_connections_closed_total", listener="http", reason="error")
    with server.connect(receive_buffer=4096) as connection:
        connection.send(request("GET", "/static/shrinking.bin") + request("GET", "/hello"))
        head = connection.read_head()
        assert head.headers["content-length"] == str(BIG_BYTES)
        os.truncate(shrinking, 5000)
        with pytest.raises(EndOfConnection):
            connection._take(BIG_BYTES)
    scrape = server.metrics_when(
        lambda now: now("baton_connections_closed_total", listener="http", reason="error") > closed)
    assert scrape("baton_connections_closed_total", listener="http", reason="error") == closed + 1


def test_a_file_that_grows_under_way_is_as_long_as_it_was_said_to_be(server, folder):
    growing = folder / "growing.bin"
    write(growing, bytes(BIG_BYTES))
    with server.connect() as connection:
        connection.send(request("GET", "/static/growing.bin"))
        head = connection.read_head()
        with growing.open("ab") as file:
            file.write(b"more")
        assert connection._take(int(head.headers["content-length"])) == bytes(BIG_BYTES)
        assert connection.ask("GET", "/static/hello.txt").body == HELLO


def test_files_are_served_while_every_worker_is_stuck(server):
    with contextlib.ExitStack() as stack:
        held = server.hold(stack, 1, 1500)
        for _ in range(20):
            assert server.ask("GET", "/static/hello.txt").body == HELLO
        assert held[0].read().status == 200


def test_files_are_counted_apart_from_requests(server):
    before = server.metrics_when_idle()
    server.ask("GET", "/static/hello.txt")
    server.ask("GET", "/static/hello.txt", headers=[("Range", "bytes=0-1")])
    server.ask("GET", "/static/hello.txt", headers=[("If-None-Match", "*")])
    server.ask("GET", "/static/nothing")
    after = server.metrics_when_idle()
    for status in ("200", "206", "304", "404"):
        assert after("baton_static_requests_total", status=status) == before("baton_static_requests_total", status=status) + 1
    assert after("baton_requests_total") == before("baton_requests_total")


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(server):
    for _ in range(20):
        connection = server.connect(receive_buffer=4096)
        connection.send(request("GET", "/static/big.bin") * 3)
        connection.socket.recv(1000)
        connection.reset()
    assert server.ask("GET", "/static/hello.txt").body == HELLO  # the laws at the end count descriptors


@pytest.mark.parametrize(("flags", "said"), [
    (["/static"], "expected PREFIX=DIR"),
    (["static=/"], "expected PREFIX=DIR"),
    (["/=/"], "expected PREFIX=DIR"),
    (["/a/=/"], "expected PREFIX=DIR"),
    (["/static=/nowhere/at/all"], "expected a folder that is there"),
    (["/static=/etc/passwd"], "expected a folder that is there"),
    (["/v2/files=/"], "expected a prefix apart from /v2"),
    (["/hello=/"], "expected a prefix apart from /hello"),
    (["/a=/", "/a/b=/"], "expected a prefix apart from that of another, /a"),
])
def test_what_makes_no_sense_is_said_before_anything_starts(flags, said):
    words = [word for flag in flags for word in ("--static", flag)]
    done = environment.run(environment.program("baton-server"), *server_process.ANY_PORT, *words, expect=2)
    assert said in done.stderr and "--static" in done.stderr
    assert done.stdout == ""
