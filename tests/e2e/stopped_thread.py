"""Stops one thread of a server, as a debugger does, while its other threads go on."""

import contextlib
import ctypes
import errno
import os
import pathlib

import pytest

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207  # linux/ptrace.h
WAIT_FOR_ANY_THREAD = 0x40000000  # __WALL


def thread_ids(server, name):
    """The kernel's numbers of the threads with this name."""
    tasks = pathlib.Path(f"/proc/{server.pid}/task")
    return [int(task.name) for task in tasks.iterdir() if (task / "comm").read_text().strip() == name]


def ptrace(request, thread):
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    call.restype = ctypes.c_long
    if call(request, thread, None, None) == -1:
        raise OSError(ctypes.get_errno(), f"ptrace({request:#x}): {os.strerror(ctypes.get_errno())}")


@contextlib.contextmanager
def stopped(server, name="conductor-0"):
    """The only thread with this name stands still for the time of a `with`."""
    (thread,) = thread_ids(server, name)
    try:
        ptrace(PTRACE_SEIZE, thread)
    except OSError as refused:
        if refused.errno != errno.EPERM:
            raise
        pytest.skip("this machine lets nobody trace a process")
    try:
        ptrace(PTRACE_INTERRUPT, thread)
        os.waitpid(thread, WAIT_FOR_ANY_THREAD)
        yield
    finally:
        ptrace(PTRACE_DETACH, thread)
