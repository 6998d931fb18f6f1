"""Find Odoo 19.0, or unpack it once into the cache that all clones share."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import debian, paths
from .steps import Problem, lock, step

SERIES = "19.0"
LINKED = [
    "libjs-jquery",
    "libjs-underscore",
    "libjs-jquery-form",
    "fonts-roboto-unhinted",
    "fonts-montserrat",
    "fonts-inconsolata",
    "fonts-ocr-b",
]
"""Packages that odoo-19 links out to; without them the login page has no scripts and no fonts."""
SELFIE = "addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
"""Left out by Debian; its absence logs a console error that fails browser tours."""


def find() -> Path | None:
    """The folder to put on PYTHONPATH so that ``import odoo`` is Odoo 19.0; None when it must be fetched."""
    named = os.environ.get("ODOO_PATH")
    if named:
        root = Path(named).resolve()
        root = root.parent if root.name == "odoo" and (root / "release.py").exists() else root
        if _series(root) != SERIES:
            raise Problem(f"ODOO_PATH={named} holds no Odoo {SERIES}", "ODOO_PATH=/path/to/odoo-19.0 ./distrib up")
        return root
    for root in (_importable(), _cached()):
        if root and _series(root) == SERIES:
            return root
    return None


def ensure() -> Path:
    root = find()
    if root:
        return root
    with lock(paths.CACHE / "odoo.lock", "another clone unpacks Odoo"):
        root = find()
        if not root:
            with step(f"Odoo {SERIES} (from Debian's odoo-19, unpacked into {paths.CACHE}, not installed)"):
                _fetch()
            root = find()
    if not root:
        raise Problem(f"no Odoo {SERIES} after unpacking", "ODOO_PATH=/path/to/odoo-19.0 ./distrib up")
    return root


def addons_path(root: Path) -> list[Path]:
    """Odoo's own add-on folders: one in Debian's layout, two in a source checkout."""
    return [
        folder
        for folder in (root / "odoo" / "addons", root / "addons")
        if (folder / "web").is_dir() or (folder / "base").is_dir()
    ]


def _cached() -> Path:
    return paths.CACHE / f"odoo-{SERIES}" / "usr/lib/python3/dist-packages"


def _importable() -> Path | None:
    """An ``odoo`` that this machine's Python already imports (for example an installed package)."""
    code = "import odoo.release as r, pathlib; print(pathlib.Path(r.__file__).parent.parent)"
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def _series(root: Path) -> str | None:
    release = root / "odoo" / "release.py"
    if not release.exists():
        return None
    found = re.search(r"version_info = \((\d+), (\d+)", release.read_text())
    return f"{found[1]}.{found[2]}" if found else None


def _fetch() -> None:
    """Download, unpack beside the final place, and rename: a killed run leaves nothing half done."""
    work = paths.CACHE / "odoo-download"
    apt = debian.PrivateApt(work, "sid")
    shutil.rmtree(work / "debs")
    paths.ensure(work / "debs")
    apt.download("odoo-19", *LINKED)
    _font_awesome(work / "debs")
    prefix = work / "prefix"
    shutil.rmtree(prefix, ignore_errors=True)
    for deb in sorted((work / "debs").glob("*.deb")):
        debian.unpack(deb, prefix, debian.other_languages)
    selfie = prefix / "usr/lib/python3/dist-packages/odoo" / SELFIE
    paths.ensure(selfie.parent)
    selfie.touch()
    target = paths.CACHE / f"odoo-{SERIES}"
    shutil.rmtree(target, ignore_errors=True)
    prefix.rename(target)
    shutil.rmtree(work)


def _font_awesome(folder: Path) -> None:
    """The 4.7 fonts of Debian 12 or 13; the newer package renamed the files that Odoo links to."""
    apt = debian.PrivateApt(folder.parent / "stable", "bookworm")
    apt.download("fonts-font-awesome")
    for deb in (apt.folder / "debs").glob("*.deb"):
        shutil.move(deb, folder / deb.name)
