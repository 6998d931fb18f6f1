from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import holds


class HoldRule(models.Model):
    """When an order waits for a clerk although nothing is wrong with it. Changes are kept in the chatter."""

    _name = "distrib.hold.rule"
    _description = "Hold Rule"
    _inherit = ["mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True, tracking=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    channel_ids = fields.Many2many(
        "distrib.channel", string="Only These Channels", check_company=True, help="None: all channels."
    )
    kind = fields.Selection(
        [
            ("amount", "Amount over a limit"),
            ("blacklist", "Buyer on a blacklist"),
            ("address", "Address unclear"),
            ("floor", "Price below the lowest allowed"),
            ("list_price", "Price far from the channel's list"),
            ("duplicate", "Suspected duplicate"),
            ("remark", "Remark present"),
            ("words", "Words in a remark"),
            ("test", "Test order"),
        ],
        string="When",
        required=True,
        tracking=True,
    )
    amount = fields.Float(
        tracking=True, help="In the currency of the order. For test orders: a total of at most this is a test."
    )
    percent = fields.Float(string="Tolerance (%)", default=10.0, tracking=True)
    hours = fields.Float(
        string="Within Hours", default=24.0, tracking=True,
        help="The same buyer ordered the same goods within this time.",
    )  # fmt: skip
    words = fields.Text(
        tracking=True,
        help="One on each line. For a blacklist: telephone numbers, names, parts of addresses or the platform's keys "
        "of buyers. For remarks: words to look for.",
    )
    risk = fields.Selection(
        [("low", "Low"), ("medium", "Medium"), ("high", "High")], required=True, default="medium", tracking=True,
        help="The risk that an order shows when the rule holds it.",
    )  # fmt: skip

    @api.constrains("kind", "words", "amount", "hours", "percent")
    def _check_complete(self):
        for rule in self:
            if rule.kind in ("blacklist", "words") and not holds.entries(rule.words):
                raise ValidationError(self.env._("%s: enter what to look for, one on each line.", rule.name))
            if min(rule.amount, rule.hours, rule.percent) < 0:
                raise ValidationError(self.env._("%s: limits are not negative.", rule.name))

    def _for_engine(self):
        return [
            holds.Rule(rule.id, rule.kind, rule.amount, rule.percent, rule.hours, holds.entries(rule.words))
            for rule in self
        ]

    @api.model
    def _of(self, channel):
        """The rules for orders of a channel, in their sequence."""
        domain = [("company_id", "=", channel.company_id.id), ("channel_ids", "in", (False, *channel.ids))]
        return self.search(domain)
