from odoo import api, models
from odoo.tools import SQL

# A done move that gets another of these has left a day, a product or a place, which its new state does not tell.
LEFT_BEHIND = {"date", "product_id", "location_id", "location_dest_id", "state", "origin_returned_move_id"}


class DemandQueue(models.AbstractModel):
    """What the next run of the demand history has to read anew besides the moves that changed: days that an edited
    move has left (`distrib_demand_left`) and warehouses whose source changed (`distrib_demand_rebuild`)."""

    _name = "distrib.demand.queue"
    _description = "Demand History to Read Anew"

    def init(self):
        self.env.cr.execute(
            """
            CREATE TABLE IF NOT EXISTS distrib_demand_left (
                warehouse_id integer NOT NULL, product_id integer NOT NULL, at timestamp NOT NULL
            );
            CREATE TABLE IF NOT EXISTS distrib_demand_rebuild (warehouse_id integer NOT NULL)
            """
        )

    @api.model
    def _add_warehouses(self, warehouse_ids):
        self.env.cr.execute(
            "INSERT INTO distrib_demand_rebuild SELECT unnest(%s::int[]) EXCEPT SELECT warehouse_id"
            " FROM distrib_demand_rebuild",
            (list(warehouse_ids),),
        )

    @api.model
    def _add_moves(self, move_ids):
        """Remember where and when these done moves counted until now; a return counted where its delivery did."""
        company = self.env["stock.move"].browse(move_ids).company_id[:1]
        joins, place = self.env["distrib.demand"]._place_sql(company)
        self.env.cr.execute(
            SQL(
                """
                WITH moves AS (
                    SELECT id, origin_returned_move_id FROM stock_move WHERE id = ANY(%(ids)s) AND state = 'done')
                INSERT INTO distrib_demand_left
                SELECT %(place)s, m.product_id, m.date
                  FROM (SELECT id FROM moves UNION SELECT origin_returned_move_id FROM moves) x
                  JOIN stock_move m ON m.id = x.id
                  JOIN stock_location s ON s.id = m.location_id
                  %(joins)s
                 WHERE %(place)s IS NOT NULL
                 UNION
                SELECT l.warehouse_id, m.product_id, m.date
                  FROM moves
                  JOIN stock_move m ON m.id = moves.id
                  JOIN stock_location l ON l.id IN (m.location_id, m.location_dest_id)
                 WHERE l.warehouse_id IS NOT NULL
                """,
                ids=list(move_ids),
                place=place,
                joins=joins,
            )
        )


class StockMove(models.Model):
    _inherit = "stock.move"

    # The nightly run finds by it what was done or edited since.
    _distrib_demand_idx = models.Index("(write_date) WHERE state = 'done'")

    def write(self, vals):
        if vals.keys() & LEFT_BEHIND:
            self._distrib_leave_days()
        return super().write(vals)

    def unlink(self):
        self._distrib_leave_days()
        return super().unlink()

    def _distrib_leave_days(self):
        done = self.filtered(lambda move: move.state == "done")
        if done:
            done.flush_recordset()
            # sudo: the queue is nobody's to read or write
            self.env["distrib.demand.queue"].sudo()._add_moves(done.ids)
