from odoo import fields, models


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    store_ref = fields.Char(
        string="Store Number", copy=False, help="The number by which sales files call this warehouse."
    )
    supply_lead_days = fields.Float(
        string="Supply Lead Time",
        default=1.0,
        help="Days from a transfer order to the goods being here, from the warehouse that supplies this one.",
    )
    supply_lead_sigma = fields.Float(
        string="Lead Time Deviation", help="Standard deviation of the supply lead time, in days."
    )

    _store_ref_uniq = models.UniqueIndex(
        "(company_id, store_ref) WHERE store_ref IS NOT NULL", "Another warehouse already has this store number."
    )
    _supply_lead_positive = models.Constraint(
        "CHECK(supply_lead_days >= 0 AND supply_lead_sigma >= 0)", "A lead time cannot be negative."
    )
