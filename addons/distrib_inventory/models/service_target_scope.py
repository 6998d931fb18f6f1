from odoo import api, fields, models

from ..engine import service as engine
from .service_target_settings import KIND_NAMES
from .warehouse import TIERS


class ServiceScope(models.AbstractModel):
    """Which pairs a service target is for, and what it asks: shared by targets and by what-if scenarios."""

    _name = "distrib.service.scope"
    _description = "Scope of a Service Target"

    sequence = fields.Integer(default=10)
    abc_class = fields.Selection([(name, name) for name in engine.ABC], string="ABC")
    xyz_class = fields.Selection([(name, name) for name in engine.XYZ], string="XYZ")
    categ_id = fields.Many2one(
        "product.category", string="Category", ondelete="cascade", help="With its subcategories."
    )
    product_id = fields.Many2one("product.product", ondelete="cascade")
    tier = fields.Selection(TIERS)
    region_id = fields.Many2one("distrib.region", ondelete="cascade", help="With the regions in it.")
    warehouse_id = fields.Many2one("stock.warehouse", ondelete="cascade")
    kind = fields.Selection(
        KIND_NAMES,
        required=True,
        default=lambda self: self.env.company.distrib_service_kind or "cycle",
        help="Cycle service: the share of cycles between two deliveries without a stock-out. Fill rate: the share of "
        "demand met at once.",
    )
    target = fields.Float(
        required=True, default=0.97, aggregator=None, help="From 50 % to below 100 %, of the kind beside it."
    )
    scope = fields.Char(compute="_compute_scope", string="Holds For")

    _target_range = models.Constraint(
        "CHECK(target >= 0.5 AND target < 1)", "A service target lies between 50 % and below 100 %."
    )

    def _scope_fields(self):
        return [
            "abc_class",
            "xyz_class",
            "categ_id",
            "product_id",
            "tier",
            "region_id",
            "warehouse_id",
            "kind",
            "target",
        ]

    @api.depends("abc_class", "xyz_class", "categ_id", "product_id", "tier", "region_id", "warehouse_id")
    @api.depends_context("lang")
    def _compute_scope(self):
        tiers = dict(self._fields["tier"]._description_selection(self.env))
        for rule in self:
            parts = [
                (rule.abc_class or "") + (rule.xyz_class or ""),
                rule.categ_id.display_name,
                rule.product_id.display_name,
                tiers.get(rule.tier),
                rule.region_id.display_name,
                rule.warehouse_id.display_name,
            ]
            rule.scope = " · ".join(part for part in parts if part) or self.env._("Everything")

    def _as_rules(self):
        """These records in their order as rules of the engine; three queries whatever their number."""
        below = {"categ_id": self._below("categ_id"), "region_id": self._below("region_id")}
        tiers = [tier for tier, _name in TIERS]
        rules = []
        for rule in self:
            conditions = {name: found[rule[name].id] for name, found in below.items() if rule[name]}
            conditions.update({name: [rule[name].id] for name in ("product_id", "warehouse_id") if rule[name]})
            if rule.tier:
                conditions["tier"] = [tiers.index(rule.tier)]
            if rule.abc_class:
                conditions["abc"] = [engine.ABC.index(rule.abc_class)]
            if rule.xyz_class:
                conditions["xyz"] = [engine.XYZ.index(rule.xyz_class)]
            rules.append(engine.Rule(conditions, rule.target, engine.SERVICE_KINDS.index(rule.kind), rule.id or 0))
        return rules

    def _below(self, name):
        """Of each category (region) of these rules all that lie in it: dict id -> list of ids."""
        tops = self[name]
        if not tops:
            return {}
        paths = {found.id: found.parent_path for found in tops.search([("id", "child_of", tops.ids)])}
        return {
            top.id: [found for found, path in paths.items() if (path or "").startswith(top.parent_path or "-")]
            for top in tops
        }
