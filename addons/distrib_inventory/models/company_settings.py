from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    distrib_service_target = fields.Float(
        string="Service Target", default=0.97, help="Probability of no stock-out between two deliveries."
    )
    distrib_review_days = fields.Float(
        string="Review Period", default=1.0, help="Days between two reviews of the stock."
    )
    distrib_opens = fields.Integer(string="Stores Open At", default=6, help="Hour of the day, 0 to 23.")
    distrib_closes = fields.Integer(string="Stores Close At", default=22, help="Hour of the day, 1 to 24.")
    distrib_expiring_days = fields.Integer(
        string="Expiring Within",
        default=30,
        required=True,
        help="Lots to be removed within these days are shown as expiring.",
    )

    _distrib_service_range = models.Constraint(
        "CHECK(distrib_service_target >= 0.5 AND distrib_service_target < 1)",
        "The service target lies between 50 % and below 100 %.",
    )
    _distrib_review_range = models.Constraint(
        "CHECK(distrib_review_days >= 0)", "The review period cannot be negative."
    )
    _distrib_expiring_range = models.Constraint(
        "CHECK(distrib_expiring_days >= 0)", "The days within which lots expire cannot be negative."
    )
    _distrib_hours_range = models.Constraint(
        "CHECK(distrib_opens >= 0 AND distrib_closes <= 24 AND distrib_opens < distrib_closes)",
        "Opening hours run from an hour from 0 on to a later one up to 24.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    distrib_service_target = fields.Float(related="company_id.distrib_service_target", readonly=False)
    distrib_review_days = fields.Float(related="company_id.distrib_review_days", readonly=False)
    distrib_opens = fields.Integer(related="company_id.distrib_opens", readonly=False)
    distrib_closes = fields.Integer(related="company_id.distrib_closes", readonly=False)
    distrib_expiring_days = fields.Integer(related="company_id.distrib_expiring_days", readonly=False)
