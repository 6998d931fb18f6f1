import uuid
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine.supplier.compare import Tolerance
from ..engine.supplier.signature import SHORTEST_SECRET

METHODS = [
    ("none", "By hand"),
    ("ubl_mail", "UBL 2.1 (BIS 3) by e-mail"),
    ("ubl_http", "UBL 2.1 (BIS 3) to an address"),
    ("json_http", "JSON to an address, signed"),
    ("mail", "E-mail with PDF and Excel"),
]
HTTP_METHODS = ("ubl_http", "json_http")
MAIL_METHODS = ("ubl_mail", "mail")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class SupplierLink(models.Model):
    """What a supplier and a company of ours agreed on: how orders go out and how answers come back."""

    _name = "distrib.supplier.link"
    _description = "Supplier Agreement"
    _inherit = ["distrib.secret.mixin", "mail.thread"]
    _rec_name = "partner_id"
    _order = "partner_id, id"
    _secret_fields = ("secret",)

    partner_id = fields.Many2one(
        "res.partner", string="Supplier", required=True, index=True, ondelete="cascade", tracking=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company, ondelete="cascade"
    )
    active = fields.Boolean(default=True, tracking=True)
    paused = fields.Boolean(
        tracking=True, help="Orders are queued, nothing leaves. What is waiting goes out when the pause ends."
    )
    method = fields.Selection(METHODS, required=True, default="none", tracking=True)
    send_mode = fields.Selection(
        [("auto", "When the order is confirmed"), ("button", "On a button")],
        string="Send",
        required=True,
        default="auto",
        tracking=True,
    )
    contact_id = fields.Many2one(
        "res.partner",
        string="Send To",
        help="Contact whose e-mail address gets the orders; empty for that of the supplier.",
        tracking=True,
    )
    endpoint = fields.Char(string="Address", tracking=True, help="Where orders are posted to, beginning with https://.")
    timeout_seconds = fields.Integer(string="Time-out", default=20, help="Seconds to wait for the supplier's reply.")
    max_attempts = fields.Integer(string="Tries", default=8, help="After so many tries in vain the buyer is told.")
    signs_replies = fields.Boolean(
        default=True,
        help="The supplier signs his replies with the same secret. A reply that is not signed well counts for nothing.",
    )
    secret = fields.Char(
        string="Shared Secret",
        compute="_compute_secret_fields",
        inverse="_inverse_secret_fields",
        exportable=False,
        groups="distrib_inventory.group_manager",
        help="Can be set, not read. Signs our orders and the supplier's answers; at least 16 characters.",
    )
    token = fields.Char(
        required=True, readonly=True, copy=False, default=lambda self: uuid.uuid4().hex, groups="base.group_user"
    )
    answer_url = fields.Char(compute="_compute_answer_url", help="Where the supplier posts his answers to.")
    quantity_tolerance = fields.Float(
        default=0.05, tracking=True, help="Share by which the supplier may change a quantity without asking the buyer."
    )
    price_tolerance = fields.Float(
        default=0.0, tracking=True, help="Share by which a price may rise without asking the buyer. Falling is welcome."
    )
    answer_days = fields.Integer(string="Answer Within", default=2, help="Days after which a missing answer is listed.")
    message_count = fields.Integer(compute="_compute_message_count")

    _pair_uniq = models.Constraint(
        "UNIQUE(partner_id, company_id)", "There is an agreement with this supplier already."
    )
    _token_uniq = models.Constraint("UNIQUE(token)", "Each agreement has a token of its own.")
    _limits = models.Constraint(
        "CHECK(timeout_seconds BETWEEN 1 AND 120 AND max_attempts BETWEEN 1 AND 50 AND answer_days >= 0)",
        "The time-out is 1 to 120 seconds, tries are 1 to 50, days are not negative.",
    )
    _tolerances = models.Constraint(
        "CHECK(quantity_tolerance >= 0 AND quantity_tolerance < 1 AND price_tolerance >= 0 AND price_tolerance < 1)",
        "Tolerances lie between 0 and 100 %.",
    )

    def _inverse_secret_fields(self):
        for link in self:
            entered = (link.secret or "").strip()
            if entered and entered != self.KEPT and len(entered) < SHORTEST_SECRET:
                raise ValidationError(self.env._("The shared secret needs at least %s characters.", SHORTEST_SECRET))
        return super()._inverse_secret_fields()

    def _compute_answer_url(self):
        for link in self:
            link.answer_url = f"{link.get_base_url()}/distrib/supplier/{link.token}/answer"

    def _compute_message_count(self):
        counts = self.env["distrib.supplier.order"]._read_group([("link_id", "in", self.ids)], ["link_id"], ["__count"])
        found = {link.id: count for link, count in counts}
        for link in self:
            link.message_count = found.get(link.id, 0)

    @api.constrains("endpoint")
    def _check_endpoint(self):
        """Orders carry prices: in the open they go to this machine at most."""
        for link in self.filtered("endpoint"):
            try:
                parts = urlsplit(link.endpoint)
                host, _port = parts.hostname, parts.port
            except ValueError as error:
                raise ValidationError(self.env._("This is not an address: %s", link.endpoint)) from error
            if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
                raise ValidationError(self.env._("An address begins with https://, so that nobody reads the orders."))
            if not host or parts.username or parts.password:
                raise ValidationError(self.env._("An address has a host and no user name or password in it."))

    def copy_data(self, default=None):
        return [{**values, "method": "none"} for values in super().copy_data(default)]

    def _tolerance(self):
        return Tolerance(self.quantity_tolerance, self.price_tolerance)

    def _is_electronic(self):
        return bool(self) and self.active and self.method != "none"

    def _lacking(self):
        """Code of what is missing before anything can be sent, or an empty text."""
        self.ensure_one()
        if self.method in HTTP_METHODS and not self.endpoint:
            return "no_endpoint"
        if self.method == "json_http" and not self._secret("secret"):
            return "no_secret"
        if self.method in MAIL_METHODS and not self._recipient().email:
            return "no_email"
        return ""

    def _recipient(self):
        return self.contact_id or self.partner_id

    @api.model
    def _of(self, partner, company):
        """The agreement with a supplier or with the company that the contact belongs to."""
        found = self.sudo().search(  # sudo: a buyer's order follows the agreement, which only managers keep
            [
                ("partner_id", "in", (partner | partner.commercial_partner_id).ids),
                ("company_id", "=", company.id),
            ]
        )
        return found.sorted(lambda link: link.partner_id != partner)[:1]

    def action_view_messages(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_supplier_order")
        return {**action, "domain": [("link_id", "=", self.id)], "context": {}}

    def action_resume(self):
        self.paused = False
        self.env["distrib.supplier.order"]._wake()

    def write(self, vals):
        done = super().write(vals)
        if {"paused", "endpoint", "active", "method"} & vals.keys():
            self.env["distrib.supplier.order"]._wake()
        return done


class ResPartner(models.Model):
    _inherit = "res.partner"

    distrib_link_ids = fields.One2many(
        "distrib.supplier.link", "partner_id", string="Electronic Orders", groups="distrib_inventory.group_viewer"
    )
