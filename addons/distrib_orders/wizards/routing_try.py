from odoo import api, fields, models


class RoutingTry(models.TransientModel):
    """What a version of the rules would decide about an order, without writing anything."""

    _name = "distrib.routing.try"
    _description = "Try Routing Rules on an Order"

    ruleset_id = fields.Many2one("distrib.routing.ruleset", required=True)
    order_id = fields.Many2one("sale.order", required=True, domain=[("order_line.product_id.is_storable", "=", True)])
    result = fields.Html(compute="_compute_result", sanitize=False)
    before = fields.Html(compute="_compute_result", sanitize=False)

    @api.depends("ruleset_id", "order_id")
    def _compute_result(self):
        for wizard in self:
            wizard.before = wizard.order_id.routing_decision_ids[:1].panel
            wizard.result = (wizard.order_id and wizard._try()) or False

    def _try(self):
        previews = self.order_id._preview(ruleset=self.ruleset_id)
        return previews[0].panel if previews else self.env._("The order has no goods to ship.")
