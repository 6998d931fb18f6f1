from odoo import api, fields, models
from odoo.tools import SQL

from .parcel import REASON_SELECTION, STATUS_SELECTION


class DistribTrackingCode(models.Model):
    """The meaning of a provider's code. A code never seen before is added with status unknown and waits here."""

    _name = "distrib.tracking.code"
    _description = "Tracking Code"
    _order = "provider, code"
    _rec_name = "code"

    provider = fields.Char(required=True, index=True)
    code = fields.Char(required=True)
    label = fields.Char("Meaning", translate=True)
    status = fields.Selection(STATUS_SELECTION, required=True, default="unknown")
    reason = fields.Selection(REASON_SELECTION, required=True, default="none")
    informative = fields.Boolean(
        "Information only", help="Known, but says nothing about the status, such as a note about the courier."
    )
    event_ids = fields.One2many("distrib.tracking.event", "code_id", "Events")
    event_count = fields.Integer("Events seen", compute="_compute_event_count")

    _code_unique = models.UniqueIndex("(provider, code)", "This code of the provider is already in the list.")

    @api.depends("event_ids")
    def _compute_event_count(self):
        groups = self.env["distrib.tracking.event"]._read_group([("code_id", "in", self.ids)], ["code_id"], ["__count"])
        counts = {code.id: count for code, count in groups}
        for code in self:
            code.event_count = counts.get(code.id, 0)

    def write(self, vals):
        """A changed meaning also holds for the events already received under the code."""
        result = super().write(vals)
        if {"status", "reason"} & vals.keys():
            # sudo: the meaning of a code is common to all companies, and so are the events it explains
            events = self.sudo().event_ids
            for code in self:
                code.sudo().event_ids.write({"status": code.status, "reason": code.reason})
            events.parcel_id._follow()
        return result

    @api.model
    def _lookup(self, pairs):
        """Codes of (provider, code) pairs, as a dict; missing ones are created with status unknown.

        ON CONFLICT: two workers may meet the same new code at the same time.
        """
        pairs = {(provider, code) for provider, code in pairs if code}
        if not pairs:
            return {}
        found = self._find(pairs)
        missing = pairs - found.keys()
        if missing:
            rows = SQL(",").join(SQL("(%s, %s, 'unknown', 'none')", *pair) for pair in missing)
            self.env.cr.execute(
                SQL(
                    "INSERT INTO distrib_tracking_code (provider, code, status, reason)"
                    " VALUES %s ON CONFLICT DO NOTHING",
                    rows,
                )
            )
            found.update(self._find(missing))
        return found

    @api.model
    def _find(self, pairs):
        codes = self.search(
            [("provider", "in", [pair[0] for pair in pairs]), ("code", "in", [pair[1] for pair in pairs])]
        )
        return {(code.provider, code.code): code for code in codes if (code.provider, code.code) in pairs}
