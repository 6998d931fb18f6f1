import json
import uuid
from datetime import timedelta

from odoo import fields, models

# Nobody listens there: whoever ends the pause to try it out sees a try in vain, and nothing leaves the machine.
NOWHERE = "http://127.0.0.1:9/orders"


class Demo(models.AbstractModel):
    """Three suppliers with agreements that are paused, and an example of each state of an order with them."""

    _inherit = "distrib.demo"

    def _steps(self):
        return [*super()._steps(), (97, "supplier orders", self._build_supplier_orders)]

    def _build_supplier_orders(self, made):
        links = self._build_supplier_links(made)
        orders = self.env["purchase.order"].search(
            [("partner_id", "in", links.partner_id.ids), ("state", "=", "purchase")], order="id"
        )
        by_partner = orders.grouped("partner_id")
        turns = [order for row in zip(*by_partner.values(), strict=False) for order in row]
        planner = self.env["res.users"].search([("login", "=", "planner")], limit=1)
        orders.user_id = planner or self.env.user
        for order, play in zip(turns, self._supplier_plays(), strict=False):
            link = links.filtered(lambda found, order=order: found.partner_id == order.partner_id)
            message = self.env["distrib.supplier.order"]._queue(order, link)
            play(message)

    def _build_supplier_links(self, made):
        chosen = self.env["purchase.order"]._read_group(
            [("partner_id", "in", made.suppliers.ids), ("state", "=", "purchase")],
            ["partner_id"],
            order="__count desc, partner_id",
            limit=3,
        )
        suppliers = self.env["res.partner"].union(*(partner for (partner,) in chosen))
        values = [
            {"method": "json_http", "endpoint": NOWHERE, "secret": uuid.uuid4().hex},
            {"method": "mail", "send_mode": "button", "quantity_tolerance": 0.1},
            {"method": "ubl_http", "endpoint": NOWHERE, "secret": uuid.uuid4().hex},
        ]
        for number, supplier in enumerate(suppliers, start=1):
            supplier.email = supplier.email or f"orders{number}@supplier.example.com"
        return self.env["distrib.supplier.link"].create(
            [
                {"partner_id": supplier.id, "paused": True, **vals}
                for supplier, vals in zip(suppliers, values, strict=False)
            ]
        )

    def _supplier_plays(self):
        """What became of the orders, one after the other."""
        return [
            self._play_accepted,
            self._play_consent,
            self._play_failed,
            self._play_silent,
            self._play_later,
            self._play_waiting,
        ]

    def _play_sent(self, message, days_ago=1):
        sent = fields.Datetime.now() - timedelta(days=days_ago)
        message._step("take", attempts=1, tried_on=sent)
        message._step("accept", maybe_taken=True, sent_on=sent, answer_due=sent + timedelta(days=2), http_status=200)

    def _play_answer(self, message, mark, status, lines=()):
        data = {"order": message.purchase_id.name, "id": mark, "version": 1, "status": status, "reference": f"SO{mark}"}
        if lines:
            data["lines"] = lines
        raw = json.dumps(data).encode()
        self.env["distrib.supplier.answer"]._take(raw, "json", "webhook", link=message.link_id)

    def _play_accepted(self, message):
        self._play_sent(message)
        self._play_answer(message, f"{message.id:05}", "accepted")

    def _play_consent(self, message):
        self._play_sent(message)
        line = message.content["lines"][0]
        fewer = {"line": line["line"], "quantity": float(int(line["quantity"] * 0.6) or 1)}
        self._play_answer(message, f"{message.id:05}", "changed", [fewer])

    def _play_failed(self, message):
        message._step("take", attempts=8, tried_on=fields.Datetime.now())
        message._step("refuse", problem="connect")
        message._tell_buyer()

    def _play_silent(self, message):
        self._play_sent(message, days_ago=4)

    def _play_later(self, message):
        self._play_sent(message)
        line = message.content["lines"][0]
        day = fields.Date.to_date(line["date"]) + timedelta(days=3)
        self._play_answer(message, f"{message.id:05}", "changed", [{"line": line["line"], "date": str(day)}])

    def _play_waiting(self, message):
        """Waits for the end of the pause."""
