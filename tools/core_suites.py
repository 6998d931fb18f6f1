"""./distrib test --core: core's own suites with the five add-ons installed, beside the same run without them.

A few core tests fail by themselves on a database with other modules. Only what fails with the add-ons and passes
without them counts as a failure here.
"""

import os
import time
from pathlib import Path

from . import databases, odoo_source, paths, settings
from .steps import Problem, say
from .testing import odoo_environment, odoo_options, outcomes, pytest

MODULES = ["stock", "sale_stock", "purchase_stock", "stock_delivery", "sale", "portal"]


def compare(modules: str, extra: list[str]) -> None:
    """Run the suites on both databases, print what fails because of the add-ons, and leave with pytest's code."""
    wanted = modules.split(",") if modules else MODULES
    start = time.monotonic()
    base = databases.Databases(settings.server())
    without = _outcomes(base, base.core(), "core", wanted, extra)
    with_ours = _outcomes(base, base.suite(), "coresuite", wanted, extra)
    bad = {"failed", "errors"}
    own = {test for test, outcome in with_ours.items() if outcome in bad and without.get(test, "passed") not in bad}
    theirs = sorted(test for test, outcome in with_ours.items() if outcome in bad and test not in own)
    lost = sorted(set(without) - set(with_ours))
    for title, tests in (("fails without the add-ons too", theirs), ("not run with the add-ons", lost)):
        for test in tests:
            say(f"{title}: {test}")
    for test in sorted(own):
        say(f"FAILED because of the add-ons: {test}")
    skipped = sum(outcome == "skipped" for outcome in with_ours.values())
    passed = len(with_ours) - skipped - len(own) - len(theirs)
    words = [f"{len(own)} failed"] * bool(own) + [f"{passed} passed", f"{skipped + len(theirs)} skipped"]
    say(f" {', '.join(words)} in {time.monotonic() - start:.2f}s ".center(100, "="))
    raise SystemExit(1 if own or lost or not passed else 0)


def _outcomes(base: databases.Databases, template: str, purpose: str, modules: list[str], extra: list[str]):
    folders = [str(_tests_of(module)) for module in modules]
    report = paths.RUN / f"junit-{os.getpid()}-{purpose}.xml"
    say(f"== core's suites on {'Odoo alone' if purpose == 'core' else 'Odoo with the five add-ons'}")
    with base.scratch(template, purpose) as name:
        arguments = ["-q", "--tb=line", "-W", "ignore", *odoo_options(base, name), *folders, *extra]
        code = pytest(arguments, odoo_environment(base, name), report)
    if code not in (0, 1) or not report.exists():
        raise Problem(f"core's suites did not finish on {template} (pytest ended with {code})")
    found = outcomes(report)
    report.unlink()
    return found


def _tests_of(module: str) -> Path:
    for folder in odoo_source.addons_path(odoo_source.ensure()):
        if (folder / module / "tests").is_dir():
            return folder / module / "tests"
    raise Problem(f"Odoo has no module {module} with tests")
