"""./distrib doctor: what is here, what is missing, what to type."""

import platform
import shutil

from . import databases, debian, odoo_source, paths, settings, venv
from .steps import Problem, say


def doctor(options) -> None:
    """Print one line for each component; the exit code says whether all is well."""
    checks = [_python, _packages, _odoo, _system, _postgres, _database, _disk]
    wrong = 0
    for check in checks:
        try:
            say(f"ok       {check()}")
        except Problem as problem:
            wrong += 1
            say(f"missing  {problem.what}" + (f"\n         type: {problem.remedy}" if problem.remedy else ""))
    if wrong:
        raise SystemExit(1)


def _python() -> str:
    return f"Python {platform.python_version()}"


def _packages() -> str:
    if not venv.ready():
        raise Problem("Python packages of requirements.txt", "./distrib up")
    return f"Python packages in {paths.VENV}"


def _odoo() -> str:
    root = odoo_source.find()
    if not root:
        raise Problem("Odoo 19.0", "./distrib up   (or name one: ODOO_PATH=/path/to/odoo-19.0)")
    return f"Odoo 19.0 in {root}"


def _system() -> str:
    missing = debian.missing()
    if missing:
        raise Problem(f"{', '.join(missing)} (browser journeys and PDFs)", f"apt-get install {' '.join(missing)}")
    return "Chromium, wkhtmltopdf, Chinese fonts"


def _postgres() -> str:
    server = settings.server()
    version = databases.Databases(server).sql("SHOW server_version")
    return f"PostgreSQL {version} ({'embedded' if server.embedded else server.host})"


def _database() -> str:
    name = settings.read()["db_name"]
    base = databases.Databases(settings.server())
    if not base.exists(name):
        raise Problem(f"database {name}", "./distrib up")
    return f"database {name}"


def _disk() -> str:
    free = shutil.disk_usage(paths.PROJECT).free / 2**30
    if free < 3:
        raise Problem(f"only {free:.1f} GiB free; 3 are needed", "df -h .")
    return f"{free:.0f} GiB free"
