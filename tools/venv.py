"""The virtual environment and the Python packages."""

import importlib.util
import subprocess
import sys

from . import paths
from .steps import Problem, lock, run, step


def ready() -> bool:
    stamp = paths.VENV / "requirements.sha"
    return paths.PYTHON.exists() and stamp.exists() and stamp.read_text() == _wanted()


def ensure() -> None:
    """Make the virtual environment hold exactly what ``requirements.txt`` pins."""
    if ready():
        return
    if sys.version_info < (3, 11):  # noqa: UP036  (this is the check that says so)
        raise Problem("Python 3.11 or newer is needed", "DISTRIB_PYTHON=/path/to/python3.11 ./distrib up")
    with lock(paths.STATE / "venv.lock", "another run installs the Python packages"):
        if ready():
            return
        with step("Python packages"):
            _create()
            log = paths.LOGS / "pip.log"
            requirements = paths.PROJECT / "requirements.txt"
            run([paths.PYTHON, "-m", "pip", "install", "-q", "-r", requirements], log)
            (paths.VENV / "requirements.sha").write_text(_wanted())


def _wanted() -> str:
    return paths.tree_hash(paths.PROJECT / "requirements.txt")


def _create() -> None:
    if paths.PYTHON.exists() and not subprocess.run([paths.PYTHON, "-m", "pip", "-V"], capture_output=True).returncode:
        return
    if not importlib.util.find_spec("ensurepip"):
        raise Problem("Python cannot make virtual environments here", "apt-get install python3-venv")
    run([sys.executable, "-m", "venv", "--clear", paths.VENV], paths.LOGS / "venv.log")
