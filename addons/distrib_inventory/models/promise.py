from odoo import api, models
from odoo.tools import SQL


class Position(models.AbstractModel):
    """One promise at a time for each product and warehouse.

    Whoever promises goods (the router for an order, an allocation for a beneficiary) calls `_lock_promises` before he
    reads positions. The quants themselves are the locks: a delivery, a count or a reservation by core writes them too.
    """

    _inherit = "distrib.position"

    @api.model
    def _lock_promises(self, product_ids, warehouse_ids):
        """Wait for the other promises of these goods, in the fixed order of the quants' ids.

        Core passes over quants that another transaction has locked and books the reservation on a new one, so two
        promises at once would both get the last piece. Waiting here instead ends in a serialisation error when the
        other one took something, upon which the transaction is run again and sees what is left.
        """
        self.env["stock.quant"].flush_model(["product_id", "location_id"])
        self.env.cr.execute(
            SQL(
                """
                SELECT q.id
                  FROM stock_quant q
                  JOIN stock_location l ON l.id = q.location_id
                 WHERE q.product_id = ANY(%s) AND l.warehouse_id = ANY(%s) AND l.usage = 'internal'
                 ORDER BY q.id
                   FOR NO KEY UPDATE OF q
                """,
                list(product_ids),
                list(warehouse_ids),
            )
        )

    @api.model
    def _mark_promised(self, pairs):
        """Let transactions that wait for these goods know that a promise was made which no quant shows.

        A new version of one quant of each pair is enough: whoever locks it with an older snapshot is run again.

        :param pairs: (product id, warehouse id)
        """
        pairs = sorted(set(pairs))
        if not pairs:
            return
        products, warehouses = zip(*pairs, strict=True)
        self.env.cr.execute(
            SQL(
                """
                UPDATE stock_quant
                   SET reserved_quantity = reserved_quantity
                 WHERE id IN (SELECT MIN(q.id)
                                FROM stock_quant q
                                JOIN stock_location l ON l.id = q.location_id
                                JOIN unnest(%s, %s) AS pair (product_id, warehouse_id)
                                  ON pair.product_id = q.product_id AND pair.warehouse_id = l.warehouse_id
                               WHERE l.usage = 'internal'
                               GROUP BY q.product_id, l.warehouse_id)
                """,
                list(products),
                list(warehouses),
            )
        )
