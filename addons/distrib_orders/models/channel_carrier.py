from odoo import api, fields, models

from ..connectors import registry
from ..engine import carriers


class ChannelCarrier(models.Model):
    """How a platform names a carrier of ours."""

    _name = "distrib.channel.carrier"
    _description = "Carrier on a Platform"
    _order = "code desc, platform, carrier"
    _rec_name = "carrier"

    platform = fields.Selection(selection="_selection_platform", required=True, index=True)
    carrier = fields.Char(
        string="Our Carrier Code", required=True, help="As parcels name it; own is our own fleet, for example."
    )
    name = fields.Char(string="Carrier", help="How the carrier is called here.")
    code = fields.Char(string="Code There", help="What the platform wants to read in a shipping confirmation.")
    suggestion = fields.Char(string="Suggested", compute="_compute_suggestion")
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)

    _carrier_uniq = models.Constraint(
        "UNIQUE (company_id, platform, carrier)", "A platform has one code for each of our carriers."
    )

    @api.model
    def _selection_platform(self):
        return self.env["distrib.channel"]._selection_platform()

    @api.depends("platform", "carrier", "name")
    def _compute_suggestion(self):
        for row in self:
            row.suggestion = carriers.suggest(row.platform or "", [row.carrier, row.name])

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        rows._wake_calls()
        return rows

    def write(self, vals):
        done = super().write(vals)
        if "code" in vals:
            self._wake_calls()
        return done

    def _wake_calls(self):
        """What waited for one of these codes goes out now."""
        known = self.filtered("code")
        if known:
            # sudo: the outbox is written by code alone
            calls = self.env["distrib.channel.call"].sudo().search(
                [
                    ("missing", "=", "carrier"),
                    ("state", "=", "waiting"),
                    ("company_id", "in", known.company_id.ids),
                    ("channel_id.platform", "in", known.mapped("platform")),
                ]
            )  # fmt: skip
            calls._wake()

    def action_accept(self):
        """Take the suggested codes."""
        for row in self.filtered(lambda r: r.suggestion and not r.code):
            row.code = row.suggestion
        return True

    @api.model
    def _codes(self, channel, wanted):
        """dict of our carrier code -> the platform's code. Carriers met for the first time are listed, to be filled in.

        :param dict wanted: our carrier code -> name
        """
        # sudo: whoever's delivery it is, the list belongs to channel managers
        rows = self.sudo()
        known = rows.search(
            [
                ("company_id", "=", channel.company_id.id),
                ("platform", "=", channel.platform),
                ("carrier", "in", list(wanted)),
            ]
        )
        found = {row.carrier: row.code or "" for row in known}
        rows.create(
            [
                {
                    "company_id": channel.company_id.id,
                    "platform": channel.platform,
                    "carrier": carrier,
                    "name": name,
                }
                for carrier, name in wanted.items()
                if carrier and carrier not in found
            ]
        )
        return found

    @api.model
    def _platforms_that_ship(self):
        client = {code: platform.client for code, platform in registry.platforms().items()}
        base = registry.Client
        return [code for code, kind in client.items() if kind and kind.ship is not base.ship]
