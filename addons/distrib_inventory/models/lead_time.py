from collections import namedtuple

import numpy as np
from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import lead_time as engine

LEVELS = [
    ("supplier", "Supplier"),
    ("supplier_product", "Product at a Supplier"),
    ("lane", "Lane"),
    ("lane_product", "Product on a Lane"),
]
Receipts = namedtuple("Receipts", "partner source warehouse product days late share received")


class LeadTime(models.Model):
    """What receipts say of the time from order to arrival, by supplier, by lane, and by product at each."""

    _name = "distrib.lead.time"
    _description = "Measured Lead Time"
    _order = "level, receipts desc, id"
    _rec_name = "level"

    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    level = fields.Selection(LEVELS, required=True, readonly=True)
    partner_id = fields.Many2one("res.partner", string="Supplier", ondelete="cascade", readonly=True)
    source_warehouse_id = fields.Many2one("stock.warehouse", string="From", ondelete="cascade", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", string="To", ondelete="cascade", readonly=True)
    product_id = fields.Many2one("product.product", ondelete="cascade", readonly=True, index="btree_not_null")
    categ_id = fields.Many2one(related="product_id.categ_id", string="Category")
    receipts = fields.Float(
        readonly=True, digits=(8, 1), help="Orders received, partial receipts counted by their share of the order."
    )
    own_mean = fields.Float(string="Measured", readonly=True, aggregator="avg", digits=(8, 1), help="Mean in days.")
    own_sigma = fields.Float(string="Deviation", readonly=True, aggregator="avg", digits=(8, 1))
    mean = fields.Float(
        string="Used",
        readonly=True,
        aggregator="avg",
        digits=(8, 1),
        help="In days: the measured mean, drawn towards that of the supplier or lane when there are few receipts.",
    )
    sigma = fields.Float(string="Deviation Used", readonly=True, aggregator="avg", digits=(8, 1))
    planned = fields.Float(readonly=True, aggregator="avg", digits=(8, 1), help="Days by price list or lane.")
    difference = fields.Float(
        readonly=True, aggregator="avg", digits=(8, 1), help="Measured less planned days; above 0 it takes longer."
    )
    on_time = fields.Float(readonly=True, aggregator="avg", help="Share received by the promised date.")
    has_promise = fields.Boolean(readonly=True)
    outliers = fields.Integer(readonly=True, help="Receipts far from the usual; they were pulled in to its edge.")
    is_used = fields.Boolean(
        string="Followed", readonly=True, help="There are enough receipts for policies to follow it."
    )
    last_receipt = fields.Datetime(readonly=True)
    computed_on = fields.Datetime(readonly=True)

    @api.model
    def _cron_measure(self):
        for (company,) in self.env["stock.warehouse"]._read_group([], ["company_id"]):
            self._measure(company)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _measure(self, company):
        """Take in new receipts and measure again; the same receipts give the same rows.

        :return: number of rows
        """
        self.env["distrib.lead.receipt"]._collect(company)
        receipts = self._receipts(company)
        rows = self._rows_of(receipts, ("partner",), "supplier", company)
        rows += self._rows_of(receipts, ("partner", "product"), "supplier_product", company)
        rows += self._rows_of(receipts, ("source", "warehouse"), "lane", company)
        rows += self._rows_of(receipts, ("source", "warehouse", "product"), "lane_product", company)
        self.env.cr.execute("DELETE FROM distrib_lead_time WHERE company_id = %s", (company.id,))
        self._insert(rows)
        self.invalidate_model()
        return len(rows)

    @api.model
    def _receipts(self, company):
        self.env["distrib.lead.receipt"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT COALESCE(partner_id, 0), COALESCE(source_warehouse_id, 0), warehouse_id, product_id, days,
                       CASE WHEN promised_on IS NULL THEN 'NaN'::float ELSE late_days END, share,
                       EXTRACT(EPOCH FROM received_on)
                  FROM distrib_lead_receipt
                 WHERE company_id = %s AND received_on >= now() AT TIME ZONE 'UTC' - make_interval(days => %s)
                 ORDER BY id
                """,
                company.id,
                company.distrib_lead_window or 365,
            )
        )
        table = np.array(self.env.cr.fetchall(), np.float64).reshape(-1, 8)
        ids = (table[:, column].astype(np.int64) for column in range(4))
        return Receipts(*ids, *(table[:, column] for column in range(4, 8)))

    @api.model
    def _rows_of(self, receipts, names, level, company):
        """One row for each group of receipts, its numbers shrunk to the group above it."""
        wanted = receipts.partner > 0 if names[0] == "partner" else receipts.source > 0
        found = Receipts(*(column[wanted] for column in receipts))
        keys = np.stack([getattr(found, name) for name in names], axis=1)
        groups, place = np.unique(keys, axis=0, return_inverse=True)
        if not len(groups):
            return []
        place = place.reshape(-1)
        own = engine.measure(found.days, found.share, found.late, place, len(groups))
        planned = self._planned(names, groups, company)
        above = self._above(found, names, groups, place, planned)
        _count, mean, sigma = engine.shrink((own.count, own.mean, own.sigma), above)
        last = np.zeros(len(groups))
        np.maximum.at(last, place, found.received)
        least = company.distrib_lead_receipts
        rows = []
        for row, key in enumerate(groups.tolist()):
            values = dict(zip(names, key, strict=True))
            rows.append(
                {
                    "company_id": company.id,
                    "level": level,
                    "partner_id": values.get("partner") or None,
                    "source_warehouse_id": values.get("source") or None,
                    "warehouse_id": values.get("warehouse") or None,
                    "product_id": values.get("product") or None,
                    "receipts": float(own.count[row]),
                    "own_mean": float(own.mean[row]),
                    "own_sigma": float(own.sigma[row]),
                    "mean": float(mean[row]),
                    "sigma": float(sigma[row]),
                    "planned": None if np.isnan(planned[row]) else float(planned[row]),
                    "difference": None if np.isnan(planned[row]) else float(own.mean[row] - planned[row]),
                    "on_time": None if np.isnan(own.on_time[row]) else float(own.on_time[row]),
                    "has_promise": not np.isnan(own.on_time[row]),
                    "outliers": int(own.outliers[row]),
                    "is_used": bool(own.count[row] >= least - 1e-9),
                    "last_receipt": fields.Datetime.to_string(_moment(last[row])),
                }
            )
        return rows

    def _above(self, found, names, groups, place, planned):
        """(count, mean, sigma) above each group: of the supplier or lane for a product, else of all suppliers or lanes.

        Lanes and suppliers differ by nature, so what they borrow is how much longer than planned all take; in days only
        where nothing is planned.
        """
        if names[-1] == "product":
            upper, spread = np.unique(groups[:, :-1], axis=0, return_inverse=True)
            spread = spread.reshape(-1)
            every = engine.measure(found.days, found.share, found.late, spread[place], len(upper))
            return every.count[spread], every.mean[spread], every.sigma[spread]
        mean, sigma = np.full(len(groups), np.nan), np.full(len(groups), np.nan)
        count = np.zeros(len(groups))
        for known in (True, False):
            of_group = (np.nan_to_num(planned) > 0) == known
            rows = of_group[place]
            scale = np.where(known, np.where(of_group, planned, 1.0), 1.0)
            every = engine.measure(
                (found.days / scale[place])[rows],
                found.share[rows],
                found.late[rows],
                np.zeros(rows.sum(), np.int64),
                1,
            )
            count[of_group] = every.count[0]
            mean[of_group], sigma[of_group] = (every.mean[0] * scale)[of_group], (every.sigma[0] * scale)[of_group]
        return count, mean, sigma

    @api.model
    def _planned(self, names, groups, company):
        """Planned days (g,) of each group: of the price list for suppliers, of the lane for lanes; NaN unknown."""
        if names[0] == "source":
            lanes = self.env["stock.warehouse"].search([("company_id", "=", company.id)])
            days = {
                (lane.supply_parent_id.id, lane.id): lane.supply_lead_days for lane in lanes if lane.supply_parent_id
            }
            return np.array([days.get((key[0], key[1]), np.nan) for key in groups.tolist()])
        by_product, by_partner = self._supplier_delays(company)
        if len(names) == 1:
            return np.array([by_partner.get(key[0], np.nan) for key in groups.tolist()])
        return np.array([by_product.get(tuple(key), np.nan) for key in groups.tolist()])

    @api.model
    def _supplier_delays(self, company):
        """Delays by (supplier, product) and their mean by supplier."""
        self.env["product.supplierinfo"].flush_model()
        self.env.cr.execute(
            """
            SELECT COALESCE(c.commercial_partner_id, s.partner_id), p.id, MIN(s.delay)
              FROM product_supplierinfo s
              JOIN product_product p ON p.product_tmpl_id = s.product_tmpl_id
                   AND (s.product_id IS NULL OR s.product_id = p.id)
              JOIN res_partner c ON c.id = s.partner_id
             WHERE s.company_id IS NULL OR s.company_id = %s
             GROUP BY 1, 2
            """,
            (company.id,),
        )
        by_product = {(partner, product): float(delay or 0) for partner, product, delay in self.env.cr.fetchall()}
        sums = {}
        for (partner, _product), delay in by_product.items():
            total, count = sums.get(partner, (0.0, 0))
            sums[partner] = (total + delay, count + 1)
        return by_product, {partner: total / count for partner, (total, count) in sums.items()}

    @api.model
    def _insert(self, rows):
        if not rows:
            return
        names = list(rows[0])
        for begin in range(0, len(rows), 5000):
            values = SQL(", ").join(
                SQL("(%s)", SQL(", ").join(SQL("%s", row[name]) for name in names))
                for row in rows[begin : begin + 5000]
            )
            self.env.cr.execute(
                SQL(
                    "INSERT INTO distrib_lead_time (%s, computed_on) SELECT v.*, now() AT TIME ZONE 'UTC' FROM ("
                    "SELECT %s FROM (VALUES %s) i(%s)) v",
                    SQL(", ").join(SQL.identifier(name) for name in names),
                    SQL(", ").join(self._typed(name) for name in names),
                    values,
                    SQL(", ").join(SQL.identifier(name) for name in names),
                )
            )

    def _typed(self, name):
        """A column of untyped values in the type of its field: a list of NULLs alone is taken for text."""
        return SQL("%s::%s", SQL.identifier(name), SQL(self._fields[name].column_type[1].split("(")[0]))

    @api.model
    def _lookup(self, company):
        """What policies read: dict level -> {key: (receipts, mean, sigma)}, of those with enough receipts."""
        self.flush_model()
        found = {level: {} for level, _name in LEVELS}
        self.env.cr.execute(
            """
            SELECT level, COALESCE(partner_id, 0), COALESCE(source_warehouse_id, 0), COALESCE(warehouse_id, 0),
                   COALESCE(product_id, 0), receipts, mean, sigma
              FROM distrib_lead_time WHERE company_id = %s
            """,
            (company.id,),
        )
        for level, partner, source, warehouse, product, *numbers in self.env.cr.fetchall():
            key = (partner,) if level.startswith("supplier") else (source, warehouse)
            key += (product,) if level.endswith("_product") else ()
            found[level][key] = tuple(float(number or 0) for number in numbers)
        return found

    def action_view_receipts(self):
        self.ensure_one()
        names = ("partner_id", "source_warehouse_id", "warehouse_id", "product_id")
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_lead_receipt")
        domain = [(name, "=", self[name].id) for name in names if self[name]]
        return {**action, "domain": domain, "context": {}}

    @api.model
    def action_measure(self):
        """Measure the lead times of the company now."""
        count = self.sudo()._measure(self.env.company) if self._may_measure() else 0
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%s lead times measured.", count),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _may_measure(self):
        # the rows are written by the system alone; planners may ask for it
        self.env["distrib.lead.receipt"].check_access("create")
        return True


def _moment(seconds):
    return fields.Datetime.to_datetime(np.datetime64(int(seconds), "s").astype(str).replace("T", " "))
