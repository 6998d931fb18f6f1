from odoo import api, models
from odoo.tools import format_amount


class ProposalDay(models.Model):
    """The planner's day: exceptions first, in numbers above the list."""

    _inherit = "distrib.proposal"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    @api.readonly
    def get_day(self):
        """Count and value by exception for the open proposals of the allowed companies.

        :return: list of dict: filter (name of the search filter that shows them), count, value, text, tone
        """
        self.check_access("read")
        companies = [("company_id", "in", self.env.companies.ids)]
        is_open = [*companies, ("state", "=", "open")]
        return [
            self._tile("urgent", [*is_open, ("is_urgent", "=", True)], "urgency_value:sum", "danger"),
            self._tile("blocked", [*is_open, ("blocker", "!=", False)], "lost_value:sum", "danger"),
            self._tile("above_limit", [*is_open, ("is_above_limit", "=", True)], "value:sum", "warning"),
            self._tile("changed", [*is_open, ("is_changed", "=", True)], "value:sum", "warning"),
            self._tile("open", is_open, "value:sum", "info"),
            self._tile(
                "automatic",
                [*companies, ("auto_run_id", "!=", False), ("decided_on", ">=", "today")],
                "value:sum",
                "success",
            ),
        ]

    def _tile(self, name, domain, measure, tone):
        ((count, value),) = self._read_group(domain, [], ["__count", measure])
        title, text = {
            "urgent": (self.env._("Urgent"), self.env._("lost by waiting")),
            "blocked": (self.env._("Cannot be ordered"), self.env._("lost in 28 days")),
            "above_limit": (self.env._("Above the limit"), self.env._("to order")),
            "changed": (self.env._("Changed a lot"), self.env._("to order")),
            "open": (self.env._("All open"), self.env._("to order")),
            "automatic": (self.env._("Accepted by rule today"), self.env._("ordered")),
        }[name]
        amount = format_amount(self.env, round(value or 0.0), self.env.company.currency_id, trailing_zeroes=False)
        return {"filter": name, "title": title, "count": count, "value": amount, "text": text, "tone": tone}
