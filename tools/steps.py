"""Steps with progress, problems with a remedy, and locks that die with their holder."""

import contextlib
import fcntl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import paths


class Problem(Exception):
    """Something the user can mend: ``what`` is missing or wrong, ``remedy`` is the line to type."""

    def __init__(self, what: str, remedy: str = ""):
        super().__init__(what)
        self.what = what
        self.remedy = remedy


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step and how long it took."""
    say(f"-- {title} ...")
    start = time.monotonic()
    yield
    say(f"   {title}: done in {time.monotonic() - start:.1f} s")


@contextlib.contextmanager
def lock(path: Path, waiting: str = "") -> Iterator[None]:
    """Hold an exclusive file lock; the kernel lets go of it when the process dies."""
    paths.ensure(path.parent)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                say(f"   waiting: {waiting}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run(command: Sequence[str | Path], log: Path, env: dict[str, str] | None = None, cwd: Path | None = None) -> None:
    """Run a command with its output in a log; a failure shows the log's end.

    :raises Problem: with the last lines of the log and its path
    """
    paths.ensure(log.parent)
    with log.open("ab") as out:
        done = subprocess.run([str(c) for c in command], stdout=out, stderr=subprocess.STDOUT, env=env, cwd=cwd)
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise Problem(f"{Path(str(command[0])).name} ended with {done.returncode}:\n{tail}", f"less {log}")
