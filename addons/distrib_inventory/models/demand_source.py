from datetime import date

import numpy as np
from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..engine import demand

SOURCES = [("moves", "Deliveries (stock moves)"), ("files", "Files and stock reports")]
# What has to be built again when a source changes begins here at the earliest.
EPOCH = date(1970, 1, 1)


class DemandSource(models.Model):
    """Who says what was sold: each day of a pair has exactly one owner, so that no sale counts twice.

    Stock moves own the days from ``since`` on, files and stock reports all others. Without a product the row is for the
    whole warehouse; a row with a product goes before it. The nightly run adds a row for a warehouse when it first
    delivers to a customer: from the day after its last imported day; for a dealer's warehouse files stay the source,
    as what leaves it without us knowing is not in our moves (selling in is not selling through).
    """

    _name = "distrib.demand.source"
    _description = "Source of Demand History"
    _order = "warehouse_id, product_id"
    _rec_name = "warehouse_id"

    warehouse_id = fields.Many2one("stock.warehouse", required=True, ondelete="cascade", index=True)
    product_id = fields.Many2one(
        "product.product", ondelete="cascade", index="btree_not_null", help="Empty: all products of the warehouse."
    )
    company_id = fields.Many2one(related="warehouse_id.company_id", store=True, index=True)
    source = fields.Selection(SOURCES, required=True, default="moves")
    since = fields.Date(
        help="First day that stock moves own; earlier days are left to files. Empty: all days that have moves."
    )
    is_automatic = fields.Boolean(string="Found by Itself", readonly=True, default=False)

    _place_uniq = models.UniqueIndex(
        "(warehouse_id, COALESCE(product_id, 0))", "This warehouse or product here has its source already."
    )

    @api.constrains("warehouse_id", "product_id")
    def _check_product_company(self):
        for source in self:
            company = source.product_id.company_id
            if company and company != source.warehouse_id.company_id:
                raise ValidationError(
                    self.env._("%(product)s belongs to another company.", product=source.product_id.display_name)
                )

    @api.model_create_multi
    def create(self, vals_list):
        sources = super().create(vals_list)
        sources._ask_rebuild()
        return sources

    def write(self, vals):
        if not vals.keys() & {"warehouse_id", "product_id", "source", "since"}:
            return super().write(vals)
        self._ask_rebuild()
        result = super().write({"is_automatic": False, **vals})
        self._ask_rebuild()
        return result

    def unlink(self):
        self._ask_rebuild()
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    def _ask_rebuild(self):
        """The next run reads these warehouses anew, whole: days change their owner."""
        self.env.registry.clear_cache()
        if self and not self.env.context.get("distrib_no_rebuild"):
            # sudo: the queue is nobody's to read or write
            self.env["distrib.demand.queue"].sudo()._add_warehouses(self.warehouse_id.ids)
            # a file imported before may be imported again: its days may be wanted now. sudo: others' imports
            self.env["distrib.sales.import"].sudo().search(
                [("company_id", "in", self.company_id.ids), ("state", "=", "done"), ("signature", "!=", False)]
            ).signature = False

    @api.model
    @tools.ormcache()
    def _owners(self):
        """All sources as `engine.demand.Owners`."""
        self.flush_model()
        self.env.cr.execute(
            """
            SELECT warehouse_id, product_id,
                   CASE WHEN source = 'moves' THEN COALESCE(since - DATE '1970-01-01', 0) ELSE %s END
              FROM distrib_demand_source ORDER BY warehouse_id, product_id
            """,
            (demand.NEVER,),
        )
        rows = self.env.cr.fetchall()
        whole = np.array([(row[0], row[2]) for row in rows if row[1] is None], np.int64).reshape(-1, 2)
        single = np.array([row for row in rows if row[1] is not None], np.int64).reshape(-1, 3)
        return demand.Owners(whole[:, 0], whole[:, 1], demand.pair_keys(single[:, 0], single[:, 1]), single[:, 2])

    @api.model
    def _adopt(self, company, zone, since=None):
        """Give each warehouse of a company that delivers to customers its source; those that have one keep it.

        :param since: look only at moves written from this moment on: an earlier run has looked at the others
        """
        self.flush_model()
        self.env["stock.location"].flush_model(["warehouse_id", "usage"])
        self.env.cr.execute(
            SQL(
                """
                WITH first AS MATERIALIZED (
                    SELECT s.warehouse_id, (min(m.date) AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day
                      FROM stock_move m
                      JOIN stock_location s ON s.id = m.location_id AND s.warehouse_id IN (
                           SELECT w.id FROM stock_warehouse w
                            WHERE w.company_id = %(company)s
                              AND NOT EXISTS (SELECT FROM distrib_demand_source x
                                               WHERE x.warehouse_id = w.id AND x.product_id IS NULL))
                      JOIN stock_location d ON d.id = m.location_dest_id AND d.usage = 'customer'
                     WHERE m.state = 'done' AND %(written)s
                     GROUP BY s.warehouse_id)
                SELECT w.id, w.network_tier = 'dealer', first.day, t.day
                  FROM first
                  JOIN stock_warehouse w ON w.id = first.warehouse_id
                  LEFT JOIN distrib_demand_told t ON t.warehouse_id = w.id
                """,
                zone=zone.zone,
                company=company.id,
                written=SQL("m.write_date >= %s", since) if since else SQL("TRUE"),
            )
        )
        found = [
            {
                "warehouse_id": warehouse,
                "source": "files" if dealer else "moves",
                "since": False if dealer else max(first, fields.Date.add(last, days=1)) if last else first,
                "is_automatic": True,
            }
            for warehouse, dealer, first, last in self.env.cr.fetchall()
        ]
        return self.with_context(distrib_no_rebuild=True).create(found)


class DemandOwned(models.Model):
    _inherit = "distrib.demand"

    @api.model
    def _owned_by_moves(self, warehouse_id, product_id, day):
        """Whether stock moves own each of ``n`` days, bool (n,)."""
        # sudo: who owns a day decides what is written, whoever writes
        owners = self.env["distrib.demand.source"].sudo()._owners()
        return demand.moves_own(owners, np.asarray(warehouse_id), np.asarray(product_id), np.asarray(day))
