from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, float_is_zero

# In context: the write comes from a step of an allocation's life. An object, so that no client can send it.
STEP = object()
LIFE = {"state", "drawn_quantity", "share_ids"}


class Allocation(models.Model):
    """A quantity kept for a beneficiary before any order: others are not promised it, his orders draw it down.

    While active, what is not drawn lies in shares, each in one warehouse, so that the promises in a warehouse add up.
    An allocation in a region has shares wherever there was stock; they follow his orders to any of its warehouses.
    """

    _name = "distrib.allocation"
    _description = "Stock Allocation"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date_to, id"
    _check_company_auto = True

    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("active", "Active"),
            ("used", "Used Up"),
            ("expired", "Expired"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company, readonly=True
    )
    product_id = fields.Many2one(
        "product.product",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        domain=[("is_storable", "=", True)],
        tracking=True,
    )
    quantity = fields.Float(required=True, digits="Product Unit", tracking=True, help="How much is kept in all.")
    uom_id = fields.Many2one(
        "uom.uom",
        string="Unit",
        required=True,
        compute="_compute_uom_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="restrict",
    )
    product_uom_id = fields.Many2one(related="product_id.uom_id", string="Product's Unit")
    product_quantity = fields.Float(
        string="Kept in All",
        compute="_compute_product_quantity",
        store=True,
        digits="Product Unit",
        help="In the product's unit.",
    )
    drawn_quantity = fields.Float(
        string="Drawn",
        readonly=True,
        copy=False,
        digits="Product Unit",
        help="What orders of the beneficiary have taken, in the product's unit.",
    )
    left_quantity = fields.Float(
        string="Left",
        compute="_compute_left_quantity",
        store=True,
        digits="Product Unit",
        help="What is still kept, in the product's unit.",
    )
    drawn_percent = fields.Float(string="Drawn (%)", compute="_compute_drawn_percent")
    beneficiary_kind = fields.Selection(
        [("partner", "Customer or Dealer"), ("promotion", "Promotion")],
        string="Kept For",
        required=True,
        default="partner",
        tracking=True,
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null", check_company=True, ondelete="restrict", tracking=True
    )
    commercial_partner_id = fields.Many2one(
        related="partner_id.commercial_partner_id", store=True, index="btree_not_null"
    )
    promotion = fields.Char(tracking=True, help="The name of the campaign whose orders draw.")
    beneficiary = fields.Char(compute="_compute_beneficiary")
    place = fields.Char(compute="_compute_place")
    warehouse_id = fields.Many2one(
        "stock.warehouse", index="btree_not_null", check_company=True, ondelete="restrict", tracking=True
    )
    region_id = fields.Many2one(
        "distrib.region",
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
        help="Instead of a warehouse: the goods are kept in any warehouses of this region.",
    )
    date_from = fields.Date(
        string="From",
        required=True,
        default=fields.Date.context_today,
        tracking=True,
        help="The first day on which the beneficiary's orders draw. The goods are kept from activation on.",
    )
    date_to = fields.Date(string="Until", required=True, index=True, tracking=True, help="The last day, inclusive.")
    share_ids = fields.One2many("distrib.allocation.share", "allocation_id", readonly=True)
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        check_company=True,
        index="btree_not_null",
    )
    note = fields.Text()
    same_id = fields.Many2one("distrib.allocation", compute="_compute_same_id")

    _quantity_positive = models.Constraint("CHECK(quantity > 0)", "An allocation keeps more than nothing.")
    _dates_in_order = models.Constraint("CHECK(date_to >= date_from)", "The last day comes before the first.")
    _one_place = models.Constraint(
        "CHECK((warehouse_id IS NULL) != (region_id IS NULL))", "Choose either a warehouse or a region."
    )

    @api.depends("product_id")
    def _compute_uom_id(self):
        for allocation in self:
            allocation.uom_id = allocation.product_id.uom_id

    @api.depends("quantity", "uom_id", "product_id.uom_id")
    def _compute_product_quantity(self):
        for allocation in self:
            unit = allocation.product_id.uom_id
            convertible = allocation.uom_id and unit and allocation.uom_id._has_common_reference(unit)
            allocation.product_quantity = (
                allocation.uom_id._compute_quantity(allocation.quantity, unit, rounding_method="HALF-UP")
                if convertible
                else allocation.quantity
            )

    @api.depends("product_quantity", "drawn_quantity", "state")
    def _compute_left_quantity(self):
        for allocation in self:
            left = allocation.product_quantity - allocation.drawn_quantity
            allocation.left_quantity = left if allocation.state in ("draft", "active") else 0.0

    @api.depends("product_quantity", "drawn_quantity")
    def _compute_drawn_percent(self):
        for allocation in self:
            whole = allocation.product_quantity
            allocation.drawn_percent = 100 * allocation.drawn_quantity / whole if whole else 0.0

    @api.depends("beneficiary_kind", "partner_id", "promotion")
    def _compute_beneficiary(self):
        for allocation in self:
            allocation.beneficiary = allocation._beneficiary_name()

    @api.depends("warehouse_id", "region_id")
    def _compute_place(self):
        for allocation in self:
            allocation.place = (allocation.warehouse_id or allocation.region_id).display_name

    def _beneficiary_name(self):
        self.ensure_one()
        return self.promotion if self.beneficiary_kind == "promotion" else self.partner_id.display_name

    @api.depends("product_id", "beneficiary_kind", "partner_id", "promotion")
    def _compute_display_name(self):
        for allocation in self:
            names = (allocation.product_id.display_name, allocation._beneficiary_name())
            allocation.display_name = " · ".join(name for name in names if name)

    @api.constrains("beneficiary_kind", "partner_id", "promotion")
    def _check_beneficiary(self):
        for allocation in self:
            if not allocation._beneficiary_name():
                raise ValidationError(self.env._("Say for whom the goods are kept."))

    @api.constrains("uom_id", "product_id")
    def _check_unit(self):
        for allocation in self:
            unit = allocation.product_id.uom_id
            if not allocation.uom_id._has_common_reference(unit):
                raise ValidationError(
                    self.env._(
                        "%(product)s is counted in %(unit)s, which %(other)s cannot be converted to.",
                        product=allocation.product_id.display_name,
                        unit=unit.name,
                        other=allocation.uom_id.name,
                    )
                )

    @api.depends("product_id", "partner_id", "promotion", "warehouse_id", "region_id", "date_from", "date_to", "state")
    def _compute_same_id(self):
        """The active allocation of the same beneficiary, goods and place in an overlapping period, if there is one."""
        drafts = self.filtered(lambda allocation: allocation.state == "draft")
        (self - drafts).same_id = False
        active = self.search([("state", "=", "active"), ("product_id", "in", drafts.product_id.ids)])
        for allocation in drafts:
            allocation.same_id = active.filtered(lambda other, mine=allocation: mine._overlaps(other))[:1]

    def _same_key(self):
        return (self.company_id, self.product_id, self.beneficiary_kind, self._beneficiary_key(), self.warehouse_id,
                self.region_id)  # fmt: skip

    def _beneficiary_key(self):
        self.ensure_one()
        return self.promotion if self.beneficiary_kind == "promotion" else self.commercial_partner_id

    def _overlaps(self, other):
        if not (self.date_from and self.date_to) or self == other or self._same_key() != other._same_key():
            return False
        return self.date_from <= other.date_to and other.date_from <= self.date_to

    @api.model
    def _fixed_fields(self):
        """What only drafts may change."""
        return {
            "product_id",
            "quantity",
            "uom_id",
            "warehouse_id",
            "region_id",
            "company_id",
            "date_from",
            "date_to",
            "beneficiary_kind",
            "partner_id",
            "promotion",
        }

    @api.model_create_multi
    def create(self, vals_list):
        if any(vals.get("state", "draft") != "draft" or (LIFE - {"state"}) & vals.keys() for vals in vals_list):
            self._refuse_life()
        return super().create(vals_list)

    def write(self, vals):
        if self.env.context.get("allocation_step") is not STEP:
            if LIFE & vals.keys():
                self._refuse_life()
            fixed = self.filtered(lambda allocation: allocation.state != "draft")
            if fixed and self._fixed_fields() & vals.keys():
                raise UserError(
                    self.env._(
                        "%s is no longer a draft. Cancel it and make a new one, or merge another one into it.",
                        fixed[0].display_name,
                    )
                )
        return super().write(vals)

    def _refuse_life(self):
        raise UserError(self.env._("Activate, merge and cancel allocations; their state follows from that."))

    def _step(self, vals):
        """Write what only the life of an allocation writes."""
        self.with_context(allocation_step=STEP).write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_kept(self):
        if any(allocation.state == "active" for allocation in self):
            raise UserError(self.env._("Cancel an active allocation before it is deleted."))

    # Whose it is

    @api.model
    def _beneficiary_sql(self, **beneficiary):
        """A condition on `allocation`: it is his who asks, and he may draw today. False when nobody asks.

        :param beneficiary: `partner_id`, `promotion`; add-ons add their kinds
        """
        conditions = self._beneficiary_conditions(**beneficiary)
        if not conditions:
            return SQL("FALSE")
        # The share of a finished allocation is gone, so its state needs no test here.
        return SQL(
            "(%s BETWEEN allocation.date_from AND allocation.date_to AND COALESCE(%s, FALSE))",
            fields.Date.context_today(self),
            SQL(" OR ").join(conditions),
        )

    @api.model
    def _beneficiary_conditions(self, partner_id=None, promotion=None, **_others):
        conditions = []
        if partner_id:
            # sudo: the price of a name: whoever may see positions may ask for a customer he cannot open
            commercial = self.env["res.partner"].sudo().browse(partner_id).commercial_partner_id.id
            conditions.append(
                SQL("(allocation.beneficiary_kind = 'partner' AND allocation.commercial_partner_id = %s)", commercial)
            )
        if promotion:
            conditions.append(
                SQL("(allocation.beneficiary_kind = 'promotion' AND allocation.promotion = %s)", promotion)
            )
        return conditions

    def _warehouses(self):
        """The warehouses in which the goods of one allocation may be kept."""
        self.ensure_one()
        if self.warehouse_id:
            return self.warehouse_id
        return self.env["stock.warehouse"].search(self._region_domain())

    def _region_domain(self):
        return Domain("company_id", "=", self.company_id.id) & Domain("region_id", "child_of", self.region_id.id)

    def _is_zero(self, quantity):
        return float_is_zero(quantity, precision_digits=self.env["decimal.precision"].precision_get("Product Unit"))


class AllocationShare(models.Model):
    """What an active allocation still keeps in one warehouse."""

    _name = "distrib.allocation.share"
    _description = "Allocated Stock in a Warehouse"
    _order = "allocation_id, warehouse_id"

    allocation_id = fields.Many2one("distrib.allocation", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="allocation_id.company_id", store=True, index=True)
    product_id = fields.Many2one("product.product", required=True, ondelete="restrict")
    warehouse_id = fields.Many2one("stock.warehouse", required=True, index=True, ondelete="restrict")
    quantity = fields.Float(digits="Product Unit", required=True, help="In the product's unit.")

    _pair_uniq = models.Constraint("UNIQUE(allocation_id, warehouse_id)", "An allocation has one share in a warehouse.")
    _quantity_positive = models.Constraint("CHECK(quantity >= 0)", "A share is never negative.")
    _product_warehouse_idx = models.Index("(product_id, warehouse_id)")
