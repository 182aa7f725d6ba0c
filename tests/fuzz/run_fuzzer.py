#!/usr/bin/env python3
"""Lets a fuzzer search for a while, starting from a copy of its corpus; fails when it finds something.

What it found is kept, and named with the command that shows it again.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import time

MEGABYTES = 2048  # of memory, at most
SECONDS_PER_INPUT = 10  # at most; thousands are usual in one
LONGEST_INPUT = 2048
SECONDS_PER_LINE = 10  # of progress
STATUS = re.compile(r"^#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)")


def command_of(options, found, scratch):
    command = [
        options.program,
        scratch / "new",
        options.corpus,
        f"-max_total_time={options.seconds}",
        f"-max_len={LONGEST_INPUT}",
        f"-timeout={SECONDS_PER_INPUT}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={found}/",
        "-print_final_stats=0",
    ]
    if options.seeds:
        subprocess.run([options.seeds, scratch / "seeds"], check=True)
        command.append(scratch / "seeds")
    if options.dict:
        command.append(f"-dict={options.dict}")
    return [str(word) for word in command]


def watch(process, log):
    """Copies what the fuzzer says into `log`; shows a line of progress now and then."""
    shown = time.monotonic()
    for line in process.stdout:
        log.write(line)
        status = STATUS.match(line)
        if status and time.monotonic() - shown >= SECONDS_PER_LINE:
            shown = time.monotonic()
            runs, edges, _, inputs = status.groups()
            print(f"{runs} runs, {edges} edges, {inputs} inputs", flush=True)
    return process.wait()


def tell(options, log_path, found, before):
    """What went wrong, for somebody who has not seen this fuzzer before."""
    lines = log_path.read_text(errors="replace").splitlines()
    print("\n".join(line[:400] for line in lines[-60:]))
    new = sorted(set(found.iterdir()) - before)
    print(f"{options.program.name} failed; its output is in {log_path}")
    for path in new:
        print(f"the input is {path}; to see it again: {options.program} {path}")
    print(f"once mended, keep the input under a telling name in {options.corpus}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--corpus", type=pathlib.Path, required=True)
    parser.add_argument("--found", type=pathlib.Path, required=True, help="folder for what fails")
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--seeds", type=pathlib.Path, help="a program that writes more inputs")
    parser.add_argument("--dict", type=pathlib.Path)
    options = parser.parse_args()
    found = options.found / options.program.name
    found.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    log_path = options.found / f"{options.program.name}.log"
    with tempfile.TemporaryDirectory() as folder, open(log_path, "w", encoding="utf-8") as log:
        scratch = pathlib.Path(folder)
        (scratch / "new").mkdir()
        (scratch / "seeds").mkdir()
        with subprocess.Popen(
            command_of(options, found, scratch),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            status = watch(process, log)
    if status != 0:
        tell(options, log_path, found, before)
        return 1
    done = re.search(r"^Done (\d+) runs in (\d+) second", log_path.read_text(), re.MULTILINE)
    if done is None:
        print(f"{options.program.name} ended early; its output is in {log_path}")
        return 1
    print(f"nothing found in {done[1]} runs, {done[2]} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
