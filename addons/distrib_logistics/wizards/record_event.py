import uuid

from odoo import fields, models
from odoo.exceptions import UserError

from ..models.parcel import REASON_SELECTION, STATUS_SELECTION


class RecordEvent(models.TransientModel):
    """An event told by a person: our own drivers have no interface, and carriers' mistakes need a correction."""

    _name = "distrib.parcel.record.event"
    _description = "Record a Tracking Event"

    parcel_ids = fields.Many2many("distrib.parcel", string="Parcels", required=True)
    occurred_at = fields.Datetime("Time", required=True, default=fields.Datetime.now)
    status = fields.Selection(STATUS_SELECTION, required=True, default="delivered")
    reason = fields.Selection(REASON_SELECTION, required=True, default="none")
    description = fields.Char("What happened")
    location = fields.Char()
    is_correction = fields.Boolean(
        "Correction",
        help="Sets the status although the parcel has already ended, for example when it was marked as delivered "
        "by mistake. Say why in the text.",
    )

    def action_record(self):
        self.ensure_one()
        if self.is_correction and not (self.description or "").strip():
            raise UserError(self.env._("Say why the status is corrected."))
        if self.occurred_at > fields.Datetime.now():
            raise UserError(self.env._("The time lies in the future."))
        self.parcel_ids._lock()
        self.env["distrib.tracking.event"].create([self._event_values(parcel) for parcel in self.parcel_ids])
        self.parcel_ids._follow()
        return {"type": "ir.actions.act_window_close"}

    def _event_values(self, parcel):
        return {
            "parcel_id": parcel.id,
            "occurred_at": self.occurred_at,
            "status": self.status,
            "reason": self.reason,
            "description": self.description,
            "location": self.location,
            "is_correction": self.is_correction,
            "provider": "desk",
            # each entry of a person is an event of its own
            "dedupe_key": uuid.uuid4().hex,
        }
