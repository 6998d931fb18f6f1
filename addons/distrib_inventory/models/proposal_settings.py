from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    distrib_proposal_limit = fields.Monetary(
        string="Proposals Above", default=50000.0, help="Proposals of a higher value are shown apart; 0 for none."
    )
    distrib_urgent_value = fields.Monetary(
        string="Urgent From",
        default=200.0,
        help="Sales lost by waiting for the next review from which a proposal counts as urgent.",
    )
    distrib_rfq_merge = fields.Selection(
        [("never", "Never"), ("same_date", "With the same arrival day"), ("any", "Always")],
        string="Add to Open Requests",
        default="any",
        required=True,
        help="Whether accepted purchases go into a draft request for quotation of the same supplier and warehouse.",
    )
    distrib_lateral = fields.Boolean(
        string="Lateral Transfers", default=True, help="Propose moves between warehouses that do not supply each other."
    )
    distrib_lateral_days = fields.Integer(
        string="Excess Beyond", default=30, help="Days of its own demand that a warehouse keeps before it gives."
    )
    distrib_lateral_fixed_cost = fields.Monetary(
        string="Cost of a Move", default=20.0, help="Picking, loading and receiving of one product."
    )
    distrib_lateral_tonne_km = fields.Monetary(
        string="Cost of a Tonne-Kilometre", default=1.0, help="Goods without a weight count as one kilogram."
    )

    _distrib_lateral_range = models.Constraint(
        "CHECK(distrib_lateral_days >= 0 AND distrib_lateral_fixed_cost >= 0 AND distrib_lateral_tonne_km >= 0)",
        "Days and costs of lateral transfers cannot be negative.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    distrib_proposal_limit = fields.Monetary(
        related="company_id.distrib_proposal_limit", readonly=False, currency_field="company_currency_id"
    )
    distrib_urgent_value = fields.Monetary(
        related="company_id.distrib_urgent_value", readonly=False, currency_field="company_currency_id"
    )
    distrib_rfq_merge = fields.Selection(related="company_id.distrib_rfq_merge", readonly=False, required=True)
    distrib_lateral = fields.Boolean(related="company_id.distrib_lateral", readonly=False)
    distrib_lateral_days = fields.Integer(related="company_id.distrib_lateral_days", readonly=False)
    distrib_lateral_fixed_cost = fields.Monetary(
        related="company_id.distrib_lateral_fixed_cost", readonly=False, currency_field="company_currency_id"
    )
    distrib_lateral_tonne_km = fields.Monetary(
        related="company_id.distrib_lateral_tonne_km", readonly=False, currency_field="company_currency_id"
    )
