"""A crowd of clients in one thread, of which some may be sent away: each one's outcome is told."""

import collections
import contextlib
import selectors
import time

import environment
from many_clients import Client

ANSWERED, CLOSED, RESET = "answered", "closed", "reset"


def ask_at_once(address, data, count):
    """So many connections that begin at once, each with these bytes, which are one request."""
    return [Client(address, data, answers=1) for _ in range(count)]


def ask_in_turn(address, data, count, seconds_between):
    """So many connections that each connect and ask before the next."""
    clients = []
    for _ in range(count):
        clients += ask_at_once(address, data, 1)
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # outcomes() will see it
            clients[-1].write()
        time.sleep(seconds_between)
    return clients


def _step(client, events):
    """Its outcome, or None while that is open."""
    try:
        if events & selectors.EVENT_WRITE:
            client.write()
        is_open = client.read() if events & selectors.EVENT_READ else True
    except (ConnectionResetError, BrokenPipeError):
        return ANSWERED if client.finished_at else RESET
    if client.finished_at:
        return ANSWERED
    return None if is_open else CLOSED


def outcomes(clients, seconds, stay_when=lambda outcome: False):
    """Drives all clients until each has come to an end, and counts the ends. Fails when that takes longer than
    `seconds`. Who has an outcome hangs up, unless `stay_when` holds of it."""
    deadline = time.monotonic() + environment.patience(seconds)
    found = collections.Counter()
    waiting = set(clients)
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, client.events(), client)
        while waiting:
            assert time.monotonic() < deadline, f"{len(waiting)} of {len(clients)} clients came to no end: {found}"
            for key, events in selector.select(1):
                client = key.data
                outcome = _step(client, events)
                if outcome is None:
                    selector.modify(client.socket, client.events(), client)
                    continue
                found[outcome] += 1
                waiting.discard(client)
                selector.unregister(client.socket)
                if not stay_when(outcome):
                    client.socket.close()
    return found
