from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    distrib_guard_times = fields.Float(
        string="Policies May Change by",
        default=3.0,
        help="A level that rises above so many times last week's, or falls below that part of it, is held back.",
    )
    distrib_guard_least = fields.Float(
        string="Changes Never Held Back", default=5.0, help="In units: smaller changes pass, whatever their ratio."
    )

    _distrib_guard_range = models.Constraint(
        "CHECK(distrib_guard_times > 1 AND distrib_guard_least >= 0)",
        "Policies may change by more than 1 time, and changes that always pass are not negative.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    distrib_guard_times = fields.Float(related="company_id.distrib_guard_times", readonly=False)
    distrib_guard_least = fields.Float(related="company_id.distrib_guard_least", readonly=False)
