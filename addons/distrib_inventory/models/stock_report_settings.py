from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    distrib_report_tolerance = fields.Float(
        string="Tolerance of Stock Reports",
        default=0.02,
        help="Share by which a reported quantity may differ from the expected one without being listed.",
    )
    distrib_report_days = fields.Integer(
        string="Stock Report Every", default=10, help="Days after which the report of a dealer or store is overdue."
    )

    _distrib_report_range = models.Constraint(
        "CHECK(distrib_report_tolerance >= 0 AND distrib_report_tolerance < 1 AND distrib_report_days > 0)",
        "The tolerance lies between 0 and 100 %, and reports come every day or seldom.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    distrib_report_tolerance = fields.Float(related="company_id.distrib_report_tolerance", readonly=False)
    distrib_report_days = fields.Integer(related="company_id.distrib_report_days", readonly=False)
