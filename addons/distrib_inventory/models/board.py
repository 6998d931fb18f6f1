from dataclasses import dataclass, field

from odoo import api, models
from odoo.fields import Domain

from ..engine.board import COLUMNS, COVER_EDGES, STATUSES, Filter
from ..engine.board_search import Found

BY = ("region", "supply", "category")
PAGE = 80
"""Rows of one parent that are sent at once."""
OPEN_UP_TO = 60
"""A tree with no more rows than this is opened down to its warehouses by itself."""


@dataclass(frozen=True)
class Scope:
    """What a board is about. ``None``: not restricted."""

    by: str = "region"
    filter: Filter = field(default_factory=Filter)
    warehouses: frozenset[int] | None = None
    products: frozenset[int] | None = None
    order: tuple[str, bool] | None = None
    words: tuple = ()

    @property
    def is_narrow(self):
        """Places without anything that passes are left out."""
        return bool(self.filter) or self.products is not None


class Board(models.AbstractModel):
    """The network board: a tree of places or goods with their quantities, read a level at a time.

    Every public method takes the same ``query``: a dictionary with any of

    - ``by``: 'region', 'supply' or 'category', what the rows are
    - ``search``: words for places and goods
    - ``tiers``, ``statuses``, ``covers``, ``states``: lists; see `engine.board`
    - ``warehouse_ids``, ``product_ids``: only these
    - ``order``: [column, descending]

    Rows have a ``key`` that names what they are: ``r7`` region, ``s7`` warehouse with all it supplies, ``w7``
    warehouse, ``c7`` category, ``p7`` product, ``w7p5`` product in warehouse. Unknown and foreign ids find nothing.
    """

    _name = "distrib.board"
    _description = "Network Board"

    # -- for the client ------------------------------------------------------

    @api.model
    @api.readonly
    def load(self, query, expanded=None):
        """The first page: the top of the tree, with what is expanded below it.

        :param list expanded: keys of rows to open; None: a small tree is opened to its warehouses
        :return: dict: columns, rows (from top to bottom), total, words (how the search was understood)
        """
        scope = self._scope(query)
        tree = self._tree(scope)
        return {
            "columns": list(COLUMNS),
            "statuses": list(STATUSES),
            "cover_edges": list(COVER_EDGES),
            "rows": tree.flat(None if expanded is None else set(expanded)),
            "total": tree.total(),
            "words": [list(word) for word in scope.words],
        }

    @api.model
    @api.readonly
    def expand(self, query, key, offset=0):
        """The rows right below one row, from ``offset`` on, at most a page of them."""
        return self._tree(self._scope(query)).children(str(key), max(int(offset), 0), PAGE)

    @api.model
    @api.readonly
    def refresh(self, query, keys):
        """The numbers of rows on the screen as they are now.

        :return: dict: total, and rows by key; a row with nothing left is False
        """
        tree = self._tree(self._scope(query))
        return {"rows": tree.values([str(key) for key in keys[:500]]), "total": tree.total()}

    @api.model
    @api.readonly
    def find_path(self, query, key):
        """The keys of the rows above a row, from the top: what to expand to see it."""
        return self._tree(self._scope(query)).path(str(key))

    @api.model
    @api.readonly
    def get_map(self, query):
        """The warehouses with their coordinates and numbers, and the places by which one finds one's way."""
        scope = self._scope(query)
        parts = self._totals("warehouse", scope).parts()
        warehouses = self._warehouses(scope)
        tree = self._tree(Scope("region", scope.filter, scope.warehouses, scope.products))
        regions = self.env["distrib.region"].search([("kind", "in", ("area", "province")), ("latitude", "!=", 0)])
        return {
            "columns": list(COLUMNS),
            "warehouses": [
                {
                    **tree.row(f"w{warehouse.id}", warehouse.name, warehouse.code, parts.get(warehouse.id)),
                    "latitude": warehouse.latitude,
                    "longitude": warehouse.longitude,
                    "tier": warehouse.network_tier,
                }
                for warehouse in warehouses
                if (warehouse.latitude or warehouse.longitude) and (warehouse.id in parts or not scope.is_narrow)
            ],
            "unplaced": sum(1 for warehouse in warehouses if not (warehouse.latitude or warehouse.longitude)),
            "regions": [
                {
                    "id": region.id,
                    "name": region.name,
                    "kind": region.kind,
                    "latitude": region.latitude,
                    "longitude": region.longitude,
                }
                for region in regions
            ],
        }

    # -- what a query means --------------------------------------------------

    @api.model
    def _scope(self, query):
        """:raise AccessError: the user is not a viewer of the distribution network"""
        self.env["distrib.position"]._check_viewer()
        # The index is looked at for changes with every use: only where there is something to be looked up.
        search = str(query.get("search") or "").strip()[:200]
        found = self._index().index.understand(search) if search else Found()
        products = _both(found.products, query.get("product_ids"))
        if products is not None:
            company_of, companies = self._index().company_of, set(self.env.companies.ids)
            products = frozenset(p for p in products if company_of.get(p) in companies or p not in company_of)
        warehouses = _both(found.warehouses, query.get("warehouse_ids"))
        if tiers := query.get("tiers"):
            warehouses = _both(warehouses, self.env["stock.warehouse"].search([("network_tier", "in", tiers)]).ids)
        by, order = query.get("by"), query.get("order")
        return Scope(
            by if by in BY else BY[0],
            Filter.of(query.get("statuses") or (), query.get("covers") or (), query.get("states") or ()),
            warehouses,
            products,
            (order[0], bool(order[1])) if order and order[0] in (*COLUMNS, "cover") else None,
            found.words,
        )

    @api.model
    def _warehouses(self, scope):
        """The warehouses of the scope that the user may see."""
        domain = Domain("company_id", "in", self.env.companies.ids)
        if scope.warehouses is not None:
            domain &= Domain("id", "in", list(scope.warehouses))
        return self.env["stock.warehouse"].search(domain)


def _both(one, other):
    """Both restrictions; None is no restriction."""
    if other is None or other is False:
        return one
    other = frozenset(int(key) for key in other)
    return other if one is None else one & other
