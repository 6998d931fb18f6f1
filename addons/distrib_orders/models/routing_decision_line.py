from odoo import api, fields, models
from odoo.tools import format_list

SHOWN = 12  # warehouses in one sentence


class RoutingDecisionLine(models.Model):
    _name = "distrib.routing.decision.line"
    _description = "Routing Decision Line"
    _order = "decision_id desc, id"

    decision_id = fields.Many2one("distrib.routing.decision", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="decision_id.company_id", store=True, index=True)
    order_line_id = fields.Many2one("sale.order.line", index="btree_not_null", ondelete="set null")
    product_id = fields.Many2one("product.product", required=True, index=True, ondelete="restrict")
    quantity = fields.Float(digits="Product Unit", help="In the product's unit.")
    warehouse_id = fields.Many2one("stock.warehouse", index="btree_not_null", ondelete="restrict")
    distance_km = fields.Float(string="Distance (km)", digits=(10, 1), help="Great circle to the place of delivery.")
    reason = fields.Char(help="Why no warehouse was found, a word of the router.")
    cost = fields.Json(help="freight, handling, split, late, scarcity (money); distance_km, days.")
    alternatives = fields.Json(help="The next best: [{warehouse, extra (money), scarcity, distance_km, days}].")
    excluded = fields.Json(help="Those that were out, by reason: {reason: [warehouses] or {warehouse: free}}.")
    explanation = fields.Text(compute="_compute_explanation")

    @api.depends("reason", "warehouse_id", "alternatives", "excluded")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for line in self:
            line.explanation = line._line_sentence()

    def _line_sentence(self):
        """The decision for one line, and its grounds."""
        self.ensure_one()
        return "\n".join([self._line_result(), *self._grounds()])

    def _line_result(self):
        _ = self.env._
        values = {
            "product": self.product_id.display_name,
            "quantity": self._number(self.quantity),
            "warehouse": self.warehouse_id.sudo().name,
            "distance": self._distance(self.cost or {}),
        }
        if not self.warehouse_id:
            return self._missing_text() % values
        return {
            "nearest": _("%(quantity)s × %(product)s from %(warehouse)s%(distance)s, the nearest that has this line."),
            "cost": _("%(quantity)s × %(product)s from %(warehouse)s%(distance)s, where it costs least."),
            "fastest": _("%(quantity)s × %(product)s from %(warehouse)s%(distance)s, from where it arrives soonest."),
            "splits": _(
                "%(quantity)s × %(product)s from %(warehouse)s%(distance)s, to send as few parcels as possible."
            ),
            "balanced": _("%(quantity)s × %(product)s from %(warehouse)s%(distance)s, the best balance."),
        }[self.decision_id.strategy] % values

    def _missing_text(self):
        _ = self.env._
        texts = {
            "no_site": _("%(product)s: no warehouse may ship it."),
            "no_location": _("%(product)s: no warehouse may ship it."),
            "conflicting_pins": _("%(product)s: clerks chose two warehouses at once. Lift one of the choices."),
            "no_capacity": _(
                "%(quantity)s × %(product)s: the warehouses that have it can take no further parcel today."
            ),
            "taken": _("%(quantity)s × %(product)s: what is there goes to orders that came before."),
            "parcels": _("%(quantity)s × %(product)s: the order may not have so many parcels."),
        }
        return texts.get(self.reason) or _("%(quantity)s × %(product)s: no single warehouse has enough.")

    def _grounds(self):
        """Sentences about the runners-up and about the warehouses that were out, of all the lines together."""
        rows, names = [], self._warehouse_names()
        others = {row["warehouse"]: row for line in self[:1] for row in line.alternatives or ()}
        if others:
            words = [f"{names[site]}{self._aside(row)}" for site, row in others.items()]
            rows.append(self.env._("Next best: %s.", self._enumerate(words)))
        short = [text for line in self for text in line._short_words(names)]
        if short:
            rows.append(self.env._("Too little in stock: %s.", self._enumerate(short)))
        for code, text in self._out_texts().items():
            sites = {site: None for line in self for site in (line._out().get(code) or ())}
            if sites:
                rows.append(text % self._enumerate([names[int(site)] for site in sites]))
        return rows

    def _out(self):
        return self.excluded if isinstance(self.excluded, dict) else {}

    def _short_words(self, names):
        self.ensure_one()
        code = self.product_id.sudo().default_code or self.product_id.sudo().name
        found = [
            (int(site), free) for word in ("short", "taken") for site, free in (self._out().get(word) or {}).items()
        ]
        # Of the warehouses that were short, those that have some first: they raise the question why not.
        found.sort(key=lambda pair: -pair[1])
        return [
            self.env._(
                "%(warehouse)s (%(product)s: %(free)s of %(needed)s)",
                warehouse=names[site], product=code, free=self._number(free), needed=self._number(self.quantity),
            )
            for site, free in found
        ]  # fmt: skip

    @api.model
    def _out_texts(self):
        _ = self.env._
        return {
            "not_candidate": _("Not allowed for this channel: %s."),
            "rule": _("Not among the warehouses of the rule: %s."),
            "pair": _("Not allowed for this region or these goods: %s."),
            "cold_chain": _("No cold chain: %s."),
            "dangerous": _("May not send dangerous goods: %s."),
            "closed": _("Closed: %s."),
            "cut_off": _("Past the cut-off: %s."),
            "no_capacity": _("Can take no parcel today: %s."),
            "full": _("Full by other orders: %s."),
            "no_lane": _("No tariff from there: %s."),
            "margin": _("Too little margin from there: %s."),
            "banned": _("Banned by a clerk or refused: %s."),
            "pinned_elsewhere": _("A clerk chose another one: %s."),
            "conflicting_pins": _("Chosen twice: %s."),
        }

    # For the panel and for callers

    def _told(self):
        self.ensure_one()
        names, cost = self._warehouse_names(), self.cost or {}
        return {
            "line_id": self.order_line_id.id,
            "product_id": self.product_id.id,
            "product": self.product_id.display_name,
            "quantity": self.quantity,
            "warehouse_id": self.warehouse_id.id,
            "warehouse": self.warehouse_id.name,
            "reason": self.reason or False,
            "words": self._line_result(),
            "distance_km": cost.get("distance_km"),
            "days": cost.get("days"),
            "cost": {name: cost.get(name, 0.0) for name in ("freight", "handling", "split", "late", "scarcity")},
            "alternatives": [
                {**row, "name": names[row["warehouse"]]} for row in (self.alternatives or ())
            ],
            "excluded": self._told_out(names),
        }  # fmt: skip

    def _told_out(self, names):
        """[{code, words, warehouses: [{warehouse, name, free}]}], those with too little stock first."""
        rows, texts = [], self._out_texts()
        for code, sites in self._out().items():
            if isinstance(sites, dict):
                found = [
                    {"warehouse": int(site), "name": names[int(site)], "free": free}
                    for site, free in sorted(sites.items(), key=lambda pair: -pair[1])
                ]
            else:
                found = [{"warehouse": site, "name": names[site]} for site in sites]
            words = self.env._("Too little in stock") if code in ("short", "taken") else texts[code].split("%s")[0]
            rows.append({"code": code, "words": words.rstrip(" :：。."), "warehouses": found})
        return sorted(rows, key=lambda row: row["code"] not in ("short", "taken"))

    def _warehouse_names(self):
        ids = {row["warehouse"] for line in self for row in line.alternatives or ()}
        ids |= {int(site) for line in self for sites in line._out().values() for site in sites}
        # sudo: names only, of warehouses whose company rule may be switched off in the reader's session.
        found = self.env["stock.warehouse"].sudo().browse(ids).exists()
        return dict.fromkeys(ids, "?") | {w.id: w.name for w in found}

    def _aside(self, row):
        """In brackets: how far, and how much more it would cost."""
        words = []
        if row.get("distance_km") is not None:
            words.append(self.env._("%s km", self._number(round(row["distance_km"]))))
        if row.get("extra") and self[:1].decision_id.strategy != "nearest":
            money = self[:1].company_id.currency_id.format(abs(row["extra"]))
            words.append(
                self.env._("%s dearer", money) if row["extra"] > 0 else self.env._("%s cheaper by itself", money)
            )
        return f" ({', '.join(words)})" if words else ""

    def _distance(self, row):
        if row.get("distance_km") is None:
            return ""
        return self.env._(" (%s km)", self._number(round(row["distance_km"])))

    def _enumerate(self, items):
        more = len(items) - SHOWN
        if more > 0:
            items = [*items[:SHOWN], self.env._("%s more", more)]
        return format_list(self.env, items)

    @staticmethod
    def _number(value):
        return f"{value:.2f}".rstrip("0").rstrip(".")
