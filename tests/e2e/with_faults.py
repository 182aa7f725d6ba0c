"""Servers of which system calls fail: see fault_shim.c."""

import os

import environment
import server_process


def running(faults, *flags, **options):
    """A server in which they do, by CALL:FAULT/N,..."""
    assert environment.FAULT_SHIM.exists(), f"{environment.FAULT_SHIM} is missing: build the target fault_shim"
    asan = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))
    return server_process.running(*flags, **options, through=(
        "env", f"LD_PRELOAD={environment.FAULT_SHIM}", f"BATON_FAULTS={faults}", f"ASAN_OPTIONS={asan}"))
