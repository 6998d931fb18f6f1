from odoo import api, fields, models
from odoo.exceptions import AccessError

from .policy_store import LEVELS

HELD_REASONS = [
    ("not_finite", "Not a number"),
    ("rise", "Rose far above last week"),
    ("fall", "Fell far below last week"),
    ("gone", "Fell to nothing"),
]
ATTENTIONS = [
    ("no_supplier", "No supplier"),
    ("lead_unknown", "Lead time unknown"),
    ("lead_zero", "Lead time of no days"),
]


class PolicyGuard(models.Model):
    """What the guard rails held back: the new levels beside the old, for a planner to accept or to refuse."""

    _inherit = "distrib.policy"

    held_reason = fields.Selection(HELD_REASONS, string="Held Back", readonly=True, index="btree_not_null")
    held_since = fields.Date(readonly=True)
    held_safety_stock = fields.Float(string="New Safety Stock", readonly=True, digits="Product Unit")
    held_reorder_point = fields.Float(string="New Reorder Point", readonly=True, digits="Product Unit")
    held_order_up_to = fields.Float(string="New Order Up To", readonly=True, digits="Product Unit")
    guard_level = fields.Float(
        string="Order Up To a Week Ago", readonly=True, digits="Product Unit", help="What new values are compared with."
    )
    guard_on = fields.Date(readonly=True)
    refused_level = fields.Float(readonly=True, digits="Product Unit", help="The value a planner refused last.")
    attention = fields.Selection(
        ATTENTIONS, readonly=True, index="btree_not_null", help="What is missing for a good policy."
    )
    held_text = fields.Char(string="Why", compute="_compute_held_text")

    @api.depends("held_reason", "held_order_up_to", "order_up_to", "attention")
    @api.depends_context("lang")
    def _compute_held_text(self):
        for policy in self:
            policy.held_text = policy._held_sentence() or policy._attention_sentence()

    def _held_sentence(self):
        numbers = {"new": f"{self.held_order_up_to:,.1f}", "old": f"{self.order_up_to:,.1f}"}
        return {
            "not_finite": self.env._("The new level is not a number; %(old)s stays.", **numbers),
            "rise": self.env._("Order up to would rise from %(old)s to %(new)s.", **numbers),
            "fall": self.env._("Order up to would fall from %(old)s to %(new)s.", **numbers),
            "gone": self.env._("Order up to would fall from %(old)s to nothing.", **numbers),
        }.get(self.held_reason)

    def _attention_sentence(self):
        return {
            "no_supplier": self.env._("Nobody supplies this product here: enter a supplier or a supplying warehouse."),
            "lead_unknown": self.env._("The lead time is unknown: the levels cover the review period alone."),
            "lead_zero": self.env._("The lead time is zero days: goods ordered are counted as here at once."),
        }.get(self.attention, False)

    def action_accept_held(self):
        """The new levels hold from now on, and are what later ones are compared with."""
        self._check_held()
        for policy in self.filtered(lambda p: p.held_reason and p.held_reason != "not_finite"):
            policy.sudo().write(
                {
                    **{name: policy[f"held_{name}"] for name in LEVELS},
                    "guard_level": policy.held_order_up_to,
                    "guard_on": fields.Date.context_today(self),
                    **self._nothing_held(),
                    "refused_level": False,
                }
            )
        self._clear_refused(self)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_keep_old(self):
        """The old levels stay; about the same new value is not shown again."""
        self._check_held()
        for policy in self.filtered("held_reason"):
            policy.sudo().write({"refused_level": policy.held_order_up_to, **self._nothing_held()})
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    @api.model
    def _nothing_held(self):
        return {"held_reason": False, "held_since": False, **{f"held_{name}": 0.0 for name in LEVELS}}

    def _clear_refused(self, policies):
        # unknown, not zero: a Float field cannot say so
        policies.flush_recordset()
        self.env.cr.execute("UPDATE distrib_policy SET refused_level = NULL WHERE id = ANY(%s)", (policies.ids,))
        policies.invalidate_recordset(["refused_level"])

    def _check_held(self):
        if not self.env.user.has_group("distrib_inventory.group_planner"):
            raise AccessError(self.env._("Only planners decide about policies that were held back."))
        self.check_access("write")
