"""Writes the tables of docs/metrics.md from what a running server says of its metrics, or compares them.

scripts/metrics-reference is how to call it. A table stands under a line `<!-- metrics: PATTERN -->`: what it lists are
the families whose names, without `baton_`, match, and that no table before it has; rows keep their places, new ones come
last. Everything else in the document is left alone."""

import argparse
import pathlib
import re
import sys

import api_keys
import certificates
import environment
import server_process

DOCUMENT = environment.ROOT / "docs" / "metrics.md"
HEAD = "| metric | type | labels | unit | meaning |\n|---|---|---|---|---|\n"
TABLE = re.compile(r"^(?P<marker><!-- metrics: (?P<pattern>.*) -->\n\n)(?P<rows>(?:\|.*\n)*)", re.M)
ROW = re.compile(r"^\| `([a-z_]+)` \|", re.M)
BUCKETS = re.compile(r"^\| ([A-Z]{3}) \| ([-.e0-9 ]+) \|$", re.M)
SAMPLE = re.compile(r"^([a-z_]+)(?:\{(.*)\})? \S+$")
PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
UNITS = ("seconds", "bytes", "ratio")
# Labels whose values come from the configuration, from models, or from the schema of the admin API.
OPEN = {"endpoint", "listener", "conductor", "version", "backend", "key", "file", "method", "code"}
# Words of meanings that lead on.
LINKS = {
    "baton_cache_hits_total": ("response cache", "model-folder.md#response-cache"),
    "baton_tls_handshakes_total": ("speak TLS", "how-to/serve-over-tls.md"),
    "baton_api_key_requests_total": ("need API keys", "how-to/hand-out-api-keys.md"),
    "baton_http_reading_paused_total": ("limit", "headers-and-statuses.md#limits"),
    "baton_static_requests_total": ("static files", "how-to/serve-static-files.md"),
    "baton_canary_rollbacks_total": ("Canaries", "how-to/replace-a-model-safely.md#4-let-it-prove-itself-a-canary"),
    "baton_admin_denied_total": ("its door", "how-to/lock-the-admin-plane.md"),
    "baton_mirror_refusals_total": ("the admin API over HTTP", "how-to/administer-with-curl.md"),
    "baton_config_generation": ("reload", "configuration.md#changing-it-while-the-server-runs"),
    "baton_drained": ("taken the server out of service", "how-to/take-a-server-out-of-service.md"),
    "baton_trace_spans_total": ("collector of traces", "how-to/trace-requests.md"),
    "baton_process_protection": ("protected in this way", "../SECURITY.md#the-process"),
    "baton_denied_calls_total": ("denied", "../SECURITY.md#system-calls"),
}


class Family:
    """One metric, as a scrape shows it."""

    def __init__(self, name, meaning):
        self.name, self.meaning = name, meaning
        self.type = None
        self.labels = {}  # name -> values in the order of their appearance
        self.bounds = []  # of a histogram

    def see(self, labels):
        for name, value in labels:
            if name == "le":
                if value != "+Inf" and float(value) not in self.bounds:
                    self.bounds.append(float(value))
            else:
                values = self.labels.setdefault(name, [])
                if value not in values:
                    values.append(value)

    def row(self, buckets):
        kind = self.type
        if self.bounds:
            kind += " " + buckets[tuple(self.bounds)]
        labels = ", ".join(
            f"`{name}`" if name in OPEN else f"`{name}` ({', '.join(f'`{value}`' for value in values)})"
            for name, values in self.labels.items()
        )
        base = self.name.removesuffix("_total")
        unit = next((unit for unit in UNITS if base.endswith(f"_{unit}")), "–")
        meaning = self.meaning
        if self.name in LINKS:
            words, target = LINKS[self.name]
            assert words in meaning, f"{self.name} no longer says '{words}'"
            meaning = meaning.replace(words, f"[{words}]({target})", 1)
        return f"| `{self.name}` | {kind} | {labels or '–'} | {unit} | {meaning.replace('|', chr(92) + '|')} |\n"


def families_of(scrape):
    families = {}
    current = None
    for line in scrape.splitlines():
        if line.startswith("# HELP "):
            _, _, name, meaning = line.split(" ", 3)
            current = families[name] = Family(name, meaning)
        elif line.startswith("# TYPE "):
            current.type = line.split(" ")[3]
        else:
            current.see(PAIR.findall(SAMPLE.match(line)[2] or ""))
    return families


def whole_scrape():
    """Of a server that has all that there are metrics of."""
    with certificates.folder() as folder:
        identity = certificates.Authority(folder).issue("server")
        file = api_keys.KeyFile(pathlib.Path(folder) / "api-keys.yaml")
        file.new("shop")
        with server_process.running(*certificates.flags("http", identity), "--api-keys", file.path) as server:
            server.batonctl("status")  # calls of the admin plane are counted from the first one on
            return server.metrics().text


def rewritten(document, scrape):
    """The document with tables as the scrape has them. Fails for a family that no table takes."""
    left = families_of(scrape)
    buckets = {tuple(map(float, bounds.split())): name for name, bounds in BUCKETS.findall(document)}

    def table(found):
        pattern = re.compile(found["pattern"])
        names = [name for name in left if pattern.match(name.removeprefix("baton_"))]
        places = ROW.findall(found["rows"])
        names.sort(key=lambda name: places.index(name) if name in places else len(places))
        return found["marker"] + HEAD + "".join(left.pop(name).row(buckets) for name in names)

    text = TABLE.sub(table, document)
    if left:
        raise ValueError(f"no table in {DOCUMENT.name} takes {', '.join(left)}")
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where they differ")
    arguments = parser.parse_args()
    before = DOCUMENT.read_text(encoding="utf-8")
    after = rewritten(before, whole_scrape())
    if arguments.check:
        return int(before != after)
    DOCUMENT.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
