"""Debian packages: unpacked into a folder without installing them, or installed where that is allowed."""

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

from . import paths
from .steps import Problem, run, say, step

SYSTEM = {"chromium": "chromium", "wkhtmltopdf": "wkhtmltopdf", "fonts-noto-cjk": ""}
"""System package -> the program that shows it is there (fonts: asked of fontconfig)."""


def missing() -> list[str]:
    """The system packages that browser journeys and PDFs need and that are not there."""
    return [package for package, program in SYSTEM.items() if not _present(program)]


def install_missing() -> list[str]:
    """Install them where it may; return what is still missing."""
    wanted = missing()
    if not wanted or os.geteuid() or not shutil.which("apt-get"):
        return wanted
    with step(f"system packages: {', '.join(wanted)}"):
        log = paths.LOGS / "apt.log"
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        try:
            run(["apt-get", "update"], log, env)
            run(["apt-get", "install", "-y", "--no-install-recommends", *wanted], log, env)
        except Problem as problem:
            say(f"   {problem.what}")
    return missing()


def _present(program: str) -> bool:
    if program:
        return shutil.which(program) is not None
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True).stdout.strip())


class PrivateApt:
    """An apt of our own for another suite: its lists, cache and status live in ``folder``, root is not needed."""

    def __init__(self, folder: Path, suite: str):
        if not shutil.which("apt-get"):
            raise Problem(
                "Odoo 19.0 is not here and this is not a Debian machine", "ODOO_PATH=/path/to/odoo-19.0 ./distrib up"
            )
        self.folder = folder
        paths.ensure(folder / "state/lists/partial", folder / "cache/archives/partial", folder / "debs")
        (folder / "status").touch()
        key = "/usr/share/keyrings/debian-archive-keyring.gpg"
        (folder / "sources.list").write_text(f"deb [signed-by={key}] {_site()} {suite} main\n")
        (folder / "apt.conf").write_text(
            f'Dir::State "{folder}/state"; Dir::State::status "{folder}/status"; Dir::Cache "{folder}/cache";\n'
            f'Dir::Etc::sourcelist "{folder}/sources.list"; Dir::Etc::sourceparts "/dev/null";\n'
            'Dir::Etc::parts "/dev/null"; Acquire::Languages "none"; APT::Sandbox::User "root";\n'
            # A mirror may be a snapshot whose Release file is past its date; its signature is checked all the same.
            'Acquire::Check-Valid-Until "false";\n'
        )
        self.env = os.environ | {"APT_CONFIG": str(folder / "apt.conf")}
        run(["apt-get", "update"], paths.LOGS / "odoo-download.log", self.env)

    def download(self, *packages: str) -> None:
        run(["apt-get", "download", *packages], paths.LOGS / "odoo-download.log", self.env, self.folder / "debs")


def _site() -> str:
    """The mirror that this machine's own apt uses for Debian."""
    command = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(SITE)", "Created-By: Packages"]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    sites = [line.split()[1] for line in lines if line.startswith("Debian ")]
    if not sites:
        raise Problem(
            "apt knows no Debian mirror yet", "apt-get update   (or ODOO_PATH=/path/to/odoo-19.0 ./distrib up)"
        )
    return sites[0]


def unpack(deb: Path, target: Path, keep: Callable[[str], bool] = lambda name: True) -> None:
    """Unpack a package's files for which ``keep(name)`` holds; nothing is installed and no script runs."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as stream:
        with tarfile.open(fileobj=stream.stdout, mode="r|") as archive:
            for member in _wanted(archive, keep):
                archive.extract(member, target, filter="fully_trusted")
    if stream.returncode:
        raise Problem(f"{deb.name} cannot be unpacked", f"rm -r {deb.parent} && ./distrib up")


def _wanted(archive: Iterable[tarfile.TarInfo], keep: Callable[[str], bool]) -> Iterable[tarfile.TarInfo]:
    return (member for member in archive if keep(member.name))


def other_languages(name: str) -> bool:
    """False for the translations into languages other than Chinese, a large part of Odoo's size."""
    return not re.search(r"/i18n(_extra)?/(?!zh_CN)[^/]*\.po$", name)
