import numpy as np
from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..engine import demand_marks


class DemandChart(models.Model):
    """The demand of one pair as a picture: what sold, when it was out of stock, what was marked and promoted."""

    _inherit = "distrib.demand"

    @api.model
    @api.readonly
    def get_chart(self, product_id, warehouse_id, start=None, end=None):
        """The days of one pair, for the chart and for RPC.

        :param start, end: ISO dates, both included; by default the last 180 days
        :return: dict: ``days`` (ISO texts) and lists as long: ``quantity``, ``cleaned`` (what the forecast takes; null:
            unknown), ``in_stock``, ``price``, ``promotion``, ``holiday`` and ``festival`` (names or ""); ``marks``
            (dicts), ``source`` and ``summary`` (texts), ``product``, ``warehouse``, ``uom``, ``can_mark``
        :raise AccessError: the user may not read demand history, this product or this warehouse
        """
        self.check_access("read")
        product, warehouse = (
            self.env["product.product"].browse(product_id),
            self.env["stock.warehouse"].browse(warehouse_id),
        )
        (product.check_access("read"), warehouse.check_access("read"))
        if warehouse.company_id not in self.env.companies:
            raise AccessError(self.env._("%s belongs to another company.", warehouse.sudo().name))
        end = fields.Date.to_date(end) or fields.Date.context_today(self)
        start = fields.Date.to_date(start) or fields.Date.subtract(end, days=179)
        pair = (np.array([warehouse_id]), np.array([product_id]))
        raw = self._read_matrix(start, end, pairs=pair, measures=("quantity", "in_stock", "price", "promotion"))
        cleaned = self._read_matrix(start, end, pairs=pair, measures=("quantity",), cleaned=True)
        marks = self.env["distrib.demand.mark"].search(
            [
                ("day", ">=", start), ("day", "<=", end),
                ("product_id", "in", (product_id, False)), ("warehouse_id", "in", (warehouse_id, False)),
            ],
            order="day",
        )  # fmt: skip
        result = {name: self._as_list(getattr(raw, name)[0]) for name in ("quantity", "in_stock", "price", "promotion")}
        return {
            **result,
            **self._calendar_names(warehouse, start, end),
            "days": raw.days.astype(str).tolist(),
            "cleaned": self._as_list(cleaned.quantity[0]),
            "marks": marks._as_dicts(),
            "product": product.display_name,
            "warehouse": warehouse.display_name,
            "uom": product.uom_id.display_name,
            "source": self._source_text(product, warehouse),
            "summary": self._summary(raw, cleaned),
            "can_mark": self.env["distrib.demand.mark"].has_access("write"),
        }

    @staticmethod
    def _as_list(values):
        return [None if value != value else round(value, 4) for value in values.tolist()]

    @api.model
    def _calendar_names(self, warehouse, start, end):
        """Names of public holidays and shopping festivals by day, in the reader's language."""
        festivals = self.env["distrib.festival"]
        columns = festivals._columns(start, end, festivals._country_of(warehouse)[warehouse.id])
        named = dict(
            festivals.search([("code", "in", columns.festival_codes)]).mapped(
                lambda festival: (festival.code, festival.name)
            )
        )
        feasts = dict(festivals._fields["feast"]._description_selection(self.env))

        def names(codes, known, places):
            return [known.get(codes[place], codes[place].replace("_", " ")) if place >= 0 else "" for place in places]

        return {
            "holiday": names(
                columns.holiday_codes, {"spring_eve": feasts["spring"], **feasts}, columns.holiday.tolist()
            ),
            "festival": names(columns.festival_codes, named, columns.festival.tolist()),
        }

    @api.model
    def _source_text(self, product, warehouse):
        sources = self.env["distrib.demand.source"].search([("warehouse_id", "=", warehouse.id)])
        source = sources.filtered(lambda row: row.product_id == product) or sources.filtered(
            lambda row: not row.product_id
        )
        if not source or source.source == "files":
            return self.env._("From files and stock reports.")
        if not source.since:
            return self.env._("From deliveries to customers.")
        return self.env._(
            "From deliveries to customers since %s; before it from files.",
            self.env["ir.qweb.field.date"].value_to_html(source.since, {}),
        )

    @api.model
    def _summary(self, raw, cleaned):
        """What is to be said of the period in a sentence or two."""
        known = ~np.isnan(raw.quantity)
        if not known.any():
            return self.env._("Nothing is known of these days.")
        sold = float(np.nansum(np.clip(raw.quantity, 0, None)))
        if not sold:
            return self.env._("Nothing was sold on %s days of which something is known.", int(known.sum()))
        days = int((~np.isnan(cleaned.quantity)).sum())
        parts = [
            self.env._("%(units)s units on %(days)s days", units=f"{sold:g}", days=days or int(known.sum())),
            self.env._("out of stock on %s days", int((raw.in_stock < 1).sum())),
            self.env._("promoted on %s days", int((raw.promotion >= demand_marks.SHALLOW).sum())),
        ]
        return " · ".join(parts)

    @api.model
    def _chart_action(self, product, warehouse, day=None):
        """The client action of the chart; ``day`` lies in the period shown."""
        today = fields.Date.context_today(self)
        end = min(fields.Date.add(day, days=60), today) if day else today
        params = {"product_id": product.id, "warehouse_id": warehouse.id, "end": fields.Date.to_string(end)}
        return _open_chart(self, **params)

    def action_view_chart(self):
        self.ensure_one()
        return self._chart_action(self.product_id, self.warehouse_id, self.day)

    @api.model
    @api.readonly
    def get_chart_pairs(self, product_id=None, warehouse_id=None):
        """What the chart may offer beside a product or a warehouse: the other end, best seller of 90 days first.

        :return: list of dict: product_id, warehouse_id, product, warehouse, quantity
        """
        self.check_access("read")
        domain = [("month", ">=", "today -3m =1d"), ("company_id", "in", self.env.companies.ids)]
        if product_id:
            domain.append(("product_id", "=", product_id))
        if warehouse_id:
            domain.append(("warehouse_id", "=", warehouse_id))
        groups = self._read_group(
            domain, ["product_id", "warehouse_id"], ["quantity:sum"], order="quantity:sum desc", limit=200
        )
        return [
            {
                "product_id": product.id,
                "warehouse_id": warehouse.id,
                "product": product.display_name,
                "warehouse": warehouse.display_name,
                "quantity": quantity or 0,
            }
            for product, warehouse, quantity in groups
        ]


class ProductProduct(models.Model):
    _inherit = "product.product"

    def action_view_demand(self):
        return _open_chart(self, product_id=self[:1].id)


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def action_view_demand(self):
        return _open_chart(self, product_id=self.product_variant_ids[:1].id)


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    def action_view_demand(self):
        return _open_chart(self, warehouse_id=self[:1].id)


def _open_chart(record, **params):
    action = record.env["ir.actions.client"]._for_xml_id("distrib_inventory.action_distrib_demand_chart")
    return {**action, "params": params}
