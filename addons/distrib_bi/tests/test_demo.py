from odoo.addons.distrib_inventory.models.demo import PARAMETER
from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestDemoNetwork(TransactionCase):
    """A small network, built once for all of these."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.env["ir.config_parameter"].get_param(PARAMETER):
            cls.skipTest(cls, "this database has its demo network")
        cls.made = cls.env["distrib.demo"].build(scale=0.1, force=True)
        cls.network = cls.made.network
        cls.orders = cls.env["sale.order"].search([("channel_order_ref", "=like", "DEMO0%")])

    def test_it_is_built_once(self):
        with self.assertRaisesRegex(UserError, "already"):
            self.env["distrib.demo"].build(scale=0.1)

    def test_only_an_administrator_builds_it(self):
        user = self.env["res.users"].search([("login", "=", "planner")])
        with self.assertRaises(AccessError):
            self.env["distrib.demo"].with_user(user).sudo(False).build(scale=0.1)

    def test_not_beside_the_data_of_others(self):
        self.env["ir.config_parameter"].set_param(PARAMETER, False)
        with self.assertRaisesRegex(UserError, "empty"):
            self.env["distrib.demo"].build(scale=0.1)

    def test_warehouses_and_products(self):
        self.assertEqual(self.made.warehouses.mapped("network_tier"), [w.tier for w in self.network.warehouses])
        self.assertTrue(all(w.region_id for w in self.made.warehouses))
        self.assertEqual(self.made.warehouses.filtered("dealer_id").mapped("network_tier"), ["dealer"])
        # A dealer as address of a warehouse would turn his customer location into the transit location.
        self.assertEqual(set(self.made.dealers.property_stock_customer.mapped("usage")), {"customer"})
        if self.env["res.lang"]._get_data(code="zh_CN"):
            names = self.made.products.with_context(lang="zh_CN").mapped("name")
            self.assertEqual(names, [p.name_zh for p in self.network.products])

    def test_stock_is_what_the_moves_say(self):
        quants = self.env["stock.quant"].search([("product_id", "in", self.made.products.ids)])
        self.assertFalse(quants.filtered(lambda q: q.location_id.usage == "internal" and q.quantity < 0))
        dealer = self.made.warehouses.filtered("dealer_id")
        inside = quants.filtered(lambda q: q.location_id == dealer.lot_stock_id and q.quantity)
        self.assertEqual(inside.owner_id, dealer.dealer_id)
        lots = quants.filtered(lambda q: q.product_id.tracking == "lot" and q.location_id.usage == "internal")
        self.assertTrue(lots and all(q.lot_id.expiration_date for q in lots))

    def test_every_stage_of_the_pool_occurs(self):
        stages = set(self.orders.mapped("pool_state"))
        self.assertLessEqual({"to_route", "held", "routed", "released", "done"}, stages)
        self.assertIn("unfilled", self.orders.mapped("hold_code"))
        by_ref = {o.channel_order_ref: o for o in self.orders}
        for order in self.network.orders:
            self.assertEqual(by_ref[order.ref].date_order.date(), order.day)

    def test_invoices_are_dated_and_some_are_open(self):
        invoices = self.orders.invoice_ids.filtered(lambda move: move.move_type == "out_invoice")
        self.assertTrue(invoices)
        self.assertEqual(set(invoices.mapped("state")), {"posted"})
        self.assertGreaterEqual(len(set(invoices.mapped("payment_state"))), 2)
        self.assertLessEqual(min(invoices.mapped("invoice_date")), self.network.until.replace(day=1))

    def test_parcels_follow_their_orders(self):
        parcels = self.orders.parcel_ids
        self.assertTrue(parcels)
        self.assertTrue(all(parcel.event_ids for parcel in parcels.filtered(lambda p: p.status == "delivered")))
        self.assertLessEqual({"delivered", "in_transit"}, set(parcels.mapped("status")))
        self.assertTrue(any(parcel.is_late for parcel in parcels))

    def test_history_leads_to_proposals(self):
        self.env.cr.execute(
            "SELECT count(*) FROM distrib_policy WHERE warehouse_id = ANY(%s)", (self.made.warehouses.ids,)
        )
        self.assertGreater(self.env.cr.fetchone()[0], 0)
        proposals = self.env["distrib.proposal"].search([("product_id", "in", self.made.products.ids)])
        self.assertLessEqual({"open", "accepted"}, set(proposals.mapped("state")))

    def test_logins_match_their_users(self):
        logins = dict(self.env["distrib.demo"].logins())
        self.assertEqual(len(logins), 8)
        users = self.env["res.users"].search([("login", "in", list(logins))])
        self.assertEqual(set(users.mapped("login")), set(logins))
        for user in users:
            user.with_user(user)._check_credentials({"type": "password", "password": user.login}, {"interactive": True})
        portal = users.filtered(lambda user: user.login.startswith("dealer."))
        self.assertTrue(all(user.share for user in portal))
        self.assertEqual(portal.commercial_partner_id, self.made.dealers[0])
        self.assertTrue(self.orders.filtered(lambda o: o.partner_id == self.made.dealers[0]).parcel_ids)
