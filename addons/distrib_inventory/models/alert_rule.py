import logging

from odoo import api, fields, models

_logger = logging.getLogger(__name__)

# Class A is what sells most; a rule may look at that alone.
GOODS = [("A", "A: what sells most"), ("AB", "A and B"), ("ABC", "All goods")]
KINDS = [
    ("below_safety", "Below safety stock"),
    ("out_before_arrival", "Out before the next arrival"),
    ("expiring", "Expiring goods"),
    ("transfer_overdue", "Transfer overdue"),
    ("negative", "Negative stock"),
    ("allocation_expiring", "Allocation expiring"),
    ("report_stale", "Stock report overdue"),
]


class AlertRule(models.Model):
    """What is watched, where, and who is told."""

    _name = "distrib.alert.rule"
    _description = "Stock Alert Rule"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    kind = fields.Selection(KINDS, required=True)
    threshold = fields.Float(
        help="Below safety stock: the share of it that has to be left (1 = all). Out before the next arrival: only "
        "stock that lasts no longer than so many days. Expiring goods, allocations: days ahead. Transfers: days late."
    )
    is_serious = fields.Boolean(
        string="Serious", help="Shown in red, and first; of planned goods only those of class A, which sell most."
    )
    abc_scope = fields.Selection(
        GOODS,
        string="Goods",
        default="ABC",
        required=True,
        help="The products that make the first 80 % of planned sales are A, up to 95 % B, the rest C. Goods that are not "
        "planned belong to no class and are watched by rules for all goods.",
    )
    whose = fields.Selection(
        [("ours", "Ours"), ("others", "Dealers' and other owners'")],
        string="Whose Stock",
        default="ours",
        required=True,
        help="Goods of dealers and consignors are never mixed into ours: watch them by rules of their own. In the "
        "warehouse of a dealer who reports his stock, his latest report counts.",
    )
    company_id = fields.Many2one("res.company", help="Leave empty for all companies.")
    warehouse_ids = fields.Many2many("stock.warehouse", string="Warehouses", help="Leave empty for all.")
    categ_ids = fields.Many2many("product.category", string="Categories", help="With those below; leave empty for all.")
    user_id = fields.Many2one("res.users", string="Responsible", domain="[('share', '=', False)]")
    group_id = fields.Many2one(
        "res.groups", string="Responsible Role", help="All users of the role are told, unless one user is named."
    )
    alert_ids = fields.One2many("distrib.alert", "rule_id")
    open_count = fields.Integer(compute="_compute_open_count", string="Open Alerts")

    def _compute_open_count(self):
        groups = self.env["distrib.alert"]._read_group(
            [("rule_id", "in", self.ids), ("state", "=", "open")], ["rule_id"], ["__count"]
        )
        counts = {rule.id: count for rule, count in groups}
        for rule in self:
            rule.open_count = counts.get(rule.id, 0)

    def _responsible_users(self):
        users = self.user_id or self.group_id.all_user_ids
        return users.filtered(
            lambda user: user.active and not user.share and user.id != self.env.ref("base.user_root").id
        )

    def action_check(self):
        """Look now instead of waiting for the next round."""
        self.check_access("write")
        self.sudo()._evaluate()
        return self.action_view_alerts()

    def action_view_alerts(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_alert")
        return {**action, "domain": [("rule_id", "in", self.ids)]}

    @api.model
    def _cron_run(self):
        """Check every rule, then put one activity in front of each responsible; committed rule by rule."""
        rules = self.search([("active", "=", True)])
        for left, rule in zip(range(len(rules), 0, -1), rules, strict=True):
            rule._evaluate()
            rule._tell_responsible()
            self.env["ir.cron"]._commit_progress(1, remaining=left - 1)

    def _evaluate(self):
        """Open alerts for new causes, refresh those that go on, close those whose cause is gone."""
        for rule in self:
            companies = rule.company_id or self.env["res.company"].search([("active", "=", True)])
            causes = rule.with_context(allowed_company_ids=companies.ids)._find_causes()
            opened, closed = self.env["distrib.alert"]._settle(rule, causes)
            _logger.info("Alerts of %s: %s causes, %s opened, %s closed", rule.name, len(causes), opened, closed)

    def _tell_responsible(self):
        for rule in self:
            self.env["distrib.alert.digest"]._refresh(rule)
