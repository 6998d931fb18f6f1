"""What the linters say; the same checks run before a commit (pre-commit)."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import prettier

PROJECT = Path(__file__).resolve().parents[2]
PYTHON = ["addons", "tests", "tools", "bench"]


LEFT_OUT = "missing-readme,consider-merging-classes-inherited,no-wizard-in-models,prefer-env-translation"
"""docs/ serves all five add-ons; one file for each concern that extends a core model; a small dialog may stand beside
the model that it serves; ``_ = self.env._`` at the head of a long list of sentences is the environment's translation."""


def check(*command: str) -> None:
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command[:4])}\n{done.stdout}\n{done.stderr}"


def test_ruff():
    check(sys.executable, "-m", "ruff", "check", *PYTHON)


def test_ruff_format():
    check(sys.executable, "-m", "ruff", "format", "--check", *PYTHON)


def test_engines_do_not_import_odoo():
    """Each engine folder bans odoo, the clock and the other rooms of its add-on."""
    folders = [str(p) for p in sorted((PROJECT / "addons").glob("*/engine"))]
    assert folders
    config = PROJECT / "tests/lint/ruff-engine.toml"
    check(sys.executable, "-m", "ruff", "check", "--config", str(config), *folders)


def test_connectors_do_not_import_odoo():
    """A connector knows its platform and the network, not the database."""
    rules = 'lint.flake8-tidy-imports.banned-api.odoo.msg="a connector does not know Odoo"'
    folders = [str(p) for p in sorted((PROJECT / "addons").glob("*/connectors"))]
    assert folders
    check(sys.executable, "-m", "ruff", "check", "--extend-select", "TID251", "--config", rules, *folders)


def test_pylint_odoo():
    modules = [str(p.parent) for p in sorted((PROJECT / "addons").glob("*/__manifest__.py"))]
    rc = PROJECT / "tests/lint/pylintrc"
    chosen = ["--disable=all", "--enable=odoolint", f"--disable={LEFT_OUT}"]
    # Connectors are no models: a method named read is none of the framework's.
    left_out = "--ignore-paths=.*/connectors/.*"
    check(sys.executable, "-m", "pylint", f"--rcfile={rc}", "--jobs=2", left_out, *chosen, *modules)


def test_prettier():
    command = prettier.command()
    if command is None:
        pytest.skip("prettier cannot be fetched here (no npm registry)")
    files = [p for ending in ("xml", "js") for p in sorted((PROJECT / "addons").rglob(f"*.{ending}"))]
    check(*command, "--check", *[str(p.relative_to(PROJECT)) for p in files if "/lib/" not in str(p)])


def test_no_file_names_a_machine_or_a_registry():
    """The project runs anywhere: no absolute path of a developer's machine in what is committed."""
    home = str(Path.home())
    above = str(PROJECT.parent)
    names = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True).stdout.split()
    for name in names:
        path = PROJECT / name
        if not path.is_file() or path.suffix in (".png", ".ico", ".xlsx", ".parquet"):
            continue
        text = path.read_text(errors="ignore")
        for place in (f"{home}/", f"{above}/"):
            assert len(place) < 4 or place not in text, f"{name} names {place}"
