"""Clients that ask in every way there is, check each answer, and leave in every way there is."""

import json
import random
import threading

import environment
from http_raw import Connection, EndOfConnection, request

THREADS = 8
BUDGETS = [None, None, None, "0", "1", "5", "20", "50", "50", "200", "2000", "10000", "1000000"]
FEATURES = [0.5] * 30


def request_of(chance, tag):
    """The bytes of a random request, and the check of its answer when it is a 200 (None: it must not be one)."""
    budget = chance.choice(BUDGETS)
    headers = [("Baton-Budget-Ms", budget)] if budget else []
    kind = chance.random()
    if kind < 0.86:
        # Longer than what comes before it now and then, so that pieces end everywhere.
        text = tag + "x" * chance.choice((0, 0, 10, 300, 5000))
        return request("POST", "/reverse", {"data": text}, headers), lambda body: body == {"data": text[::-1]}
    if kind < 0.92:
        tensor = {"name": "input", "shape": [1, 30], "datatype": "FP32", "data": FEATURES}
        body = {"id": tag, "inputs": [tensor], "parameters": {"timeout": chance.choice((0, 100, 50_000))}}
        return request("POST", "/v2/models/tumour/infer", body, headers), lambda answer: answer["id"] == tag
    if kind < 0.96:
        millis = chance.choice((0, 0.5, 1, 3))
        return request("POST", "/test/sleep", {"ms": millis}, headers), lambda body: body["ms"] == millis
    if kind < 0.98:
        return request("GET", "/hello"), lambda body: "message" in body
    if kind < 0.99:
        return request("GET", f"/nothing/{tag}"), None
    return request("POST", "/reverse", b'{"broken": ', headers), None


# Refused at the door or out of time before it could be read: nobody has seen what is wrong with it.
ALLOWED_WITHOUT_200 = {404, 400, 503, 504, 408}
ALLOWED_WITH_200 = {503, 504, 408}


class Wanderer(threading.Thread):
    """A client that connects, asks, and leaves in every way there is, until it has sent its share.
    `may_be_cut_off`: a connection that the server ends is followed by another."""

    def __init__(self, address, name, seed, share, may_be_cut_off=False):
        super().__init__(name=name)
        self.address = address
        self.chance = random.Random(seed)
        self.share = share
        self.may_be_cut_off = may_be_cut_off
        self.sent = self.answered = self.predictions = self.abandoned = 0
        self.problem = None

    def run(self):
        try:
            while self.sent < self.share:
                try:
                    self.one_connection()
                except (ConnectionError, EndOfConnection):
                    if not self.may_be_cut_off:
                        raise
        except Exception as problem:  # shown by the test
            self.problem = f"{self.name}: {type(problem).__name__}: {problem}"

    def one_connection(self):
        connection = Connection(self.address)
        connection.socket.settimeout(environment.patience(60))
        try:
            for _ in range(self.chance.randint(1, 8)):
                if not self.one_batch(connection):
                    return
            if self.chance.random() < 0.5:
                connection.shut_down_sending()
                assert connection.at_end() == b"", "more came than was asked for"
        finally:
            connection.close()

    def one_batch(self, connection):
        """Some pipelined requests and their answers. False: it left before it had them all."""
        size = min(self.chance.choice((1, 1, 2, 5, 20, 60)), max(1, self.share - self.sent))
        batch = [request_of(self.chance, f"{self.name}-{self.sent + i}-") for i in range(size)]
        wire = b"".join(data for data, _ in batch)
        leaves_after = self.chance.randrange(size) if self.chance.random() < 0.1 else None
        self.sent += size
        if leaves_after is not None and self.chance.random() < 0.3:
            wire = wire[: self.chance.randrange(1, len(wire) + 1)]  # within a request, perhaps
            leaves_after = 0
        connection.send(wire)
        for number, (_, is_right) in enumerate(batch):
            if number == leaves_after:
                self.abandoned += size - number
                connection.reset() if self.chance.random() < 0.5 else connection.close()
                return False
            reply = connection.read()
            self.check(reply, is_right)
            if reply.status == 408 and reply.header("Connection") == "close":  # its body is not waited for
                self.abandoned += size - number - 1
                return False
        assert connection.unread == b"", f"an answer too many: {connection.unread!r}"
        return True

    def check(self, reply, is_right):
        self.answered += 1
        if reply.status == 200:
            assert is_right is not None and is_right(reply.json()), f"this is no answer to its request: {reply}"
            self.predictions += reply.header("Baton-Answer") == "prediction"
        else:
            allowed = ALLOWED_WITH_200 if is_right is not None else ALLOWED_WITHOUT_200
            assert reply.status in allowed, reply
            assert json.loads(reply.body)["error"]


def wander(server, seed, count, **options):
    """About `count` requests of several wanderers at once, without a wrong answer; the wanderers."""
    wanderers = [
        Wanderer(server.http, f"w{number}", seed * 1000 + number, count // THREADS, **options)
        for number in range(THREADS)
    ]
    for wanderer in wanderers:
        wanderer.start()
    for wanderer in wanderers:
        wanderer.join()
    problems = [wanderer.problem for wanderer in wanderers if wanderer.problem]
    assert problems == [], problems
    return wanderers
