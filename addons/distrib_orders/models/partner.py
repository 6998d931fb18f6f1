from odoo import api, fields, models
from odoo.exceptions import ValidationError

INTERNAL = "base.group_user"  # portal users can read partners; these fields are none of their business


class ResPartner(models.Model):
    _inherit = "res.partner"

    is_dealer = fields.Boolean(groups=INTERNAL, index=True, help="Buys from us to sell on.")
    dealer_code = fields.Char(groups=INTERNAL, copy=False, help="The dealer's number in files and interfaces.")
    dealer_tier_id = fields.Many2one(
        "distrib.dealer.tier", string="Tier", groups=INTERNAL, index="btree_not_null", ondelete="restrict", tracking=1
    )
    dealer_parent_id = fields.Many2one(
        "res.partner",
        string="Superior Dealer",
        groups=INTERNAL,
        index="btree_not_null",
        ondelete="restrict",
        domain="[('is_dealer', '=', True), ('id', '!=', id)]",
        help="The dealer under whom this one buys. Not the parent company, which would see this dealer's orders.",
    )
    dealer_sub_ids = fields.One2many("res.partner", "dealer_parent_id", string="Sub-dealers", groups=INTERNAL)
    dealer_region_id = fields.Many2one(
        "distrib.region",
        string="Sales Region",
        groups=INTERNAL,
        index="btree_not_null",
        ondelete="restrict",
        help="Where the dealer may sell.",
    )
    dealer_warehouse_id = fields.Many2one(
        "stock.warehouse",
        groups=INTERNAL,
        index="btree_not_null",
        ondelete="set null",
        domain="[('network_tier', '=', 'dealer')]",
        help="The warehouse of the network in which the dealer keeps its goods.",
    )
    dealer_role = fields.Selection(
        [("buyer", "Buyer"), ("approver", "Approver"), ("finance", "Finance"), ("admin", "Administrator")],
        groups=INTERNAL,
        help="What this contact may do in the portal on behalf of the dealer.",
    )
    dealer_order_count = fields.Integer(string="Dealer Orders", compute="_compute_dealer_order_count", groups=INTERNAL)
    distrib_region_id = fields.Many2one(
        "distrib.region",
        string="Address Region",
        groups=INTERNAL,
        index="btree_not_null",
        ondelete="restrict",
        help="The region in which this address lies; found from its province and city.",
    )
    distrib_channel_id = fields.Many2one(
        "distrib.channel", string="Came Through", groups=INTERNAL, copy=False, ondelete="set null"
    )
    distrib_buyer_key = fields.Char(
        string="Buyer Key", groups=INTERNAL, copy=False, help="Tells this buyer from others of the channel."
    )

    _dealer_code_uniq = models.UniqueIndex(
        "(dealer_code) WHERE dealer_code IS NOT NULL", "Two dealers cannot have the same number."
    )
    _distrib_buyer_uniq = models.UniqueIndex(
        "(distrib_channel_id, distrib_buyer_key) WHERE distrib_buyer_key IS NOT NULL",
        "A channel has one contact for each buyer.",
    )

    @api.constrains("dealer_parent_id")
    def _check_dealer_loop(self):
        if self._has_cycle("dealer_parent_id"):
            raise ValidationError(self.env._("A dealer cannot be its own superior, not even through others."))

    @api.depends("dealer_tier_id.pricelist_id", "commercial_partner_id.dealer_tier_id.pricelist_id")
    def _compute_product_pricelist(self):
        return super()._compute_product_pricelist()

    @api.depends_context("company")
    def _compute_dealer_order_count(self):
        counts = dict(
            self.env["sale.order"]._read_group(
                [("partner_id.commercial_partner_id", "in", self.ids), ("company_id", "in", self.env.companies.ids)],
                ["partner_id"],
                ["__count"],
            )
        )
        totals = dict.fromkeys(self.ids, 0)
        for partner, count in counts.items():
            totals[partner.commercial_partner_id.id] += count
        for partner in self:
            partner.dealer_order_count = totals.get(partner.id, 0)

    @api.model_create_multi
    def create(self, vals_list):
        # An emptied number is no number: two dealers without one do not clash.
        return super().create([self._without_empty_code(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._without_empty_code(vals))

    @staticmethod
    def _without_empty_code(vals):
        if "dealer_code" in vals:
            return {**vals, "dealer_code": (vals["dealer_code"] or "").strip() or False}
        return vals

    def _dealer_descendants(self):
        """All dealers below these, without these themselves; one query for each level."""
        found = level = self
        while level:
            level = self.search([("dealer_parent_id", "in", level.ids)]) - found
            found |= level
        return found - self

    def action_open_dealer_orders(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_pool")
        return {**action, "domain": [("partner_id", "child_of", self.id)], "context": {"default_partner_id": self.id}}

    def action_open_sub_dealers(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_dealers")
        return {**action, "domain": [("dealer_parent_id", "=", self.id)]}
