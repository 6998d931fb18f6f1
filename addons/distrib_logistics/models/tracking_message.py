from odoo import fields, models
from odoo.exceptions import UserError


class DistribTrackingMessage(models.Model):
    """A tracking message as received, kept before anything is done with it."""

    _name = "distrib.tracking.message"
    _description = "Tracking Message"
    _order = "id desc"
    _rec_name = "number"

    provider = fields.Char(readonly=True)
    carrier_code = fields.Char(readonly=True)
    number = fields.Char("Tracking number", readonly=True, index=True)
    payload = fields.Text("Content as received", readonly=True, help="JSON, exactly the fields that were sent.")
    result = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("recorded", "Recorded"),
            ("duplicate", "Already known"),
            ("unknown_parcel", "No such parcel"),
            ("rejected", "Rejected"),
        ],
        default="waiting",
        required=True,
        readonly=True,
        index=True,
    )
    detail = fields.Char(readonly=True, help="Why a message was rejected.")
    parcel_id = fields.Many2one("distrib.parcel", readonly=True, ondelete="set null", index="btree_not_null")
    company_id = fields.Many2one("res.company", readonly=True, index=True, default=lambda self: self.env.company)

    def action_process(self):
        """Try again what found no parcel or was rejected, for example after the parcel was created."""
        todo = self.filtered(lambda message: message.result not in ("recorded", "duplicate"))
        if not todo:
            raise UserError(self.env._("These messages have already been recorded."))
        self.env["distrib.parcel"]._process_messages(todo)
