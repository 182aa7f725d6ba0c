"""Many clients in one thread: connections that are written to and read as they become ready."""

import selectors
import socket
import time

import environment
import http_raw


class Client:
    """One connection: sends its bytes, collects answers until it has as many as it waits for."""

    def __init__(self, address, to_send, answers):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.connect_ex(http_raw.split_address(address))
        self.to_send = memoryview(to_send)
        self.waits_for = answers
        self.received = bytearray()
        self.answers = []  # (status, headers in lower case, body), in the order in which they came
        self.finished_at = None

    def events(self):
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self.to_send else 0)

    def write(self):
        try:
            self.to_send = self.to_send[self.socket.send(self.to_send):]
        except BlockingIOError:
            pass

    def read(self):
        """False when the server hung up."""
        try:
            data = self.socket.recv(262144)
        except BlockingIOError:
            return True
        self.received += data
        while (answer := take_answer(self.received)) is not None:
            self.answers.append(answer)
        if len(self.answers) >= self.waits_for and self.finished_at is None:
            self.finished_at = time.monotonic()
        return bool(data)


def take_answer(received):
    """Takes one whole answer off the front of `received`; None while there is none."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    lines = received[:end].decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    stop = end + 4 + int(headers.get("content-length", 0))
    if len(received) < stop:
        return None
    body = bytes(received[end + 4:stop])
    del received[:stop]
    return int(lines[0].split(" ")[1]), headers, body


def run_all(clients, seconds):
    """Drives all clients until each has its answers; fails when that takes longer than `seconds`."""
    deadline = time.monotonic() + environment.patience(seconds)
    waiting = set(clients)
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, client.events(), client)
        while waiting:
            assert time.monotonic() < deadline, f"{len(waiting)} of {len(clients)} clients are without their answers"
            for key, events in selector.select(1):
                client = key.data
                is_open = True
                if events & selectors.EVENT_WRITE:
                    client.write()
                if events & selectors.EVENT_READ:
                    is_open = client.read()
                if client.finished_at is not None or not is_open:
                    assert client.finished_at is not None, f"the server hung up after {client.answers}"
                    waiting.discard(client)
                    selector.unregister(client.socket)
                else:
                    selector.modify(client.socket, client.events(), client)
    for client in clients:
        client.socket.close()
