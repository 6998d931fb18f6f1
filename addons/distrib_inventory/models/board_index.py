import threading
from dataclasses import dataclass

import numpy as np
from odoo import api, models
from odoo.tools import SQL

from ..engine.board_search import Index, Names

_LOCK = threading.Lock()
# What the index is made of. A change of any row makes a new one: of the dates the sum is looked at and not the latest,
# because a transaction that began early may be committed late.
_SOURCES = ("product_product", "product_template", "product_category", "stock_warehouse", "distrib_region")


@dataclass(frozen=True)
class Goods:
    """Product ids in their order (n,), the category of each (0: none), and its place in the order of codes."""

    ids: np.ndarray
    category: np.ndarray
    rank: np.ndarray

    @classmethod
    def of(cls, products):
        """Of rows that hold id, category and code."""
        ids = np.array([row[0] for row in products], np.int64)
        rank = np.empty(len(ids), np.int64)
        rank[sorted(range(len(ids)), key=lambda place: (products[place][2] or "", products[place][0]))] = range(
            len(ids)
        )
        category = np.array([row[1] or 0 for row in products], np.int64)
        order = np.argsort(ids)
        return cls(ids[order], category[order], rank[order])

    def find(self, ids):
        """(category, rank) of sorted products; those that are not known have no category, and come last."""
        place = np.searchsorted(self.ids, ids)
        place[place == len(self.ids)] = 0
        if not len(self.ids):
            return np.zeros(len(ids), np.int64), np.arange(len(ids))
        known = self.ids[place] == ids
        return np.where(known, self.category[place], 0), np.where(known, self.rank[place], len(self.ids) + ids)


@dataclass(frozen=True)
class Known:
    """What the search box knows, and the companies of products that belong to one."""

    index: Index
    company_of: dict


class Board(models.AbstractModel):
    """The search box: one index for each database and process, renewed when a name or a code has changed."""

    _inherit = "distrib.board"

    @api.model
    def _index(self):
        """:return: Known"""
        return self._remembered("index", self._build_index)

    @api.model
    def _goods(self):
        """:return: Goods, which a board by goods needs without any search"""
        return self._remembered("goods", self._build_goods)

    @api.model
    def _remembered(self, name, build):
        """What was built of the names as they are now, or what is built of them."""
        for source in _SOURCES:
            self.env[source.replace("_", ".")].flush_model()
        self.env.cr.execute(
            SQL(" UNION ALL ").join(
                SQL("SELECT count(*), sum(extract(epoch FROM write_date)) FROM %s", SQL.identifier(source))
                for source in _SOURCES
            )
        )
        state = tuple(self.env.cr.fetchall())
        registry = self.env.registry
        with _LOCK:
            known = getattr(registry, "_distrib_board_index", None)
            if not known or known[0] != state:
                known = registry._distrib_board_index = (state, {})
            if name not in known[1]:
                known[1][name] = build()
            return known[1][name]

    @api.model
    def _build_index(self):
        """All names in all languages: people search in the language of the goods, not in that of the screen."""
        products = self._fetch(
            """SELECT p.id, t.company_id, t.categ_id, t.name, p.default_code, p.barcode
                 FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id
                WHERE p.active AND t.type = 'consu'"""
        )
        categories = self._fetch("SELECT id, parent_path, name FROM product_category")
        warehouses = self._fetch("SELECT id, region_id, name, code, store_ref FROM stock_warehouse WHERE active")
        regions = self._fetch("SELECT id, parent_path, name, code FROM distrib_region WHERE active")
        index = Index(
            regions=Names((key, [*_texts(name), code]) for key, _path, name, code in regions),
            warehouses=Names((key, [*_texts(name), code, ref]) for key, _region, name, code, ref in warehouses),
            products=Names((key, _texts(name)) for key, _company, _categ, name, _code, _barcode in products),
            codes=Names((key, [code, barcode]) for key, _company, _categ, _name, code, barcode in products),
            categories=Names((key, _texts(name)) for key, _path, name in categories),
            below=_gather(((w[0], w[1]) for w in warehouses), {r[0]: r[1] for r in regions}),
            goods=_gather(((p[0], p[2]) for p in products), {c[0]: c[1] for c in categories}),
        )
        return Known(index, {product[0]: product[1] for product in products if product[1]})

    @api.model
    def _build_goods(self):
        return Goods.of(
            self._fetch(
                """SELECT p.id, t.categ_id, p.default_code
                     FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id
                    WHERE p.active AND t.type = 'consu'"""
            )
        )

    @api.model
    def _fetch(self, query):
        self.env.cr.execute(query)
        return self.env.cr.fetchall()


def _texts(name):
    """The name in every language, of a translated column or a plain one."""
    return set(name.values()) if isinstance(name, dict) else [name]


def _gather(members, paths):
    """Group -> all members in it or in any of its parts.

    :param members: (member id, group id or None)
    :param dict paths: group id -> parent_path
    """
    found = {}
    for member, group in members:
        for above in (paths.get(group) or "").split("/")[:-1]:
            found.setdefault(int(above), set()).add(member)
    return {group: frozenset(ids) for group, ids in found.items()}
