import re

from odoo import api, models
from odoo.fields import Domain

from .board_tree import _PAIR
from .position import OPEN_STATES

MAX_MOVES = 5000
# column -> what lies behind it
BEHIND = {
    "on_hand": "_behind_quants",
    "available": "_behind_quants",
    "owned_on_hand": "_behind_owned",
    "expired": "_behind_expired",
    "expiring": "_behind_lots",
    "quarantine": "_behind_state",
    "damaged": "_behind_state",
    "blocked": "_behind_state",
    "disputed": "_behind_state",
    "reserved": "_behind_reserved",
    "allocated": "_behind_allocated",
    "incoming": "_behind_incoming",
    "in_transit": "_behind_incoming",
    "transfer_in": "_behind_incoming",
    "outgoing": "_behind_outgoing",
    "forecast": "_behind_moves",
    "demand_mean": "_behind_policies",
    "safety_stock": "_behind_policies",
    "reorder_point": "_behind_policies",
    "cover": "_behind_policies",
    "lots": "_behind_lots",
}


class Board(models.AbstractModel):
    """What is behind a cell: core's own lists, bound to the same places and goods."""

    _inherit = "distrib.board"

    @api.model
    @api.readonly
    def open_cell(self, query, key, column):
        """The action that lists what makes up a number; False when the user's role may not read it."""
        scope = self._scope(query)
        warehouses, products = self._behind_ids(scope, str(key))
        method = BEHIND.get(column, "_behind_quants")
        action = getattr(self, method)(warehouses, products, column)
        if not action or not self.env[action["res_model"]].has_access("read"):
            return False
        title = self._behind_title(str(key), scope)
        return {
            "type": "ir.actions.act_window",
            "views": [(False, "list"), (False, "form")],
            **action,
            "name": f"{action['name']}: {title}" if title else action["name"],
        }

    @api.model
    def _behind_ids(self, scope, key):
        """(warehouses, ids of the products or None for all) of a row."""
        products = scope.products
        visible = self._warehouses(scope)
        if match := _PAIR.fullmatch(key):
            warehouse, product = map(int, match.groups())
            return visible & visible.browse(warehouse), [product]
        kind, number = key[:1], int(re.sub(r"\D", "", key) or 0)
        if kind == "w":
            visible &= visible.browse(number)
        elif kind == "s":
            chosen = visible.browse(number)
            visible &= chosen | chosen._supply_descendants()
        elif kind == "r" and number:
            below = self.env["distrib.region"].search([("id", "child_of", number)])
            visible = visible.filtered(lambda warehouse: warehouse.region_id in below)
        elif kind == "r":
            visible = visible.filtered(lambda warehouse: not warehouse.region_id)
        elif kind == "p":
            products = [number]
        elif kind == "c" and number:
            found = set(self._index().index.goods.get(number, ()))
            products = found if products is None else found & products
        return visible, None if products is None else list(products)

    @api.model
    def _behind_title(self, key, scope):
        nodes = [f"w{m[1]}" if (m := _PAIR.fullmatch(key)) else key]
        if m:
            nodes.append(f"p{m[2]}")
        labels = self._tree(scope).labels([node for node in nodes if node[:1] in "rswcp" and node[1:].isdigit()])
        return " · ".join(labels[node][0] for node in nodes if node in labels)

    # -- quants --------------------------------------------------------------

    @api.model
    def _behind_quants(self, warehouses, products, column, **extra):
        domain = Domain("location_id.warehouse_id", "in", warehouses.ids) & Domain("location_id.usage", "=", "internal")
        if products is not None:
            domain &= Domain("product_id", "in", products)
        if domain_of := extra.get("domain"):
            domain &= domain_of
        else:
            ours = warehouses.company_id.partner_id.ids
            domain &= Domain("owner_id", "=", False) | Domain("owner_id", "in", ours)
        single = products is not None and len(products) == 1
        return {
            "name": extra.get("name") or self.env._("Stock"),
            "res_model": "stock.quant",
            "views": [(self.env.ref("stock.view_stock_quant_tree_simple").id, "list")],
            "domain": list(domain),
            "context": {"group_by": extra.get("group_by", []) if single else []},
        }

    @api.model
    def _behind_owned(self, warehouses, products, column):
        ours = warehouses.company_id.partner_id.ids
        domain = Domain("owner_id", "!=", False) & Domain("owner_id", "not in", ours)
        name = self.env._("Other owners' goods")
        return self._behind_quants(warehouses, products, column, domain=domain, name=name, group_by=["owner_id"])

    @api.model
    def _behind_expired(self, warehouses, products, column):
        limit = self.env["distrib.position"]._start_of_tomorrow()
        domain = Domain("removal_date", "<", limit)
        return self._behind_quants(warehouses, products, column, domain=domain, name=self.env._("Expired"))

    @api.model
    def _behind_lots(self, warehouses, products, column):
        domain = Domain("lot_id", "!=", False)
        return self._behind_quants(
            warehouses, products, column, domain=domain, name=self.env._("Lots"), group_by=["lot_id"]
        )

    @api.model
    def _behind_state(self, warehouses, products, column):
        domain = Domain("location_id.stock_state", "=", column)
        return self._behind_quants(warehouses, products, column, domain=domain)

    # -- moves ---------------------------------------------------------------

    @api.model
    def _behind_moves(self, warehouses, products, column, name="", condition=None, group_by=()):
        domain = Domain("state", "in", OPEN_STATES)
        if products is not None:
            domain &= Domain("product_id", "in", products)
        inside = Domain("location_id.warehouse_id", "in", warehouses.ids)
        enters = Domain("location_dest_id.warehouse_id", "in", warehouses.ids) | Domain(
            "location_final_id.warehouse_id", "in", warehouses.ids
        )
        domain &= {"in": enters, "out": inside}.get(condition, inside | enters)
        return {
            "name": name or self.env._("Open moves"),
            "res_model": "stock.move",
            "views": [(self.env.ref("stock.view_move_tree").id, "list"), (False, "form")],
            "domain": [("id", "in", self._crossing(domain, condition).ids)],
            "context": {"group_by": list(group_by)},
        }

    @api.model
    def _crossing(self, domain, condition):
        """The open moves that count: over the border of a warehouse. Read with the user's own rights."""
        if not self.env["stock.move"].has_access("read"):
            return self.env["stock.move"]
        moves = self.env["stock.move"].search(domain, limit=MAX_MOVES, order="date, id")

        def crosses(move):
            end = move.location_final_id or move.location_dest_id
            source = move.location_id.warehouse_id if move.location_id.usage == "internal" else False
            target = end.warehouse_id if end.usage == "internal" else False
            if (source or None) == (target or None):
                return False
            return bool({"in": target, "out": source}.get(condition, True))

        return moves.filtered(crosses)

    @api.model
    def _behind_incoming(self, warehouses, products, column):
        return self._behind_moves(warehouses, products, column, self.env._("Incoming"), "in", ["picking_type_id"])

    @api.model
    def _behind_outgoing(self, warehouses, products, column):
        return self._behind_moves(warehouses, products, column, self.env._("Outgoing"), "out", ["partner_id"])

    @api.model
    def _behind_reserved(self, warehouses, products, column):
        """Who has taken it: by customer and order."""
        domain = Domain("location_id.warehouse_id", "in", warehouses.ids) & Domain(
            "state", "in", ("assigned", "partially_available")
        )
        if products is not None:
            domain &= Domain("product_id", "in", products)
        return {
            "name": self.env._("Reserved"),
            "res_model": "stock.move",
            "views": [(self.env.ref("stock.view_move_tree").id, "list"), (False, "form")],
            "domain": list(domain),
            "context": {"group_by": ["partner_id", "origin"]},
        }

    # -- policies and allocations --------------------------------------------

    @api.model
    def _behind_policies(self, warehouses, products, column):
        domain = Domain("warehouse_id", "in", warehouses.ids)
        if products is not None:
            domain &= Domain("product_id", "in", products)
        return {"name": self.env._("Stock policies"), "res_model": "distrib.policy", "domain": list(domain)}

    @api.model
    def _behind_allocated(self, warehouses, products, column):
        domain = Domain("warehouse_id", "in", warehouses.ids)
        if products is not None:
            domain &= Domain("product_id", "in", products)
        shares = self.env["distrib.allocation.share"].search(domain)
        domain = [("id", "in", shares.allocation_id.ids)]
        return {"name": self.env._("Allocations"), "res_model": "distrib.allocation", "domain": domain}
