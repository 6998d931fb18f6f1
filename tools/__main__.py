"""The commands of ./distrib. Each is a line here and a short function elsewhere."""

import argparse
import os
import subprocess
import sys

from . import paths, venv
from .steps import Problem, say

# Commands import their modules inside: before the virtual environment exists only the standard library is there.


def _up(options):
    from . import server

    server.up(options)


def _test(options):
    from . import testing

    testing.test(options)


def _shell(options):
    from . import databases, settings

    pg = settings.server()
    database = options.database or settings.read()["db_name"]
    _known(databases.Databases(pg), database)
    conf = settings.write(paths.RUN / f"{database}.conf", database, pg)
    command = [paths.PYTHON, "-m", "odoo", "shell", "-c", conf, "--no-http"]
    raise SystemExit(subprocess.run(command, env=settings.environment(pg)).returncode)


def _psql(options):
    from . import postgres, settings

    pg = settings.server()
    database = options.database or settings.read()["db_name"]
    command = [postgres.binary("psql"), "-d", database, *options.arguments]
    raise SystemExit(subprocess.run(command, env=pg.environment()).returncode)


def _update(options):
    from . import databases, server, settings

    base = databases.Databases(settings.server())
    name = settings.read()["db_name"]
    _known(base, name)
    base.odoo(name, "-u", ",".join(options.addons or paths.SUITE))
    server.set_hash(base, name, paths.tree_hash(paths.ADDONS))
    say(f"{name} is up to date")


def _import_sales(options):
    import json

    from . import databases, settings

    base = databases.Databases(settings.server())
    name = options.database or settings.read()["db_name"]
    _known(base, name)
    chosen = {"create_missing": not options.known_only}
    if options.pairs:
        chosen["limit_pairs"] = options.pairs
    if options.mapping:
        chosen["mapping"] = json.loads(options.mapping)
    path = os.path.abspath(options.file)
    if not os.path.exists(path):
        raise Problem(f"no file {options.file}")
    base.call(name, "import_sales", path, json.dumps(chosen), quiet=False)


def _i18n(options):
    from . import databases, settings

    base = databases.Databases(settings.server())
    with base.scratch(base.suite(), "i18n") as name:
        base.call(name, "export_terms", *(options.addons or paths.SUITE), quiet=False)


def _bench(options):
    from . import benching

    raise SystemExit(benching.bench(options.name, options.arguments))


def _reset(options):
    from . import server

    server.reset(options)


def _doctor(options):
    from . import doctor

    doctor.doctor(options)


def _screenshots(options):
    from . import screenshots

    screenshots.take(options)


def _known(base, name: str) -> None:
    if not base.exists(name):
        raise Problem(f"there is no database {name} yet", "./distrib up")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./distrib",
        description="The open retail-distribution suite for Odoo 19.",
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=20),
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name, function, text):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(function=function)
        return command

    up = add("up", _up, "set everything up and serve on 127.0.0.1:8069")
    up.add_argument("--port", type=int, help="another port than odoo.conf's")
    up.add_argument("--scale", type=int, default=1, help="size of a new demo network (1: 23 warehouses, 120 products)")
    up.add_argument("--lang", default="", help="language of the demo users of a new database: en_US or zh_CN")
    up.add_argument("--stop", action="store_true", help="stop once the server has answered")
    test = add("test", _test, "lint, engine, Odoo and browser tests; or a part: ./distrib test PATH -k EXPR")
    test.add_argument("--core", action="store_true", help="core's own suites, with and without the five add-ons")
    test.add_argument("--modules", default="", help="with --core: only these core modules, comma separated")
    test.add_argument("arguments", nargs="*", help="PATH and pytest's own options")
    add("shell", _shell, "an Odoo shell on the database").add_argument("--database")
    psql = add("psql", _psql, "PostgreSQL's client on the database")
    psql.add_argument("--database")
    psql.add_argument("arguments", nargs="*", help="psql's own options")
    add("update", _update, "bring the database to the add-ons' present code").add_argument("addons", nargs="*")
    sales = add("import-sales", _import_sales, "import a CSV, XLSX or Parquet file of daily sales")
    sales.add_argument("file")
    sales.add_argument("--pairs", type=int, help="only the first N store-product pairs of the file")
    sales.add_argument("--known-only", action="store_true", help="do not create stores and products that are missing")
    sales.add_argument("--mapping", help='JSON {"column of the file": "field"}; guessed when left out')
    sales.add_argument("--database")
    bench = add("bench", _bench, "list the measurements, or run one: ./distrib bench NAME [options]")
    bench.add_argument("name", nargs="?")
    bench.add_argument("arguments", nargs="*", help="the measurement's own options")
    add("i18n", _i18n, "refresh i18n/zh_CN.po with every new string").add_argument("addons", nargs="*")
    reset = add("reset", _reset, "drop the database, to begin anew with ./distrib up")
    reset.add_argument("--all", action="store_true", help="the templates as well")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    add("doctor", _doctor, "say what is here, what is missing and what to type")
    shots = add("screenshots", _screenshots, "take the README's screenshots from the running system")
    shots.add_argument("--lang", default="en_US", help="the browser's language (users keep their own)")
    shots.add_argument("--url", default="", help="where the system runs, if not at odoo.conf's port")
    return parser


PASS_ON = {"test": {"--core", "--modules"}, "psql": {"--database"}, "bench": set()}
"""Commands that hand the rest of the line to another program -> the options that are ours (written --name=value)."""


def _parse(words: list[str]) -> argparse.Namespace:
    """Parse our own options; from the first other word on, the line belongs to pytest, psql or the measurement."""
    own, rest = words, []
    if words and words[0] in PASS_ON:
        ours = PASS_ON[words[0]] | {"-h", "--help"}
        end = next((i for i, w in enumerate(words[1:], 1) if w.split("=")[0] not in ours), len(words))
        own, rest = words[:end], words[end:]
    options = _parser().parse_args(own)
    if options.command == "bench":
        options.name, rest = (rest[0] if rest else None), rest[1:]
    if options.command in PASS_ON:
        options.arguments = rest
    return options


def _in_venv() -> None:
    """Go on inside the virtual environment, once it is there."""
    venv.ensure()
    if os.path.realpath(sys.prefix) != os.path.realpath(paths.VENV):
        os.execv(paths.PYTHON, [str(paths.PYTHON), "-m", "tools", *sys.argv[1:]])


def main() -> None:
    options = _parse(sys.argv[1:])
    try:
        if options.command != "doctor" or venv.ready():
            _in_venv()
        options.function(options)
    except Problem as problem:
        sys.stderr.write(f"distrib: {problem.what}\n")
        if problem.remedy:
            sys.stderr.write(f"  type: {problem.remedy}\n")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
