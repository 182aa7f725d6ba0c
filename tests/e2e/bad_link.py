"""A bad link between two network namespaces of its own: packets are late, lost and out of order. The calling thread
finds itself on the server's side."""

import contextlib
import ctypes
import fcntl
import heapq
import os
import pathlib
import random
import select
import struct
import subprocess
import threading
import time

import pytest

SERVER, CLIENT = "10.99.0.1", "10.99.0.2"
DEVICE = "far0"
CLONE_NEWNET = 0x40000000  # linux/sched.h
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x1, 0x1000  # linux/if_tun.h
NAMESPACE = "/proc/thread-self/ns/net"
LONGEST_PACKET = 65536

libc = ctypes.CDLL(None, use_errno=True)


def _checked(outcome, what):
    if outcome != 0:
        raise OSError(ctypes.get_errno(), what)


def _enter(namespace):
    _checked(libc.setns(namespace, CLONE_NEWNET), "setns")


def _configure(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _new_end(address, peer):
    """Takes the calling thread into a new network namespace whose only way out is the device that is returned."""
    _checked(libc.unshare(CLONE_NEWNET), "unshare")
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    _configure("link", "set", "lo", "up")
    _configure("addr", "add", address, "peer", peer, "dev", DEVICE)
    _configure("link", "set", DEVICE, "up")
    return device


class Link(threading.Thread):
    """Carries packets between its two ends. `delay_s` is one way, with up to half of it more at random, so that packets
    overtake each other; of `loss`, which may be changed meanwhile, is the share that is dropped, both ways."""

    def __init__(self, delay_s, loss, seed):
        super().__init__(name="link")
        self.delay_s, self.loss = delay_s, loss
        self.chance = random.Random(seed)
        self.carried = self.dropped = 0
        self.flying = []  # (due, number, device, packet)
        self.stop_read, self.stop_write = os.pipe2(os.O_CLOEXEC)
        with contextlib.ExitStack() as undo:
            undo.callback(os.close, self.stop_read)
            undo.callback(os.close, self.stop_write)
            home = os.open(NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
            undo.callback(os.close, home)
            undo.callback(_enter, home)
            self.clients_device = _new_end(CLIENT, SERVER)
            undo.callback(os.close, self.clients_device)
            self.clients_namespace = os.open(NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
            undo.callback(os.close, self.clients_namespace)
            self.servers_device = _new_end(SERVER, CLIENT)
            undo.callback(os.close, self.servers_device)
            self.servers_namespace = os.open(NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
            undo.callback(os.close, self.servers_namespace)
            self.undo = undo.pop_all()

    def run(self):
        devices = {self.clients_device: self.servers_device, self.servers_device: self.clients_device}
        while True:
            wait = max(0.0, self.flying[0][0] - time.monotonic()) if self.flying else None
            ready, _, _ = select.select([self.stop_read, *devices], [], [], wait)
            if self.stop_read in ready:
                return
            for device in ready:
                self.take_off(os.read(device, LONGEST_PACKET), devices[device])
            self.land()

    def take_off(self, packet, to):
        if self.chance.random() < self.loss:
            self.dropped += 1
            return
        self.carried += 1
        due = time.monotonic() + self.delay_s * (1 + 0.5 * self.chance.random())
        heapq.heappush(self.flying, (due, self.carried, to, packet))

    def land(self):
        while self.flying and self.flying[0][0] <= time.monotonic():
            _, _, device, packet = heapq.heappop(self.flying)
            with contextlib.suppress(BlockingIOError):
                os.write(device, packet)

    @contextlib.contextmanager
    def clients_side(self):
        """Takes the calling thread, and what it starts meanwhile, to the other end."""
        _enter(self.clients_namespace)
        try:
            yield
        finally:
            _enter(self.servers_namespace)

    def stop(self):
        os.write(self.stop_write, b"x")
        self.join()
        self.undo.close()


@contextlib.contextmanager
def made(delay_s, loss, seed=1):
    """A link for the time of a `with`; skips the test where nobody may make one."""
    if not pathlib.Path("/dev/net/tun").exists():
        pytest.skip("this machine has no /dev/net/tun")
    try:
        link = Link(delay_s, loss, seed)
    except PermissionError as refused:
        pytest.skip(f"only root makes network namespaces: {refused}")
    link.start()
    try:
        yield link
    finally:
        link.stop()


def emulate(link, *what):
    """The kernel's own way of being bad (tc-netem(8)), both ways; skips the test where it has none."""
    done = None
    for side in (contextlib.nullcontext, link.clients_side):
        with side():
            done = subprocess.run(["tc", "qdisc", "add", "dev", DEVICE, "root", "netem", *what], check=False,
                                  capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"this kernel has no netem: {done.stderr.strip().splitlines()[0]}")
