from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ..engine import holds, intake
from .problems import problem

RISKS = ("low", "medium", "high")
SHIPPED = ("part_shipped", "shipped", "done")


class IntakeHolds(models.AbstractModel):
    """What the platform says of an order, and why it is not shipped yet."""

    _inherit = "distrib.intake"

    @api.model
    def _said_values(self, channel, order, worth):
        """What the platform says of the order as a whole."""
        return {
            "platform_status": order.status if channel.platform or order.status != "open" else False,
            "outside_status": order.outside_status,
            "paid_at": order.paid_at,
            "ship_by": order.ship_by,
            "pool_payment": self._payment(channel, order),
            "seller_note": order.seller_note,
            "merge_key": order.merge_key or False,
            "privacy_id": order.privacy_id,
            "receiver_masked": order.masked,
            "channel_paid": order.paid or round(worth.owed - worth.platform, 2),
            "channel_freight": order.freight,
            "channel_discount": sum(line.discount for line in worth.lines if line),
            "channel_platform_discount": worth.platform,
        }

    @api.model
    def _payment(self, channel, order):
        """Paid or not; nothing where nobody says."""
        if order.presale in ("deposit", "final_unpaid"):
            return "part" if order.paid_at or order.paid else "unpaid"
        if order.status == "unpaid":
            return "unpaid"
        return "paid" if channel.platform or order.paid_at else False

    @api.model
    def _plain_holds(self, channel, order, worth, unmatched, lines):
        """(hold code, problems) that the order itself brings, the most serious first."""
        found = []
        if order.status in SHIPPED:
            found.append(("outside", [problem("shipped_outside", value=order.outside_status or order.status)]))
        if unmatched:
            found.append(("unmatched", unmatched))
        if self._payment(channel, order) in ("unpaid", "part"):
            found.append(("unpaid", [problem("presale_unpaid" if order.presale else "unpaid")]))
        if order.platform_hold or (order.presale == "final_paid" and order.ship_from):
            found += self._platform_hold(order)
        if any(line.refund == "requested" for line in order.lines):
            found.append(("refund", [problem("refund_requested")]))
        if abs(worth.gap) > 0.005 or any(line and line.revenue < 0 for line in worth.lines):
            found.append(("price", [problem("gap", "paid", value=order.paid, gap=worth.gap)]))
        return found

    @api.model
    def _platform_hold(self, order):
        """Held by the platform; what waits for a day only lifts itself."""
        reason = order.platform_hold or "presale"
        until = ""
        if order.ship_from and reason == "presale":
            if order.ship_from <= fields.Datetime.now():
                return []
            until = fields.Datetime.to_string(order.ship_from)
        return [("platform", [problem(f"hold_{reason}", until=until)])]

    # Rules

    @api.model
    def _add_holds(self, channel, plans):
        """Add what the channel's hold rules find to the plans of a batch, in a fixed number of queries."""
        rules = self.env["distrib.hold.rule"]._of(channel)
        open_plans = [plan for plan in plans if plan.kind != "change" and plan.order.status != "cancelled"]
        if not rules or not open_plans:
            return
        engine_rules = rules._for_engine()
        by_id = {rule.id: rule for rule in rules}
        prices = self._prices(channel, open_plans, rules)
        earlier = self._earlier(channel, open_plans, rules)
        later = {plan.order.external_id for plan in open_plans}
        for plan in open_plans:
            passed = set(plan.sale.hold_passed or [])
            # Of two in one batch only the second one is the duplicate.
            others = [row for row in earlier[self._buyer_mark(plan)] if row.name not in later]
            later.discard(plan.order.external_id)
            hits = [h for h in holds.check(engine_rules, self._facts(plan, prices, others)) if h.rule not in passed]
            if hits:
                said = [
                    problem(f"rule_{hit.kind}", "", rule=hit.rule, name=by_id[hit.rule].name, **hit.values)
                    for hit in hits
                ]
                plan.holds.append(("rule", said))
                plan.risk = max((by_id[hit.rule].risk for hit in hits), key=RISKS.index)
            if plan.order.platform_hold == "risk":
                plan.risk = "high"

    @api.model
    def _facts(self, plan, prices, others):
        order, address = plan.order, plan.order.address
        text = "".join(address.get(name, "") for name in ("province", "city", "district", "town", "street"))
        placed = bool(plan.shipping.distrib_region_id) if plan.shipping and text else not text
        return holds.Facts(
            items=self._items(plan, prices),
            total=plan.values["channel_paid"],
            name=address.get("name", ""),
            phone=address.get("phone", ""),
            address=text,
            privacy_id=order.privacy_id,
            placed=placed and bool(address.get("street") or order.masked or not text),
            note=order.note,
            seller_note=order.seller_note,
            ordered_at=plan.values["channel_ordered_at"],
            earlier=others,
        )

    @api.model
    def _items(self, plan, prices):
        listed, floor, labels = prices
        items = []
        for line in plan.lines:
            product = line.get("product_id")
            if not product or line.get("channel_line_key") == "freight":
                continue
            number, unit = line["product_uom_qty"], None
            if "channel_paid" in line and number:
                unit = (line["channel_paid"] + line["channel_platform_discount"]) / number
            items.append(
                holds.Item(
                    product, number, unit, listed.get(product), floor.get(product), line["channel_gift"],
                    labels.get(product, ""),
                )
            )  # fmt: skip
        return tuple(items)

    @api.model
    def _prices(self, channel, plans, rules):
        """(list, lowest price, name) by product, as far as the rules ask for them."""
        ids = {line["product_id"] for plan in plans for line in plan.lines if line.get("product_id")}
        products, kinds = self.env["product.product"].browse(ids), set(rules.mapped("kind"))
        listed = floor = {}
        if "list_price" in kinds and channel.pricelist_id:
            listed = channel.pricelist_id._get_products_price(products, 1.0)
        if "floor" in kinds and channel.floor_pricelist_id:
            floor = channel.floor_pricelist_id._get_products_price(products, 1.0)
        labels = {p.id: p.display_name for p in products} if kinds & {"list_price", "floor"} else {}
        return listed, floor, labels

    @api.model
    def _buyer_mark(self, plan):
        return intake.buyer_key(plan.order.address) or plan.order.privacy_id or plan.values["partner_id"]

    @api.model
    def _earlier(self, channel, plans, rules):
        """Other orders of the buyers of a batch: dict buyer -> [Earlier], also those of the batch itself."""
        found = defaultdict(list)
        hours = max((rule.hours for rule in rules if rule.kind == "duplicate"), default=0)
        if not hours:
            return found
        for plan in plans:
            items = defaultdict(float)
            for item in self._items(plan, ({}, {}, {})):
                items[item.product] += item.quantity
            moment = plan.values["channel_ordered_at"]
            found[self._buyer_mark(plan)].append(holds.Earlier(plan.order.external_id, moment, dict(items)))
        marks = {plan.values["partner_id"]: self._buyer_mark(plan) for plan in plans}
        moments = [plan.values["channel_ordered_at"] for plan in plans]
        self._add_stored(channel, found, marks, moments, timedelta(hours=hours), plans)
        return found

    @api.model
    def _add_stored(self, channel, found, marks, moments, span, plans):
        domain = Domain("partner_id", "in", list(marks)) & Domain("state", "!=", "cancel")
        domain &= Domain("channel_ordered_at", ">=", min(moments) - span)
        domain &= Domain("channel_ordered_at", "<=", max(moments) + span)
        domain &= Domain("company_id", "=", channel.company_id.id)
        domain &= Domain("channel_order_ref", "not in", [plan.order.external_id for plan in plans])
        orders = self.env["sale.order"].search(domain)
        rows = self.env["sale.order.line"]._read_group(
            [("order_id", "in", orders.ids), ("product_id", "!=", False), ("channel_line_key", "!=", "freight")],
            ["order_id", "product_id"],
            ["product_uom_qty:sum"],
        )
        items = defaultdict(dict)
        for order, product, quantity in rows:
            items[order][product.id] = quantity
        for order in orders:
            mark = marks[order.partner_id.id]
            found[mark].append(holds.Earlier(order.name, order.channel_ordered_at, items[order]))
