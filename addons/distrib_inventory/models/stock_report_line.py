from markupsafe import Markup
from odoo import fields, models
from odoo.tools import format_date


class StockReportLine(models.Model):
    """A product in a stock report, and what it should have been."""

    _name = "distrib.stock.report.line"
    _description = "Line of a Stock Report"
    _order = "is_different desc, product_id, id"
    _rec_name = "product_id"

    report_id = fields.Many2one("distrib.stock.report", required=True, ondelete="cascade", index=True)
    warehouse_id = fields.Many2one(related="report_id.warehouse_id", store=True, index=True)
    company_id = fields.Many2one(related="report_id.company_id", store=True, index=True)
    as_of = fields.Date(related="report_id.as_of", store=True, index=True)
    is_current = fields.Boolean(related="report_id.active", store=True, string="Current")
    product_id = fields.Many2one("product.product", required=True, ondelete="cascade", index=True)
    categ_id = fields.Many2one(related="product_id.categ_id")
    uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    row = fields.Integer(string="Row in the File", aggregator=None)
    on_hand = fields.Float(string="Reported", digits="Product Unit")
    sold = fields.Float(digits="Product Unit", help="Sold since the last report.")
    previous = fields.Float(string="Last Reported", digits="Product Unit")
    moved_in = fields.Float(string="Shipped to Him", digits="Product Unit", help="Done moves into the warehouse since.")
    moved_out = fields.Float(string="Returned", digits="Product Unit", help="Done moves out of the warehouse since.")
    expected = fields.Float(digits="Product Unit", help="Last reported + shipped to him - returned - sold.")
    difference = fields.Float(digits="Product Unit", help="Reported less expected.")
    is_different = fields.Boolean(string="Differs", index=True, help="By more than the tolerance.")
    has_expected = fields.Boolean(help="There was an earlier report to hold it against.")
    is_missing = fields.Boolean(string="Not Reported", help="He should have some, but the report does not name it.")

    _product_uniq = models.Constraint("unique(report_id, product_id)", "A product is in a report once.")


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    reports_stock = fields.Boolean(
        string="Reports its Stock", help="A dealer or store without our system, whose stock reports are expected."
    )
    last_stock_report = fields.Date(readonly=True, copy=False, help="The day of which the latest report tells.")
    report_age = fields.Integer(
        string="Days since Report", compute="_compute_report_age", help="-1 where no report came yet."
    )
    is_report_stale = fields.Boolean(
        string="Report Overdue", compute="_compute_report_age", search="_search_is_report_stale"
    )

    def _compute_report_age(self):
        today = fields.Date.context_today(self)
        for warehouse in self:
            last = warehouse.last_stock_report
            warehouse.report_age = (today - last).days if last else -1
            late = not last or warehouse.report_age > warehouse.company_id.distrib_report_days
            warehouse.is_report_stale = warehouse.reports_stock and late

    def _search_is_report_stale(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        late = fields.Domain.OR(
            fields.Domain("company_id", "=", company.id)
            & (
                fields.Domain("last_stock_report", "=", False)
                | fields.Domain("last_stock_report", "<", fields.Date.subtract(today, days=company.distrib_report_days))
            )
            for company in self.env.companies
        )
        stale = fields.Domain("reports_stock", "=", True) & late
        return stale if True in value else ~stale

    def action_view_stock_reports(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_stock_report")
        context = {"default_warehouse_id": self.id} if len(self) == 1 else {}
        return {**action, "domain": [("warehouse_id", "in", self.ids)], "context": context}

    def action_ask_for_report(self):
        """A message to the dealer whose report is overdue, written as far as it can be."""
        self.ensure_one()
        dealer = self.dealer_id
        reader = self.with_context(lang=dealer.lang or self.env.lang)
        day = reader.last_stock_report and format_date(reader.env, reader.last_stock_report)
        values = {"place": self.name, "day": day}
        body = (
            reader.env._("Your last stock report of %(place)s is of %(day)s. Please send us the present one.", **values)
            if day
            else reader.env._("We have no stock report of %(place)s yet. Please send us one.", **values)
        )
        context = {
            "default_model": "res.partner",
            "default_res_ids": dealer.ids,
            "default_partner_ids": dealer.ids,
            "default_composition_mode": "comment",
            "default_subject": reader.env._("Stock report of %s", self.name),
            "default_body": Markup("<p>%s</p>") % body,
        }
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ask for It"),
            "res_model": "mail.compose.message",
            "views": [(False, "form")],
            "target": "new",
            "context": context,
        }
