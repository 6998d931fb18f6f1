from odoo.tests import tagged

from .common import OrdersCommon


@tagged("post_install", "-at_install")
class TestNetworkBoardOfAnOrder(OrdersCommon):
    def test_an_order_and_a_line_show_where_their_goods_are(self):
        order = self.order_of(self.submit(self.payload("B-1", ("TEA", 1), ("NOODLE", 2)))[0]).with_user(self.clerk)
        query = order.action_network_board()["context"]["distrib_board"]["query"]
        self.assertEqual(set(query["product_ids"]), set((self.product_a | self.product_b).ids))
        line = order.order_line.filtered(lambda line: line.product_id == self.product_a)
        query = line.action_network_board()["context"]["distrib_board"]["query"]
        self.assertEqual(query["product_ids"], self.product_a.ids)
        page = self.env["distrib.board"].with_user(self.clerk).load(query)
        self.assertIn("total", page)
