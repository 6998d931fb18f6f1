"""./distrib bench: one contract for every figure.

A measurement is a module ``bench/NAME.py`` with a docstring (its first line is the list's line) and two functions:
``arguments(parser)`` adds its options, ``measure(options) -> Result`` makes its data, measures ours and the peer in the
same run, and returns the figure. The last line printed is ``NAME: VALUE UNIT (PEER, goal GOAL) met|short``.
Exit code 0 met, 1 short, 2 could not run.
"""

import argparse
import ast
import contextlib
import importlib
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

from . import databases, engines, odoo_source, paths, settings
from .steps import Problem, say

FOLDER = paths.PROJECT / "bench"


@dataclass(frozen=True)
class Result:
    """One figure: ``value unit``, the peer or bound measured in the same run, the goal, and whether it is met."""

    value: float
    unit: str
    peer: str
    goal: str
    met: bool

    def line(self, name: str) -> str:
        """The closing line.

        >>> Result(1.234, "times one grouped query", "core 50 times", "at most 1.5", True).line("x")
        'x: 1.23 times one grouped query (core 50 times, goal at most 1.5) met'
        """
        number = f"{self.value:,.0f}" if abs(self.value) >= 1000 else f"{self.value:.3g}"
        return f"{name}: {number} {self.unit} ({self.peer}, goal {self.goal}) {'met' if self.met else 'short'}"


def names() -> dict[str, str]:
    """Measurement -> the first line of its docstring."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        if not path.name.startswith("_"):
            found[path.stem] = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]
    return found


def bench(name: str | None, words: list[str]) -> int:
    if name is None:
        for known, text in names().items():
            say(f"  {known:<24} {text}")
        return 0
    if name not in names():
        raise Problem(f"there is no measurement {name}", "./distrib bench")
    engines.bind()
    module = importlib.import_module(f"bench.{name}")
    parser = argparse.ArgumentParser(
        prog=f"./distrib bench {name}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    module.arguments(parser)
    options = parser.parse_args(words)
    try:
        result = module.measure(options)
    except Problem:
        raise
    except Exception:  # whatever it was, the figure could not be taken: say it and leave with 2
        traceback.print_exc(file=sys.stderr)
        say(f"{name}: could not run")
        return 2
    say(result.line(name))
    return 0 if result.met else 1


@contextlib.contextmanager
def odoo(purpose: str, template: str = "suite") -> Iterator:
    """An Odoo environment (superuser) on a scratch database made from a template; dropped afterwards."""
    base = databases.Databases(settings.server())
    source = base.suite() if template == "suite" else base.demo() if template == "demo" else base.core()
    with base.scratch(source, purpose) as name:
        sys.path.insert(0, str(odoo_source.ensure()))
        conf = settings.write(paths.RUN / f"{name}.conf", name, base.server, max_cron_threads="0")
        for known in [m for m in sys.modules if m.startswith("distrib_")]:
            del sys.modules[known]  # inside Odoo the add-ons are odoo.addons.distrib_*
        import odoo.api
        import odoo.modules.registry
        import odoo.sql_db
        import odoo.tools

        odoo.tools.config.parse_config(["-c", str(conf)])
        registry = odoo.modules.registry.Registry(name)
        try:
            with registry.cursor() as cr:
                yield odoo.api.Environment(cr, odoo.api.SUPERUSER_ID, {})
        finally:
            odoo.sql_db.close_db(name)
