"""The files of the project, for the checks of the tree: what git tracks or would track."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def project_files(root=ROOT):
    """Paths relative to root, sorted. Outside a git checkout, everything but build and hidden folders."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0:
        names = {name for name in listing.stdout.split("\0") if name}
    else:
        names = set()
        for folder, folders, files in os.walk(root):
            folders[:] = [
                name
                for name in folders
                if name not in ("build", "__pycache__") and not name.startswith(".")
            ]
            names.update(os.path.relpath(os.path.join(folder, name), root) for name in files)
    return sorted(
        pathlib.PurePosixPath(name) for name in names if os.path.isfile(os.path.join(root, name))
    )


def sources(root=ROOT):
    """The C++ files among them."""
    return [path for path in project_files(root) if path.suffix in (".h", ".cc")]
