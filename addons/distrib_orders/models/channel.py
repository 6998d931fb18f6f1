from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

ORDER_DESK = ("distrib_inventory.group_order_clerk", "distrib_inventory.group_channel_manager")
SUBMIT_LIMIT = 1000


class Channel(models.Model):
    """Where orders come from: one shop on a platform, one interface, the dealer portal, a file."""

    _name = "distrib.channel"
    _description = "Sales Channel"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True, tracking=True)
    code = fields.Char(required=True, tracking=True, help="Names the channel in calls and files.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    kind = fields.Selection(
        [("api", "Interface"), ("portal", "Dealer portal"), ("manual", "By hand"), ("file", "File")],
        required=True,
        default="api",
        tracking=True,
    )
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        check_company=True,
        tracking=True,
        help="Is told when the channel is in trouble.",
    )
    team_id = fields.Many2one("crm.team", string="Sales Team", check_company=True)
    pricelist_id = fields.Many2one(
        "product.pricelist",
        check_company=True,
        help="Prices of lines that come without one. Dealers keep their own.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Default Customer",
        check_company=True,
        help="Takes the orders that name no buyer.",
    )
    auto_confirm = fields.Boolean(
        string="Route Without Asking",
        default=True,
        tracking=True,
        help="Orders without a problem go straight to the router, are confirmed and reserved. "
        "Otherwise they wait as new until a clerk routes them.",
    )
    use_central = fields.Boolean(string="Central Warehouses", default=True)
    use_regional = fields.Boolean(string="Regional Warehouses", default=True)
    use_dealer = fields.Boolean(string="Dealer Warehouses", help="Ships from the stock of dealers, who own it.")
    use_store = fields.Boolean(string="Stores", default=True)
    warehouse_ids = fields.Many2many(
        "stock.warehouse",
        string="Only These Warehouses",
        check_company=True,
        help="When set, nothing else ships orders of this channel, whatever its tier.",
    )
    order_ids = fields.One2many("sale.order", "channel_id", string="Orders")
    order_count = fields.Integer(compute="_compute_order_counts")
    open_order_count = fields.Integer(
        compute="_compute_order_counts", help="Orders that are new, held or waiting for the router."
    )
    message_problem_count = fields.Integer(
        compute="_compute_message_problem_count",
        groups="distrib_inventory.group_channel_manager",
        help="Inbox messages that are waiting, held or failed.",
    )

    _code_uniq = models.Constraint("UNIQUE (company_id, code)", "Two channels of a company cannot have the same code.")

    @api.constrains("code")
    def _check_code(self):
        for channel in self:
            if not channel.code.strip() or channel.code != channel.code.strip():
                raise ValidationError(self.env._("The code of a channel has no blanks around it and is not empty."))

    def _compute_order_counts(self):
        totals, waiting = {}, {}
        for channel, state, count in self.env["sale.order"]._read_group(
            [("channel_id", "in", self.ids)], ["channel_id", "pool_state"], ["__count"]
        ):
            totals[channel] = totals.get(channel, 0) + count
            if state in ("new", "held", "to_route"):
                waiting[channel] = waiting.get(channel, 0) + count
        for channel in self:
            channel.order_count = totals.get(channel, 0)
            channel.open_order_count = waiting.get(channel, 0)

    def _compute_message_problem_count(self):
        counts = dict(
            self.env["distrib.inbox.message"]._read_group(
                [("channel_id", "in", self.ids), ("state", "in", ("waiting", "held", "failed"))],
                ["channel_id"],
                ["__count"],
            )
        )
        for channel in self:
            channel.message_problem_count = counts.get(channel, 0)

    def _candidate_warehouses(self):
        """The warehouses that may ship orders of this channel, in the order of the warehouses."""
        self.ensure_one()
        if self.warehouse_ids:
            return self.warehouse_ids
        tiers = [tier for tier in ("central", "regional", "dealer", "store") if self[f"use_{tier}"]]
        return self.env["stock.warehouse"].search(
            [("company_id", "=", self.company_id.id), ("network_tier", "in", tiers)]
        )

    @api.model
    def submit_orders(self, channel_code, orders):
        """Take orders from outside into the pool; the same order sent twice is one order.

        Call it as ``distrib.channel.submit_orders`` over XML-RPC or JSON-2 as an order clerk or channel manager.
        Each order is stored in the inbox as it came, then read; what is wrong with one does not stop the others.

        :param str channel_code: the code of an active channel of a company of the caller
        :param list orders: at most 1000 dicts:
            ``external_id`` (required) the number in the outside system;
            ``version`` a growing number or an ISO time of one form, to send a changed order again; without it a
            different content counts as a newer version;
            ``ordered_at``, ``promised_at`` ISO 8601, UTC unless a zone is given;
            ``dealer_code`` or ``partner`` {name, phone, email, province, city, district, street, zip}: the buyer, and
            with a dealer the place of delivery;
            ``lines`` (required) [{``sku`` internal reference or barcode, ``quantity``, ``price_unit``}];
            ``currency`` ISO code, must be the one of the channel's prices; ``note`` the buyer's remark
        :return: for each order, in the same sequence: {``external_id``, ``status``, ``order_id``, ``name``,
            ``pool_state``, ``errors`` [{``field``, ``message``}]}. ``status`` is ``created``, ``unchanged``,
            ``updated``, ``held`` (in the pool, waits for a clerk) or ``failed`` (no order; correct and send again)
        :raise AccessError: the caller is neither order clerk nor channel manager
        :raise UserError: no such channel, or ``orders`` is not a list of at most 1000
        """
        self._check_submitter()
        channel = self._by_code(channel_code)
        if not isinstance(orders, list | tuple) or len(orders) > SUBMIT_LIMIT:
            raise UserError(self.env._("Orders come as a list of at most %s.", SUBMIT_LIMIT))
        return self.env["distrib.inbox.message"]._take(channel, orders)

    def _check_submitter(self):
        if not self.env.su and not any(self.env.user.has_group(group) for group in ORDER_DESK):
            raise AccessError(self.env._("Only order clerks and channel managers can submit orders."))

    def _by_code(self, code):
        """The active channel of a code; the current company's before those of the caller's other companies."""
        channels = self.search([("code", "=", str(code or "")), ("company_id", "in", self.env.companies.ids)])
        channel = channels.filtered(lambda c: c.company_id == self.env.company)[:1] or channels[:1]
        if not channel:
            raise UserError(self.env._("There is no active channel with the code %s.", code))
        return channel

    def action_open_orders(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_pool")
        return {**action, "domain": [("channel_id", "=", self.id)], "context": {}}

    def action_open_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_inbox_messages")
        return {**action, "domain": [("channel_id", "=", self.id)], "context": {}}
