#!/usr/bin/env python3
"""Checks every #include of a room against the room table of ARCHITECTURE.md, and that heavy headers
stay where they belong. Usage: include_rules.py [ROOT]; exits 1 and lists what is not allowed."""

import dataclasses
import pathlib
import re
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from project_files import sources  # noqa: E402

TOP_FOLDERS = ("server", "admin", "client", "proto")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
GENERATED = re.compile(r"\.pb\.h$")
OPTIONS_STRUCT = re.compile(r"^\s*struct\s+\w*Options\b", re.MULTILINE)


@dataclasses.dataclass
class Room:
    """A row of the table: what a room may include beside itself and the standard library."""

    folder: str
    rooms: set
    options_of_rooms: bool = False


@dataclasses.dataclass
class Heavy:
    """Headers that cost or spread too much to be included anywhere."""

    what: str
    pattern: re.Pattern
    where: re.Pattern  # the files that may include them
    one_source_per: int = (
        0  # one file in each folder of this depth: 1 `client`, 2 `client/cli`; 0: no limit
    )


HEAVY = [
    Heavy(
        "simdjson",
        re.compile(r"^simdjson"),
        re.compile(r"^(server|client|tests/bench)/.*\.cc$"),
        one_source_per=1,
    ),
    Heavy("spdlog", re.compile(r"^spdlog/"), re.compile(r"^server/base/.*\.cc$"), one_source_per=2),
    Heavy(
        "CLI11",
        re.compile(r"^CLI/"),
        re.compile(r"^(server/app|admin/ctl|client/cli|tests/bench)/.*\.cc$"),
        one_source_per=2,
    ),
    Heavy("prometheus-cpp", re.compile(r"^prometheus/"), re.compile(r"^server/metrics/")),
    Heavy(
        "ONNX Runtime",
        re.compile(r"^(onnxruntime/.*)?onnxruntime_\w+\.h$"),
        re.compile(r"^server/models/onnxruntime/"),
    ),
    Heavy("gRPC", re.compile(r"^grpc(pp)?/|\.grpc\.pb\.h$"), re.compile(r"^(admin|server/rpc|server/api/grpc)/")),
    Heavy("oneTBB", re.compile(r"^(tbb|oneapi)/"), re.compile(r"^server/serve/")),
    Heavy("zlib", re.compile(r"^zlib\.h$"), re.compile(r"^(server/http|tests/fuzz)/.*\.cc$"), one_source_per=2),
    Heavy("yaml-cpp", re.compile(r"^yaml-cpp/"), re.compile(r"^server/yaml/.*\.cc$"), one_source_per=2),
    Heavy(
        "OpenSSL's digests",
        re.compile(r"^openssl/evp\.h$"),
        re.compile(r"^server/(access|models|serve)/.*\.cc$"),
        one_source_per=2,
    ),
    Heavy("libcurl", re.compile(r"^curl/"), re.compile(r"^server/trace/.*\.cc$"), one_source_per=2),
    Heavy(
        "libseccomp", re.compile(r"^seccomp\.h$"), re.compile(r"^server/lifecycle/.*\.cc$"), one_source_per=2
    ),
    Heavy(
        "OpenSSL",
        re.compile(r"^openssl/(?!evp\.h$)"),
        re.compile(r"^server/(net/tls/.*|access/token)\.cc$"),
    ),
    Heavy("llhttp", re.compile(r"^llhttp"), re.compile(r"^(server/http|client/lib)/")),
    Heavy(
        "a header that clang 14 or gcc 12 refuses",
        re.compile(r"^(format|expected|source_location)$"),
        re.compile(r"(?!)"),
    ),
]


def room_folders(cell):
    return re.findall(r"`((?:server|admin|client)/[a-z_]+)`", cell)


def read_table(text):
    """The rooms by folder, of the table whose header is | room | ... | may include |."""
    rows, table = [], False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.lstrip().startswith("|"):
            table = False
        elif [cells[0].lower(), cells[-1].lower()] == ["room", "may include"]:
            table = True
        elif table and room_folders(cells[0]):
            rows.append((room_folders(cells[0]), cells[-1]))
    folders = [folder for row, _ in rows for folder in row]
    rooms = {}
    for row, may_include in rows:
        for folder in row:
            rooms[folder] = read_row(folder, may_include, folders)
    return rooms


def read_row(folder, may_include, folders):
    """The names of a `may include` cell: rooms of the server by their last name, others by folder."""
    room = Room(folder, set())
    for name in re.split(r"[,;]", may_include.replace("`", "")):
        name = name.strip().rstrip(".")
        if name in ("", "-", "–", "—"):
            continue
        if name == "every room":
            room.rooms.update(other for other in folders if other.startswith("server/"))
        elif name == "admin's service":
            room.rooms.add("admin/service")
        elif name.lower() == "the rooms' options headers":
            room.options_of_rooms = True
        elif name == "proto" or name in folders:
            room.rooms.add(name)
        elif f"server/{name}" in folders:
            room.rooms.add(f"server/{name}")
        elif f"{folder.split('/')[0]}/{name}" in folders:
            room.rooms.add(f"{folder.split('/')[0]}/{name}")
        else:
            raise ValueError(
                f"the row of {folder} names {name!r}, which is no row of the table and not proto"
            )
    # A program includes the library in the folder beside it.
    library = f"{folder.split('/')[0]}/lib"
    if library in folders:
        room.rooms.add(library)
    return room


def room_of(path, rooms):
    """The room that holds a file: its first two folders."""
    folder = "/".join(path.split("/")[:2])
    return folder if folder in rooms else None


def target_of(name):
    """What an include means in terms of the table, or None for what is not of the project."""
    if GENERATED.search(name):
        return "proto"
    parts = name.split("/")
    if parts[0] == "proto":
        return "proto"
    return "/".join(parts[:2]) if parts[0] in TOP_FOLDERS and len(parts) > 1 else None


def declares_options(root, name):
    path = root / name
    return path.is_file() and OPTIONS_STRUCT.search(path.read_text()) is not None


def check_include(root, path, name, rooms):
    """What is wrong with one include of a file in a room, or None."""
    folder = room_of(path, rooms)
    target = target_of(name)
    if target is None or target == folder or target in rooms[folder].rooms:
        return None
    if rooms[folder].options_of_rooms and declares_options(root, name):
        return None
    allowed = ", ".join(sorted(rooms[folder].rooms)) or "nothing"
    return f'{path}: includes "{name}", but {folder} may include {allowed} (ARCHITECTURE.md)'


def check_heavy(includes):
    """includes: path to the names that it includes. Tests may include what they test with."""
    found = []
    for heavy in HEAVY:
        users = sorted(
            path
            for path, names in includes.items()
            if any(heavy.pattern.search(name) for name in names)
        )
        users = [
            path for path in users if not path.startswith("tests/") or heavy.where.search(path)
        ]
        found += [
            f"{path}: includes {heavy.what}, allowed only in {heavy.where.pattern}"
            for path in users
            if not heavy.where.search(path)
        ]
        by_folder = {}
        for path in users:
            by_folder.setdefault("/".join(path.split("/")[: heavy.one_source_per]), []).append(path)
        for folder, paths in by_folder.items():
            if heavy.one_source_per and len(paths) > 1:
                found.append(
                    f"{', '.join(paths)}: {heavy.what} belongs in one source file of {folder}"
                )
    return found


def check(root):
    """Every violation in the tree, a sentence each."""
    try:
        rooms = read_table((root / "ARCHITECTURE.md").read_text())
    except (OSError, ValueError) as error:
        return [f"ARCHITECTURE.md: {error}"]
    if not rooms:
        return ["ARCHITECTURE.md: no table with the columns room and may include"]
    found, includes = [], {}
    for path in map(str, sources(root)):
        names = [name for _, name in INCLUDE.findall((root / path).read_text())]
        includes[path] = names
        if path.split("/")[0] not in TOP_FOLDERS or path.startswith("proto/"):
            continue
        if room_of(path, rooms) is None:
            found.append(f"{path}: its folder is no room of the table in ARCHITECTURE.md")
            continue
        found += [
            problem
            for problem in (check_include(root, path, name, rooms) for name in names)
            if problem
        ]
    return found + check_heavy(includes)


def main(arguments):
    found = check(pathlib.Path(arguments[0]) if arguments else ROOT)
    print("\n".join(found) if found else "every include is allowed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
