from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .problems import as_text

INTERNAL = "base.group_user"
SOON_HOURS = 4
OPEN_STATES = ("new", "held", "to_route", "routed", "released")
PLATFORM_STATES = [
    ("unpaid", "Unpaid"),
    ("open", "To Be Shipped"),
    ("part_shipped", "Partly Shipped"),
    ("shipped", "Shipped"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
]
ALERTS = [
    ("changed", "Changed outside"),
    ("cancelled", "Cancelled after shipping"),
    ("refunded", "Refunded after shipping"),
    ("address", "Address changed too late"),
    ("outside", "Shipped outside"),
]


class SaleOrder(models.Model):
    """What the channel says of an order, and how urgent and risky it is."""

    _inherit = "sale.order"

    platform_status = fields.Selection(PLATFORM_STATES, string="Status Outside", groups=INTERNAL, copy=False)
    outside_status = fields.Char(string="The Platform's Word", groups=INTERNAL, copy=False)
    paid_at = fields.Datetime(groups=INTERNAL, copy=False)
    ship_by = fields.Datetime(
        groups=INTERNAL, copy=False, help="Latest time of shipping before the platform asks a penalty."
    )
    ship_clock = fields.Selection(
        [("late", "Late"), ("soon", "Soon"), ("calm", "In time")],
        compute="_compute_ship_clock",
        search="_search_ship_clock",
        groups=INTERNAL,
        help="Late: the time to ship is over. Soon: it is over within four hours.",
    )
    ship_left = fields.Char(string="Time Left", compute="_compute_ship_clock", groups=INTERNAL)
    pool_payment = fields.Selection(
        [("unpaid", "Unpaid"), ("part", "Deposit paid"), ("paid", "Paid")],
        string="Payment", groups=INTERNAL, copy=False,
    )  # fmt: skip
    pool_risk = fields.Selection(
        [("low", "Low"), ("medium", "Medium"), ("high", "High")], string="Risk", groups=INTERNAL, copy=False
    )
    pool_priority = fields.Selection(
        [("0", "Normal"), ("1", "Urgent")], string="Urgent", default="0", groups=INTERNAL, copy=False
    )
    seller_note = fields.Text(groups=INTERNAL, copy=False, help="What the shop wrote to the order.")
    merge_key = fields.Char(
        groups=INTERNAL, copy=False, index="btree_not_null",
        help="The platform's mark: orders of the shop with the same mark may go in one parcel.",
    )  # fmt: skip
    privacy_id = fields.Char(
        groups="distrib_inventory.group_channel_manager", copy=False,
        help="The platform's key to the receiver that it hides from us.",
    )  # fmt: skip
    receiver_masked = fields.Boolean(groups=INTERNAL, copy=False, help="The platform hides name, telephone and street.")
    hold_until = fields.Datetime(groups=INTERNAL, copy=False, help="The hold lifts itself at this time.")
    channel_refunds = fields.Json(groups=INTERNAL, copy=False)
    hold_passed = fields.Json(groups=INTERNAL, copy=False)
    channel_paid = fields.Monetary(string="Paid by Buyer", groups=INTERNAL, copy=False)
    channel_freight = fields.Monetary(string="Freight", groups=INTERNAL, copy=False)
    channel_discount = fields.Monetary(string="Discounts of Shop", groups=INTERNAL, copy=False)
    channel_platform_discount = fields.Monetary(
        string="Paid by Platform", groups=INTERNAL, copy=False,
        help="Coupons of the platform, which it pays to us with its statement.",
    )  # fmt: skip
    pool_alert = fields.Selection(
        ALERTS, string="Needs a Clerk", groups=INTERNAL, copy=False, index="btree_not_null",
        help="Something happened outside that cannot be followed without a decision.",
    )  # fmt: skip
    pool_alert_data = fields.Json(groups=INTERNAL, copy=False)
    pool_alert_text = fields.Text(compute="_compute_pool_alert_text", groups=INTERNAL)

    # Beginnings of numbers: as good as at once among millions, also where PostgreSQL has no trigrams.
    _pool_number_idx = models.Index("(channel_order_ref text_pattern_ops) WHERE channel_order_ref IS NOT NULL")
    _pool_name_idx = models.Index("(name text_pattern_ops)")
    _pool_ship_by_idx = models.Index("(ship_by, id) WHERE pool_state NOT IN ('done', 'cancelled', 'shipped')")
    _pool_open_channel_idx = models.Index(
        "(company_id, pool_state, ship_by) WHERE channel_id IS NOT NULL AND pool_state NOT IN ('done', 'cancelled')"
    )

    @api.depends("ship_by", "pool_state")
    @api.depends_context("lang")
    def _compute_ship_clock(self):
        now = fields.Datetime.now()
        for order in self:
            if not order.ship_by or order.pool_state not in OPEN_STATES:
                order.ship_clock = order.ship_left = False
                continue
            left = order.ship_by - now
            soon = left < timedelta(hours=SOON_HOURS)
            order.ship_clock = "late" if left < timedelta(0) else "soon" if soon else "calm"
            order.ship_left = order._duration(left)

    @api.model
    def _duration(self, left):
        """Hours and minutes, or days and hours: late ones with a minus."""
        minutes = int(abs(left).total_seconds() // 60)
        sign = "-" if left < timedelta(0) else ""
        if minutes >= 2 * 24 * 60:
            text = self.env._("%(days)s d %(hours)s h", days=minutes // 1440, hours=minutes % 1440 // 60)
        else:
            text = self.env._("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=minutes % 60)
        return sign + text

    @api.model
    def _search_ship_clock(self, operator, value):
        if operator != "in":
            return NotImplemented
        now = fields.Datetime.now()
        soon = now + timedelta(hours=SOON_HOURS)
        parts = {
            "late": Domain("ship_by", "<", now),
            "soon": Domain("ship_by", ">=", now) & Domain("ship_by", "<", soon),
            "calm": Domain("ship_by", ">=", soon),
        }
        found = Domain.OR([parts[clock] for clock in value if clock in parts])
        return Domain("pool_state", "in", OPEN_STATES) & Domain("ship_by", "!=", False) & found

    def _field_to_sql(self, alias, field_expr, query=None):
        """The clock in SQL, so that the kanban's bars and groups count by it."""
        if field_expr != "ship_clock":
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields["ship_clock"], "read")
        ship_by = self._field_to_sql(alias, "ship_by", query)
        now = fields.Datetime.now()
        return SQL(
            "CASE WHEN %s IN %s THEN CASE WHEN %s < %s THEN 'late' WHEN %s < %s THEN 'soon' WHEN %s >= %s THEN 'calm' END END",
            self._field_to_sql(alias, "pool_state", query), OPEN_STATES,
            ship_by, now, ship_by, now + timedelta(hours=SOON_HOURS), ship_by, now + timedelta(hours=SOON_HOURS),
        )  # fmt: skip

    @api.depends("pool_alert", "pool_alert_data")
    @api.depends_context("lang")
    def _compute_pool_alert_text(self):
        for order in self:
            order.pool_alert_text = as_text(self.env, order.pool_alert_data) if order.pool_alert else False

    def _raise_alert(self, code, problems):
        """Ask a clerk for a decision: on the order, in its chatter, and as an activity of whoever is responsible."""
        for order in self:
            known = order.pool_alert_data if order.pool_alert else []
            fresh = [found for found in problems if found not in (known or [])]
            order.write({"pool_alert": code, "pool_alert_data": [*(known or []), *fresh]})
            user = order.channel_id.user_id or order.user_id
            if user and fresh:
                # In the language of who reads it.
                text = as_text(self.with_context(lang=user.lang).env, fresh)
                order.activity_schedule("mail.mail_activity_data_todo", user_id=user.id, note=text)

    def action_pool_settle_alert(self):
        """A clerk has decided what to do about what happened outside."""
        self._check_order_desk()
        for order in self.filtered("pool_alert"):
            label = dict(order._fields["pool_alert"]._description_selection(self.env))[order.pool_alert]
            order.message_post(body=self.env._("Settled: %(what)s. %(text)s", what=label, text=order.pool_alert_text))
        self.write({"pool_alert": False, "pool_alert_data": False})
        return True

    def action_pool_urgent(self):
        self._check_order_desk()
        self.pool_priority = "1"
        return True

    # Merge candidates

    merge_candidate = fields.Boolean(
        string="May Be Merged", compute="_compute_merge_candidate", search="_search_merge_candidate", groups=INTERNAL,
        help="Another open order of this shop has the same mark of the platform and the same address.",
    )  # fmt: skip

    def _compute_merge_candidate(self):
        found = self.browse(self._merge_candidate_ids(self.ids))
        for order in self:
            order.merge_candidate = order in found

    @api.model
    def _search_merge_candidate(self, operator, value):
        if operator != "in":
            return NotImplemented
        ids = self._merge_candidate_ids()
        return Domain("id", "in" if True in value else "not in", ids)

    @api.model
    def _merge_candidate_ids(self, ids=None):
        """Open orders that have a partner to go with in one parcel; among ``ids`` when given."""
        names = ["merge_key", "pool_state", "partner_shipping_id", "channel_id", "merge_reference_id", "company_id"]
        self.flush_model(names)
        wanted = SQL("AND o.id = ANY(%s)", list(ids)) if ids is not None else SQL()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.id
                  FROM sale_order o
                 WHERE o.merge_key IS NOT NULL AND o.merge_reference_id IS NULL %s
                   AND o.pool_state IN ('new', 'to_route', 'routed') AND o.company_id = ANY(%s)
                   AND EXISTS (SELECT 1
                                 FROM sale_order p
                                WHERE p.merge_key = o.merge_key AND p.id != o.id AND p.channel_id = o.channel_id
                                  AND p.partner_shipping_id = o.partner_shipping_id
                                  AND p.pool_state IN ('new', 'to_route', 'routed'))
                """,
                wanted,
                self.env.companies.ids,
            )
        )
        return [row[0] for row in rows]
