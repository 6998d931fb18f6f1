import base64
import logging
from datetime import timedelta

import numpy as np
from odoo import api, fields, models
from threadpoolctl import threadpool_limits

from ..engine.backtest import company as engine
from ..engine.backtest import verdict
from ..engine.forecast import history
from .backtest import AIMS

_logger = logging.getLogger(__name__)

BACK_DAYS, LEAST_KNOWN = 364, 28
PART_PAIRS, LEAST_PAIRS, SEED = 300, 20, 7
# Looked at for each pair wanted: enough to fill the sample where two thirds are left out.
DRAWN = 4
# Share of the days of the period on which demand must be known.
KNOWN_SHARE = 0.8


class BacktestRun(models.Model):
    """Draws the pairs, replays them part by part in the background, and adds up."""

    _inherit = "distrib.backtest"

    @api.model
    def _cron_run(self):
        """Go on with what waits or was interrupted; one that fails says why and does not stop the others."""
        for test in self.search([("state", "in", ("waiting", "running"))], order="id"):
            if not test._attempt(commit=True):
                return

    def _attempt(self, commit=False):
        """Run to the end; False when the time of the job is over and the rest is left to its next turn."""
        try:
            return self.with_company(self.company_id)._advance(commit)
        except Exception as error:  # whatever it was, the record says so and the others go on
            if not commit:
                raise
            self.env.cr.rollback()
            _logger.exception("the proof %s stopped", self.id)
            self.write({"state": "failed", "note": self.env._("The replay stopped: %s", error)[:500]})
            self.env["ir.cron"]._commit_progress(1)
            return True

    def _advance(self, commit=False):
        self.ensure_one()
        # sudo: parts and results are the system's, whoever asked
        test = self.sudo()
        if not test.part_ids and not test._draw():
            return True
        test.state = "running"
        left = test.part_ids.filtered(lambda part: not part.is_done)
        with threadpool_limits(1, "blas"):
            for place, part in enumerate(left):
                test._replay(part)
                test.part_done = len(test.part_ids.filtered("is_done"))
                test.flush_recordset()
                if commit and not self.env["ir.cron"]._commit_progress(1, remaining=len(left) - place):
                    return False
        test._conclude()
        if commit:
            self.env["ir.cron"]._commit_progress(1, remaining=0)
        return True

    # --- which pairs -------------------------------------------------------------------------------------------------

    def _draw(self):
        """Draw pairs at random, leave out those whose demand is not known, and cut the others into parts.

        False when too few are left; the record says so, with the counts of those left out.
        """
        warehouse, product = self._scope_pairs()
        total = len(warehouse)
        order = np.random.default_rng(SEED).permutation(total)[: DRAWN * self.most_pairs]
        pairs = warehouse[order], product[order]
        start, in_stock, sold = self._demand(pairs)
        reason = self._reasons(start, in_stock, sold)
        kept = np.flatnonzero(reason == "")
        chosen = kept[: self.most_pairs]
        names, counts = np.unique(reason[reason != ""], return_counts=True)
        left = dict(zip(names.tolist(), counts.tolist(), strict=True))
        left["sample"] = total - len(order) + len(kept) - len(chosen)
        sales = np.nansum(sold[:, start:], axis=1)
        census = {"total": total, "looked": len(order), "left": left}
        census["sales"] = float(sales[chosen].sum() / max(sales.sum(), 1e-9))
        self.write({"census": census, "pair_count": len(chosen)})
        if len(chosen) < LEAST_PAIRS:
            self.write({"state": "failed", "note": self._too_few(census, len(chosen))})
            return False
        self._cut(pairs[0][chosen], pairs[1][chosen])
        return True

    def _too_few(self, census, count):
        if not census["total"]:
            return self.env._("No pair of product and warehouse of this scope has sold anything in these days.")
        return self.env._(
            "Only %(count)s of %(total)s pairs of product and warehouse can be replayed, too few to say anything. See "
            "under What This Does Not Show why the others are left out; take a longer history, a wider scope or accept "
            "goods that were out of stock more often.",
            count=count,
            total=census["total"],
        )

    def _scope_pairs(self):
        """All pairs with history in the scope asked: warehouse ids (n,), product ids (n,)."""
        domain = [("company_id", "=", self.company_id.id)]
        if self.warehouse_ids:
            domain.append(("id", "in", self.warehouse_ids.ids))
        if self.tier:
            domain.append(("network_tier", "=", self.tier))
        places = self.env["stock.warehouse"].search(domain).ids
        products = None
        if self.category_ids:
            goods = self.env["product.product"].with_context(active_test=False)
            products = goods.search([("categ_id", "child_of", self.category_ids.ids)]).ids
        return self.env["distrib.demand"]._pairs(
            self.date_from, self.date_to, product_ids=products, warehouse_ids=places
        )

    def _demand(self, pairs):
        """Position of the first day of the period, and share in stock and sales (n, t) of the days read."""
        first = self.date_from - timedelta(days=BACK_DAYS)
        matrix = self.env["distrib.demand"]._read_matrix(
            first, self.date_to, pairs=pairs, measures=("quantity", "in_stock"), cleaned=True
        )
        # days before anything is known of any pair teach nothing
        known = np.flatnonzero((~np.isnan(matrix.quantity)).any(axis=0))
        skip = min(int(known[0]), BACK_DAYS) if len(known) else BACK_DAYS
        return BACK_DAYS - skip, matrix.in_stock[:, skip:], matrix.quantity[:, skip:]

    def _reasons(self, start, in_stock, sold):
        """Why each pair (n,) is left out: new, silent, out, gaps; or nothing."""
        demand = history.unconstrain(sold, in_stock)
        known = ~np.isnan(demand)
        share = np.nan_to_num(in_stock[:, start:], nan=1.0).mean(axis=1)
        return np.select(
            [
                known[:, :start].sum(axis=1) < LEAST_KNOWN,
                np.nansum(sold[:, start:], axis=1) <= 0,
                share < self.stocked,
                known[:, start:].mean(axis=1) < KNOWN_SHARE,
            ],
            ["new", "silent", "out", "gaps"],
            "",
        )

    def _cut(self, warehouse, product):
        """Parts of pairs that share a lead time."""
        lead, review = self._lead_days(warehouse, product)
        self.env["distrib.backtest.part"].create(
            [
                {
                    "backtest_id": self.id,
                    "lead_days": days,
                    "review_days": review,
                    "pairs": [warehouse[rows].tolist(), product[rows].tolist()],
                }
                for days in np.unique(lead).tolist()
                for rows in _even_parts(np.flatnonzero(lead == days))
            ]
        )
        self.part_count = len(self.part_ids)

    def _lead_days(self, warehouse, product):
        """Days of lead time (n,) as they are replayed, and of the review period that all share."""
        lead, review = np.full(len(warehouse), float(self.lead_days)), self.review_days or 1
        if self.lead_kind == "fixed" and self.review_days:
            return lead.astype(int), review
        policies = self.env["distrib.policy"].search_fetch(
            [("warehouse_id", "in", np.unique(warehouse).tolist()), ("product_id", "in", np.unique(product).tolist())],
            ["warehouse_id", "product_id", "lead_time_days", "review_days"],
        )
        known = {(p.warehouse_id.id, p.product_id.id): p.lead_time_days for p in policies}
        if not self.review_days and policies:
            review = max(1, round(float(np.median(policies.mapped("review_days")))))
        if self.lead_kind == "fixed":
            return lead.astype(int), review
        pairs = zip(warehouse.tolist(), product.tolist(), strict=True)
        return engine.bucket(np.array([known.get(pair, self.lead_days) for pair in pairs], float)), review

    # --- replaying ---------------------------------------------------------------------------------------------------

    def _replay(self, part):
        pairs = tuple(np.array(ids, np.int64) for ids in part.pairs)
        start, in_stock, sold = self._demand(pairs)
        demand = history.unconstrain(sold, in_stock)
        days = demand.shape[1]
        horizon = part.lead_days + part.review_days
        first = np.datetime64(self.date_to) - (days - 1)
        weekday = (np.arange(days + horizon) + int((first.astype(np.int64) + 3) % 7)) % 7
        groups = tuple(np.unique(ids, return_inverse=True)[1] for ids in (self._categories(pairs[1]), *pairs))
        case = engine.Case(
            demand, weekday, groups, start, days, part.lead_days, part.review_days, self.service, self.rule_days,
            AIMS[self.aim],
        )  # fmt: skip
        found = engine.replay(case)
        part.write({"data": base64.b64encode(engine.dump(found)), "is_done": True})

    @api.model
    def _categories(self, product):
        records = self.env["product.product"].browse(product.tolist())
        return np.array([record.categ_id.id or 0 for record in records], np.int64)

    def _conclude(self):
        """Add up the parts: the whole, and each category."""
        parts = self.part_ids
        found = engine.join([engine.load(base64.b64decode(part.data)) for part in parts])
        warehouse, product = (np.concatenate([np.array(part.pairs[i], np.int64) for part in parts]) for i in (0, 1))
        pairs = type("Pairs", (), {"warehouse_id": warehouse, "product_id": product})
        facts = self.env["distrib.policy"]._product_facts(pairs, self.company_id)
        worth = verdict.Worth(_priced(facts["cost"]), facts["price"], np.maximum(facts["price"] - facts["cost"], 0))
        result = verdict.summary(found, worth, self.service)
        result["leads"] = [min(parts.mapped("lead_days")), max(parts.mapped("lead_days"))]
        result["review"] = parts[:1].review_days
        result["uncosted"] = int((facts["cost"] <= 0).sum())
        self.line_ids.unlink()
        self.env["distrib.backtest.line"].create(
            [
                self._line_vals(category, line)
                for category, line in verdict.by_group(found, facts["categ_id"], worth, self.service).items()
            ]
        )
        frozen = result["rules"]["frozen"]
        self.write(
            {
                "result": result,
                "state": "done",
                "note": False,
                "finished_on": fields.Datetime.now(),
                "stock_change": (frozen["stock"] or 1) - 1,
                "outs_change": (frozen["outs"] or 1) - 1,
                "freed": (frozen["stock_rule"] or 0) - (frozen["stock_ours"] or frozen["stock_rule"] or 0),
                "avoided": (frozen["lost_rule"] or 0) - (frozen["lost_ours"] or frozen["lost_rule"] or 0),
            }
        )

    def _line_vals(self, category, line):
        both = line["stock"] is not None
        return {
            "backtest_id": self.id,
            "categ_id": category or False,
            "pair_count": line["pairs"],
            "stock_rule": line["stock_rule"] if both else 0,
            "stock_ours": line["stock_ours"] if both else 0,
            "stock_saved": line["stock_rule"] - line["stock_ours"] if both else 0,
            "stock_change": line["stock"] - 1 if both else 0,
            "outs_change": line["outs"] - 1 if line["outs"] is not None else 0,
            "has_outs": line["outs"] is not None,
            "verdict": line["verdict"],
        }


def _priced(cost):
    """Costs, and for goods without one the mean of the others, so that their stock is not free."""
    return np.where(cost > 0, cost, cost[cost > 0].mean() if (cost > 0).any() else 1.0)


def _even_parts(rows):
    """The rows in parts of about the same size, PART_PAIRS at most."""
    return np.array_split(rows, -(-len(rows) // PART_PAIRS))
