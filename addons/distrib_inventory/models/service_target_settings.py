from odoo import fields, models

from ..engine.service import SERVICE_KINDS

KIND_NAMES = list(zip(SERVICE_KINDS, ("Cycle service", "Fill rate"), strict=True))


class ResCompany(models.Model):
    _inherit = "res.company"

    distrib_service_kind = fields.Selection(
        KIND_NAMES,
        default="cycle",
        required=True,
        string="Kind of Service",
        help="Cycle service: the share of cycles between two deliveries without a stock-out. Fill rate: the share of "
        "demand met at once.",
    )
    distrib_abc_a = fields.Float(string="A up to", default=0.8, help="A: the goods that make this share of the value.")
    distrib_abc_b = fields.Float(string="B up to", default=0.95, help="B: those after A up to this share; C the rest.")
    distrib_xyz_x = fields.Float(
        string="X below", default=0.5, help="X: a week's deviation below this share of its mean."
    )
    distrib_xyz_y = fields.Float(string="Y below", default=1.0, help="Y: a week's deviation below this share; Z above.")
    distrib_lead_receipts = fields.Integer(
        string="Receipts Needed",
        default=3,
        help="A measured lead time replaces the planned one from this many receipts on.",
    )
    distrib_lead_window = fields.Integer(
        string="Receipts Of", default=365, help="Days over which receipts are looked at for lead times."
    )
    distrib_holding_rate = fields.Float(
        string="Holding Cost", default=0.2, help="Cost of keeping goods for a year, as a share of their value."
    )
    distrib_multi_echelon = fields.Boolean(
        string="Multi-Echelon Safety Stock",
        help="Place safety stock over central, regional and store levels so that it costs least for the service at "
        "the stores. Off: every warehouse keeps its own service target.",
    )
    distrib_echelon_least = fields.Float(
        string="Least Service Inside",
        default=0.5,
        help="Cycle service that warehouses keep which supply only other warehouses; 50 % is no safety stock there.",
    )

    _distrib_abc_range = models.Constraint(
        "CHECK(distrib_abc_a > 0 AND distrib_abc_a <= distrib_abc_b AND distrib_abc_b <= 1)",
        "The limits of A and B rise, between 0 and 100 %.",
    )
    _distrib_xyz_range = models.Constraint(
        "CHECK(distrib_xyz_x > 0 AND distrib_xyz_x <= distrib_xyz_y)", "The limits of X and Y rise from above 0."
    )
    _distrib_lead_range = models.Constraint(
        "CHECK(distrib_lead_receipts >= 1 AND distrib_lead_window >= 1)", "At least one receipt of at least one day."
    )
    _distrib_holding_range = models.Constraint(
        "CHECK(distrib_holding_rate >= 0)", "The holding cost cannot be negative."
    )
    _distrib_echelon_range = models.Constraint(
        "CHECK(distrib_echelon_least >= 0.5 AND distrib_echelon_least < 1)",
        "The least service inside lies between 50 % and below 100 %.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    distrib_service_kind = fields.Selection(related="company_id.distrib_service_kind", readonly=False)
    distrib_abc_a = fields.Float(related="company_id.distrib_abc_a", readonly=False)
    distrib_abc_b = fields.Float(related="company_id.distrib_abc_b", readonly=False)
    distrib_xyz_x = fields.Float(related="company_id.distrib_xyz_x", readonly=False)
    distrib_xyz_y = fields.Float(related="company_id.distrib_xyz_y", readonly=False)
    distrib_lead_receipts = fields.Integer(related="company_id.distrib_lead_receipts", readonly=False)
    distrib_lead_window = fields.Integer(related="company_id.distrib_lead_window", readonly=False)
    distrib_holding_rate = fields.Float(related="company_id.distrib_holding_rate", readonly=False)
    distrib_multi_echelon = fields.Boolean(related="company_id.distrib_multi_echelon", readonly=False)
    distrib_echelon_least = fields.Float(related="company_id.distrib_echelon_least", readonly=False)
