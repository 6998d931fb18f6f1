import base64

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..engine.supplier.ubl_answer import looks_like
from ..models.supplier_answer import LIMIT


class SupplierRecord(models.TransientModel):
    """What a supplier said by telephone, letter or file, put to an order by the buyer."""

    _name = "distrib.supplier.record"
    _description = "Record a Supplier's Answer"

    purchase_id = fields.Many2one("purchase.order", required=True, readonly=True, ondelete="cascade")
    partner_id = fields.Many2one(related="purchase_id.partner_id")
    status = fields.Selection(
        [("accepted", "Accepted as ordered"), ("changed", "Accepted with changes"), ("rejected", "Rejected")],
        required=True,
        default="changed",
    )
    reference = fields.Char(string="Supplier's Number")
    note = fields.Text()
    file = fields.Binary(help="An OrderResponse (UBL) or an answer in JSON; read instead of the lines.")
    filename = fields.Char()
    line_ids = fields.One2many("distrib.supplier.record.line", "record_id")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        order = self.env["purchase.order"].browse(self.env.context.get("default_purchase_id"))
        if order and "line_ids" in fields_list:
            values["line_ids"] = [
                Command.create(
                    {
                        "purchase_line_id": int(line.ref),
                        "ordered": line.quantity,
                        "quantity": line.quantity,
                        "day": line.day,
                        "ordered_day": line.day,
                        "price": line.price,
                    }
                )
                for line in order._distrib_ordered()
            ]
        return values

    def action_record(self):
        """Take in what is entered here. The buyer enters it, so it needs no further word of his."""
        self.ensure_one()
        self.env["distrib.supplier.order"]._check_planner()
        order = self.purchase_id
        order.check_access("write")
        # sudo: answers are written by the system; role and access to the order are checked above
        inbox = self.env["distrib.supplier.answer"].sudo()
        answer = self._read_file(inbox) if self.file else inbox._record(order, self._data(), "hand", decided=True)
        return {
            "type": "ir.actions.act_window",
            "res_model": "distrib.supplier.answer",
            "res_id": answer.id,
            "views": [(False, "form")],
        }

    def _read_file(self, inbox):
        raw = base64.b64decode(self.file)
        if len(raw) > LIMIT:
            raise UserError(self.env._("The file is larger than 1 MB."))
        form = "ubl" if looks_like(raw) or raw.lstrip()[:1] == b"<" else "json"
        answer, again = inbox._take(raw, form, "upload", order=self.purchase_id)
        if again:
            raise UserError(self.env._("This answer was read before."))
        return answer

    def _data(self):
        return {
            "order": self.purchase_id.name,
            "status": self.status,
            "reference": self.reference or None,
            "note": self.note or None,
            "lines": [line._data() for line in self.line_ids] if self.status == "changed" else [],
        }


class SupplierRecordLine(models.TransientModel):
    _name = "distrib.supplier.record.line"
    _description = "Line of a Recorded Supplier's Answer"

    record_id = fields.Many2one("distrib.supplier.record", required=True, ondelete="cascade")
    purchase_line_id = fields.Many2one("purchase.order.line", required=True, ondelete="cascade")
    product_id = fields.Many2one(related="purchase_line_id.product_id")
    ordered = fields.Float(digits="Product Unit", readonly=True)
    ordered_day = fields.Date(string="Expected", readonly=True)
    quantity = fields.Float(string="Confirmed", digits="Product Unit")
    day = fields.Date(string="Arrives On")
    price = fields.Float(digits="Product Price")
    refused = fields.Boolean(string="Not Delivered")

    def _data(self):
        """Only what differs is said: days that stay are not days that were said."""
        if self.refused:
            return {"line": str(self.purchase_line_id.id), "status": "rejected"}
        data = {"line": str(self.purchase_line_id.id), "quantity": self.quantity, "price": self.price}
        if self.day and self.day != self.ordered_day:
            data["date"] = fields.Date.to_string(self.day)
        return data
