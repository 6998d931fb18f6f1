"""A process that reads the inbox, routes the pool, ships, and tells the platforms, again and again until it is ended.

``python -m bench._pool_worker CONF [MODULE]``: MODULE is imported first (it may register a platform).
"""

import importlib
import sys
import time


def main(conf: str, module: str = "") -> None:
    import odoo.api
    import odoo.modules.registry
    import odoo.tools

    odoo.tools.config.parse_config(["-c", conf])
    registry = odoo.modules.registry.Registry(odoo.tools.config["db_name"][0])
    work = importlib.import_module(module).turn if module else turn
    while True:
        with registry.cursor() as cr:
            env = odoo.api.Environment(cr, odoo.api.SUPERUSER_ID, {})
            busy = work(env)
            cr.commit()
        time.sleep(0 if busy else 0.2)


def turn(env) -> int:
    """One batch of messages read, one batch of orders routed; how many there were."""
    from odoo.service.model import retrying

    inbox = env["distrib.inbox.message"]
    messages = inbox.search([("state", "=", "waiting")], order="id", limit=200)
    retrying(messages._process, env)
    env.cr.commit()
    orders = env["sale.order"].search([("pool_state", "=", "to_route")], order="id", limit=100)
    retrying(orders._route, env)
    return len(messages) + len(orders)


if __name__ == "__main__":
    main(*sys.argv[1:])
