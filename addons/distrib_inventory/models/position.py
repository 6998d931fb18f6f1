from datetime import UTC, date, datetime, time, timedelta

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..engine.position import Positions

ALL = SQL("TRUE")
OPEN_STATES = ("waiting", "confirmed", "assigned", "partially_available")


class Position(models.AbstractModel):
    """Product x warehouse quantities, read in one grouped statement whatever the number of warehouses.

    `on_hand`, `free`, `incoming`, `outgoing` and `forecast` are core's (`qty_available`, `free_qty`, `incoming_qty`,
    `outgoing_qty`, `virtual_available` under `warehouse_id` and `owner_id=False` in context), with two differences that
    are meant: goods that carry our own company as owner are ours, and only internal locations of a warehouse hold its
    stock.
    """

    _name = "distrib.position"
    _description = "Stock Position"

    @api.model
    @api.readonly
    def read_positions(self, product_ids=None, warehouse_ids=None, partner_id=None, as_of=None):
        """Positions for callers inside and outside (RPC): one dictionary for each pair that has stock, open moves or
        allocations.

        :param list product_ids: only these products; None for all
        :param list warehouse_ids: only these warehouses; None for all of the allowed companies
        :param int partner_id: a customer or dealer, whose own allocations then count as available
        :param as_of: a day before today (date or ISO string): the stock at its end, see `_read_past`
        :return: list of dict: product_id, warehouse_id, on_hand, reserved, expired, expiring, quarantine, damaged,
            blocked, disputed, allocated, free, available, incoming, purchase_in, in_transit, transfer_in, outgoing,
            forecast, owned_on_hand, owned_reserved; see `engine/position.py` for what each means
        :raise AccessError: the user is not a viewer of the distribution network
        """
        self._check_viewer()
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        if as_of is not None:
            return self._read_past(as_of, product_ids, warehouse_ids, digits)
        return self._read_columns(product_ids, warehouse_ids, partner_id=partner_id).to_dicts(digits)

    @api.model
    def _check_viewer(self):
        if not (self.env.su or self.env.user.has_group("distrib_inventory.group_viewer")):
            raise AccessError(self.env._("Stock positions are shown to viewers of the distribution network only."))

    @api.model
    def _read_columns(self, product_ids=None, warehouse_ids=None, **beneficiary):
        """Positions as arrays, for code that checked access before. Limited to the allowed companies.

        :param beneficiary: see `distrib.allocation._beneficiary_sql`; whose allocations count as available
        :rtype: distrib_inventory.engine.position.Positions
        """
        self._flush_position_fields()
        self.env.cr.execute(self._positions_sql(product_ids, warehouse_ids, beneficiary))
        return Positions.from_arrays(self.env.cr.fetchone())

    @api.model
    def _flush_position_fields(self):
        for model, names in POSITION_FIELDS.items():
            self.env[model].flush_model(names)

    @api.model
    def _warehouse_condition(self, warehouse_ids):
        condition = SQL("w.company_id = ANY(%s)", self.env.companies.ids)
        if warehouse_ids is None:
            return condition
        return SQL("%s AND w.id = ANY(%s)", condition, list(warehouse_ids))

    @api.model
    def _product_condition(self, product_ids):
        return ALL if product_ids is None else SQL("x.product_id = ANY(%s)", list(product_ids))

    @api.model
    def _start_of_tomorrow(self):
        """Core counts as expired what is to be removed by the end of the server's day in the user's time zone."""
        return self._end_of(date.today())

    @api.model
    def _end_of(self, day):
        """The moment in UTC at which a day of the user's time zone ends."""
        midnight = datetime.combine(day + timedelta(days=1), time.min)
        return self.env.tz.localize(midnight).astimezone(UTC).replace(tzinfo=None)


# What the statements read: written by core's models in memory first, so flushed before each of them.
POSITION_FIELDS = {
    "stock.quant": ["product_id", "location_id", "quantity", "reserved_quantity", "owner_id", "removal_date"],
    "stock.move": [
        "product_id",
        "location_id",
        "location_dest_id",
        "location_final_id",
        "product_qty",
        "product_uom_qty",
        "quantity",
        "state",
        "restrict_partner_id",
    ],
    "stock.location": ["warehouse_id", "usage", "stock_state"],
    "stock.warehouse": ["company_id", "region_id", "network_tier", "supply_parent_id"],
    "distrib.allocation": ["date_from", "date_to", "beneficiary_kind", "commercial_partner_id", "promotion"],
    "distrib.allocation.share": ["allocation_id", "product_id", "warehouse_id", "quantity"],
    "res.company": ["partner_id", "distrib_expiring_days"],
}
