from odoo import api, models
from odoo.tools import float_round

from ..connectors.order import spread
from ..engine import matching
from ..engine.money import left_of
from .problems import problem


class IntakeLines(models.AbstractModel):
    """The lines of incoming orders: which products, how many, and for how much."""

    _inherit = "distrib.intake"

    @api.model
    def _articles(self, channel, lines):
        """(dict key -> article or product, dict code -> product ids) for the lines of a batch."""
        products = self._products(channel, {line.sku for line in lines if line.sku})
        articles = self.env["distrib.channel.product"]._resolve(channel, lines, products) if lines else {}
        return articles, products

    @api.model
    def _line_values(self, channel, order, worth, articles):
        """Values of the lines; what cannot be sold stays visible as a note, and its problem holds the order."""
        rows, problems = [], []
        found, products = articles
        for index, (line, share) in enumerate(zip(order.lines, worth.lines, strict=True)):
            left = share.left if share else left_of(line)
            if left <= 0:
                continue
            article = found[matching.key_of_line(line)]
            common = self._line_marks(line, index)
            parts = self._parts(article)
            if not parts:
                ambiguous = len(products.get(line.sku, ())) > 1
                problems.append(self._unmatched(line, index, ambiguous))
                rows.append({**common, **self._note_values(line, left, article)})
            else:
                rows += self._sold_values(channel, line, share, left, article, parts, common)
        if order.freight and rows:
            rows.append(self._freight_values(channel, order))
        return rows, problems

    @api.model
    def _line_marks(self, line, index):
        """By what a later version and the way back to the platform know the line."""
        return {
            "channel_line_ref": line.line_id,
            "channel_line_key": line.line_id or f"#{index}",
            "channel_gift": line.gift,
            "channel_bundle": line.bundle,
            "channel_ship_with": line.ship_with,
            "channel_store_code": line.store_code,
            "channel_refund": line.refund or False,
        }

    @api.model
    def _parts(self, article):
        """[(product, quantity for one of the article, weight in its price)]; nothing when it is not matched."""
        if article._name == "product.product":
            return [(article, 1.0, 1.0)]
        if article.part_ids:
            weights = article.part_ids._weights()
            return [(p.product_id, p.quantity, w) for p, w in zip(article.part_ids, weights, strict=True)]
        return [(article.product_id, article.factor, 1.0)] if article.product_id else []

    @api.model
    def _unmatched(self, line, index, ambiguous):
        if line.sku:
            code = "ambiguous_sku" if ambiguous else "unknown_sku"
            return problem(code, f"lines[{index}].sku", value=line.sku)
        number = line.platform_sku or line.platform_item
        return problem("unknown_article", f"lines[{index}].platform_sku", value=number, title=line.title)

    @api.model
    def _note_values(self, line, quantity, article):
        name = " ".join(filter(None, [line.sku or line.platform_sku or line.platform_item, line.title]))
        text = self.env._("Not matched: %(sku)s, quantity %(quantity)s", sku=name, quantity=f"{quantity:g}")
        return {
            "display_type": "line_note",
            "name": text,
            "channel_open": True,
            "channel_product_id": article.id,
        }

    @api.model
    def _sold_values(self, channel, line, share, left, article, parts, common):
        """One sale line for each product in the article; the revenue of a set is shared out over its parts."""
        noted = article.id if article._name == "distrib.channel.product" else False
        if share is None:
            plain = [{**common, "product_id": p.id, "product_uom_qty": left * n} for p, n, _w in parts]
            return [{**row, "channel_product_id": noted} for row in plain]
        weights = [weight for _product, _number, weight in parts]
        sums = zip(
            spread(share.paid, weights), spread(share.discount, weights), spread(share.platform, weights), strict=True
        )
        rows = []
        for (product, number, weight), (paid, discount, platform) in zip(parts, sums, strict=True):
            quantity = left * number
            part = weight / sum(weights) if sum(weights) else 1.0 / len(parts)
            rows.append(
                {
                    **common,
                    "channel_product_id": noted,
                    "channel_bundle": common["channel_bundle"] or (common["channel_line_key"] if parts[1:] else ""),
                    "product_id": product.id,
                    "product_uom_qty": quantity,
                    "price_unit": self._unit_price(channel, product, paid + platform, quantity),
                    "discount": 0.0,
                    "channel_list_price": share.list_unit * part / number,
                    "channel_paid": paid,
                    "channel_discount": discount,
                    "channel_platform_discount": platform,
                }
            )
        return rows

    @api.model
    def _freight_values(self, channel, order):
        product = channel._freight_product()
        return {
            "product_id": product.id,
            "product_uom_qty": 1,
            "price_unit": self._unit_price(channel, product, order.freight, 1),
            "channel_paid": order.freight,
            "channel_line_key": "freight",
            "discount": 0.0,
        }

    @api.model
    def _unit_price(self, channel, product, revenue, quantity):
        """The unit price with which the line comes to ``revenue`` to the cent, tax included where the channel says so.

        It is not rounded: core rounds the line, and a rounded price times its quantity may miss by cents.
        """
        if not revenue or not quantity:
            return 0.0
        taxes = product.taxes_id._filter_taxes_by_company(channel.company_id)
        if not channel.prices_include_tax or not taxes or all(taxes.mapped("price_include")):
            return float_round(revenue / quantity, precision_digits=10)
        base = self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            {},
            tax_ids=taxes,
            quantity=1.0,
            price_unit=revenue,
            currency_id=channel.company_id.currency_id,
            special_mode="total_included",
        )
        self.env["account.tax"]._add_tax_details_in_base_line(base, channel.company_id)
        return float_round(base["tax_details"]["raw_total_excluded_currency"] / quantity, precision_digits=10)
