from datetime import timedelta

import numpy as np
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ..engine import alerts
from .alert_rule import KINDS

SNOOZE_DAYS = 7


class Alert(models.Model):
    """One cause for worry. It is opened and closed by its rule; people look into it, or put it off."""

    _name = "distrib.alert"
    _description = "Stock Alert"
    _order = "is_serious desc, impact desc, due_date, id desc"

    rule_id = fields.Many2one("distrib.alert.rule", required=True, ondelete="cascade", index=True, readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    is_serious = fields.Boolean(string="Serious", readonly=True)
    cause_key = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    product_id = fields.Many2one("product.product", readonly=True, ondelete="cascade", index=True)
    categ_id = fields.Many2one(related="product_id.categ_id")
    warehouse_id = fields.Many2one("stock.warehouse", readonly=True, ondelete="cascade", index=True)
    region_id = fields.Many2one(related="warehouse_id.region_id")
    abc_class = fields.Char(
        string="Class", readonly=True, help="A: products that make the first 80 % of planned sales; B: up to 95 %."
    )
    res_id = fields.Integer(readonly=True, help="The lot, transfer, allocation or owner concerned.")
    pieces = fields.Float(
        readonly=True,
        digits="Product Unit",
        help="How many are concerned: those not sold until goods arrive, lacking to the safety stock, left at the end "
        "of their life, or on the late transfer.",
    )
    impact = fields.Float(
        string="At Stake", readonly=True, digits="Product Price", help="The pieces concerned, at their sales price."
    )
    value = fields.Float(readonly=True, aggregator=None)
    limit = fields.Float(readonly=True, aggregator=None)
    due_date = fields.Date(readonly=True)
    opened_at = fields.Datetime(readonly=True)
    closed_at = fields.Datetime(readonly=True)
    snooze_until = fields.Date(string="Put Off until", readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("snoozed", "Put off"), ("closed", "Closed")], required=True, readonly=True, index=True
    )
    reason = fields.Char(compute="_compute_reason")

    _one_open = models.UniqueIndex("(rule_id, cause_key) WHERE state <> 'closed'", "This cause has an alert already.")

    @api.depends("kind", "product_id", "warehouse_id")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for alert in self:
            names = [labels.get(alert.kind), alert.product_id.display_name, alert.warehouse_id.name]
            alert.display_name = " · ".join(name for name in names if name)

    @api.depends("kind", "value", "limit", "due_date")
    @api.depends_context("lang")
    def _compute_reason(self):
        for alert in self:
            alert.reason = getattr(alert, f"_reason_{alert.kind}")()

    def _reason_below_safety(self):
        return self.env._(
            "%(value).1f left of a safety stock of %(limit).1f, and too little comes",
            value=self.value,
            limit=self.limit,
        )

    def _reason_out_before_arrival(self):
        return self.env._(
            "Lasts %(value).1f days, goods come in %(limit).0f: %(pieces).0f sales lost",
            value=self.value,
            limit=self.limit,
            pieces=self.pieces,
        )

    def _reason_expiring(self):
        lot = self.env["stock.lot"].sudo().browse(self.res_id).exists()  # sudo: its name alone
        values = {
            "left": self.value,
            "all": self.limit,
            "lot": lot.name or "",
            "day": format_date(self.env, self.due_date),
        }
        if self.due_date and self.due_date < fields.Date.context_today(self):
            return self.env._("%(left).0f of lot %(lot)s should have been removed by %(day)s", **values)
        return self.env._(
            "%(left).0f of %(all).0f of lot %(lot)s will be left over when they are to be removed on %(day)s", **values
        )

    def _reason_transfer_overdue(self):
        picking = self.env["stock.picking"].sudo().browse(self.res_id).exists()  # sudo: its name alone
        return self.env._(
            "%(name)s should have moved on %(day)s, %(late).0f days ago",
            name=picking.name or "",
            day=format_date(self.env, self.due_date),
            late=self.value,
        )

    def _reason_negative(self):
        if self.res_id:
            owner = self.env["res.partner"].sudo().browse(self.res_id).exists()  # sudo: its name alone
            return self.env._(
                "%(value).1f on hand of goods of %(owner)s", value=self.value, owner=owner.display_name or ""
            )
        return self.env._("%.1f on hand", self.value)

    def _reason_allocation_expiring(self):
        day = format_date(self.env, self.due_date)
        return self.env._("%(value).1f kept until %(day)s are not drawn yet", value=self.value, day=day)

    def _reason_report_stale(self):
        if self.value < 0:
            return self.env._("No report came yet")
        return self.env._(
            "The last report is %(value).0f days old; one is due every %(limit).0f days",
            value=self.value,
            limit=self.limit,
        )

    # --- what people do ----------------------------------------------------------------------------------------

    def action_snooze(self):
        """Put off for a week; the alert comes back then, unless its cause is gone."""
        self.check_access("write")
        if any(alert.state == "closed" for alert in self):
            raise UserError(self.env._("A closed alert need not be put off."))
        until = fields.Date.context_today(self) + timedelta(days=SNOOZE_DAYS)
        self.write({"state": "snoozed", "snooze_until": until})
        return True

    def action_wake(self):
        self.filtered(lambda alert: alert.state == "snoozed").write({"state": "open", "snooze_until": False})
        return True

    # --- what rules do -----------------------------------------------------------------------------------------

    @api.model
    def _settle(self, rule, causes):
        """Make the open alerts of a rule those of its causes; three statements, whatever their number.

        :return: how many were opened and closed
        """
        self.flush_model()
        # one round of a rule at a time: two would open the same alerts
        self.env.cr.execute("SELECT id FROM distrib_alert_rule WHERE id = %s FOR NO KEY UPDATE", (rule.id,))
        self.env.cr.execute(
            "SELECT id, cause_key FROM distrib_alert WHERE rule_id = %s AND state <> 'closed' ORDER BY id", (rule.id,)
        )
        known = self.env.cr.fetchall()
        ids = np.array([row[0] for row in known], np.int64)
        found = alerts.compare(np.array([row[1] for row in known], np.str_), causes.keys())
        now = fields.Datetime.now()
        self._open_alerts(rule, causes.take(found.new), now)
        self._refresh_alerts(rule, ids[found.alert[~found.new]], causes.take(~found.new))
        gone = ids[found.gone].tolist()
        if gone:
            self.env.cr.execute(
                "UPDATE distrib_alert SET state = 'closed', closed_at = %s WHERE id = ANY(%s)", (now, gone)
            )
        self.env.cr.execute(
            """
            UPDATE distrib_alert SET state = 'open', snooze_until = NULL
             WHERE rule_id = %s AND state = 'snoozed' AND snooze_until <= %s
            """,
            (rule.id, fields.Date.context_today(self)),
        )
        self.invalidate_model()
        return int(found.new.sum()), len(gone)

    @api.model
    def _columns(self, causes):
        days = [None if day == "NaT" else day for day in causes.due.astype(str).tolist()]
        return causes.value.tolist(), causes.limit.tolist(), days, causes.pieces.tolist(), causes.abc.tolist()

    @api.model
    def _prices(self):
        """Sales prices by variant, for what is at stake: of the template, without what attributes add."""
        return SQL(
            "SELECT p.id, t.list_price FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id"
        )

    @api.model
    def _open_alerts(self, rule, causes, now):
        if not len(causes):
            return
        value, limit, due, pieces, abc = self._columns(causes)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO distrib_alert (rule_id, kind, is_serious, state, opened_at, create_uid, create_date,
                                           write_uid, write_date, company_id, cause_key, product_id, warehouse_id,
                                           res_id, value, "limit", due_date, pieces, abc_class, impact)
                SELECT %(rule)s, %(kind)s, %(serious)s AND c.abc_class IN ('', 'A'), 'open', %(now)s, %(uid)s, %(now)s,
                       %(uid)s, %(now)s, COALESCE(w.company_id, %(company)s), c.cause_key, NULLIF(c.product_id, 0),
                       w.id, c.res_id, c.value, c.boundary, c.due_date, c.pieces, c.abc_class,
                       c.pieces * COALESCE(price.list_price, 0)
                  FROM unnest(%(keys)s::text[], %(products)s::int[], %(warehouses)s::int[], %(res)s::int[],
                              %(value)s::float8[], %(limit)s::float8[], %(due)s::date[], %(pieces)s::numeric[],
                              %(abc)s::text[])
                       c (cause_key, product_id, warehouse_id, res_id, value, boundary, due_date, pieces, abc_class)
                  LEFT JOIN stock_warehouse w ON w.id = c.warehouse_id
                  LEFT JOIN (%(prices)s) price ON price.id = c.product_id
                """,
                rule=rule.id, kind=rule.kind, serious=rule.is_serious, now=now, uid=self.env.uid,
                company=rule.company_id.id or None, keys=causes.keys().tolist(), products=causes.product_id.tolist(),
                warehouses=causes.warehouse_id.tolist(), res=causes.res_id.tolist(), value=value, limit=limit, due=due,
                pieces=pieces, abc=abc, prices=self._prices(),
            )
        )  # fmt: skip

    @api.model
    def _refresh_alerts(self, rule, ids, causes):
        if not len(ids):
            return
        self.env.cr.execute(
            SQL(
                """
                UPDATE distrib_alert a
                   SET value = c.value, "limit" = c.boundary, due_date = c.due_date, pieces = c.pieces,
                       abc_class = c.abc_class, is_serious = c.serious, impact = c.impact
                  FROM (SELECT c.*, %s AND c.abc_class IN ('', 'A') AS serious,
                               c.pieces * COALESCE(price.list_price, 0) AS impact
                          FROM unnest(%s::int[], %s::int[], %s::float8[], %s::float8[], %s::date[], %s::numeric[],
                                      %s::text[])
                               c (id, product_id, value, boundary, due_date, pieces, abc_class)
                          LEFT JOIN (%s) price ON price.id = c.product_id) c
                 WHERE a.id = c.id
                   AND (a.value, a."limit", a.due_date, a.pieces, a.abc_class, a.is_serious, a.impact)
                       IS DISTINCT FROM
                       (c.value, c.boundary, c.due_date, c.pieces, c.abc_class, c.serious, c.impact)
                """,
                rule.is_serious,
                ids.tolist(),
                causes.product_id.tolist(),
                *self._columns(causes),
                self._prices(),
            )
        )

    @api.autovacuum
    def _forget_closed(self):
        """Closed alerts are history for a year."""
        old = fields.Datetime.now() - timedelta(days=365)
        self.search([("state", "=", "closed"), ("closed_at", "<", old)], limit=10_000).unlink()
