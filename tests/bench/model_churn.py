"""Loads and unloads a model again and again through the admin plane, on one connection.

    build/deps/venv/bin/python tests/bench/model_churn.py HOST:PORT NAME [--times N] [--seconds S]

Until N times or S seconds are over, whichever comes first; prints {"loads": ..., "seconds": ...} and ends with an error
when one fails.
"""
import argparse
import json
import sys
import time

import grpc

SERVICE = "/baton.admin.v1.AdminService/"


def named(name):
    """A request whose first field is the model's name, as it goes over the wire."""
    text = f"models/{name}".encode()
    return bytes([0x0A, len(text)]) + text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("name")
    parser.add_argument("--times", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=600)
    args = parser.parse_args()
    with grpc.insecure_channel(args.address) as channel:
        load, unload = (channel.unary_unary(SERVICE + method) for method in ("LoadModel", "UnloadModel"))
        began, loads = time.monotonic(), 0
        while loads < args.times and time.monotonic() - began < args.seconds:
            load(named(args.name), timeout=60)
            unload(named(args.name), timeout=60)
            loads += 1
    print(json.dumps({"loads": loads, "seconds": time.monotonic() - began}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
