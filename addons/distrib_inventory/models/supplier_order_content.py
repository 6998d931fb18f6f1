import hashlib
import json

from odoo import fields, models

# What makes two versions differ; the rest of the content only describes it.
LINE_MARKS = ("line", "our_code", "code", "product", "quantity", "unit_id", "price", "deliveries")


class PurchaseOrderContent(models.Model):
    """A purchase order as a supplier reads it."""

    _inherit = "purchase.order"

    def _distrib_content(self, link, kind, version, key):
        """The order as data in the supplier's language; docs/supplier_orders.md says what is in it."""
        self.ensure_one()
        self = self.with_context(lang=self.partner_id.lang or "en_US")
        warehouse = self.picking_type_id.warehouse_id
        # sudo: only the name of the day's time zone, whoever confirms
        issued = fields.Datetime.context_timestamp(
            self.with_context(tz=str(self.get_order_timezone())), self.write_date
        )
        return {
            "type": kind,
            "key": key,
            "order": self.name,
            "version": version,
            "issued": issued.date().isoformat(),
            "currency": self.currency_id.name,
            "buyer": self._distrib_party(self.company_id.partner_id),
            "supplier": self._distrib_party(self.partner_id),
            "ship_to": {
                **self._distrib_party(warehouse.partner_id or self.company_id.partner_id),
                "warehouse": warehouse.code or "",
                "warehouse_name": warehouse.name or "",
            },
            "terms": self.payment_term_id.name or "",
            "amount": round(self.amount_untaxed, 6),
            "lines": [] if kind == "cancel" else self._distrib_lines(),
            "answer_url": link.answer_url,
        }

    def _distrib_party(self, partner):
        return {
            "name": partner.name or "",
            "tax_id": partner.vat or "",
            "ref": partner.ref or "",
            "street": " ".join(filter(None, (partner.street, partner.street2))),
            "city": partner.city or "",
            "zip": partner.zip or "",
            "state": partner.state_id.name or "",
            "country": partner.country_id.code or "",
            "phone": partner.phone or "",
        }

    def _distrib_lines(self):
        """One entry for each line as it was ordered: what a split made of it are its deliveries."""
        found = []
        for root, lines in self._distrib_line_groups().items():
            product, quantity = root.product_id, sum(lines.mapped("product_qty"))
            deliveries = {}
            for line in lines.sorted("date_planned"):
                if line.product_qty:
                    day = line._distrib_day().isoformat()
                    deliveries[day] = deliveries.get(day, 0.0) + line.product_qty
            names = {lang: product.with_context(lang=lang).name for lang in ("en_US", "zh_CN")}
            found.append(
                {
                    "line": str(root.id),
                    "product": product.id,
                    "code": root._distrib_supplier_code(),
                    "our_code": product.default_code or "",
                    "barcode": product.barcode or "",
                    "name_en": names["en_US"] or "",
                    "name_zh": names["zh_CN"] or names["en_US"] or "",
                    "quantity": round(quantity, 6),
                    "unit": root.product_uom_id.name,
                    "unit_id": root.product_uom_id.id,
                    "price": round(root.price_unit * (1 - root.discount / 100), 6),
                    "date": next(iter(deliveries), root._distrib_day().isoformat()),
                    "deliveries": [{"date": day, "quantity": round(some, 6)} for day, some in deliveries.items()],
                }
            )
        return found

    def _distrib_line_groups(self):
        """Dict: line as ordered -> it and the lines that were split off."""
        goods = self.order_line.filtered(lambda line: not line.display_type and line.product_id)
        return goods.sorted(lambda line: (line.distrib_root_id.id or line.id, line.id)).grouped(
            lambda line: line.distrib_root_id or line
        )

    def _distrib_digest(self, content=None):
        """Mark of what the supplier has to know; the same as long as nothing of that changes, in every language."""
        lines = self._distrib_lines() if content is None else content["lines"]
        facts = [{name: line[name] for name in LINE_MARKS} for line in lines]
        place = [self.partner_id.id, self.currency_id.id, self.picking_type_id.warehouse_id.id]
        text = json.dumps([facts, place], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


class PurchaseOrderLineContent(models.Model):
    _inherit = "purchase.order.line"

    distrib_root_id = fields.Many2one(
        "purchase.order.line",
        string="Split From",
        index="btree_not_null",
        readonly=True,
        copy=False,
        ondelete="set null",
        groups="base.group_user",
    )

    def _distrib_day(self):
        """The expected day in the buyer's time zone."""
        zone = str(self.order_id.get_order_timezone())
        moment = self.date_planned or self.order_id.date_order
        return fields.Datetime.context_timestamp(self.with_context(tz=zone), moment).date()

    def _distrib_supplier_code(self):
        seller = (
            self.selected_seller_id
            or self.product_id.seller_ids.filtered(
                lambda s: s.partner_id in (self.partner_id, self.partner_id.commercial_partner_id)
            )[:1]
        )
        return seller.product_code or ""
