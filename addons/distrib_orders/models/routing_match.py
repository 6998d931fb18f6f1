from datetime import timedelta

from odoo import models


class RoutingRule(models.Model):
    """Which orders a rule applies to, and which warehouses it lets ship them."""

    _inherit = "distrib.routing.rule"

    def _matcher(self, at):
        """A function that says of an order whether the rule applies; what it needs is read once, here."""
        self.ensure_one()
        channels, regions = set(self.channel_ids.ids), [f"/{region}/" for region in self.region_ids.ids]
        tiers, tags, products = set(self.tier_ids.ids), set(self.tag_ids.ids), set(self.product_ids.ids)
        categories = [f"/{category}/" for category in self.category_ids.ids]
        until = at + timedelta(days=self.promised_within) if self.promised_within else None

        def applies(order):
            if channels and order.channel_id.id not in channels:
                return False
            path = f"/{order.region_id.parent_path or ''}"
            if regions and not any(region in path for region in regions):
                return False
            if tiers and order.partner_id.commercial_partner_id.dealer_tier_id.id not in tiers:
                return False
            if tags and not tags & set(order.tag_ids.ids):
                return False
            if until and not (order.commitment_date and order.commitment_date <= until):
                return False
            return self._fits_amount(order) and self._fits_goods(order, products, categories)

        return applies

    def _fits_amount(self, order):
        if not self.amount_from <= order.amount_untaxed or (self.amount_to and order.amount_untaxed >= self.amount_to):
            return False
        if not self.weight_from and not self.weight_to:
            return True
        weight = sum(
            line.product_id.weight * line.product_uom_id._compute_quantity(line.product_uom_qty, line.product_id.uom_id)
            for line in order.order_line
            if line.product_id
        )
        return self.weight_from <= weight and (not self.weight_to or weight < self.weight_to)

    def _fits_goods(self, order, products, categories):
        if not products and not categories:
            return True
        goods = order.order_line.product_id
        if products & set(goods.ids):
            return True
        paths = [f"/{product.categ_id.parent_path or ''}" for product in goods]
        return any(category in path for category in categories for path in paths)

    def _candidate_key(self, order):
        """Orders with the same key have the same candidates."""
        if self.candidates == "channel":
            return (self.id, order.channel_id.id)
        dealer = order.partner_id.commercial_partner_id.id if self.own_dealer else 0
        return (self.id, dealer, order.channel_id.store_id.id if self.selling_store else 0)

    def _candidate_sites(self, order, sites, allowed):
        """The warehouses of ``sites`` that may ship an order; ``allowed`` is what its channel says."""
        if not self or self.candidates == "channel":
            return allowed
        tiers = self._tiers()
        chosen = sites.filtered(lambda site: site.network_tier in tiers)
        if self.candidate_region_ids:
            steps = [f"/{region}/" for region in self.candidate_region_ids.ids]
            chosen = chosen.filtered(lambda s: any(step in f"/{s.region_id.parent_path or ''}" for step in steps))
        if self.own_dealer:
            dealer = order.partner_id.commercial_partner_id
            chosen |= sites.filtered(lambda site: site.dealer_id and site.dealer_id.commercial_partner_id == dealer)
        if self.selling_store:
            chosen |= order.channel_id.store_id
        return chosen | self.warehouse_ids


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    def _routing_flag(self, name):
        """Whether a warehouse can handle goods of a kind: `cold_chain` or `dangerous`."""
        self.ensure_one()
        field = {"cold_chain": "has_cold_chain", "dangerous": "ships_dangerous_goods"}[name]
        return bool(self[field]) if field in self._fields else False
