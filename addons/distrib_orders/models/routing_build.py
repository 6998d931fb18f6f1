from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from odoo import api, fields, models

from ..engine.router.instance import BARRED, FREE, Instance, Lanes, Share, merge_lines
from ..engine.router.task import Task
from ..engine.router.ways import FAR_KM, kilometres, usual_days, weights

CODE = {word: index for index, word in enumerate(BARRED)}
PLENTY = 1e9  # parcels a day, where nobody set a limit


@dataclass
class Reading:
    """What is read about a pool before the arrays are made; indexes follow `orders`, `sites` and `lines`."""

    orders: models.Model
    lines: list  # (sale line, index of its order)
    needs: list  # quantity of each line, in the product's unit
    sites: models.Model
    rules: list
    ruleset: models.Model
    at: object
    hands: dict


class Routing(models.AbstractModel):
    """Makes the router's input of orders. Reads only; see docs/routing.md."""

    _name = "distrib.routing"
    _description = "Routing Input"

    @api.model
    def _build(self, orders, ruleset=None, at=None, found=None, movable=False, exclude=None):
        """The task of deciding orders of one company, the current one, in their sequence.

        :param ruleset: a version of the rules, drafts too; the active one unless given
        :param at: moment (UTC) of the decision, for rates, calendars and promised days
        :param found: positions to use as stock (`distrib.position._read_columns`); those of now unless given
        :param movable: the orders are reserved already: what they hold counts as free
        :param exclude: dict order id -> warehouse ids that are out, for a store that refused
        :return: `engine.router.task.Task`, or None when no order has goods to ship
        """
        rows = self._read(orders, ruleset, at or fields.Datetime.now())
        if not rows.lines:
            return None
        if found is None:
            found = self.env["distrib.position"]._read_columns(
                list({line.product_id.id for line, _o in rows.lines}), rows.sites.ids
            )
        held = self._held(rows) if movable else {}
        skus, stock, shared, products = self._goods(rows, found, held)
        return self._task(rows, skus, stock, shared, products, held, movable, exclude or {})

    # Reading

    def _read(self, orders, ruleset, at):
        ruleset = self.env["distrib.routing.ruleset"]._active(self.env.company) if ruleset is None else ruleset.sudo()
        goods = [(order, [line for line in order.order_line if self._is_goods(line)]) for order in orders]
        goods = [(order, lines) for order, lines in goods if lines]
        chosen = orders.browse([order.id for order, _lines in goods])
        lines = [(line, index) for index, (_order, found) in enumerate(goods) for line in found]
        needs = [
            line.product_uom_qty
            if line.product_uom_id == line.product_id.uom_id
            else line.product_uom_id._compute_quantity(line.product_uom_qty, line.product_id.uom_id)
            for line, _o in lines
        ]
        rules = self._rules_of(chosen, ruleset, at)
        sites = self.env["stock.warehouse"].union(
            chosen._network_warehouses(), *set(chosen._candidates_by_channel().values()),
            *(rule.warehouse_ids for rule in ruleset.rule_ids),
        )  # fmt: skip
        sites = sites.sorted(lambda site: (site.sequence, site.id))
        # sudo: pins of others bind every clerk's run
        hands = self.env["distrib.routing.hand"].sudo()._by_line(chosen)
        return Reading(chosen, lines, needs, sites, rules, ruleset, at, hands)

    @api.model
    def _is_goods(self, line):
        return line.product_id.is_storable and line.product_uom_qty > 0

    def _rules_of(self, orders, ruleset, at):
        """The first rule that applies to each order, an empty record where none does."""
        tests = [(rule, rule._matcher(at)) for rule in ruleset.rule_ids.sorted()]
        none = self.env["distrib.routing.rule"]
        return [next((rule for rule, applies in tests if applies(order)), none) for order in orders]

    def _held(self, rows):
        """dict sale line id -> {warehouse id: quantity reserved}, in the product's unit."""
        self.env["stock.move"].flush_model()
        self.env["stock.move.line"].flush_model()
        self.env.cr.execute(
            """
            SELECT m.sale_line_id, l.warehouse_id, SUM(ml.quantity_product_uom)
              FROM stock_move m
              JOIN stock_move_line ml ON ml.move_id = m.id
              JOIN stock_location l ON l.id = ml.location_id
             WHERE m.sale_line_id = ANY(%s) AND m.state IN ('assigned', 'partially_available') AND l.usage = 'internal'
             GROUP BY 1, 2
            """,
            [[line.id for line, _o in rows.lines]],
        )
        held = defaultdict(dict)
        for line, warehouse, quantity in self.env.cr.fetchall():
            held[line][warehouse] = quantity
        return held

    # Goods: what each order sees of the stock

    def _goods(self, rows, found, held):
        """Articles of the lines, (M, S) stock, shares, product of each article.

        Orders that may draw allocations, or whose channel or rule leaves some, see another stock than others do: they get
        articles of their own that stand for the same goods.
        """
        site_at = {site: place for place, site in enumerate(rows.sites.ids)}
        free = self._free(rows, found, held, site_at)
        kept = self._claims(rows, site_at)
        buffers = self._buffers(rows, found, free, site_at)
        seen, skus = {}, []
        claims_of = [order._allocation_claims() if kept else () for order in rows.orders]
        for line, order in rows.lines:
            product = line.product_id.id
            draws = tuple(name for name in claims_of[order] if (name, product) in kept)
            buffer = self._buffer_key(rows, order, buffers)
            key = (product, draws, buffer)
            skus.append(seen.setdefault(key, len(seen)))
        stock = np.zeros((len(rows.sites), len(seen)))
        by_product = defaultdict(list)
        for (product, draws, buffer), sku in seen.items():
            stock[:, sku] = free[product]
            by_product[product].append((sku, draws, buffer))
        shared = []
        for product, members in by_product.items():
            if any(draws or buffer for _sku, draws, buffer in members):
                share = self._share(free[product], product, members, kept, buffers)
                shared.append(share)
                none = [0.0] * len(members)
                stock[:, list(share.skus)] = [share.views(place, none)[0] for place in range(len(stock))]
        return skus, stock, tuple(shared), [product for product, _draws, _buffer in seen]

    def _free(self, rows, found, held, site_at):
        """dict product -> (M) what may be promised to anybody, and what the orders of the pool hold themselves."""
        free = defaultdict(lambda: np.zeros(len(site_at)))
        for site, product, quantity in zip(
            found.warehouse_id.tolist(), found.product_id.tolist(), found.available.tolist(), strict=True
        ):
            if site in site_at:
                free[product][site_at[site]] = quantity
        for line, _order in rows.lines:
            for site, quantity in held.get(line.id, {}).items():
                if site in site_at:
                    free[line.product_id.id][site_at[site]] += quantity
        return defaultdict(free.default_factory, {p: np.maximum(row, 0.0) for p, row in free.items()})

    def _claims(self, rows, site_at):
        """dict (claim, product) -> (M)"""
        kept = {}
        products = list({line.product_id.id for line, _o in rows.lines})
        for name, pairs in self.env["distrib.allocation"]._claims(products, rows.sites.ids).items():
            for (site, product), quantity in pairs.items():
                row = kept.setdefault((name, product), np.zeros(len(site_at)))
                row[site_at[site]] += quantity
        return kept

    def _buffers(self, rows, found, free, site_at):
        """dict ("channel", id) or ("rule", id) -> dict product -> (M)"""
        result = {}
        for channel, amounts in self.env["distrib.channel.buffer"]._kept_back(rows.orders.channel_id, found).items():
            rows_of = result.setdefault(("channel", channel), defaultdict(lambda: np.zeros(len(site_at))))
            for site, product, quantity in zip(
                found.warehouse_id.tolist(), found.product_id.tolist(), amounts.tolist(), strict=True
            ):
                if quantity and site in site_at:
                    rows_of[product][site_at[site]] = quantity
        for rule in {rule for rule in rows.rules if rule.keep_back}:
            result["rule", rule.id] = defaultdict(lambda amount=rule.keep_back: np.full(len(site_at), amount))
        return result

    @api.model
    def _buffer_key(self, rows, order, buffers):
        names = (("channel", rows.orders[order].channel_id.id), ("rule", rows.rules[order].id)) if buffers else ()
        return tuple(name for name in names if name in buffers)

    @api.model
    def _share(self, free, product, members, kept, buffers):
        names = list(dict.fromkeys(name for _sku, draws, _buffer in members for name in draws))
        nothing = np.zeros((0, len(free)))
        return Share(
            tuple(sku for sku, _draws, _buffer in members),
            free,
            np.array([
                np.max([buffers[name][product] for name in buffer], axis=0) if buffer else np.zeros(len(free))
                for _sku, _draws, buffer in members
            ]),
            np.array([kept[name, product] for name in names]) if names else nothing,
            tuple(tuple(names.index(name) for name in draws) for _sku, draws, _buffer in members),
        )  # fmt: skip

    # The arrays

    def _task(self, rows, skus, stock, shared, products, held, movable, exclude):
        pin_of, ban_of = rows.hands
        site_at = {site: place for place, site in enumerate(rows.sites.ids)}
        pins = [site_at.get(pin_of.get(line.id), FREE) for line, _o in rows.lines]
        into, merged_pins = merge_lines([(o, s, p) for (_l, o), s, p in zip(rows.lines, skus, pins, strict=True)])
        count = len(merged_pins)
        first = np.zeros(count, np.int64)
        for index in range(len(into) - 1, -1, -1):
            first[into[index]] = index
        order_of = np.array([rows.lines[index][1] for index in first])
        quantity = np.bincount(into, rows.needs, count)
        kilos, assumed = self._weights_of(rows)
        weight = np.bincount(into, kilos, count)
        bans, limits = self._line_limits(rows, into, count, site_at, ban_of, exclude)
        barred = self._barred(rows, site_at)
        ways = self._ways(rows, site_at)
        fields_ = {
            "start": np.concatenate([[0], np.cumsum(np.bincount(order_of, minlength=len(rows.orders)))]),
            "sku": np.array([skus[index] for index in first]),
            "quantity": quantity, "weight": weight, "stock": stock, "shared": shared, "barred": barred,
            "pins": np.array(merged_pins), "bans": bans, "limits": limits, "distance": ways["km"],
            "capacity": ways["capacity"], "most": np.array([rule.max_parcels or 999 for rule in rows.rules]),
        }  # fmt: skip
        money, score = self._measures(rows, ways, fields_, order_of)
        money = self._margins(rows, money)
        if score is not None:
            score = Instance(**{**score, "barred": money.barred})
        line_of = {line.id: into[index] for index, (line, _o) in enumerate(rows.lines)}
        return Task(
            instance=money if score is None else score, money=money,
            order_ids=np.array(rows.orders.ids), site_ids=np.array(rows.sites.ids), product_ids=np.array(products),
            line_of=line_of, rules=np.array([rule.id or 0 for rule in rows.rules]),
            remainder=tuple(rule.remainder or "wait" for rule in rows.rules),
            objective=tuple(rule.objective or "nearest" for rule in rows.rules), km=ways["km"], days=ways["days"],
            present=self._present(rows, into, quantity, held, site_at) if movable else None, assumed=assumed,
            notes={"ruleset": rows.ruleset.id, "closed": ways["closed"]},
        )  # fmt: skip

    @api.model
    def _present(self, rows, into, quantity, held, site_at):
        """(L) where all of a line is reserved; nowhere when part of it is, or when it lies in two places."""
        by_line = defaultdict(lambda: defaultdict(float))
        for index, (line, _o) in enumerate(rows.lines):
            for site, amount in held.get(line.id, {}).items():
                by_line[into[index]][site] += amount
        present = np.full(len(quantity), -1)
        for line, sites in by_line.items():
            if len(sites) == 1:
                ((site, amount),) = sites.items()
                if site in site_at and amount >= quantity[line] - 1e-6:
                    present[line] = site_at[site]
        return present

    def _weights_of(self, rows):
        """Kilograms of each line, and which orders had to be guessed: category's mean, else what the rules say."""
        unknown = {line.product_id for line, _o in rows.lines if line.product_id.weight <= 0}
        means = {}
        if unknown:
            categories = self.env["product.category"].union(*(product.categ_id for product in unknown))
            means = dict(
                self.env["product.product"]._read_group(
                    [("categ_id", "in", categories.ids), ("weight", ">", 0)], ["categ_id"], ["weight:avg"]
                )
            )
        usual = rows.ruleset.default_weight or 0.5
        kilos, assumed = [], defaultdict(set)
        for (line, order), need in zip(rows.lines, rows.needs, strict=True):
            product = line.product_id
            each = product.weight if product.weight > 0 else means.get(product.categ_id) or usual
            if product.weight <= 0:
                assumed[rows.orders[order].id].add("weight")
            kilos.append(each * need)
        for order in rows.orders:
            if order._routing_place()[0] is None:
                assumed[order.id].add("place")
        return kilos, {order: tuple(sorted(words)) for order, words in assumed.items()}

    def _barred(self, rows, site_at):
        """(O, M) why a warehouse is out for an order."""
        barred = np.zeros((len(rows.orders), len(site_at)), np.int8)
        pairs = rows.ruleset.pair_ids.filtered(lambda pair: not pair.category_id)
        by_pair = self._pair_masks(pairs, rows, site_at)
        allowed = rows.orders._candidates_by_channel()
        masks = {}
        for index, (order, rule) in enumerate(zip(rows.orders, rows.rules, strict=True)):
            key = rule._candidate_key(order) if rule else (0, order.channel_id.id)
            if key not in masks:
                sites = rule._candidate_sites(order, rows.sites, allowed[order.channel_id])
                masks[key] = np.isin(rows.sites.ids, sites.ids)
            word = "rule" if rule.candidates == "chosen" else "not_candidate"
            barred[index, ~masks[key]] = CODE[word]
            barred[index, by_pair[index] & (barred[index] == 0)] = CODE["pair"]
        return barred

    def _pair_masks(self, pairs, rows, site_at):
        """(O, M) true where the pairs forbid it."""
        out = np.zeros((len(rows.orders), len(site_at)), bool)
        if not pairs:
            return out
        paths = [f"/{order.region_id.parent_path or ''}" for order in rows.orders]
        for site, group in pairs.grouped("warehouse_id").items():
            if site.id not in site_at:
                continue
            only = group.filtered(lambda pair: pair.kind == "allowed")
            for index, path in enumerate(paths):
                hit = [pair for pair in group - only if self._in_region(pair, path)]
                miss = only and not any(self._in_region(pair, path) for pair in only)
                out[index, site_at[site.id]] = bool(hit) or bool(miss)
        return out

    @api.model
    def _in_region(self, pair, path):
        return not pair.region_id or f"/{pair.region_id.id}/" in path

    def _line_limits(self, rows, into, count, site_at, ban_of, exclude):
        """(L, M) banned by hand, and (L, M) why goods may not come from a warehouse."""
        bans = np.zeros((count, len(site_at)), bool)
        limits = np.zeros((count, len(site_at)), np.int8)
        cold = np.array([not site._routing_flag("cold_chain") for site in rows.sites], bool)
        tame = np.array([not site._routing_flag("dangerous") for site in rows.sites], bool)
        pairs = rows.ruleset.pair_ids.filtered("category_id")
        for index, (line, order) in enumerate(rows.lines):
            merged, product = into[index], line.product_id
            for site in ban_of.get(line.id, ()):
                if site in site_at:
                    bans[merged, site_at[site]] = True
            for site in exclude.get(rows.orders[order].id, ()):
                if site in site_at:
                    bans[merged, site_at[site]] = True
            if product.needs_cold_chain:
                limits[merged, cold] = CODE["cold_chain"]
            if product.is_dangerous_goods:
                limits[merged, tame] = CODE["dangerous"]
            if pairs:
                self._limit_pairs(pairs, product, rows.orders[order], limits[merged], site_at)
        return bans, limits

    def _limit_pairs(self, pairs, product, order, limits, site_at):
        path, categories = f"/{order.region_id.parent_path or ''}", f"/{product.categ_id.parent_path or ''}"
        for site, group in pairs.grouped("warehouse_id").items():
            goods = group.filtered(lambda pair: f"/{pair.category_id.id}/" in categories)
            only = group.filtered(lambda pair: pair.kind == "allowed")
            hit = any(self._in_region(pair, path) for pair in goods - only)
            miss = only and not any(self._in_region(pair, path) for pair in goods & only)
            if site.id in site_at and (hit or miss):
                limits[site_at[site.id]] = CODE["pair"]

    def _ways(self, rows, site_at):
        """Distances, fees, days, capacities: dict of arrays (O, M) and (M)."""
        unknown = (np.nan, np.nan)
        here = np.array([[np.nan if c is None else c for c in order._routing_place()] for order in rows.orders])
        there = np.array([
            (site.latitude, site.longitude) if site.latitude or site.longitude else unknown for site in rows.sites
        ])  # fmt: skip
        km = kilometres(here, there)
        far = np.nan_to_num(km, nan=FAR_KM)
        ruleset = rows.ruleset
        base, per_km = (ruleset.base_price, ruleset.km_price) if ruleset else (5.0, 0.005)
        estimate = base + per_km * far
        ways = {
            "km": km, "far": far, "first": estimate, "per_kg": estimate * 0.2, "days": usual_days(km),
            "included": 1.0, "step": 0.0, "capacity": np.full(len(site_at), PLENTY),
            "parcel": np.zeros(len(site_at)), "unit": np.zeros(len(site_at)), "closed": {},
        }  # fmt: skip
        self._tariffs(rows, ways)
        self._services(rows, ways)
        return ways

    def _tariffs(self, rows, ways):
        """Hook: fees and days of the lanes instead of the estimates, NaN where the rules want no estimate."""

    def _services(self, rows, ways):
        """Hook: capacity, closed days and handling costs of the warehouses."""

    def _measures(self, rows, ways, values, order_of):
        """(instance in money, arguments of the instance of the objectives or None when that is the same)."""
        ruleset = rows.ruleset
        prices = {"split": ruleset.split_price if ruleset else 3.0, "late": ruleset.late_price if ruleset else 5.0,
                  "km": ruleset.km_price if ruleset else 0.005}  # fmt: skip
        late = self._late(rows, ways["days"]) * prices["late"]
        closed = np.isin(np.arange(len(rows.sites)), list(ways["closed"]))
        values["barred"] = np.where(closed & (values["barred"] == 0), CODE["closed"], values["barred"]).astype(np.int8)
        lanes = Lanes(ways["first"], ways["per_kg"], late, ways["included"], ways["step"])
        common = {**values, "parcel_handling": ways["parcel"], "unit_handling": ways["unit"]}
        split = np.full(len(rows.orders), prices["split"])
        money = Instance(**common, lanes=lanes, split=split, unfilled=self._leave(values, lanes, split, order_of))
        wanted = [weights(rule.objective or "nearest", prices, rule._weights_of()) for rule in rows.rules]
        if all(w == weights("cost", prices, {}) for w in wanted):
            return money, None
        column = {name: np.array([getattr(w, name) for w in wanted])[:, None]
                  for name in ("cost", "km", "days", "late", "split")}  # fmt: skip
        extra = column["km"] * ways["far"] + column["days"] * ways["days"] + column["cost"] * ways["parcel"]
        lanes = Lanes(column["cost"] * ways["first"] + extra, column["cost"] * ways["per_kg"], column["late"] * late,
                      ways["included"], ways["step"])  # fmt: skip
        # Without a tariff there is no way, whatever the objective.
        lanes.first[~np.isfinite(ways["first"])] = np.nan
        split = column["split"][:, 0]
        share = float(column["cost"].max())
        score = {**common, "lanes": lanes, "split": split, "parcel_handling": np.zeros(len(rows.sites)),
                 "unit_handling": ways["unit"] * share}  # fmt: skip
        score["unfilled"] = self._leave(values, lanes, split, order_of)
        return money, score

    @api.model
    def _leave(self, values, lanes, split, order_of):
        """(L) what leaving a line counts: more than any way to ship it, so that nothing is left that could go."""
        worst = np.nan_to_num(lanes.first + lanes.late, nan=0.0, posinf=0.0).max(axis=1)
        per_kg = np.nan_to_num(lanes.per_kg, nan=0.0).max(axis=1)
        return 3 * (worst[order_of] + per_kg[order_of] * values["weight"] + split[order_of]) + 60 * values["quantity"]

    def _late(self, rows, days):
        """(O, M) days after the promised moment, none where nothing was promised."""
        left = np.array([
            (order.commitment_date - rows.at).total_seconds() / 86400 if order.commitment_date else np.inf
            for order in rows.orders
        ])  # fmt: skip
        return np.maximum(np.nan_to_num(days, nan=0.0) - left[:, None], 0.0)

    def _margins(self, rows, money):
        """Bar the warehouses from which an order leaves less margin than its rule wants."""
        least = np.array([rule.min_margin for rule in rows.rules])
        if not least.any():
            return money
        amount = np.array([order.amount_untaxed for order in rows.orders])
        cost = np.zeros(len(amount))
        for (line, order), need in zip(rows.lines, rows.needs, strict=True):
            cost[order] += line.product_id.standard_price * need
        weight = np.bincount(money.order_of, money.weight, money.orders)
        units = np.bincount(money.order_of, money.quantity, money.orders)
        lanes = money.lanes
        parcel = lanes.first + lanes.per_kg * np.maximum(weight[:, None] - lanes.included_kg, 0) + money.parcel_handling
        parcel = parcel + money.unit_handling * units[:, None]
        poor = (amount - cost)[:, None] - parcel < (least * amount)[:, None]
        poor &= (least > 0)[:, None] & (money.barred == 0)
        money.barred[poor] = CODE["margin"]
        return money
