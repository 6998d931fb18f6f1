"""Orders of a platform, in our words, on the shared test network. No tests in this file."""

from .common import OrdersCommon


class PoolCommon(OrdersCommon):
    """Stock in Suzhou, untaxed products, and orders in our words."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.users["channel_manager"]
        cls.add_stock(cls.product_a, cls.regional_east, 50)
        cls.add_stock(cls.product_b, cls.regional_east, 50)
        (cls.product_a | cls.product_b).write({"taxes_id": [(5,)]})

    @classmethod
    def line(cls, sku="TEA", quantity=1, **values):
        return {"sku": sku, "quantity": quantity, "line_id": values.pop("line_id", sku), **values}

    @classmethod
    def words(cls, external_id="P-1", lines=None, address=None, **values):
        """An order in our words, with lines as dictionaries."""
        return {**cls.payload(external_id, address=address), "lines": lines or [cls.line()], **values}

    def take(self, *args, **values):
        (answer,) = self.submit(self.words(*args, **values))
        return self.order_of(answer)

    def ship(self, order, quantity=None):
        for move in order._open_pickings().move_ids:
            move.write({"quantity": move.product_uom_qty if quantity is None else quantity, "picked": True})
        order._deliveries().with_context(cancel_backorder=False)._action_done()

    def free(self, product=None, warehouse=None):
        return self.position(product or self.product_a, warehouse or self.regional_east)["available"]
