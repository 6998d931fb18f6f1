from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .proposal_common import ProposalCommon


@tagged("post_install", "-at_install")
class TestProposalDocuments(ProposalCommon):
    def bought(self, product=None):
        self.generate()
        return self.one(product or self.product_a, self.central).with_user(self.planner)

    def draft(self, **values):
        return self.env["purchase.order"].create(
            {"partner_id": self.vendor.id, "picking_type_id": self.central.in_type_id.id, **values}
        )

    def test_an_open_request_of_the_same_supplier_and_warehouse_takes_the_lines(self):
        draft = self.draft()
        elsewhere = self.draft(picking_type_id=self.regional_east.in_type_id.id)
        sent = self.draft()
        sent.state = "sent"
        proposal = self.bought()
        proposal.action_accept()
        self.assertEqual(proposal.purchase_id, draft)
        self.assertFalse(elsewhere.order_line or sent.order_line)

    def test_a_line_for_the_same_day_grows_and_shrinks_again(self):
        first = self.bought()
        first.action_accept()
        line, before = first.purchase_line_id, first.quantity
        self.demand_times(self.product_a, 4)
        second = self.bought()
        self.assertNotEqual(second, first)
        second.action_accept()
        self.assertEqual((second.purchase_line_id, line.product_qty), (line, before + second.quantity))
        self.assertEqual(fields.Date.to_date(line.date_planned), self.today() + timedelta(days=5))
        second.action_undo()
        self.assertEqual((line.product_qty, first.purchase_line_id), (before, line))

    def test_the_setting_decides_what_is_merged(self):
        for choice, merged in (("never", False), ("same_date", False), ("any", True)):
            self.company.distrib_rfq_merge = choice
            draft = self.draft(date_planned=fields.Datetime.now() + timedelta(days=40))
            proposal = self.bought()
            proposal.action_accept()
            self.assertEqual(proposal.purchase_id == draft, merged, choice)
            proposal.action_undo()
            draft.button_cancel()
        self.company.distrib_rfq_merge = "same_date"
        noon = self.Proposal._noon(self.today() + timedelta(days=5))
        draft = self.draft(date_planned=noon)
        proposal = self.bought()
        proposal.action_accept()
        self.assertEqual(proposal.purchase_id, draft)

    def test_another_currency_is_another_request(self):
        draft = self.draft(currency_id=self.env["res.currency"].create({"name": "TST", "symbol": "T"}).id)
        proposal = self.bought()
        proposal.action_accept()
        self.assertNotEqual(proposal.purchase_id, draft)
        self.assertEqual(proposal.purchase_id.currency_id, self.company.currency_id)

    def test_each_arrival_day_is_a_request_of_its_own(self):
        self.generate()
        first, second = (self.one(p, self.central) for p in (self.product_a, self.product_b))
        second.with_user(self.planner).expected_date = self.today() + timedelta(days=30)
        both = (first + second).with_user(self.planner)
        both.action_accept()
        self.assertEqual(len(both.purchase_id), 2)
        days = [fields.Date.to_date(proposal.purchase_line_id.date_planned) for proposal in both]
        self.assertEqual(days, [self.today() + timedelta(days=5), self.today() + timedelta(days=30)])

    def test_lines_have_name_price_discount_and_taxes(self):
        """Name, price by quantity, discount and taxes come from the supplier's price list, as on any request."""
        tax = self.env["account.tax"].search(
            [("type_tax_use", "=", "purchase"), ("company_id", "=", self.company.id)], limit=1
        ) or self.env["account.tax"].create({"name": "Test 13 %", "amount": 13, "type_tax_use": "purchase"})
        self.product_a.supplier_taxes_id = tax
        self.env["product.supplierinfo"].create(
            {
                "partner_id": self.vendor.id, "product_tmpl_id": self.product_a.product_tmpl_id.id, "price": 1.5,
                "min_qty": 20, "discount": 10, "delay": 5, "product_code": "T-77",
            }
        )  # fmt: skip
        proposal = self.bought()
        proposal.quantity = 24
        proposal.action_accept()
        line = proposal.purchase_line_id
        self.assertEqual((line.name, line.price_unit, line.discount), ("[T-77] Test Tea", 1.5, 10))
        self.assertEqual((line.tax_ids, line.price_subtotal), (tax, 32.4))

    def test_lots_and_split_stock_are_reserved_by_core(self):
        """What is simple is reserved together, the rest as core does it: the result is the same."""
        lot_product = self.env["product.product"].create(
            {"name": "Test Wine", "is_storable": True, "tracking": "lot", "lst_price": 50, "standard_price": 20}
        )
        self.supplier(lot_product)
        self.sell(lot_product, self.store_east, [3] * 30)
        self.recompute()
        lot = self.env["stock.lot"].create({"product_id": lot_product.id, "name": "L1"})
        self.add_stock(lot_product, self.regional_east, 300, lot=lot)
        shelf = self.env["stock.location"].create(
            {"name": "Test Shelf", "location_id": self.regional_east.lot_stock_id.id}
        )
        self.add_stock(self.product_a, self.regional_east, 1)
        self.env["stock.quant"]._update_available_quantity(self.product_a, shelf, 400)
        self.generate()
        both = self.live(("warehouse_id", "=", self.store_east.id), ("kind", "=", "transfer"))
        self.assertEqual(both.product_id, lot_product + self.product_a)
        both.with_user(self.planner).action_accept()
        out = both.move_ids.filtered(lambda move: move.location_id.usage == "internal")
        self.assertEqual(out.mapped("state"), ["assigned", "assigned"])
        self.assertEqual(sum(out.mapped("quantity")), sum(both.mapped("quantity")))
        self.assertEqual(out.move_line_ids.lot_id, lot)
        reserved = self.env["stock.quant"].search(
            [("location_id", "child_of", self.regional_east.lot_stock_id.id), ("reserved_quantity", ">", 0)]
        )
        self.assertEqual(sum(reserved.mapped("reserved_quantity")), sum(both.mapped("quantity")))

    def test_what_is_gone_meanwhile_is_not_reserved_twice(self):
        self.add_stock(self.product_a, self.regional_east, 500)
        self.generate()
        proposal = self.one(self.product_a, self.store_east)
        quants = self.env["stock.quant"].search([("product_id", "=", self.product_a.id)])
        self.env["stock.quant"]._update_available_quantity(self.product_a, self.regional_east.lot_stock_id, -497)
        proposal.with_user(self.planner).action_accept()
        out = proposal.move_ids.filtered(lambda move: move.location_id.usage == "internal")
        self.assertEqual((out.state, out.quantity), ("partially_available", 3))
        self.assertEqual(sum(quants.mapped("reserved_quantity")), 3)

    def test_an_error_in_the_middle_leaves_nothing(self):
        """Documents and decision are one transaction: a run that dies in between has done nothing."""
        self.add_stock(self.product_a, self.regional_east, 500)
        self.generate()
        both = self.one(self.product_b, self.central) + self.one(self.product_a, self.store_east)

        def die(*_args):
            raise UserError("the worker dies")

        self.patch(type(self.env["stock.picking"]), "create", die)
        with self.assertRaisesRegex(UserError, "dies"), self.env.cr.savepoint():
            both.with_user(self.planner).action_accept()
        both.invalidate_recordset()
        self.assertEqual(set(both.mapped("state")), {"open"})
        self.assertFalse(self.env["purchase.order"].search([("partner_id", "=", self.vendor.id)]))
