import io
import json

import xlsxwriter
from odoo import api, models
from odoo.exceptions import UserError

FROZEN = ("distrib.supplier.order", "distrib.supplier.answer")
EXTENSION_TYPES = {
    "json": "application/json",
    "xml": "application/xml",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
WIDTHS = (18, 18, 16, 34, 34, 12, 8, 12, 12, 14)


class SupplierOrderFiles(models.Model):
    """The documents of a message. They are made once, kept before they leave, and never changed."""

    _inherit = "distrib.supplier.order"

    def _content_bytes(self):
        return json.dumps(self.content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    def _keep_file(self, extension, content):
        name = f"{self.purchase_id.name}-v{self.version}.{extension}".replace("/", "-")
        # sudo: the outbox is written by the system alone
        return (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": name,
                    "raw": content,
                    "mimetype": EXTENSION_TYPES[extension],
                    "res_model": self._name,
                    "res_id": self.id,
                }
            )
        )

    def _file(self, extension):
        kind = EXTENSION_TYPES[extension]
        return self.attachment_ids.filtered(lambda a: a.mimetype == kind or (a.name or "").endswith("." + extension))[
            :1
        ]

    def _extensions(self):
        """What this message carries, the first being the body of a post."""
        if self.method in ("ubl_http", "ubl_mail"):
            return ("xml",)
        if self.method == "mail":
            return ("pdf", "xlsx") if self.kind != "cancel" else ("pdf",)
        return ("json",)

    def _prepare_files(self):
        """Make what is not there yet, in the supplier's language."""
        message = self.with_context(lang=self.partner_id.lang or self.env.lang)
        for extension in self._extensions():
            if not self._file(extension):
                self._keep_file(extension, getattr(message, f"_make_{extension}")())
        self.invalidate_recordset(["attachment_ids"])

    def _wire(self):
        """(bytes, content type) of the body."""
        extension = self._extensions()[0]
        return self._file(extension).raw, EXTENSION_TYPES[extension] + "; charset=utf-8"

    def _make_json(self):
        return self._content_bytes()

    def _make_xml(self):
        return self.env["distrib.supplier.ubl"]._export(self)

    def _make_pdf(self):
        report = self.env["ir.actions.report"]
        content, _kind = report._render_qweb_pdf("purchase.action_report_purchase_order", self.purchase_id.ids)
        return content

    def _make_xlsx(self):
        """The lines for the supplier's own system: his codes first."""
        output = io.BytesIO()
        # text stays text: a code that begins with = is no formula
        book = xlsxwriter.Workbook(output, {"strings_to_formulas": False, "strings_to_urls": False})
        page = book.add_worksheet(self.purchase_id.name.replace("/", "-")[:31])
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        number, day = book.add_format({"num_format": "#,##0.######"}), book.add_format({"num_format": "yyyy-mm-dd"})
        page.freeze_panes(1, 0)
        page.write_row(0, 0, self._xlsx_header(), bold)
        for column, width in enumerate(WIDTHS):
            page.set_column(column, column, width)
        for place, row in enumerate(self._xlsx_rows(), start=1):
            for column, value in enumerate(row):
                if column in (5, 7, 8):
                    page.write_number(place, column, value, number)
                else:
                    page.write_string(place, column, value, day if column == 9 else None)
        book.close()
        return output.getvalue()

    def _xlsx_header(self):
        return [
            self.env._("Your code"),
            self.env._("Our code"),
            self.env._("Barcode"),
            self.env._("Name (Chinese)"),
            self.env._("Name (English)"),
            self.env._("Quantity"),
            self.env._("Unit"),
            self.env._("Price"),
            self.env._("Amount"),
            self.env._("Wanted on"),
        ]

    def _xlsx_rows(self):
        """A row for each delivery of each line."""
        for line in self.content["lines"]:
            for delivery in line["deliveries"] or [{"date": line["date"], "quantity": line["quantity"]}]:
                quantity = delivery["quantity"]
                texts = (line["code"], line["our_code"], line["barcode"], line["name_zh"], line["name_en"])
                amount = round(quantity * line["price"], 6)
                yield (*texts, quantity, line["unit"], line["price"], amount, delivery["date"])

    # --- e-mail ------------------------------------------------------------------------------------------------

    def _send_mail(self):
        """Post the message on the order: it goes out with this transaction or not at all, and answers come back there."""
        order = self.purchase_id
        supplier = self.with_context(lang=self.partner_id.lang or self.env.lang)
        copies = self.env["ir.attachment"].create(
            [
                {
                    "name": file.name,
                    "raw": file.raw,
                    "mimetype": file.mimetype,
                    "res_model": order._name,
                    "res_id": order.id,
                }
                for file in (self._file(extension) for extension in self._extensions())
            ]
        )
        posted = order.with_context(mail_notify_author=True).message_post(
            body=supplier._mail_body(),
            subject=supplier._mail_subject(),
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=self.link_id._recipient().ids,
            attachment_ids=copies.ids,
            author_id=(self.user_id.partner_id or self.company_id.partner_id).id,
        )
        self._step("accept", mail_message_id=posted.id, maybe_taken=True, **self._sent_values())
        self._commit()
        return True

    def _mail_subject(self):
        values = {"company": self.company_id.name, "order": self.purchase_id.name, "version": self.version}
        if self.kind == "cancel":
            return self.env._("%(company)s: order %(order)s is cancelled", **values)
        if self.kind == "change":
            return self.env._("%(company)s: order %(order)s, change %(version)s", **values)
        return self.env._("%(company)s: order %(order)s", **values)

    def _mail_body(self):
        if self.kind == "cancel":
            return self.env._("We cancel this order. Please confirm that nothing will be delivered.")
        if self.kind == "change":
            return self.env._("The attached version replaces the one before. Please confirm quantities and days.")
        return self.env._(
            "Attached is our order. Please confirm quantities and days by answering this e-mail; an OrderResponse (UBL) "
            "that is attached is read by our system."
        )

    @api.model
    def _check_mails(self):
        """E-mails that did not arrive are failed messages, however late that becomes known."""
        failed = self.search(
            [
                ("state", "=", "sent"),
                ("mail_message_id.notification_ids.notification_status", "in", ("bounce", "exception")),
            ]
        ).try_lock_for_update()
        for message in failed:
            reason = message.mail_message_id.notification_ids.filtered("failure_reason")[:1].failure_reason
            message._step("bounce", problem="bounced", problem_text=(reason or "")[:500] or False)
        failed._tell_buyer()


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def write(self, vals):
        if {"raw", "datas", "db_datas", "store_fname", "checksum", "res_model", "res_id"} & vals.keys():
            self._check_frozen()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_frozen(self):
        self._check_frozen()

    def _check_frozen(self):
        """What was sent to a supplier or came from him is evidence, for administrators, too."""
        if any(attachment.res_model in FROZEN and attachment.res_id for attachment in self):
            raise UserError(self.env._("Documents exchanged with suppliers are kept as they are."))
