from datetime import date

from odoo import Command
from odoo.tests import TransactionCase, new_test_user

TODAY = date.today().isoformat()


class LogisticsMixin:
    """Two dealers (the second a sub-dealer of the first), a carrier, a product in stock, and deliveries to order."""

    @classmethod
    def set_up_logistics(cls):
        cls.env = cls.env(context=dict(cls.env.context, tracking_disable=True, no_reset_password=True))
        for code in ("en_US", "zh_CN"):
            cls.env["res.lang"]._activate_lang(code)
        cls.company = cls.env.company
        Partner = cls.env["res.partner"]
        cls.dealer, cls.other_dealer = Partner.create(
            [{"name": "Dealer North", "is_company": True}, {"name": "Dealer South", "is_company": True}]
        )
        if "dealer_parent_id" in Partner._fields:
            (cls.dealer | cls.other_dealer).is_dealer = True
            cls.other_dealer.dealer_parent_id = cls.dealer
        cls.buyer = cls._portal_user("buyer_north", cls.dealer)
        cls.other_buyer = cls._portal_user("buyer_south", cls.other_dealer)
        cls.product = cls.env["product.product"].create({"name": "Soap", "is_storable": True, "list_price": 10})
        cls.warehouse = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1)
        cls.env["stock.quant"]._update_available_quantity(cls.product, cls.warehouse.lot_stock_id, 10000)
        service = cls.env["product.product"].create({"name": "Freight", "type": "service"})
        cls.carrier = cls.env["delivery.carrier"].create(
            {"name": "Swift Express", "product_id": service.id, "tracking_code": "shunfeng", "transit_days": 2}
        )

    @classmethod
    def _portal_user(cls, login, dealer):
        user = new_test_user(cls.env, login, groups="base.group_portal", password=login, tz="Asia/Shanghai")
        user.partner_id.parent_id = dealer
        return user

    @classmethod
    def confirmed_orders(cls, partners):
        orders = cls.env["sale.order"].create(
            [
                {
                    "partner_id": partner.id,
                    "warehouse_id": cls.warehouse.id,
                    "order_line": [Command.create({"product_id": cls.product.id, "product_uom_qty": 2})],
                }
                for partner in partners
            ]
        )
        orders.action_confirm()
        return orders

    @classmethod
    def ship(cls, orders, numbers=None):
        pickings = orders.picking_ids
        for picking, number in zip(pickings, numbers or [], strict=False):
            picking.write({"carrier_id": cls.carrier.id, "carrier_tracking_ref": number})
        pickings.move_ids.picked = True
        pickings.button_validate()
        return orders.parcel_ids

    @staticmethod
    def event(number, hour, status=None, **extra):
        item = {"carrier": "shunfeng", "number": number, "time": f"{extra.pop('day', TODAY)}T{hour:02}:00:00"}
        return item | ({"status": status} if status else {}) | extra


class LogisticsCase(LogisticsMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up_logistics()
