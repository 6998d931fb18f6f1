"""One turn of a day's work for :mod:`bench.channel_day`: ask the shops, read, route, ship, tell. Commits after each step."""

from odoo.addons.distrib_orders.connectors import registry
from odoo.addons.distrib_orders.connectors.client import Client
from odoo.service.model import retrying

from tests.odoo.channel_common import PLAIN

registry.platforms().setdefault("plain", PLAIN)
Client.pause = lambda self, attempt, after: 0.01  # the faults are many and the day is short


def turn(env) -> int:
    """What was done, as a number: zero when there was nothing to do."""
    done = 0
    for channel in env["distrib.channel"].search([("platform", "=", "plain")]):
        done += channel._pull()
        env.cr.commit()
    inbox = env["distrib.inbox.message"]
    messages = inbox.search([("state", "=", "waiting")], order="id", limit=200)
    retrying(messages._process, env)
    env.cr.commit()
    orders = env["sale.order"].search([("pool_state", "=", "to_route"), ("channel_id", "!=", False)], limit=100)
    retrying(orders._route, env)
    env.cr.commit()
    done += len(messages) + len(orders) + _ship(env)
    env["distrib.channel.call"].search([("state", "in", ("waiting", "unknown"))]).write({"next_at": env.cr.now()})
    env.cr.commit()
    env["distrib.channel.call"]._cron_send()
    return done


def _ship(env) -> int:
    """Let the goods of routed orders go, a number on each."""
    pickings = env["stock.picking"].search(
        [("sale_id.channel_id.platform", "=", "plain"), ("state", "=", "assigned")], order="id", limit=50
    )
    carrier = env["delivery.carrier"].search([("tracking_code", "=", "benchsf")], limit=1)
    for picking in pickings:
        picking.write({"carrier_id": carrier.id, "carrier_tracking_ref": f"SF{picking.id:09d}"})
        for move in picking.move_ids:
            move.picked = True
    if pickings:
        pickings._action_done()
    env.cr.commit()
    return len(pickings)
