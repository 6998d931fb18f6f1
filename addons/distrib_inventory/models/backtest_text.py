from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools.misc import format_amount

from ..engine.backtest import picture
from ..engine.backtest.company import RULES

NAMED = 5


class BacktestText(models.Model):
    """Says in plain sentences, and draws, what was found; in the reader's language, from the numbers kept."""

    _inherit = "distrib.backtest"

    headline = fields.Char(compute="_compute_text")
    facts = fields.Html(compute="_compute_text", sanitize=False)
    comparison = fields.Html(compute="_compute_text", sanitize=False)
    limits = fields.Html(compute="_compute_text", string="What This Does Not Show", sanitize=False)
    chart = fields.Text(compute="_compute_text")

    @api.depends("result", "census", "line_ids.verdict")
    @api.depends_context("lang")
    def _compute_text(self):
        for test in self:
            done = bool(test.result)
            test.headline = test._headline() if done else False
            test.facts = test._list(test._facts()) if done else False
            test.comparison = test._rules_table() if done else False
            test.limits = test._list(test._limits()) if test.census else False
            test.chart = test._chart() if done else False

    # --- numbers in words --------------------------------------------------------------------------------------------

    @staticmethod
    def _percent(share, digits=0):
        return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"

    def _signed(self, change):
        return f"{100 * change:+.0f}\N{NO-BREAK SPACE}%".replace("-", "\N{MINUS SIGN}")

    def _money(self, amount):
        return format_amount(self.env, float(round(amount)), self.currency_id, trailing_zeroes=False)

    def _stock_words(self, ratio):
        if ratio is None:
            return self.env._("the two cannot be compared")
        if abs(ratio - 1) < 0.005:
            return self.env._("as much stock")
        change = self._percent(abs(ratio - 1))
        return self.env._("%s less stock", change) if ratio < 1 else self.env._("%s more stock", change)

    def _outs_words(self, ratio):
        if ratio is None:
            return self.env._("the two cannot be compared")
        if abs(ratio - 1) < 0.005:
            return self.env._("as many stock-outs")
        change = self._percent(abs(ratio - 1))
        return self.env._("%s fewer stock-outs", change) if ratio < 1 else self.env._("%s more stock-outs", change)

    def _headline(self):
        frozen = self.result["rules"]["frozen"]
        return self.env._(
            "With the same stock: %(outs)s. At the same service: %(stock)s.",
            outs=self._outs_words(frozen["outs"]),
            stock=self._stock_words(frozen["stock"]),
        )

    @staticmethod
    def _list(sentences):
        items = Markup().join(Markup("<li>%s</li>") % text for text in sentences if text)
        return Markup("<ul class='mb-2'>%s</ul>") % items

    # --- what was found ----------------------------------------------------------------------------------------------

    def _facts(self):
        frozen = self.result["rules"]["frozen"]
        return [
            self._stock_fact(frozen),
            self._sales_fact(frozen),
            self._certainty(frozen),
            self._reached(),
            self._categories_fact(),
        ]

    def _stock_fact(self, frozen):
        if frozen["stock"] is None:
            return self.env._(
                "At a service of %s the two cannot be compared: one of them never comes there, whatever its stock. Ask "
                "for another service.",
                self._percent(self.service, 1),
            )
        words = {
            "service": self._percent(self.service, 1),
            "rule": self._money(frozen["stock_rule"]),
            "ours": self._money(frozen["stock_ours"]),
            "change": self._money(abs(frozen["stock_rule"] - frozen["stock_ours"])),
        }
        if frozen["stock"] <= 1:
            return self.env._(
                "To serve %(service)s of demand at once, the fixed rule holds %(rule)s of stock at cost on average, ours "
                "%(ours)s: %(change)s is set free.",
                **words,
            )
        return self.env._(
            "To serve %(service)s of demand at once, the fixed rule holds %(rule)s of stock at cost on average, ours "
            "%(ours)s: %(change)s more.",
            **words,
        )

    def _sales_fact(self, frozen):
        if frozen["lost_ours"] is None or frozen["lost_rule"] is None:
            return None
        words = {
            "rule": self._money(frozen["lost_rule"]),
            "ours": self._money(frozen["lost_ours"]),
            "change": self._money(abs(frozen["lost_rule"] - frozen["lost_ours"])),
            "margin": self._money(abs(frozen["margin_rule"] - frozen["margin_ours"])),
        }
        if frozen["lost_ours"] <= frozen["lost_rule"]:
            return self.env._(
                "With the stock of the fixed rule, goods for %(rule)s a year at list price could not be sold for want of "
                "stock under that rule, and for %(ours)s under ours: %(change)s more sales, %(margin)s more margin.",
                **words,
            )
        return self.env._(
            "With the stock of the fixed rule, goods for %(rule)s a year at list price could not be sold for want of "
            "stock under that rule, and for %(ours)s under ours: %(change)s less sales, %(margin)s less margin.",
            **words,
        )

    def _certainty(self, frozen):
        if not frozen["stock_span"] or not frozen["outs_span"]:
            return self.env._("Too few goods to say how certain this is.")
        low, high = (value - 1 for value in frozen["stock_span"])
        few, many = (value - 1 for value in frozen["outs_span"])
        words = {
            "low": self._signed(low), "high": self._signed(high), "few": self._signed(few), "many": self._signed(many),
        }  # fmt: skip
        if low < 0 < high:
            return self.env._(
                "This may be chance: with other goods drawn, the stock at the same service would in 95 of 100 cases "
                "change by %(low)s to %(high)s, and the stock-outs with the same stock by %(few)s to %(many)s.",
                **words,
            )
        return self.env._(
            "This is hardly chance: with other goods drawn, the stock at the same service would in 95 of 100 cases "
            "change by %(low)s to %(high)s, and the stock-outs with the same stock by %(few)s to %(many)s.",
            **words,
        )

    def _reached(self):
        reached = self.result["reached"]
        if not reached:
            return self.env._("There was too little history before this period to show what service is reached.")
        return self.env._(
            "Asked for %(asked)s without knowing what was to come, ours served %(fill)s, with %(stock)s of stock.",
            asked=self._percent(self.service, 1),
            fill=self._percent(reached["fill"], 1),
            stock=self._money(reached["stock"]),
        )

    def _categories_fact(self):
        groups = self.line_ids.grouped("verdict")
        counts = {name: len(groups.get(name, ())) for name in ("win", "even", "loss", "open")}
        text = self.env._(
            "By category: better in %(win)s, equal in %(even)s, worse in %(loss)s, too few goods to tell in %(open)s.",
            **counts,
        )
        if not counts["loss"]:
            return text
        worst = groups["loss"].sorted("stock_change", reverse=True)[:NAMED]
        names = self.env._(", ").join(
            f"{line.categ_id.display_name or self.env._('no category')} ({self._signed(line.stock_change)})"
            for line in worst
        )
        return Markup("%s %s") % (text, self.env._("Worse: %s.", names))

    def _rule_names(self):
        return {
            "ours": self.env._("This system"),
            "frozen": self.env._("Fixed rule, set once"),
            "quarterly": self.env._("Set anew each quarter"),
            "rolling": self.env._("Computed anew at each order"),
        }

    def _rules_table(self):
        names = self._rule_names()
        head = (
            self.env._("Ours against minimum and maximum"),
            self.env._("Stock at the same service"),
            self.env._("Turnover at the same service"),
            self.env._("Stock-outs with the same stock"),
            self.env._("Lost units with the same stock"),
        )
        rows = [self._rule_row(names[rule], self.result["rules"][rule]) for rule in RULES]
        cells = Markup().join(
            Markup("<th class='%s'>%s</th>") % ("text-end" if place else "", text) for place, text in enumerate(head)
        )
        table = (
            "<table class='table table-sm o_distrib_backtest_rules'><thead><tr>%s</tr></thead><tbody>%s</tbody></table>"
        )
        return Markup(table) % (cells, Markup().join(rows))

    def _rule_row(self, name, found):
        turnover = 1 / found["stock"] - 1 if found["stock"] else None
        changes = [None if found[key] is None else found[key] - 1 for key in ("stock", "outs", "lost")]
        changes.insert(1, turnover)
        good = (lambda v: v < 0, lambda v: v > 0, lambda v: v < 0, lambda v: v < 0)
        cells = Markup().join(
            Markup("<td class='text-end %s'>%s</td>")
            % (
                "" if value is None else "text-success" if is_good(value) else "text-danger",
                "\N{EN DASH}" if value is None else self._signed(value),
            )
            for value, is_good in zip(changes, good, strict=True)
        )
        return Markup("<tr><td>%s</td>%s</tr>") % (name, cells)

    # --- what it does not show ---------------------------------------------------------------------------------------

    def _limits(self):
        census = self.census
        reasons = {
            "new": self.env._("too little history before the period"),
            "silent": self.env._("sold nothing in the period"),
            "out": self.env._("out of stock too often"),
            "gaps": self.env._("demand unknown on too many days"),
            "sample": self.env._("not drawn into the sample"),
        }
        left = self.env._("; ").join(
            f"{reasons[name]} {count}" for name, count in census["left"].items() if count
        ) or self.env._("none")
        found = [
            self.env._(
                "%(count)s of %(total)s pairs of product and warehouse were replayed; they make %(sales)s of the sales "
                "of those looked at. Left out: %(left)s.",
                count=self.pair_count,
                total=census["total"],
                sales=self._percent(census["sales"]),
                left=left,
            ),
            self.env._(
                "What would have sold while a product was out of stock nobody knows. Such days are not counted as days "
                "without demand, and goods that were often out, the hardest ones, are left out."
            ),
        ]
        return [*found, *self._replay_limits()] if self.result else found

    def _replay_limits(self):
        low, high = self.result["leads"]
        return [
            self.env._(
                "Goods come %(low)s to %(high)s days after the order, always on time; days between two orders: "
                "%(review)s; no minimum orders, packs or budgets. A customer who finds nothing does not come back.",
                low=low,
                high=high,
                review=self.result["review"],
            ),
            self.env._(
                "Only what customers take is replayed, not stock that warehouses hold for each other. Ours was told "
                "nothing of promotions and seasons to come; the nightly run knows them."
            ),
            self.env._(
                "Both curves are read where they reach the service asked, and each rule at its better variant: the rule "
                "thus chose its safety factor with hindsight, which no planner has. The dot shows ours without hindsight."
            ),
            self.result["uncosted"]
            and self.env._(
                "%s pairs have no cost; they count at the mean cost of the others.", self.result["uncosted"]
            ),
        ]

    def _chart(self):
        reached = self.result["reached"]
        labels = {
            **self._rule_names(),
            "title": self.env._("Service by stock"),
            "x": self.env._("Stock at cost, on average"),
            "y": self.env._("Demand served at once"),
            "asked": self.env._("asked: %s", self._percent(self.service, 1)),
            "reached": self._reached() if reached else "",
        }
        return picture.svg(self.result["curves"], self.service, labels, self._money, reached)

    def _chart_markup(self):
        """The picture for a printed page; its labels are escaped where it is drawn."""
        return Markup(self.chart or "")
