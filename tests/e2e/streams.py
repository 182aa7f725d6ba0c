"""A client that prints the messages of a stream as JSON, for as long as it is let."""

import contextlib
import json
import select
import time

import environment


@contextlib.contextmanager
def started(*command):
    process = environment.start(*command)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def messages(process, count):
    """The first of those that a stream prints, whole."""
    text, found = "", []
    end = time.monotonic() + environment.patience(30)
    while len(found) < count and time.monotonic() < end:
        if select.select([process.stdout], [], [], 0.1)[0]:
            text += process.stdout.read1(65536).decode()
        with contextlib.suppress(json.JSONDecodeError):
            message, length = json.JSONDecoder().raw_decode(text.lstrip())
            found.append(message)
            text = text.lstrip()[length:]
    assert len(found) == count, text
    return found
