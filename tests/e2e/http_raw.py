"""HTTP/1.1 over plain sockets, with nothing tidied up: what was written is what is sent, and what
came is what is shown."""

import dataclasses
import json
import socket
import struct

PATIENCE_S = 30  # how long to wait for bytes that have to come; never an expectation


@dataclasses.dataclass
class Reply:
    """One answer as it came. Header names are in lower case."""

    status: int
    reason: str
    version: str
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json()["error"]

    def header(self, name):
        return self.headers.get(name.lower())


class EndOfConnection(Exception):
    """The server hung up; `rest` is what came of the answer that was being read."""

    def __init__(self, rest):
        super().__init__(f"the connection ended after {rest!r}")
        self.rest = rest


def request(method, path, body=None, headers=(), version="1.1"):
    """The bytes of a request. A body brings its Content-Length along."""
    lines = [f"{method} {path} HTTP/{version}"]
    names = {name.lower() for name, _ in headers}
    if "host" not in names:
        lines.append("Host: test")
    lines += [f"{name}: {value}" for name, value in headers]
    if body is not None:
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


def split_address(address):
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


class Connection:
    """One TCP connection; answers are read off it one after the other. `tls`: the ssl.SSLContext to secure it with."""

    def __init__(self, address, receive_buffer=None, source=None, tls=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if source is not None:
            self.socket.bind((source, 0))
        if receive_buffer is not None:  # only has its effect before connecting
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect(split_address(address))
        if tls is not None:
            try:
                self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
            except BaseException:
                self.socket.close()
                raise
        self.unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def shut_down_sending(self):
        socket.socket.shutdown(self.socket, socket.SHUT_WR)  # what TLS there is goes on being read

    def close(self):
        self.socket.close()

    def reset(self):
        """Leaves without a goodbye: the server sees a reset at once."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _more(self, size=65536):
        data = self.socket.recv(size)
        if not data:
            raise EndOfConnection(self.unread)
        self.unread += data

    def _take(self, size):
        while len(self.unread) < size:
            self._more(max(65536, size - len(self.unread)))
        taken, self.unread = self.unread[:size], self.unread[size:]
        return taken

    def read_head(self):
        """Status, reason, version and headers of the next answer, interim ones too."""
        while b"\r\n\r\n" not in self.unread:
            self._more()
        head, self.unread = self.unread.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        version, status, reason = (lines[0] + " ").split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            assert name.lower() not in headers, f"the header {name} came twice: {lines}"
            headers[name.lower()] = value.strip()
        return Reply(int(status), reason.strip(), version, headers, b"")

    def read(self, method="GET"):
        """The next answer, whole. `method`: of the request that it answers."""
        reply = self.read_head()
        if method != "HEAD" and reply.status >= 200 and reply.status not in (204, 304):
            reply.body = self._take(int(reply.headers["content-length"]))
        return reply

    def ask(self, method, path, body=None, headers=(), version="1.1"):
        self.send(request(method, path, body, headers, version))
        return self.read(method)

    def at_end(self):
        """Waits for the server to hang up; what came before that."""
        rest = self.unread
        self.unread = b""
        try:
            while data := self.socket.recv(65536):
                rest += data
        except ConnectionResetError:
            pass
        return rest


def ask(address, method, path, body=None, headers=()):
    """One request on a connection of its own."""
    with Connection(address) as connection:
        return connection.ask(method, path, body, headers)


def ask_raw(address, data):
    """Sends these very bytes and reads one answer."""
    with Connection(address) as connection:
        connection.send(data)
        return connection.read(method=data.split(b" ", 1)[0].decode("latin-1"))
