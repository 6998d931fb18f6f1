from odoo import api, fields, models
from odoo.exceptions import UserError

from .sales_resolver import Resolver

MAX_SKUS = 10_000
MAX_LIMIT = 20_000
# What outside systems get of a position; further columns stay ours to change.
QUANTITIES = ("on_hand", "reserved", "allocated", "available", "incoming", "in_transit", "outgoing", "forecast")


class Position(models.AbstractModel):
    _inherit = "distrib.position"

    @api.model
    @api.readonly
    def availability(self, skus=None, warehouse_codes=None, region_codes=None, limit=1000, cursor=None):
        """Positions of many SKUs in many places, for outside systems (see docs/api.md).

        :param list skus: internal references, else barcodes; None for all goods that are kept in stock
        :param list warehouse_codes: short names of warehouses
        :param list region_codes: codes of regions; all warehouses in them and below. With neither, all warehouses;
            with both, those that one of the two names
        :param int limit: rows of one answer at most; the rows of one SKU are never parted
        :param str cursor: ``next_cursor`` of the answer before
        :return: dict with ``rows``, ``next_cursor`` (False at the end), ``at``, ``unknown_skus``, ``ambiguous_skus``,
            ``unknown_warehouses``, ``unknown_regions``
        :raise AccessError: the user is not a viewer of the distribution network
        :raise UserError: the arguments are not of this shape
        """
        self._check_viewer()
        self._check_availability_arguments(skus, warehouse_codes, region_codes, limit, cursor)
        warehouses, places = self._places_of_codes(warehouse_codes, region_codes)
        products, unknown = self._products_of_skus(skus, int(cursor or 0), max(1, limit // max(len(warehouses), 1)))
        page, more = products
        rows = self._availability_rows(page, warehouses)
        return {
            "rows": list(rows.values()),
            "next_cursor": str(page[-1].id) if more else False,
            "at": fields.Datetime.now().isoformat(),
            **unknown,
            **places,
        }

    @api.model
    def _check_availability_arguments(self, skus, warehouse_codes, region_codes, limit, cursor):
        for name, values in (("skus", skus), ("warehouse_codes", warehouse_codes), ("region_codes", region_codes)):
            if values is not None and not (
                isinstance(values, list | tuple) and all(isinstance(value, str) for value in values)
            ):
                raise UserError(self.env._("%s has to be a list of texts.", name))
        if len(skus or ()) > MAX_SKUS:
            raise UserError(self.env._("At most %s SKUs can be asked for in one call.", MAX_SKUS))
        if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MAX_LIMIT:
            raise UserError(self.env._("The limit lies between 1 and %s.", MAX_LIMIT))
        if cursor and not (isinstance(cursor, str) and cursor.isdecimal()):
            raise UserError(self.env._("This is not a cursor of an earlier answer."))

    @api.model
    def _places_of_codes(self, warehouse_codes, region_codes):
        """The warehouses meant by codes, and what was not found."""
        Warehouse = self.env["stock.warehouse"].with_context(active_test=True)
        own = [("company_id", "in", self.env.companies.ids)]
        if warehouse_codes is None and region_codes is None:
            return Warehouse.search(own), {"unknown_warehouses": [], "unknown_regions": []}
        named = Warehouse.search([*own, ("code", "in", list(warehouse_codes or []))])
        regions = self.env["distrib.region"].search([("code", "in", list(region_codes or []))])
        inside = Warehouse.search([*own, ("region_id", "child_of", regions.ids)]) if regions else Warehouse
        return named | inside, {
            "unknown_warehouses": self._not_in(warehouse_codes, named.mapped("code")),
            "unknown_regions": self._not_in(region_codes, regions.mapped("code")),
        }

    @api.model
    def _not_in(self, asked, found):
        known = set(found)
        return [code for code in dict.fromkeys(asked or ()) if code not in known]

    @api.model
    def _products_of_skus(self, skus, after, count):
        """((page of products in the order of ids, whether more follow), what was not found)."""
        Product = self.env["product.product"]
        if skus is None:
            found = Product.search([("is_storable", "=", True), ("id", ">", after)], order="id", limit=count + 1)
            return (found[:count], len(found) > count), {"unknown_skus": [], "ambiguous_skus": []}
        ids = self._ids_of_skus(skus)
        found = Product.browse(sorted({product for product in ids.values() if product > after}))
        return (found[:count], len(found) > count), {
            "unknown_skus": self._not_in(skus, ids),
            "ambiguous_skus": [sku for sku in dict.fromkeys(skus) if ids.get(sku) == -1],
        }

    @api.model
    def _ids_of_skus(self, skus):
        """{sku: product id, or -1 where several fit}; unknown ones are left out. References go before barcodes."""
        domain = ["|", ("default_code", "in", list(skus)), ("barcode", "in", list(skus))]
        records = self.env["product.product"].search_fetch(domain, ["default_code", "barcode"])
        return Resolver._by_label(
            set(skus), *([(record[name], record.id) for record in records] for name in ("default_code", "barcode"))
        )

    @api.model
    def _availability_rows(self, products, warehouses):
        """{(product id, warehouse id): row as outside systems get it}, in the order of the ids."""
        sku = {product.id: product.default_code or product.barcode or "" for product in products}
        code = {warehouse.id: warehouse.code for warehouse in warehouses}
        found = self.read_positions(products.ids, warehouses.ids) if products and warehouses else []
        found.sort(key=lambda row: (row["product_id"], row["warehouse_id"]))
        return {
            (row["product_id"], row["warehouse_id"]): {
                "sku": sku[row["product_id"]],
                "product_id": row["product_id"],
                "warehouse_code": code[row["warehouse_id"]],
                "warehouse_id": row["warehouse_id"],
                **{name: row.get(name, 0.0) for name in QUANTITIES},
            }
            for row in found
        }
