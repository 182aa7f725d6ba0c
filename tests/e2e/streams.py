"""A client that prints the messages of a stream as JSON, for as long as it is let."""

import contextlib
import json
import select
import time

import environment


class Stream:
    """What such a client prints. What has been read beyond what was asked for is there for the next who asks."""

    def __init__(self, process):
        self._output = process.stdout
        self._text = ""

    def next(self, seconds=30):
        """The next message, whole; none if it has not come by then."""
        end = time.monotonic() + environment.patience(seconds)
        while True:
            with contextlib.suppress(json.JSONDecodeError):
                message, length = json.JSONDecoder().raw_decode(self._text)
                self._text = self._text[length:].lstrip()
                return message
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._output], [], [], left)[0]:
                return None
            read = self._output.read1(65536).decode()
            if not read:
                return None
            self._text = (self._text + read).lstrip()

    def take(self, count):
        """The next of them."""
        found = [self.next() for _ in range(count)]
        assert None not in found, (found, self._text)
        return found

    def first(self, is_wanted, seconds=30):
        """The first that is as wanted."""
        end = time.monotonic() + environment.patience(seconds)
        while True:
            message = self.next()
            assert message is not None, self._text
            if is_wanted(message):
                return message
            assert time.monotonic() < end, message


@contextlib.contextmanager
def started(*command):
    process = environment.start(*command)
    try:
        yield Stream(process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
