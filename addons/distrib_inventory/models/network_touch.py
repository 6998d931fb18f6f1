from odoo import api, models
from odoo.tools import SQL

KEY = "distrib_inventory.network_touch"
# What a position is made of; other fields of a quant or a move may change without anybody being told.
QUANT_FIELDS = {"product_id", "location_id", "quantity", "reserved_quantity", "owner_id", "lot_id", "removal_date"}
MOVE_FIELDS = {
    "product_id",
    "product_uom_qty",
    "product_uom",
    "location_id",
    "location_dest_id",
    "location_final_id",
    "state",
    "date",
    "restrict_partner_id",
}
QUANT_PLACE = {"product_id", "location_id"}
MOVE_PLACE = {"product_id", "location_id", "location_dest_id", "location_final_id"}


class Touched:
    """What a transaction has touched so far."""

    __slots__ = ("moves", "pairs", "places", "quants")

    def __init__(self):
        self.quants = set()
        self.moves = set()
        self.places = set()  # (product id, location id)
        self.pairs = set()  # (product id, warehouse id)


class NetworkTouch(models.AbstractModel):
    """Tells which positions (product, warehouse) a transaction changes, once, just before it is committed.

    Quants and moves report here; who wants to know extends `_on_touched`. Other parts of a position, such as
    allocations, report with `_touch`. A savepoint is a small commit: what came before it is told when it begins, so
    that nothing is forgotten when it is rolled back; a pair may therefore be told more than once in a transaction.
    """

    _name = "distrib.network.touch"
    _description = "Touched Positions"

    @api.model
    def _on_touched(self, pairs):
        """Hook, called as superuser inside the transaction that is about to be committed.

        :param list pairs: sorted, distinct (product id, warehouse id) whose position may have changed
        """

    @api.model
    def _touch(self, pairs):
        """Report pairs (product id, warehouse id) whose position changes by other means than quants and moves."""
        self._touched().pairs.update(pairs)

    @api.model
    def _touched(self):
        data = self.env.cr.precommit.data
        touched = data.get(KEY)
        if touched is None:
            touched = data[KEY] = Touched()
            self.env.cr.precommit.add(self.sudo()._tell)
        return touched

    @api.model
    def _tell(self):
        touched = self.env.cr.precommit.data.pop(KEY, None)
        pairs = self._resolve(touched) if touched else []
        if pairs:
            self._on_touched(pairs)

    @api.model
    def _resolve(self, touched):
        """The pairs behind what was touched, in one statement. Moves in draft are in no position."""
        self.env["stock.location"].flush_model(["warehouse_id"])
        self.env.cr.execute(
            SQL(
                """
                WITH place (product_id, location_id) AS (
                    SELECT product_id, location_id FROM stock_quant WHERE id = ANY(%(quants)s)
                    UNION
                    SELECT m.product_id, end_id
                      FROM stock_move m
                     CROSS JOIN LATERAL (VALUES (m.location_id), (COALESCE(m.location_final_id, m.location_dest_id)),
                                                (m.location_dest_id)) e (end_id)
                     WHERE m.id = ANY(%(moves)s) AND m.state <> 'draft'
                    UNION
                    SELECT * FROM unnest(%(products)s::int[], %(locations)s::int[])
                )
                SELECT p.product_id, l.warehouse_id
                  FROM place p
                  JOIN stock_location l ON l.id = p.location_id
                 WHERE l.warehouse_id IS NOT NULL
                 UNION
                SELECT * FROM unnest(%(pair_products)s::int[], %(pair_warehouses)s::int[])
                 ORDER BY 1, 2
                """,
                quants=list(touched.quants),
                moves=list(touched.moves),
                products=[product for product, _location in touched.places],
                locations=[location for _product, location in touched.places],
                pair_products=[product for product, _warehouse in touched.pairs],
                pair_warehouses=[warehouse for _product, warehouse in touched.pairs],
            )
        )
        return self.env.cr.fetchall()


class StockQuant(models.Model):
    _inherit = "stock.quant"

    # Few goods have a date: those between two days are looked for when one ends.
    _distrib_removal_date_idx = models.Index("(removal_date) WHERE removal_date IS NOT NULL")

    @api.model_create_multi
    def create(self, vals_list):
        quants = super().create(vals_list)
        self.env["distrib.network.touch"]._touched().quants.update(quants._ids)
        return quants

    def write(self, vals):
        if QUANT_FIELDS.isdisjoint(vals):
            return super().write(vals)
        touched = self.env["distrib.network.touch"]._touched()
        if not QUANT_PLACE.isdisjoint(vals):
            touched.places.update((quant.product_id.id, quant.location_id.id) for quant in self)
        touched.quants.update(self._ids)
        return super().write(vals)

    def unlink(self):
        places = {(quant.product_id.id, quant.location_id.id) for quant in self.sudo().exists()}
        self.env["distrib.network.touch"]._touched().places.update(places)
        return super().unlink()


class StockMove(models.Model):
    _inherit = "stock.move"

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        self.env["distrib.network.touch"]._touched().moves.update(moves._ids)
        return moves

    def write(self, vals):
        if MOVE_FIELDS.isdisjoint(vals):
            return super().write(vals)
        touched = self.env["distrib.network.touch"]._touched()
        if not MOVE_PLACE.isdisjoint(vals):
            touched.places.update(self._touched_places())
        touched.moves.update(self._ids)
        return super().write(vals)

    def unlink(self):
        self.env["distrib.network.touch"]._touched().places.update(self._touched_places())
        return super().unlink()

    def _touched_places(self):
        """(product id, location id) of these moves as they are now."""
        return {
            (move.product_id.id, place.id)
            for move in self.sudo().exists()
            if move.state != "draft"
            for place in (move.location_id, move.location_dest_id, move.location_final_id)
            if place
        }
