from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import tracking
from .delivery_carrier import OWN_FLEET

STATUS_SELECTION = [
    ("pre_transit", "Ready to ship"),
    ("picked_up", "Picked up"),
    ("in_transit", "In transit"),
    ("customs", "At customs"),
    ("out_for_delivery", "Out for delivery"),
    ("ready_for_pickup", "Ready for pickup"),
    ("delivery_failed", "Delivery failed"),
    ("delayed", "Delayed"),
    ("exception", "Exception"),
    ("delivered", "Delivered"),
    ("returning", "Returning"),
    ("returned", "Returned"),
    ("cancelled", "Cancelled"),
    ("expired", "No longer tracked"),
    ("unknown", "Unknown"),
]
REASON_SELECTION = [
    ("none", "None"),
    ("carrier_damaged", "Damaged"),
    ("carrier_lost", "Lost"),
    ("carrier_delay", "Held up at the carrier"),
    ("carrier_misrouted", "Misrouted"),
    ("consignee_absent", "Nobody there"),
    ("consignee_refused", "Refused"),
    ("consignee_unreachable", "Consignee cannot be reached"),
    ("consignee_not_collected", "Not collected"),
    ("address_wrong", "Wrong address"),
    ("address_out_of_area", "Outside the delivery area"),
    ("customs_held", "Held by customs"),
    ("weather", "Weather"),
    ("other", "Other"),
]
TONES = {
    "delivered": "success",
    "out_for_delivery": "primary",
    "ready_for_pickup": "primary",
    "picked_up": "info",
    "in_transit": "info",
    "customs": "info",
    "delayed": "warning",
    "delivery_failed": "danger",
    "exception": "danger",
    "returning": "warning",
    "returned": "warning",
}
# How far along the customer's four steps a parcel is: shipped, on its way, out for delivery, delivered.
STEPS = {
    "pre_transit": 1,
    "picked_up": 1,
    "in_transit": 2,
    "customs": 2,
    "delayed": 2,
    "exception": 2,
    "returning": 2,
    "out_for_delivery": 3,
    "ready_for_pickup": 3,
    "delivery_failed": 3,
    "delivered": 4,
}


class DistribParcel(models.Model):
    """One physical parcel under one tracking number.

    Carriers use a number again after some months, so numbers are unique by (company, carrier, number, turn): a new
    delivery under the number of a parcel that has ended opens the next turn. A delivery under the number of a parcel
    still on its way joins that parcel, as goods of several deliveries may share a box.
    """

    _name = "distrib.parcel"
    _description = "Parcel"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "shipped_at desc, id desc"

    name = fields.Char("Tracking number", required=True, index=True, copy=False)
    turn = fields.Integer(
        default=1, readonly=True, copy=False, help="Counts the parcels to which the carrier gave this same number."
    )
    carrier_id = fields.Many2one("delivery.carrier", index="btree_not_null")
    carrier_code = fields.Char(required=True, default=OWN_FLEET, help="How tracking events name the carrier.")
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    picking_ids = fields.Many2many("stock.picking", string="Deliveries", groups="base.group_user")
    picking_id = fields.Many2one(
        "stock.picking",
        "Delivery",
        compute="_compute_documents",
        store=True,
        index="btree_not_null",
        groups="base.group_user",
    )
    sale_order_ids = fields.Many2many(
        "sale.order",
        string="Sales orders",
        compute="_compute_sale_order_ids",
        search="_search_sale_order_ids",
        groups="base.group_user",
    )
    sale_order_id = fields.Many2one(
        "sale.order",
        "Sales order",
        compute="_compute_documents",
        store=True,
        index="btree_not_null",
        groups="base.group_user",
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Consignee",
        compute="_compute_documents",
        store=True,
        index="btree_not_null",
        groups="base.group_user",
    )
    status = fields.Selection(
        STATUS_SELECTION, default="pre_transit", required=True, readonly=True, index=True, tracking=True
    )
    reason = fields.Selection(REASON_SELECTION, default="none", required=True, readonly=True)
    shipped_at = fields.Datetime("Shipped at", readonly=True, index=True)
    expected_at = fields.Datetime("Expected", index=True)
    delivered_at = fields.Datetime("Delivered at", readonly=True)
    last_event_at = fields.Datetime("Last event", readonly=True)
    event_ids = fields.One2many("distrib.tracking.event", "parcel_id", "Events", readonly=True)
    event_count = fields.Integer("Number of events", readonly=True, default=0)
    is_late = fields.Boolean("Late", compute="_compute_is_late", search="_search_is_late")
    timeline = fields.Html(compute="_compute_timeline", sanitize=False, groups="base.group_user")

    _number_unique = models.UniqueIndex(
        "(company_id, carrier_code, name, turn)", "This carrier has already used this tracking number here."
    )

    @api.depends("picking_ids.sale_id", "picking_ids.partner_id")
    def _compute_documents(self):
        for parcel in self:
            parcel.picking_id = parcel.picking_ids[:1]
            parcel.sale_order_id = parcel.picking_ids.sale_id[:1]
            parcel.partner_id = parcel.picking_ids[:1].partner_id

    @api.depends("picking_ids.sale_id")
    def _compute_sale_order_ids(self):
        for parcel in self:
            parcel.sale_order_ids = parcel.picking_ids.sale_id

    def _search_sale_order_ids(self, operator, value):
        return Domain("picking_ids.sale_id", operator, value)

    @api.depends("expected_at", "status")
    def _compute_is_late(self):
        now = fields.Datetime.now()
        for parcel in self:
            parcel.is_late = bool(
                parcel.status not in tracking.TERMINAL and parcel.expected_at and parcel.expected_at < now
            )

    def _search_is_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        late = Domain("expected_at", "<", fields.Datetime.now()) & Domain("status", "not in", list(tracking.TERMINAL))
        domain = Domain.FALSE
        for wanted in set(value):
            domain |= late if wanted else ~late | Domain("expected_at", "=", False)
        return domain

    @api.depends("event_ids", "event_ids.status", "event_ids.reason")
    @api.depends_context("lang", "tz")
    def _compute_timeline(self):
        for parcel in self:
            parcel.timeline = self.env["ir.qweb"]._render("distrib_logistics.timeline", {"rows": parcel._timeline()})

    @api.depends("name", "carrier_id.name")
    def _compute_display_name(self):
        for parcel in self:
            # sudo: portal users see the name of their parcel's carrier but have no access to delivery methods
            carrier = parcel.sudo().carrier_id.name
            parcel.display_name = f"{carrier} {parcel.name}" if carrier else parcel.name

    def _timeline(self):
        """Plain rows for the timeline, newest first: when, status and its label, reason, text, place."""
        self.ensure_one()
        labels = self._status_labels()
        reasons = dict(self._fields["reason"]._description_selection(self.env))
        return [
            {
                "at": event.occurred_at,
                "status": event.status,
                "label": labels[event.status] if event.status != "unknown" else "",
                "tone": TONES.get(event.status, "secondary"),
                "reason": reasons[event.reason] if event.reason != "none" else "",
                "text": event.description or "",
                "location": event.location or "",
                "correction": event.is_correction,
            }
            for event in self.event_ids.sorted(lambda event: (event.occurred_at, event.id), reverse=True)
        ]

    def _status_labels(self):
        """Labels of the statuses in the reader's language."""
        return dict(self._fields["status"]._description_selection(self.env))

    def _portal_row(self, labels):
        """What a customer sees of a parcel: no consignee, no address, no courier."""
        self.ensure_one()
        return {
            "id": self.id,
            "name": self.name,
            "carrier": self.carrier_id.name or "",
            "status": self.status,
            "label": labels[self.status],
            "tone": TONES.get(self.status, "secondary"),
            "step": STEPS.get(self.status, 0),
            "late": self.is_late,
            "shipped_at": self.shipped_at,
            "expected_at": self.expected_at,
            "delivered_at": self.delivered_at,
        }

    def _follow(self):
        """Recompute status, reason and times of these parcels from all their events."""
        events = defaultdict(list)
        for event in self.env["distrib.tracking.event"].search([("parcel_id", "in", self.ids)]):
            events[event.parcel_id.id].append(event._as_engine_event())
        for parcel in self:
            track = tracking.follow(events[parcel.id])
            # writes are cached and flushed as one UPDATE for all parcels
            parcel.write(
                {
                    "status": track.status,
                    "reason": track.reason,
                    "shipped_at": track.shipped_at or parcel.shipped_at,
                    "delivered_at": track.delivered_at,
                    "last_event_at": track.last_event_at,
                    "event_count": len(events[parcel.id]),
                }
            )

    @api.model
    def _expected_from(self, shipped_at, carrier, promised=None):
        """The promised date when it lies after shipping, otherwise shipping plus the carrier's days in transit."""
        if promised and promised > shipped_at:
            return promised
        return shipped_at + timedelta(days=carrier.transit_days if carrier else 3)

    @api.model
    def _own_numbers(self, count):
        """``count`` numbers of our own fleet, drawn from the sequence in one query."""
        sequence = self.env.ref("distrib_logistics.sequence_own_parcel").sudo()
        if not count:
            return []
        if sequence.implementation != "standard":
            return [sequence.next_by_id() for _index in range(count)]
        self.env.cr.execute(
            SQL("SELECT nextval(%s) FROM generate_series(1, %s)", f"ir_sequence_{sequence.id:03d}", count)
        )
        return [sequence.get_next_char(number) for (number,) in self.env.cr.fetchall()]

    @api.model
    def _action_parcels(self, parcels):
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_logistics.action_parcel")
        if len(parcels) == 1:
            return action | {"view_mode": "form", "views": [(False, "form")], "res_id": parcels.id}
        return action | {"domain": [("id", "in", parcels.ids)], "context": {}}

    def action_open_pickings(self):
        return self._action_documents("stock.picking", self.picking_ids, self.env._("Deliveries"))

    def action_open_orders(self):
        return self._action_documents("sale.order", self.sale_order_ids, self.env._("Sales orders"))

    def _action_documents(self, model, records, name):
        action = {"type": "ir.actions.act_window", "res_model": model, "name": name}
        if len(records) == 1:
            return action | {"view_mode": "form", "res_id": records.id}
        return action | {"view_mode": "list,form", "domain": [("id", "in", records.ids)]}
