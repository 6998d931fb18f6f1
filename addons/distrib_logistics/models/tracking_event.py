from odoo import fields, models

from ..engine import tracking
from .parcel import REASON_SELECTION, STATUS_SELECTION


class DistribTrackingEvent(models.Model):
    """What a carrier (or a person at the desk) said of a parcel. Events are facts: they are added, not changed."""

    _name = "distrib.tracking.event"
    _description = "Tracking Event"
    _order = "occurred_at desc, id desc"
    _rec_name = "description"

    parcel_id = fields.Many2one("distrib.parcel", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="parcel_id.company_id", store=True, index=True)
    occurred_at = fields.Datetime("Time", required=True, help="When it happened; stored in UTC.")
    status = fields.Selection(STATUS_SELECTION, required=True, default="unknown", index=True)
    reason = fields.Selection(REASON_SELECTION, required=True, default="none")
    description = fields.Char()
    location = fields.Char()
    is_correction = fields.Boolean(
        "Correction", help="Decided by a person: sets the status whatever the carrier said before."
    )
    raw_code = fields.Char("Carrier's code", groups="base.group_user")
    provider = fields.Char(groups="base.group_user", help="Where the event came from: a carrier or an aggregator.")
    code_id = fields.Many2one(
        "distrib.tracking.code", ondelete="set null", index="btree_not_null", groups="base.group_user"
    )
    message_id = fields.Many2one(
        "distrib.tracking.message", ondelete="set null", index="btree_not_null", groups="base.group_user"
    )
    dedupe_key = fields.Char(
        required=True,
        groups="base.group_user",
        help="The provider's own identity of the event, or a hash of what it says.",
    )

    _event_unique = models.UniqueIndex("(parcel_id, dedupe_key)", "This event is already recorded.")

    def _as_engine_event(self):
        return tracking.Event(self.occurred_at, self.status, self.dedupe_key, self.reason, self.is_correction)
