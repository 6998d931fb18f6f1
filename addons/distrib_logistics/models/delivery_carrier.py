from odoo import fields, models

OWN_FLEET = "own"
NO_CARRIER = "other"


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    tracking_code = fields.Char(
        "Tracking code",
        help="Short code of the carrier in tracking events, for example shunfeng or zhongtong. "
        "Left empty, the provider of the delivery method is used.",
    )
    transit_days = fields.Integer(
        "Days in transit",
        default=3,
        help="Usual days from shipping to delivery. A parcel without a promised date is expected after that many days.",
    )
    _transit_days_not_negative = models.Constraint(
        "CHECK (transit_days >= 0)", "The days in transit cannot be negative."
    )

    def _tracking_carrier_code(self):
        """Code of the carrier as tracking events name it; lower case, never empty."""
        if not self:
            return NO_CARRIER
        self.ensure_one()
        code = (self.tracking_code or "").strip().lower()
        if code:
            return code
        generic = self.delivery_type in ("fixed", "base_on_rule")
        return f"carrier-{self.id}" if generic else self.delivery_type
