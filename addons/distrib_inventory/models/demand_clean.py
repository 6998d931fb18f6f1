import numpy as np
from odoo import api, models

from ..engine import demand
from .demand import MATRIX_MEASURES


class DemandClean(models.Model):
    """History as the forecast takes it: silence told from zero, marked days unknown."""

    _inherit = "distrib.demand"

    @api.model
    def _read_matrix(
        self, start, end, product_ids=None, warehouse_ids=None, pairs=None, measures=MATRIX_MEASURES, cleaned=False
    ):
        """As the method it extends; ``cleaned`` changes ``quantity`` (which must be among the measures):

        - silent days are 0 where the source lists only days with sales: days that stock moves own, and files that never
          name a zero; from a pair's first known day to the last that can be known (yesterday for moves; for files the
          last day on which anything is known of the warehouse)
        - days left out by a mark are NaN: one-off bulk orders, net returns, days without data, a planner's own
        - a negative day is NaN even before the nightly run has marked it
        """
        matrix = super()._read_matrix(start, end, product_ids, warehouse_ids, pairs, measures)
        if cleaned and len(matrix.warehouse_id):
            self._fill_silence(matrix)
            self._leave_out(matrix)
        return matrix

    @api.model
    def _fill_silence(self, matrix):
        quantity = matrix.quantity
        places, place = np.unique(matrix.warehouse_id, return_inverse=True)
        by_moves = self._owned_by_moves(matrix.warehouse_id[:, None], matrix.product_id[:, None], matrix.days[None, :])
        last = self._last_told(places)
        companies = self.env["stock.warehouse"].sudo().browse(places.tolist())
        closed = {company: np.datetime64(self._closed_day(company)) for company in companies.company_id}
        closed = np.array([closed[warehouse.company_id] for warehouse in companies], "datetime64[D]")
        older = self._has_older(matrix, places)
        demand.fill_silence(quantity, by_moves, matrix.days, last[place], closed[place], older)

    @api.model
    def _last_told(self, places):
        """The last day of which files told anything of each warehouse (w,) ``datetime64[D]``."""
        self.env.cr.execute(
            "SELECT warehouse_id, day - DATE '1970-01-01' FROM distrib_demand_told WHERE warehouse_id = ANY(%s)",
            (places.tolist(),),
        )
        told = dict(self.env.cr.fetchall())
        return np.array([told.get(place, -1) for place in places.tolist()]).astype("datetime64[D]")

    @api.model
    def _has_older(self, matrix, places):
        """Whether each pair has history before the matrix, bool (n,)."""
        self.env.cr.execute(
            """
            SELECT warehouse_id, product_id FROM distrib_demand_block
             WHERE month < date_trunc('month', %(first)s::date)::date AND warehouse_id = ANY(%(places)s)
             GROUP BY 1, 2
             UNION ALL
            SELECT warehouse_id, product_id FROM distrib_demand_block
             WHERE month = date_trunc('month', %(first)s::date)::date AND warehouse_id = ANY(%(places)s)
               AND EXISTS (SELECT FROM unnest(quantity[1:extract(day FROM %(first)s::date)::int - 1]) q WHERE q <> 'NaN')
            """,
            {"first": str(matrix.days[0]), "places": places.tolist()},
        )
        found = np.array(self.env.cr.fetchall(), np.int64).reshape(-1, 2)
        keys = demand.pair_keys(matrix.warehouse_id, matrix.product_id)
        return np.isin(keys, demand.pair_keys(found[:, 0], found[:, 1]))

    @api.model
    def _leave_out(self, matrix):
        quantity, first = matrix.quantity, matrix.days[0]
        np.copyto(quantity, np.float32(np.nan), where=quantity < 0)
        # sudo: what is left out does not depend on who asks
        single, whole = self.env["distrib.demand.mark"].sudo()._left_out(first, matrix.days[-1])
        offset = first.astype(np.int64)
        keys = demand.pair_keys(matrix.warehouse_id, matrix.product_id)
        order = np.argsort(keys, kind="stable")
        wanted = demand.pair_keys(single[:, 0], single[:, 1])
        place = order[np.searchsorted(keys, wanted, sorter=order).clip(max=len(keys) - 1)]
        found = keys[place] == wanted
        quantity[place[found], single[found, 2] - offset] = np.nan
        for warehouse, _product, day in whole.tolist():
            quantity[matrix.warehouse_id == warehouse, day - offset] = np.nan
