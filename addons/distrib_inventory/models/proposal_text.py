from odoo import api, fields, models
from odoo.tools import format_date, formatLang


class ProposalText(models.Model):
    """What is stored as codes and numbers, said in a sentence in the reader's language."""

    _inherit = "distrib.proposal"

    reason = fields.Char(compute="_compute_text")
    consequence = fields.Char(string="If Nothing Is Done", compute="_compute_text")
    blocker_text = fields.Char(string="What Stands in the Way", compute="_compute_text")

    @api.depends("reason_data", "kind", "available", "incoming", "proposed_quantity", "blocker", "source_warehouse_id")
    @api.depends("run_out_date", "lost_quantity", "lost_value", "urgency", "partner_id", "previous_quantity")
    @api.depends_context("lang")
    def _compute_text(self):
        for proposal in self:
            data = proposal.reason_data or {}
            proposal.reason = proposal._reason_text(data)
            proposal.consequence = proposal._consequence_text()
            proposal.blocker_text = proposal._blocker_text()

    def _reason_text(self, data):
        sentences = [self._lateral_text(data) if self.kind == "lateral" else self._reorder_text(data)]
        if self.kind == "transfer" and data.get("wanted", 0.0) > self.proposed_quantity:
            sentences.append(
                self.env._(
                    "%(giver)s cannot give all %(wanted)s; this is the fair share, with which all it supplies run "
                    "out at the same time.",
                    giver=self.source_warehouse_id.name or "",
                    wanted=self._number(data["wanted"]),
                )
            )
        if data.get("cut"):
            sentences.append(self.env["distrib.order.cap"]._cut_text(data.get("cap"), data["cut"]))
        if self.is_changed:
            sentences.append(self.env._("The night before, %s were proposed.", self._number(self.previous_quantity)))
        return " ".join(filter(None, sentences))

    def _reorder_text(self, data):
        return self.env._(
            "The stock position of %(position)s (%(available)s available, %(incoming)s on the way) is at or below the "
            "reorder point of %(reorder)s; with %(mean)s sold a day and %(lead)s days until arrival, fill up to "
            "%(level)s.",
            position=self._number(data.get("position")),
            available=self._number(self.available),
            incoming=self._number(self.incoming),
            reorder=self._number(data.get("reorder_point")),
            mean=self._number(data.get("demand_mean")),
            lead=self._number(data.get("lead_time_days")),
            level=self._number(data.get("order_up_to")),
        )

    def _lateral_text(self, data):
        return self.env._(
            "%(giver)s has %(excess)s more than it needs in %(days)s days, %(km)s km away; here %(saved)s would be lost "
            "before other goods come. The move costs about %(cost)s and saves a margin of about %(margin)s.",
            giver=self.source_warehouse_id.name or "",
            excess=self._number(data.get("excess")),
            days=data.get("horizon", 0),
            km=self._number(data.get("km")),
            saved=self._number(data.get("saved")),
            cost=self._money(data.get("move_cost")),
            margin=self._money(data.get("margin_saved")),
        )

    def _consequence_text(self):
        if not self.run_out_date and self.lost_quantity < 0.05:
            return self.env._("Stock is expected to last for the next 28 days.")
        parts = []
        if self.available <= 0:
            parts.append(self.env._("It is out of stock already."))
        elif self.run_out_date:
            day = format_date(self.env, self.run_out_date)
            parts.append(self.env._("If nothing is done, stock runs out on %s.", day))
        parts.append(
            self.env._(
                "%(units)s sales (%(value)s) are expected to be lost in the next 28 days.",
                units=self._number(self.lost_quantity),
                value=self._money(self.lost_value),
            )
        )
        return " ".join(parts)

    def _blocker_text(self):
        return {
            "no_supplier": self.env._("No supplier is known. Add one to the product, or choose one here."),
            "inactive_product": self.env._("The product is archived but still sold. Restore it, or reject this."),
            "not_purchasable": self.env._("The product may not be purchased. Allow it on the product, or reject this."),
            "cap": self.env._("A budget or the room of the warehouse is used up. Raise it, or order less."),
            "no_lead_time": self.env._("The lead time is zero or unknown. Enter the supplier's lead time, or a date "
                                       "here."),
            "source_empty": self.env._(
                "%s has nothing to give. Choose another warehouse here, or hasten its own supply.",
                self.source_warehouse_id.name or self.env._("The supplying warehouse"),
            ),
        }.get(self.blocker, False)  # fmt: skip

    def _number(self, value):
        """At most one decimal, none for whole numbers."""
        value = round(value or 0.0, 1)
        return formatLang(self.env, value, digits=0 if value == int(value) else 1)

    def _money(self, value):
        return formatLang(self.env, value or 0.0, currency_obj=self.currency_id or self.env.company.currency_id)
