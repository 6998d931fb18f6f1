from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_list

OBJECTIVES = [
    ("nearest", "Nearest"),
    ("cost", "Lowest cost"),
    ("fastest", "Fastest"),
    ("splits", "Fewest parcels"),
    ("balanced", "Balanced"),
]
REMAINDERS = [
    ("wait", "The order waits until everything is there"),
    ("hold", "The order is held for a clerk"),
    ("split", "Divide the line among warehouses"),
    ("backorder", "Ship what is there, the rest later"),
    ("transfer", "Bring the rest in from another warehouse"),
    ("buy", "Buy the rest"),
]
TIERS = ("central", "regional", "dealer", "store")


class RoutingRule(models.Model):
    """To which orders a rule applies, which warehouses it lets ship them, and what it prefers."""

    _name = "distrib.routing.rule"
    _description = "Routing Rule"
    _order = "ruleset_id, sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    ruleset_id = fields.Many2one("distrib.routing.ruleset", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="ruleset_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    # Conditions
    channel_ids = fields.Many2many("distrib.channel", string="Channels", check_company=True)
    region_ids = fields.Many2many(
        "distrib.region", "distrib_routing_rule_region_rel", string="To Regions", help="With all regions below."
    )
    product_ids = fields.Many2many("product.product", string="Products", help="The order has one of them.")
    category_ids = fields.Many2many(
        "product.category", string="Categories", help="The order has goods of one of them, or of those below."
    )
    weight_from = fields.Float(string="Weight From (kg)")
    weight_to = fields.Float(string="Weight Below (kg)", help="Zero: no limit.")
    amount_from = fields.Monetary()
    amount_to = fields.Monetary(string="Amount Below", help="Untaxed. Zero: no limit.")
    tier_ids = fields.Many2many("distrib.dealer.tier", string="Dealer Tiers")
    tag_ids = fields.Many2many("crm.tag", "distrib_routing_rule_tag_rel", string="Tags")
    promised_within = fields.Integer(string="Promised Within (days)", help="Zero: whenever it is promised.")
    # Candidates
    candidates = fields.Selection(
        [("channel", "As the channel says"), ("chosen", "As chosen here")],
        string="May Ship",
        required=True,
        default="channel",
    )
    use_central = fields.Boolean(string="Central Warehouses", default=True)
    use_regional = fields.Boolean(string="Regional Warehouses", default=True)
    use_store = fields.Boolean(string="Stores")
    use_dealer = fields.Boolean(string="Dealer Warehouses", help="Ships from the stock of dealers, who own it.")
    candidate_region_ids = fields.Many2many(
        "distrib.region", "distrib_routing_rule_candidate_region_rel", string="Only in Regions",
        help="Of the kinds of warehouses above. With all regions below.",
    )  # fmt: skip
    own_dealer = fields.Boolean(string="The Dealer's Own", help="The warehouse of the dealer who ordered.")
    selling_store = fields.Boolean(string="The Store That Sold It")
    warehouse_ids = fields.Many2many("stock.warehouse", string="And These", check_company=True)
    # Objective
    objective = fields.Selection(OBJECTIVES, required=True, default="nearest")
    weight_cost = fields.Integer(default=50, help="50: as priced. 100: counts double. 0: does not count.")
    weight_distance = fields.Integer(default=50, help="50: as priced. 100: counts double. 0: does not count.")
    weight_speed = fields.Integer(default=50, help="50: as priced. 100: counts double. 0: does not count.")
    weight_splits = fields.Integer(default=50, help="50: as priced. 100: counts double. 0: does not count.")
    # Limits
    max_parcels = fields.Integer(string="Parcels at Most", help="Of one order. Zero: no limit.")
    min_margin = fields.Float(
        string="Margin at Least", help="Of the untaxed amount, after cost of goods and of one parcel. Zero: no limit."
    )
    keep_back = fields.Float(
        string="Keep in Stock", digits="Product Unit",
        help="These orders leave so many units of each product in each warehouse.",
    )  # fmt: skip
    remainder = fields.Selection(
        REMAINDERS, string="When Something Is Short", required=True, default="wait",
        help="What becomes of an order that the warehouses cannot fill.",
    )  # fmt: skip
    sentence = fields.Text(compute="_compute_sentence")
    override_count = fields.Integer(compute="_compute_override_count", help="How often clerks decided otherwise.")

    _ranges = models.Constraint(
        "CHECK(weight_from >= 0 AND amount_from >= 0 AND max_parcels >= 0 AND keep_back >= 0 AND promised_within >= 0 "
        "AND (weight_to = 0 OR weight_to > weight_from) AND (amount_to = 0 OR amount_to > amount_from))",
        "A range of a rule ends above its beginning, and none of its limits is negative.",
    )
    _weights = models.Constraint(
        "CHECK(LEAST(weight_cost, weight_distance, weight_speed, weight_splits) >= 0 AND "
        "GREATEST(weight_cost, weight_distance, weight_speed, weight_splits) <= 100)",
        "The weights of a balanced rule lie between 0 and 100.",
    )

    @api.constrains("objective", "weight_cost", "weight_distance", "weight_speed", "weight_splits")
    def _check_weights(self):
        for rule in self:
            if rule.objective == "balanced" and not any(rule._weights_of().values()):
                raise ValidationError(self.env._("Give one of the weights of the rule %s a value.", rule.name))

    @api.constrains("candidates", "use_central", "use_regional", "use_store", "use_dealer", "own_dealer",
                    "selling_store", "warehouse_ids")  # fmt: skip
    def _check_candidates(self):
        for rule in self.filtered(lambda rule: rule.candidates == "chosen"):
            if not (rule._tiers() or rule.own_dealer or rule.selling_store or rule.warehouse_ids):
                raise ValidationError(self.env._("The rule %s lets no warehouse ship.", rule.name))

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules.ruleset_id._check_draft()
        return rules

    def write(self, vals):
        self.ruleset_id._check_draft()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_of_drafts(self):
        self.ruleset_id._check_draft()

    def _compute_override_count(self):
        counts = dict(
            self.env["distrib.routing.hand"]._read_group([("rule_id", "in", self.ids)], ["rule_id"], ["__count"])
        )
        for rule in self:
            rule.override_count = counts.get(rule, 0)

    def _weights_of(self):
        return {name: self[f"weight_{name}"] for name in ("cost", "distance", "speed", "splits")}

    def _tiers(self):
        return [tier for tier in TIERS if self[f"use_{tier}"]]

    def _has_conditions(self):
        many = ("channel_ids", "region_ids", "product_ids", "category_ids", "tier_ids", "tag_ids")
        numbers = ("weight_from", "weight_to", "amount_from", "amount_to", "promised_within")
        return any(self[name] for name in (*many, *numbers))

    # Words

    @api.depends(lambda self: list(self._sentence_fields()))
    @api.depends_context("lang")
    def _compute_sentence(self):
        for rule in self:
            rule.sentence = " ".join(
                [*rule._condition_words(), *rule._candidate_words(), *rule._limit_words(), rule._remainder_words()]
            )

    @api.model
    def _sentence_fields(self):
        unread = {"sentence", "override_count", "id", "display_name", "company_id", "currency_id"}
        return [name for name in self._fields if name not in unread | set(models.MAGIC_COLUMNS)]

    def _listed(self, records):
        return format_list(self.env, records.mapped("display_name"), style="or")

    def _number(self, value):
        return f"{value:.2f}".rstrip("0").rstrip(".")

    def _condition_words(self):
        _ = self.env._
        words = []
        for name, text in (
            ("channel_ids", _("of %s")), ("region_ids", _("to %s")), ("product_ids", _("with %s")),
            ("category_ids", _("with goods of %s")), ("tier_ids", _("of dealers of %s")), ("tag_ids", _("tagged %s")),
        ):  # fmt: skip
            if self[name]:
                words.append(text % self._listed(self[name]))
        words += self._range_words(_("%s kg"), self.weight_from, self.weight_to)
        words += self._range_words(self.currency_id.symbol + "%s", self.amount_from, self.amount_to)
        if self.promised_within:
            words.append(_("promised within %s days", self.promised_within))
        if not words:
            return [_("Every other order:") if self._comes_after() else _("Every order:")]
        return [_("Orders %s:", ", ".join(words))]

    def _comes_after(self):
        return bool(self.ruleset_id.rule_ids - self)

    def _range_words(self, unit, low, high):
        _ = self.env._
        if low and high:
            return [_("from %(low)s to below %(high)s", low=unit % self._number(low), high=unit % self._number(high))]
        if low:
            return [_("from %s", unit % self._number(low))]
        return [_("below %s", unit % self._number(high))] if high else []

    def _candidate_words(self):
        _ = self.env._
        goal = {
            "nearest": _("the nearest"), "cost": _("the cheapest"), "fastest": _("the fastest"),
            "splits": _("as few parcels as possible"), "balanced": self._balance_words(),
        }[self.objective]  # fmt: skip
        return [_("%(goal)s, from %(sites)s.", goal=goal, sites=self._site_words())]

    def _balance_words(self):
        _ = self.env._
        names = {"cost": _("cost"), "distance": _("distance"), "speed": _("speed"), "splits": _("parcels")}
        parts = [f"{names[name]} {weight}" for name, weight in self._weights_of().items() if weight]
        return _("the best balance (%s)", ", ".join(parts))

    def _site_words(self):
        _ = self.env._
        if self.candidates == "channel":
            return _("the warehouses of the channel")
        names = {
            "central": _("central warehouses"), "regional": _("regional warehouses"), "dealer": _("dealers' warehouses"),
            "store": _("stores"),
        }  # fmt: skip
        words = [names[tier] for tier in self._tiers()]
        if words and self.candidate_region_ids:
            words = [_("%(kinds)s in %(regions)s", kinds=format_list(self.env, words, style="or"),
                       regions=self._listed(self.candidate_region_ids))]  # fmt: skip
        if self.own_dealer:
            words.append(_("the dealer's own warehouse"))
        if self.selling_store:
            words.append(_("the store that sold it"))
        words += self.warehouse_ids.mapped("name")
        return format_list(self.env, words, style="or")

    def _limit_words(self):
        _ = self.env._
        words = []
        if self.max_parcels:
            words.append(_("At most %s parcels.", self.max_parcels))
        if self.min_margin:
            words.append(_("Margin at least %s %%.", self._number(self.min_margin * 100)))
        if self.keep_back:
            words.append(_("Leaves %s of each product in each warehouse.", self._number(self.keep_back)))
        return words

    def _remainder_words(self):
        _ = self.env._
        return {
            "wait": _("If something is short, the order waits."),
            "hold": _("If something is short, a clerk decides."),
            "split": _("If no warehouse has enough, a line is divided."),
            "backorder": _("If something is short, the rest is shipped later."),
            "transfer": _("If something is short, the rest is brought in from another warehouse."),
            "buy": _("If something is short, the rest is bought."),
        }[self.remainder]


class RoutingPair(models.Model):
    """What a warehouse may ship where: banned, or allowed and nothing else."""

    _name = "distrib.routing.pair"
    _description = "Allowed or Banned Pair"
    _order = "ruleset_id, warehouse_id, kind, id"
    _check_company_auto = True

    ruleset_id = fields.Many2one("distrib.routing.ruleset", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="ruleset_id.company_id", store=True, index=True)
    warehouse_id = fields.Many2one("stock.warehouse", required=True, index=True, ondelete="cascade", check_company=True)
    kind = fields.Selection(
        [("banned", "Banned"), ("allowed", "Allowed")], required=True, default="banned",
        help="A warehouse with allowed pairs ships nothing else.",
    )  # fmt: skip
    region_id = fields.Many2one("distrib.region", ondelete="cascade", help="With all regions below. Empty: everywhere.")
    category_id = fields.Many2one(
        "product.category", ondelete="cascade", help="With all categories below. Empty: all goods."
    )

    @api.depends("warehouse_id", "kind", "region_id", "category_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for pair in self:
            _ = self.env._
            what = pair.category_id.display_name or _("everything")
            where = pair.region_id.display_name or _("everywhere")
            text = _("%(warehouse)s never ships: %(what)s, %(where)s") if pair.kind == "banned" else _(
                "%(warehouse)s ships only: %(what)s, %(where)s"
            )  # fmt: skip
            pair.display_name = text % {"warehouse": pair.warehouse_id.name, "what": what, "where": where}

    @api.model_create_multi
    def create(self, vals_list):
        pairs = super().create(vals_list)
        pairs.ruleset_id._check_draft()
        return pairs

    def write(self, vals):
        self.ruleset_id._check_draft()
        return super().write(vals)
