import dataclasses
import json
from datetime import timedelta
from typing import NamedTuple

from odoo import api, fields, models

from ..connectors.errors import ChannelError, Refused, TokenExpired, TryLater, Unknown
from ..connectors.types import Parcel, Shipment, ShippedLine
from ..engine import shipment as engine

BATCH = 20
LEASE = timedelta(minutes=10)
MOST_ATTEMPTS = 15
OPEN = ("waiting", "unknown")
DOWN = 3  # so many calls in a row that a platform cannot answer, and it is left alone


class Outbound(NamedTuple):
    """A parcel as it left: number, our code and name of the carrier, (move, quantity) in it; empty: not known apart."""

    tracking: str
    carrier: str
    carrier_name: str = ""
    contents: tuple = ()


class ChannelCall(models.Model):
    """What a platform has to be told, written down in the transaction that made it true, told afterwards.

    Before a call goes out it is noted as unknown and committed. A worker that dies in the middle of it leaves that mark,
    and the next one asks the platform what it knows before it says anything again.
    """

    _name = "distrib.channel.call"
    _description = "Message to a Platform"
    _order = "id desc"
    _rec_name = "external_id"

    channel_id = fields.Many2one("distrib.channel", required=True, index=True, ondelete="restrict", readonly=True)
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    kind = fields.Selection([("ship", "Shipped")], required=True, readonly=True, default="ship")
    key = fields.Char(required=True, readonly=True, help="Names what is told; told twice it has one effect.")
    external_id = fields.Char(string="Outside Number", readonly=True, index=True)
    order_id = fields.Many2one("sale.order", readonly=True, index="btree_not_null", ondelete="set null")
    picking_id = fields.Many2one("stock.picking", readonly=True, index="btree_not_null", ondelete="set null")
    tracking = fields.Char(
        string="Tracking Number", help="Instead of the delivery's own. Several are separated by commas."
    )
    carrier = fields.Char(string="Our Carrier Code", help="Instead of the delivery's own.")
    payload = fields.Json(readonly=True, help="What was told last.")
    told = fields.Char(compute="_compute_told")
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("unknown", "Answer Lost"),
            ("sent", "Told"),
            ("failed", "Rejected by Platform"),
            ("ignored", "Done by Hand"),
        ],
        required=True,
        readonly=True,
        default="waiting",
        help="Answer lost: the platform is asked what it knows before it is told again.",
    )
    missing = fields.Selection(
        [("tracking", "Tracking number"), ("carrier", "Carrier's code on the platform")], string="Lacks", readonly=True
    )
    attempts = fields.Integer(readonly=True)
    next_at = fields.Datetime(string="Next Try", readonly=True, default=fields.Datetime.now)
    sent_at = fields.Datetime(string="Told At", readonly=True)
    error = fields.Char(string="Answer", readonly=True)

    _key_uniq = models.Constraint("UNIQUE (channel_id, key)", "This was written down before.")
    _due_idx = models.Index("(channel_id, next_at, id) WHERE state IN ('waiting', 'unknown')")
    _open_idx = models.Index("(order_id) WHERE state IN ('waiting', 'unknown')")

    @api.depends("payload")
    def _compute_told(self):
        for call in self:
            parcels = (call.payload or {}).get("parcels", ())
            call.told = ", ".join(f"{parcel['carrier']} {parcel['tracking']}" for parcel in parcels)

    # Writing down

    @api.model
    def _note_shipped(self, pickings):
        """One call for each order of a platform that has goods in these deliveries."""
        platforms = self.env["distrib.channel.carrier"]._platforms_that_ship()
        rows = []
        for picking in pickings:
            for order in picking.move_ids.sale_line_id.order_id:
                channel = order.channel_id
                if channel.platform in platforms and order.channel_order_ref:
                    rows.append(
                        {
                            "channel_id": channel.id,
                            "key": f"ship-{picking.id}-{order.id}",
                            "external_id": order.channel_order_ref,
                            "order_id": order.id,
                            "picking_id": picking.id,
                        }
                    )
        known = self.search([("key", "in", [row["key"] for row in rows])]).grouped("key") if rows else {}
        calls = self.create([row for row in rows if row["key"] not in known])
        if calls:
            self._wake_cron()
        return calls

    @api.model
    def _wake_cron(self):
        self.env.ref("distrib_orders.cron_channel_calls")._trigger()

    def _wake(self):
        """Try again now: what was lacking is there."""
        self.filtered(lambda c: c.state in OPEN).write({"missing": False, "next_at": fields.Datetime.now()})
        if self:
            self._wake_cron()

    # What is told

    def _shipment(self):
        """The shipment to be told, or what is lacking."""
        self.ensure_one()
        parcels = self._parcels()
        if not parcels or not all(parcel.tracking for parcel in parcels):
            return None, "tracking"
        codes = self.env["distrib.channel.carrier"]._codes(
            self.channel_id, {parcel.carrier: parcel.carrier_name for parcel in parcels}
        )
        if not all(codes.get(parcel.carrier) for parcel in parcels):
            return None, "carrier"
        sold, moves = self.order_id._sold_lines(), self._own_moves()
        before = self._shipped(self._earlier_moves().mapped(lambda move: (move, move.quantity)))
        every = self._lines(sold, moves.mapped(lambda move: (move, move.quantity)), before)
        told = [
            Parcel(
                parcel.tracking,
                codes[parcel.carrier],
                # Where nobody knows what is in which parcel, the first one has it all.
                self._lines(sold, parcel.contents, before) if parcel.contents else (() if place else every),
                parcel.carrier_name,
            )
            for place, parcel in enumerate(parcels)
        ]
        shipment = Shipment(self.external_id, self.key, tuple(told), self._is_last(), self._order_there())
        return shipment, False

    def _parcels(self):
        found = self.picking_id._outbound_parcels()
        numbers = [number.strip() for number in (self.tracking or "").split(",") if number.strip()]
        if numbers:
            known = found[:1] or [Outbound("", "")]
            found = [Outbound(number, known[0].carrier, known[0].carrier_name) for number in numbers]
        if self.carrier:
            found = [parcel._replace(carrier=self.carrier, carrier_name=self.carrier) for parcel in found]
        return found

    def _own_moves(self):
        return self.picking_id.move_ids.filtered(
            lambda move: move.state == "done" and move.sale_line_id.order_id == self.order_id
        )

    def _earlier_moves(self):
        """What earlier deliveries of the order held."""
        earlier = self.search([("order_id", "=", self.order_id.id), ("kind", "=", "ship"), ("id", "<", self.id)])
        return self.env["stock.move"].union(*(call._own_moves() for call in earlier))

    def _shipped(self, contents):
        """dict id of our line -> quantity in its unit."""
        shipped = {}
        for move, quantity in contents:
            line = move.sale_line_id
            if line.order_id == self.order_id:
                amount = move.product_uom._compute_quantity(quantity, line.product_uom_id, round=False)
                shipped[line.id] = shipped.get(line.id, 0.0) + amount
        return shipped

    def _lines(self, sold, contents, before):
        parts = engine.outside_lines(sold, self._shipped(contents), before)
        return tuple(ShippedLine(part.line_id, part.quantity, part.sku) for part in parts)

    def _order_there(self):
        """The order as the platform wrote it last; empty when that is no longer kept."""
        message = self.order_id.channel_message_id
        found = json.loads(message.body) if message.body and not message.masked_at else {}
        return found if isinstance(found, dict) else {}

    def _is_last(self):
        """Whether nothing of the order follows: no open delivery, and no later call that waits."""
        order = self.order_id
        deliveries = order.picking_ids.filtered(
            lambda p: p.location_dest_id.usage == "customer" and p.state not in ("done", "cancel")
        )
        later = self.search_count(
            [("order_id", "=", order.id), ("state", "in", OPEN), ("id", ">", self.id), ("kind", "=", "ship")], limit=1
        )
        return not deliveries and not later

    # Telling

    @api.model
    def _cron_send(self):
        """Tell every platform what it has to know; one that is down does not keep the others waiting."""
        cron = self.env["ir.cron"]
        due = [("state", "in", OPEN), ("missing", "=", False), ("next_at", "<=", fields.Datetime.now())]
        groups = self._read_group(due, ["channel_id"], ["__count"])
        cron._commit_progress(remaining=sum(count for _channel, count in groups))
        for channel, _count in groups:
            if not self._send_channel(channel):
                break

    @api.model
    def _send_channel(self, channel):
        """Tell one platform all that is due. False when the time of this run is used up."""
        client = channel.with_company(channel.company_id)._client()
        streak = 0
        while calls := self._due(channel):
            asked = {call.id for call in calls if call.attempts}
            shipments = calls._lease()
            left = self.env["ir.cron"]._commit_progress(len(calls) - len(shipments))
            for call, shipment in shipments.items():
                streak = streak + 1 if call._send(client, shipment, call.id in asked) is None else 0
                left = self.env["ir.cron"]._commit_progress(1)
                if streak >= DOWN or not left:
                    break
            for call in calls:
                if call.state == "unknown" and call.id not in asked and not call.error:  # never went out
                    call.write({"state": "waiting", "attempts": call.attempts - 1, "next_at": fields.Datetime.now()})
            if streak >= DOWN or not left:
                self.env["ir.cron"]._commit_progress()
                return bool(left)
        return True

    @api.model
    def _due(self, channel):
        domain = [
            ("channel_id", "=", channel.id),
            ("state", "in", OPEN),
            ("missing", "=", False),
            ("next_at", "<=", fields.Datetime.now()),
        ]
        return self.search(domain, order="next_at, id", limit=BATCH).try_lock_for_update()

    def _lease(self):
        """Mark those that can go out as unknown until their answer is there; note what the others lack.

        :return: dict call -> shipment
        """
        ready, until = {}, fields.Datetime.now() + LEASE
        for call in self:
            shipment, missing = call._shipment()
            if missing:
                call.missing = missing
                continue
            ready[call] = shipment
            call.write(
                {
                    "state": "unknown",
                    "attempts": call.attempts + 1,
                    "next_at": until,
                    "error": False,
                    "payload": dataclasses.asdict(dataclasses.replace(shipment, order={})),
                }
            )
        return ready

    def _send(self, client, shipment, asked):
        """Tell one shipment. What was tried before is asked for first.

        :return: None when the platform could not answer
        """
        self.ensure_one()
        try:
            if asked and client.has("shipped"):
                known = self.channel_id._talk(client, lambda c: c.shipped(shipment.external_id))
                parcels = tuple(parcel for parcel in shipment.parcels if parcel.tracking not in known)
                shipment = dataclasses.replace(shipment, parcels=parcels)
            if shipment.parcels:
                self.channel_id._talk(client, lambda c: c.ship(shipment))
        except ChannelError as error:
            return self._trouble(error)
        self.write({"state": "sent", "sent_at": fields.Datetime.now(), "error": False, "next_at": False})
        return True

    def _trouble(self, error):
        text = (f"{error.code}: {error}" if error.code else str(error))[:500]
        final = isinstance(error, Refused | TokenExpired)
        if final or self.attempts >= MOST_ATTEMPTS:
            self.write({"state": "failed", "error": text, "next_at": False})
            self.channel_id._call_manager(
                self.env._("Shipping of %(order)s was not accepted: %(why)s", order=self.external_id, why=text)
            )
            return False
        after = engine.pause(self.attempts, getattr(error, "after", None))
        self.write(
            {
                "state": "unknown" if isinstance(error, Unknown) else "waiting",
                "error": text,
                "next_at": fields.Datetime.now() + timedelta(seconds=after),
            }
        )
        return None if isinstance(error, TryLater | Unknown) else False

    # What a manager does

    def action_retry(self):
        self.check_access("write")
        # sudo: these fields are code's; who may write messages to platforms may have them sent
        calls = self.sudo().filtered(lambda c: c.state not in ("sent",))
        calls.filtered(lambda c: c.state in ("failed", "ignored")).state = "waiting"
        calls._wake()
        return True

    def action_ignore(self):
        """The platform was told by hand, or need not be told."""
        self.check_access("write")
        # sudo: see action_retry
        self.sudo().filtered(lambda c: c.state not in ("sent", "ignored")).write({"state": "ignored", "next_at": False})
        return True

    def write(self, vals):
        done = super().write(vals)
        if {"tracking", "carrier"} & vals.keys():
            self.filtered("missing")._wake()
        return done

    def action_open_order(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.order_id.id,
            "views": [[False, "form"]],
        }


class SaleOrder(models.Model):
    _inherit = "sale.order"

    channel_call_ids = fields.One2many("distrib.channel.call", "order_id", groups="base.group_user")

    def _sold_lines(self):
        """Our lines in the platform's count.

        :return: list of :class:`..engine.shipment.Sold`, keyed by the id of our line
        """
        self.ensure_one()
        sold = []
        for line in self.order_line.filtered(lambda line: line.product_id.type == "consu"):
            article = line.channel_product_id
            parts = article.part_ids.filtered(lambda part, line=line: part.product_id == line.product_id)
            per_unit = sum(parts.mapped("quantity")) if parts else article.factor or 1.0
            sku = article.outer_code or line.product_id.default_code or ""
            sold.append(engine.Sold(line.channel_line_ref or "", sku, line.id, per_unit))
        return sold


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _action_done(self):
        result = super()._action_done()
        self._tell_platforms()
        return result

    def _tell_platforms(self):
        done = self.filtered(lambda p: p.state == "done" and p.location_dest_id.usage == "customer")
        if done:
            # sudo: whoever validates the delivery, the platform has to know; the outbox is written by code alone
            self.env["distrib.channel.call"].sudo()._note_shipped(done.sudo())

    def _outbound_parcels(self):
        """The parcels of a done delivery, as :class:`Outbound`. Add-ons that know parcels say more."""
        self.ensure_one()
        return []

    def _outbound_changed(self):
        """Parcels or numbers of deliveries have changed: what waited for them goes out."""
        # sudo: see _tell_platforms
        calls = self.env["distrib.channel.call"].sudo()
        calls.search([("picking_id", "in", self.ids), ("state", "=", "waiting"), ("missing", "!=", False)])._wake()
