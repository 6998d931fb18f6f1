"""./distrib test: the fast tests first, one closing line at the end."""

import os
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from . import databases, debian, paths, settings
from .steps import Problem, say

KINDS = ("failed", "passed", "skipped", "errors")
TAGS = {"failure": "failed", "error": "errors", "skipped": "skipped"}


@dataclass
class Tally:
    """What several pytest runs counted together."""

    counts: Counter = field(default_factory=Counter)
    broken: bool = False
    start: float = field(default_factory=time.monotonic)

    def add(self, report: Path, code: int) -> None:
        # 5: no test was selected in this part (for example by -k); the sum is judged at the end.
        self.broken |= code not in (0, 1, 5) or (code == 1 and not report.exists())
        if report.exists():
            for case in outcomes(report).values():
                self.counts[case] += 1

    def close(self) -> None:
        """Print pytest's closing line for all parts and leave with its exit code."""
        bad = self.counts["failed"] + self.counts["errors"]
        words = [f"{self.counts[kind]} {kind}" for kind in KINDS if self.counts[kind]] or ["no tests ran"]
        text = f" {', '.join(words)} in {time.monotonic() - self.start:.2f}s "
        say(text.center(100, "="))
        if self.broken:
            say("a part of the run did not finish; its output is above")
        raise SystemExit(1 if bad or self.broken else 0 if self.counts else 5)


def outcomes(report: Path) -> dict[str, str]:
    """Test id -> failed, errors, skipped or passed, from a JUnit report."""
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        tags = {child.tag for child in case}
        kind = (
            "failed" if "failure" in tags else "errors" if "error" in tags else "skipped" if "skipped" in tags else ""
        )
        found[f"{case.get('file')}::{case.get('classname')}::{case.get('name')}"] = kind or "passed"
    return found


def test(options) -> None:
    if options.core:
        from . import core_suites

        return core_suites.compare(options.modules, options.arguments)
    tally = Tally()
    given = [word for word in options.arguments if _is_path(word)]
    extra = [word for word in options.arguments if not _is_path(word)]
    pure, odoo, browser = _sort(given) if given else _everything()
    missing = debian.install_missing() if odoo or browser else []
    if missing:
        say(f"skipping what needs {', '.join(missing)}. To run it, type: apt-get install {' '.join(missing)}")
    if pure:
        _run("lint and engines", ["-p", "no:odoo", *pure, *extra], os.environ | _pythonpath(), tally)
    if odoo:
        _odoo(odoo, extra, tally)
    if browser:
        _browser(browser, extra, tally)
    return tally.close()


def _is_path(word: str) -> bool:
    return (paths.PROJECT / word.split("::")[0]).exists() and not word.startswith("-")


def _everything() -> tuple[list[str], list[str], list[str]]:
    suites = [f"addons/{addon}/tests" for addon in paths.SUITE if (paths.ADDONS / addon / "tests").is_dir()]
    return ["tests/tools", "tests/engine", "tests/lint"], [*suites, "tests/odoo"], ["tests/browser"]


def _sort(given: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Sort paths into those that need no Odoo, those that need it, and the browser's."""
    pure = [p for p in given if Path(p).parts[:2] in (("tests", room) for room in ("engine", "lint", "tools"))]
    browser = [p for p in given if Path(p).parts[:2] == ("tests", "browser")]
    return pure, [p for p in given if p not in pure and p not in browser], browser


def _pythonpath() -> dict[str, str]:
    return {"PYTHONPATH": str(paths.PROJECT)}


def _odoo(tests: list[str], extra: list[str], tally: Tally) -> None:
    base = databases.Databases(settings.server())
    with base.scratch(base.suite(), "test") as name:
        _run("Odoo", [*odoo_options(base, name), *tests, *extra], odoo_environment(base, name), tally)


def odoo_options(base: databases.Databases, name: str) -> list[str]:
    """pytest's options for a run inside Odoo on one database."""
    conf = settings.write(paths.RUN / f"{name}.conf", name, base.server, http_port="0", max_cron_threads="0")
    return ["--odoo-config", str(conf), "--odoo-database", name, "--odoo-http"]


def odoo_environment(base: databases.Databases, name: str) -> dict[str, str]:
    """The environment of tests in Odoo; DISTRIB_* name the server for tests that open connections of their own."""
    return settings.environment(base.server) | {"DISTRIB_DATABASE": name, "CHROME_BIN": "/usr/bin/chromium"}


def _browser(tests: list[str], extra: list[str], tally: Tally) -> None:
    base = databases.Databases(settings.server())
    base.demo()
    _run("browser", ["-p", "no:odoo", *tests, *extra], os.environ | _pythonpath(), tally)


def _run(title: str, arguments: list[str], env: dict[str, str], tally: Tally) -> None:
    say(f"== {title}")
    report = paths.RUN / f"junit-{os.getpid()}-{title.split()[0]}.xml"
    code = pytest(arguments, env, report)
    tally.add(report, code)
    report.unlink(missing_ok=True)


def pytest(arguments: list[str], env: dict[str, str], report: Path) -> int:
    paths.ensure(report.parent)
    command = [str(paths.PYTHON), "-m", "pytest", "-rs", "-p", "no:cacheprovider", f"--junitxml={report}"]
    command += ["-o", "junit_family=xunit1", *arguments]  # with the file of each test
    try:
        return subprocess.run(command, env=env, cwd=paths.PROJECT).returncode
    except OSError as error:
        raise Problem(f"pytest does not start: {error}", "./distrib doctor") from error
