#!/usr/bin/env python3
"""Runs a command as on a kernel without landlock and without filters of system calls: by a filter.

Usage: older_kernel.py COMMAND [WORD...]
"""

import ctypes
import errno
import os
import platform
import struct
import sys

# By architecture: landlock_create_ruleset, seccomp, prctl.
NUMBERS = {"x86_64": (444, 317, 157), "aarch64": (444, 277, 167)}
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
LOAD, EQUALS, RETURN = 0x20, 0x15, 0x06
NUMBER_AT, FIRST_ARGUMENT_AT = 0, 16


def is_possible():
    return sys.platform == "linux" and platform.machine() in NUMBERS


def instructions():
    """(code, if true, if false, value) of classic BPF."""
    landlock, seccomp, prctl = NUMBERS[platform.machine()]
    return [
        (LOAD, 0, 0, NUMBER_AT),
        (EQUALS, 5, 0, landlock),
        (EQUALS, 5, 0, seccomp),
        (EQUALS, 0, 2, prctl),
        (LOAD, 0, 0, FIRST_ARGUMENT_AT),
        (EQUALS, 2, 0, PR_SET_SECCOMP),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, ERRNO | errno.ENOSYS),
        (RETURN, 0, 0, ERRNO | errno.EINVAL),
    ]


def forget():
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in instructions())
    kept = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(instructions()), ctypes.addressof(kept))
    libc = ctypes.CDLL(None, use_errno=True)
    for words in ((PR_SET_NO_NEW_PRIVS, 1, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header)):
        if libc.prctl(*words, 0, 0) != 0:
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    forget()
    os.execv(sys.argv[1], sys.argv[1:])
