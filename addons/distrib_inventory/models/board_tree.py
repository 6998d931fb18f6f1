"""The rows of the board: places or goods as a tree, and single pairs below."""

import re
from functools import cached_property

import numpy as np
from odoo import api, models
from odoo.tools import SQL

from ..engine.board import COLUMNS, STATUSES, Part, climb, severity
from .board import OPEN_UP_TO, PAGE

_PAIR = re.compile(r"w(\d+)p(\d+)")
_PRODUCT = re.compile(r"p(\d+)")


class Board(models.AbstractModel):
    _inherit = "distrib.board"

    @api.model
    def _tree(self, scope):
        return {"region": RegionTree, "supply": SupplyTree, "category": CategoryTree}[scope.by](self, scope)


class Tree:
    """One reading of the board. Nodes are keys; a node's part is the sum of what lies below it."""

    leaf_kind = "w"

    def __init__(self, board, scope):
        self.board = board
        self.env = board.env
        self.scope = scope
        self.digits = self.env["decimal.precision"].precision_get("Product Unit")

    # -- to be said by each kind of tree: parents (node -> node above or None), own (node -> Part), label(node),
    #    rank(node) for the order among brothers ---------------------------------------------------------------

    @cached_property
    def parts(self):
        return climb(self.own, self.parents)

    @cached_property
    def below(self):
        """Node (None: the top) -> the nodes right below it, in their order."""
        found = {}
        for node in self.parents:
            if node in self.parts:
                found.setdefault(self.parents[node], []).append(node)
        for brothers in found.values():
            brothers.sort(key=self.sort_key)
        return found

    def sort_key(self, node):
        if not self.scope.order:
            return self.rank(node)
        column, descending = self.scope.order
        values = self.parts[node].values
        value = values[COLUMNS.index("usable" if column == "cover" else column)]
        if column == "cover":
            demand = values[COLUMNS.index("demand_mean")]
            value = value / demand if demand > 0 else float("inf")
        return (-value if descending else value, self.rank(node))

    @cached_property
    def tops(self):
        """The first level that says something: the country alone does not."""
        level = self.below.get(None, [])
        while len(level) == 1 and len(self.groups_below(level[0])) > 1:
            level = self.below[level[0]]
        return level

    def groups_below(self, node):
        return [child for child in self.below.get(node, ()) if child[0] != self.leaf_kind]

    def total(self):
        part = Part.total((self.parts[node] for node in self.below.get(None, ())), len(COLUMNS))
        return self.row("total", "", "", part)

    def path(self, node):
        """The nodes above a node, from the top."""
        steps, above = [], self.parents.get(node)
        while above:
            steps.insert(0, above)
            above = self.parents.get(above)
        return steps

    # -- rows ----------------------------------------------------------------

    def flat(self, expanded):
        """The visible rows from top to bottom."""
        if expanded is None:
            expanded = self.small_enough()
        rows = []
        for row in self.node_rows(self.tops, 0):
            self.unfold(row, expanded, rows)
        return rows

    def unfold(self, row, expanded, rows):
        rows.append(row)
        if row["key"] in expanded and row["expandable"]:
            row["open"] = True
            for child in self.children(row["key"], 0, PAGE):
                child["depth"] = row["depth"] + 1
                self.unfold(child, expanded, rows)

    def small_enough(self):
        """Groups to open, level by level, while the whole stays small."""
        level, count, opened = self.tops, len(self.tops), set()
        while level:
            after = [child for node in level for child in self.below.get(self.end_of_chain(node), ())]
            count += len(after)
            if count > OPEN_UP_TO:
                break
            opened |= {self.end_of_chain(node) for node in level if node in self.below}
            level = after
        return opened

    def end_of_chain(self, node):
        """A group that holds nothing but one other group is shown as one row with it."""
        while len(self.below.get(node, ())) == 1 and self.below[node][0][0] == "r" == node[0]:
            node = self.below[node][0]
        return node

    def children(self, key, offset, limit):
        """The rows right below a row; the last is of kind 'more' when there are further ones."""
        rows, count = self.children_page(key, offset, limit)
        for row in rows:
            row["parent"] = key
        if offset + len(rows) < count and rows:
            rest = count - offset - len(rows)
            rows.append(
                {"key": f"more:{key}", "kind": "more", "parent": key, "depth": 1, "label": str(rest),
                 "offset": offset + len(rows), "rest": rest}
            )  # fmt: skip
        return rows

    def children_page(self, key, offset, limit):
        """(rows right below a row, number of all of them)"""
        nodes = self.below.get(key)
        if nodes is None:
            return self.pair_rows(key, offset, limit)
        return self.node_rows(nodes[offset : offset + limit], 1), len(nodes)

    def node_rows(self, nodes, depth):
        """Rows of tree nodes of one level."""
        chains = []
        for node in nodes:
            chain = [node]
            while (end := self.end_of_chain(chain[-1])) != chain[-1]:
                while chain[-1] != end:
                    chain.append(self.below[chain[-1]][0])
            chains.append(chain)
        labels = self.labels([node for chain in chains for node in chain])
        return [
            {
                **self.row(
                    chain[-1],
                    " / ".join(labels[node][0] for node in chain),
                    labels[chain[-1]][1],
                    self.parts[chain[-1]],
                ),
                "depth": depth,
                "expandable": chain[-1] in self.below or self.has_pairs(chain[-1]),
            }
            for chain in chains
        ]

    def has_pairs(self, node):
        """A leaf can be opened to single pairs, unless it is about one product anyway."""
        one = self.scope.products is not None and len(self.scope.products) == 1
        return bool(self.parts[node].counts.sum()) and not (one and node[0] == "w")

    def pair_rows(self, key, offset, limit):
        kind, number = key[:1], int(key[1:] or 0) if key[1:].isdigit() else 0
        if kind not in "wp" or not number:
            return [], 0
        by = "warehouse" if kind == "w" else "product"
        found, count = self.board._pairs(
            self.scope,
            **{f"{by}s": [number]},
            order=self.pair_order(kind),
            offset=offset,
            limit=limit,
            count=self.board._count_pairs(self.scope, by, number),
        )
        return self.rows_of_pairs(found, kind), count

    def pair_order(self, kind):
        names = "p.default_code, p.id" if kind == "w" else "w.sequence, w.code, w.id"
        if not self.scope.order:
            return SQL(names)
        column, descending = self.scope.order
        by = SQL("usable / NULLIF(demand_mean, 0)") if column == "cover" else SQL.identifier(column)
        return SQL("%s %s NULLS LAST, %s", by, SQL("DESC") if descending else SQL("ASC"), SQL(names))

    def rows_of_pairs(self, found, kind):
        """Rows of (product, warehouse, bucket, values...); named by what their parent is not."""
        nodes = [f"p{row[0]}" if kind == "w" else f"w{row[1]}" for row in found]
        labels = self.labels(nodes)
        return [
            {
                **self.pair_values(row),
                "key": f"w{row[1]}p{row[0]}",
                "kind": "wp",
                "label": labels[node][0],
                "sub": labels[node][1],
                "depth": 1,
                "expandable": False,
            }
            for row, node in zip(found, nodes, strict=True)
        ]

    def row(self, key, label, sub, part):
        part = part or Part.total((), len(COLUMNS))
        return {"key": key, "kind": re.match("[a-z]+", key)[0], "label": label, "sub": sub or "", "depth": 0,
                **self.part_values(part)}  # fmt: skip

    def part_values(self, part):
        counts = part.counts.tolist()
        return {"v": self.rounded(part.values.tolist()), "counts": counts, "status": severity(counts)}

    def pair_values(self, row):
        return {"v": self.rounded(row[3:]), "counts": None, "status": STATUSES[row[2] & 7]}

    def rounded(self, values):
        return [round(value, self.digits) + 0.0 for value in values]

    def values(self, keys):
        """Key -> numbers as they are now; False when there is nothing left."""
        pairs = {key: tuple(map(int, match.groups())) for key in keys if (match := _PAIR.fullmatch(key))}
        found = {}
        if pairs:
            warehouses, products = (set(ids) for ids in zip(*pairs.values(), strict=True))
            rows, _count = self.board._pairs(self.scope, warehouses=warehouses, products=products)
            now = {(row[1], row[0]): row for row in rows}
            found = {key: self.pair_values(now[pair]) if pair in now else False for key, pair in pairs.items()}
        for key in keys:
            if key not in found:
                found[key] = self.part_values(self.parts[key]) if key in self.parts else False
        return found

    def labels(self, nodes):
        """Node -> (label, second line)."""
        found = {}
        for kind, model, read in (
            ("r", "distrib.region", lambda record: (record.name, "")),
            ("w", "stock.warehouse", lambda record: (record.name, record.code)),
            ("s", "stock.warehouse", lambda record: (record.name, record.code)),
            ("c", "product.category", lambda record: (record.name, "")),
            ("p", "product.product", lambda record: (record.display_name, record.default_code)),
        ):
            ids = [int(node[1:]) for node in nodes if node[0] == kind and node[1:] != "0"]
            # Access to the pairs was checked; a name of goods or of a place above is no secret of another company's.
            records = self.env[model].sudo().with_context(display_default_code=False).browse(ids)
            found |= {f"{kind}{record.id}": read(record) for record in records}
        found["r0"] = (self.env._("Without a region"), "")
        found["c0"] = (self.env._("Without a category"), "")
        return found


class RegionTree(Tree):
    """Regions, and warehouses in them."""

    @cached_property
    def tops(self):
        """The areas: a country that everything is in says nothing."""
        level = self.below.get(None, [])
        return self.below[level[0]] if len(level) == 1 and self.groups_below(level[0]) else level

    @cached_property
    def warehouses(self):
        return self.board._warehouses(self.scope)

    @cached_property
    def own(self):
        parts = self.board._totals("warehouse", self.scope).parts()
        nothing = Part.total((), len(COLUMNS))
        return {
            f"w{key}": parts.get(key, nothing)
            for key in self.warehouses.ids
            if key in parts or not self.scope.is_narrow
        }

    @cached_property
    def parents(self):
        found = {f"w{w.id}": f"r{w.region_id.id or 0}" for w in self.warehouses}
        above = self.warehouses.region_id
        paths = {int(key) for region in above for key in (region.parent_path or "").split("/")[:-1]}
        regions = self.env["distrib.region"].browse(sorted(paths))
        found |= {f"r{r.id}": f"r{r.parent_id.id}" if r.parent_id else None for r in regions}
        return found | {"r0": None}

    @cached_property
    def ranks(self):
        regions = self.env["distrib.region"].browse(
            [int(node[1:]) for node in self.parents if node[0] == "r" and node != "r0"]
        )
        # Areas come in the order of their first province's code, as one is used to: North, Northeast, East, ...
        return (
            {f"r{region.id}": (0, region.id) for region in regions}
            | {"r0": (2, 0)}
            | {f"w{key}": (1, place) for place, key in enumerate(self.warehouses.ids)}
        )

    def rank(self, node):
        return self.ranks[node]


class SupplyTree(RegionTree):
    """Warehouses under the one that supplies them. A supplier's row holds all below it, its own stock among it."""

    @cached_property
    def parents(self):
        visible = set(self.warehouses.ids)
        above = {w.id: w.supply_parent_id.id if w.supply_parent_id.id in visible else None for w in self.warehouses}
        suppliers = set(above.values()) - {None}
        found = {f"s{key}": f"s{above[key]}" if above[key] else None for key in suppliers}
        for key, parent in above.items():
            found[f"w{key}"] = f"s{key}" if key in suppliers else f"s{parent}" if parent else None
        return found

    @cached_property
    def ranks(self):
        place = {key: at for at, key in enumerate(self.warehouses.ids)}
        found = {node: (int(node[0] == "w"), place[int(node[1:])]) for node in self.parents}
        # Its own stock comes before what it supplies.
        return found | {f"w{node[1:]}": (-1, 0) for node in self.parents if node[0] == "s"}

    def labels(self, nodes):
        found = super().labels(nodes)
        for node in nodes:
            if node[0] == "w" and f"s{node[1:]}" in self.parents:
                found[node] = (self.env._("%s: own stock", found[node][0]), found[node][1])
        return found

    @cached_property
    def tops(self):
        return self.below.get(None, [])


class CategoryTree(Tree):
    """Categories, and products in them. Products are many: only those of the page become rows, the rest stay arrays."""

    leaf_kind = "p"

    @cached_property
    def totals(self):
        return self.board._totals("product", self.scope)

    @cached_property
    def goods(self):
        """(category, place in the order of codes) of each product of the totals."""
        return self.board._goods().find(self.totals.ids)

    @cached_property
    def own(self):
        return {f"c{key}": part for key, part in self.totals.grouped(self.goods[0]).parts().items()}

    @cached_property
    def parents(self):
        categories = self.env["product.category"].browse(int(node[1:]) for node in self.own if node != "c0")
        paths = {int(key) for category in categories for key in (category.parent_path or "").split("/")[:-1]}
        above = self.env["product.category"].browse(sorted(paths))
        return {f"c{c.id}": f"c{c.parent_id.id}" if c.parent_id else None for c in above} | {"c0": None}

    @cached_property
    def ranks(self):
        categories = self.env["product.category"].browse(int(node[1:]) for node in self.parents if node != "c0")
        return {f"c{c.id}": (0, c.name or "") for c in categories} | {"c0": (2, "")}

    def rank(self, node):
        return self.ranks[node]

    def end_of_chain(self, node):
        return node

    def small_enough(self):
        if self.scope.products is not None and len(self.scope.products) <= OPEN_UP_TO:
            opened = {node for node in self.parts if node[0] == "c"}
            if len(self.totals.ids) == 1:
                opened.add(f"p{self.totals.ids[0]}")
            return opened
        return set()

    def children_page(self, key, offset, limit):
        if key[:1] != "c" or key not in self.parts:
            return self.pair_rows(key, offset, limit)
        groups = self.below.get(key, [])
        places = self.products_of(key)
        count = len(groups) + len(places)
        groups, places = groups[offset : offset + limit], places[max(offset - len(groups), 0) :]
        nodes = [*groups, *self.with_parts(places[: limit - len(groups)])]
        return self.node_rows(nodes, 1), count

    def products_of(self, key):
        """The places in the totals of the products right in a category, in their order."""
        category, rank = self.goods
        places = np.flatnonzero(category == int(key[1:]))
        if not self.scope.order:
            return places[np.argsort(rank[places], kind="stable")]
        values = self.order_values(places)
        return places[np.lexsort((rank[places], -values if self.scope.order[1] else values))]

    def order_values(self, places):
        column = self.scope.order[0]
        values = self.totals.values[places]
        if column != "cover":
            return values[:, COLUMNS.index(column)]
        usable, demand = (values[:, COLUMNS.index(name)] for name in ("usable", "demand_mean"))
        return np.divide(usable, demand, out=np.full(len(places), np.inf), where=demand > 0)

    def with_parts(self, places):
        """The nodes of products, with their parts among the others."""
        found = {f"p{key}": part for key, part in self.totals.take(places).parts().items()}
        self.parts.update(found)
        order = self.totals.ids[places].tolist()
        return [f"p{key}" for key in order]

    def values(self, keys):
        asked = [int(key[1:]) for key in keys if _PRODUCT.fullmatch(key)]
        self.with_parts(np.flatnonzero(np.isin(self.totals.ids, asked)))
        return super().values(keys)

    def path(self, node):
        if not _PRODUCT.fullmatch(node):
            return super().path(node)
        category = (
            f"c{self.goods[0][place[0]]}" if len(place := np.flatnonzero(self.totals.ids == int(node[1:]))) else ""
        )
        return [*super().path(category), category] if category else []
