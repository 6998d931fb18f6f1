"""What ./distrib does inside an Odoo environment: ``python -m tools.inside CONF FUNCTION [ARGUMENTS]``."""

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
    """Import a file of daily sales into demand history, printing progress."""
    start = time.monotonic()
    chosen = json.loads(options)
    chosen["progress"] = lambda text: say(f"   {time.monotonic() - start:6.1f} s  {text}")
    record = env["distrib.sales.import"]._import_path(str(Path(path).resolve()), **chosen)
    env.cr.commit()
    for line in record._summary_lines():
        say(f"   {line}")
    if record.state != "done":
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
