#!/usr/bin/env python3
"""Clients that leave: each sends a request on a connection of its own, and resets it a little later.

    tests/bench/leaving_clients.py --port 8080 --path /test/sleep --data '{"ms": 5}' --rate 100 --seconds 5

Prints how many had their answer by then (`answered`) and how many left without one (`left`), as JSON.
"""
import argparse
import collections
import json
import random
import socket
import struct
import sys
import time

LINGER_0 = struct.pack("ii", 1, 0)  # close() sends a reset


def send(address, request):
    client = socket.create_connection(address, timeout=1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
    client.sendall(request)
    client.setblocking(False)
    return client


def leave(client):
    """Whether the answer, or the beginning of it, had come by then."""
    try:
        return bool(client.recv(65536))
    except OSError:
        return False
    finally:
        client.close()


def run(address, request, rate, seconds, after):
    counts = {"left": 0, "answered": 0, "failed": 0}
    schedule, waiting = random.Random(1), collections.deque()
    start = time.monotonic()
    next_send = start
    while next_send < start + seconds or waiting:
        now = time.monotonic()
        if waiting and waiting[0][0] <= now:
            counts["answered" if leave(waiting.popleft()[1]) else "left"] += 1
        elif next_send <= now and next_send < start + seconds:
            try:
                waiting.append((time.monotonic() + after, send(address, request)))
            except OSError:
                counts["failed"] += 1
            next_send += schedule.expovariate(rate)
        else:
            due = min([entry[0] for entry in list(waiting)[:1]] + [next_send] * (next_send < start + seconds))
            time.sleep(max(0.0, due - now))
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rate", type=float, default=100, help="requests a second, Poisson")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--after-ms", type=float, default=5, help="how long each stays")
    parser.add_argument("--header", action="append", default=[])
    args = parser.parse_args()
    lines = [f"POST {args.path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json",
             f"Content-Length: {len(args.data)}", *args.header, "", args.data]
    counts = run(("127.0.0.1", args.port), "\r\n".join(lines).encode(), args.rate, args.seconds, args.after_ms / 1e3)
    print(json.dumps(counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
