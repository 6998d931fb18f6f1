"""Intake of tracking messages: keep each as received, find its parcel, record the event once, follow the parcel."""

import json
from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import tracking
from .delivery_carrier import NO_CARRIER, OWN_FLEET

MAX_EVENTS = 5000
# A number used again: events from long before the parcel was shipped belong to its predecessor.
STALE_AFTER = timedelta(days=7)
FUTURE_TOLERANCE = timedelta(days=1)


class DistribParcel(models.Model):
    _inherit = "distrib.parcel"

    @api.model
    def record_events(self, events):
        """Record tracking events; safe to call again with the same events, in any order.

        :param list events: dicts with ``carrier`` (its tracking code), ``number``, ``time`` (ISO; a time without zone
            is taken in ``zone``, by default Asia/Shanghai), ``status`` (ours) or ``code`` (the provider's), and
            optionally ``reason``, ``text``, ``location``, ``event_id``, ``provider`` (default: the carrier),
            ``expected_at`` and ``zone``.
        :returns: one dict for each event, in the same order: ``carrier``, ``number``, ``result`` (recorded,
            duplicate, unknown_parcel or rejected), ``detail``, ``parcel_id``, ``status`` (of the parcel now)
            and ``known`` (False when the code means nothing to us yet).
        """
        if not self.env["distrib.tracking.event"].has_access("create"):
            raise AccessError(self.env._("Only logistics staff may record tracking events."))
        if not isinstance(events, list) or len(events) > MAX_EVENTS:
            raise UserError(self.env._("Send a list of at most %s events.", MAX_EVENTS))
        messages = self.env["distrib.tracking.message"].create([self._message_values(item) for item in events])
        known = self._process_messages(messages)
        return [
            {
                "carrier": message.carrier_code or "",
                "number": message.number or "",
                "result": message.result,
                "detail": message.detail or "",
                "parcel_id": message.parcel_id.id,
                "status": message.parcel_id.status or "",
                "known": known.get(message.id, True),
            }
            for message in messages
        ]

    @api.model
    def _message_values(self, item):
        fields_of = item if isinstance(item, dict) else {}
        carrier = _text(fields_of.get("carrier")).lower()
        return {
            "payload": json.dumps(item, ensure_ascii=False, default=str),
            "provider": _text(fields_of.get("provider")).lower() or carrier,
            "carrier_code": carrier,
            "number": _text(fields_of.get("number")),
        }

    @api.model
    def _process_messages(self, messages):
        """Turn stored messages into events and bring their parcels up to date.

        :returns: dict of message id to whether the meaning of its code is known
        """
        drafts = [draft for draft in map(self._draft, messages) if draft]
        parcels = self._match(drafts)
        drafts = self._attach(drafts, parcels)
        touched = self.browse({draft["parcel"].id for draft in drafts})
        touched._lock()
        self._apply_codes(drafts)
        self._create_events(drafts)
        self._apply_expected(drafts)
        touched._follow()
        return {draft["message"].id: draft["known"] for draft in drafts}

    @api.model
    def _draft(self, message):
        """Parsed message as a dict, or None when it cannot be read (the message then says why)."""
        try:
            item = json.loads(message.payload)
            if not isinstance(item, dict):
                raise ValueError(self.env._("not an object with fields"))
            if not message.carrier_code or not message.number:
                raise ValueError(self.env._("carrier or number is missing"))
            draft = self._read_item(item)
        except ValueError as error:
            message.write({"result": "rejected", "detail": _text(error)})
            return None
        return draft | {
            "message": message,
            "provider": message.provider,
            "key": tracking.dedupe_key(
                message.provider,
                message.number,
                draft["code"] or draft["status"],
                draft["at"],
                draft["text"],
                draft["location"],
                draft["event_id"],
            ),
        }

    @api.model
    def _read_item(self, item):
        at = tracking.parse_time(item.get("time"), _text(item.get("zone")))
        if at > fields.Datetime.now() + FUTURE_TOLERANCE:
            raise ValueError(self.env._("the time lies in the future"))
        status, reason = _text(item.get("status")), _text(item.get("reason")) or "none"
        if status and status not in tracking.STATUSES:
            raise ValueError(self.env._("no such status: %s", status))
        if reason not in tracking.REASONS:
            raise ValueError(self.env._("no such reason: %s", reason))
        expected = item.get("expected_at")
        return {
            "at": at,
            "status": status,
            "reason": reason,
            "code": _text(item.get("code")),
            "text": _text(item.get("text")),
            "location": _text(item.get("location")),
            "event_id": _text(item.get("event_id")),
            "expected_at": tracking.parse_time(expected, _text(item.get("zone"))) if expected else None,
            "known": True,
        }

    @api.model
    def _match(self, drafts):
        """Parcels by (carrier code, number), latest turn first."""
        numbers = {draft["message"].number for draft in drafts}
        found = defaultdict(self.browse)
        domain = Domain("name", "in", list(numbers)) & Domain("company_id", "in", self.env.companies.ids)
        for parcel in self.search(domain, order="turn desc, id desc"):
            found[parcel.carrier_code, parcel.name] |= parcel
        return found

    @api.model
    def _attach(self, drafts, parcels):
        """Drafts with their parcel; the others' messages wait as unknown or stale."""
        attached = []
        for draft in drafts:
            message = draft["message"]
            candidates = parcels[message.carrier_code, message.number] or parcels[NO_CARRIER, message.number]
            parcel = next((one for one in candidates if one._may_own(draft["at"])), None)
            if parcel is not None:
                attached.append(draft | {"parcel": parcel})
            elif candidates:
                message.write({"result": "rejected", "detail": self.env._("older than the parcel")})
            else:
                message.write({"result": "unknown_parcel", "detail": False})
        return attached

    def _may_own(self, at):
        begun = min(filter(None, (self.shipped_at, self.create_date)))
        return at >= begun - STALE_AFTER

    def _lock(self):
        """Wait for others that record events of the same parcels; they touch the parcel, so the loser starts again."""
        if self:
            self.flush_recordset()
            self.env.cr.execute(
                SQL("SELECT id FROM distrib_parcel WHERE id IN %s ORDER BY id FOR NO KEY UPDATE", tuple(self.ids))
            )

    @api.model
    def _apply_codes(self, drafts):
        coded = [draft for draft in drafts if draft["code"]]
        # sudo: a code seen for the first time is added for everybody; the clerk has no right on the list itself
        codes = self.env["distrib.tracking.code"].sudo()._lookup({(one["provider"], one["code"]) for one in coded})
        for draft in coded:
            code = codes[draft["provider"], draft["code"]]
            draft["code_id"] = code.id
            if not draft["status"]:
                draft["status"] = code.status
                draft["reason"] = code.reason if draft["reason"] == "none" else draft["reason"]
                draft["known"] = code.status != "unknown" or code.informative

    @api.model
    def _create_events(self, drafts):
        Event = self.env["distrib.tracking.event"]
        known = Event.search(
            [
                ("parcel_id", "in", [draft["parcel"].id for draft in drafts]),
                ("dedupe_key", "in", [draft["key"] for draft in drafts]),
            ]
        )
        seen = {(event.parcel_id.id, event.dedupe_key) for event in known}
        values, results = [], {"recorded": defaultdict(list), "duplicate": defaultdict(list)}
        for draft in drafts:
            identity = draft["parcel"].id, draft["key"]
            results["duplicate" if identity in seen else "recorded"][draft["parcel"].id].append(draft["message"].id)
            if identity not in seen:
                seen.add(identity)
                values.append(self._event_values(draft))
        Event.create(values)
        for result, by_parcel in results.items():
            for parcel_id, message_ids in by_parcel.items():
                messages = self.env["distrib.tracking.message"].browse(message_ids)
                messages.write({"result": result, "parcel_id": parcel_id, "detail": False})

    @api.model
    def _event_values(self, draft):
        return {
            "parcel_id": draft["parcel"].id,
            "message_id": draft["message"].id,
            "occurred_at": draft["at"],
            "status": draft["status"] or "unknown",
            "reason": draft["reason"],
            "description": draft["text"],
            "location": draft["location"],
            "raw_code": draft["code"],
            "provider": draft["provider"],
            "code_id": draft.get("code_id"),
            "dedupe_key": draft["key"],
        }

    @api.model
    def _apply_expected(self, drafts):
        """The estimate that belongs to a parcel's latest event stands."""
        latest = {}
        for draft in sorted(drafts, key=lambda draft: (draft["at"], draft["key"])):
            if draft["expected_at"]:
                latest[draft["parcel"]] = draft
        for parcel, draft in latest.items():
            if not parcel.last_event_at or draft["at"] >= parcel.last_event_at:
                parcel.expected_at = draft["expected_at"]

    def _replay_unmatched(self):
        """Events often arrive before the delivery is validated here: process those that waited for these numbers."""
        waiting = self.env["distrib.tracking.message"].search(
            [
                ("result", "=", "unknown_parcel"),
                ("number", "in", self.filtered(lambda parcel: parcel.carrier_code != OWN_FLEET).mapped("name")),
            ]
        )
        if waiting:
            self._process_messages(waiting)


def _text(value):
    """Text as the database can hold it, without surrounding blanks."""
    return "" if value is None or value is False else str(value).replace("\x00", "").strip()
