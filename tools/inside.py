"""What ./distrib does inside an Odoo environment: ``python -m tools.inside CONF FUNCTION [ARGUMENTS]``."""

import base64
import json
import sys
import time
from pathlib import Path

from .steps import say


def demo(env, scale: str = "1", lang: str = "") -> None:
    """Write the demo network, once."""
    env["distrib.demo"].build(scale=int(scale), lang=lang or None)


def logins(env) -> None:
    """Print who can log in."""
    for login, role in env["distrib.demo"].logins():
        say(f"   {login:<16} {role}")


def import_sales(env, path: str, options: str = "{}") -> None:
    """Import a file of daily sales into demand history, printing progress; bad rows go into a file beside it."""
    start = time.monotonic()

    def report(job, done, expected):
        say(f"   {time.monotonic() - start:6.1f} s  {done:,} of about {expected:,} rows, {job.bad_count:,} bad")

    job = env["distrib.sales.import"]._import_path(path, report=report, **json.loads(options))
    env.cr.commit()
    say(f"{job.row_count:,} rows, {job.good_count:,} good, {job.bad_count:,} bad in {time.monotonic() - start:.1f} s")
    say(f"days: {job.new_days:,} new, {job.changed_days:,} changed, {job.unchanged_days:,} unchanged")
    if job.error_file:
        errors = Path(path).with_name(job.error_file_name)
        errors.write_bytes(base64.b64decode(job.error_file))
        say(f"bad rows, to be mended and imported again: {errors}")
    if job.state != "done":
        say(f"the import failed: {job.message}")
        sys.exit(1)


def export_terms(env, *addons: str) -> None:
    """Refresh ``i18n/zh_CN.po`` of the add-ons."""
    from . import i18n

    for addon in addons:
        i18n.update(env, addon)


def main() -> None:
    conf, function, *arguments = sys.argv[1:]
    import odoo.api
    import odoo.modules.registry
    import odoo.tools

    odoo.tools.config.parse_config(["-c", conf])
    database = odoo.tools.config["db_name"][0]
    registry = odoo.modules.registry.Registry(database)
    with registry.cursor() as cr:
        env = odoo.api.Environment(cr, odoo.api.SUPERUSER_ID, {})
        globals()[function](env, *arguments)


if __name__ == "__main__":
    main()
