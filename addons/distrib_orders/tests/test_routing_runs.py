"""Two runs of the pool's plan at once, and a run that is killed."""

import zlib
from contextlib import closing
from unittest.mock import patch

from odoo.sql_db import db_connect
from odoo.tests import tagged

from .routing_common import RoutingCommon


@tagged("post_install", "-at_install")
class TestRoutingRuns(RoutingCommon):
    def run_plan(self):
        """The scheduler's run on this transaction: nothing is committed."""
        commit = patch.object(type(self.env["ir.cron"]), "_commit_progress", lambda *a, **k: 100.0)
        again = patch("odoo.addons.distrib_orders.models.routing_pool.retrying", lambda call, env: call())
        with commit, again:
            return self.env["sale.order"]._replan_pool()

    def test_second_run_leaves_the_pool_to_the_first(self):
        order = self.routed(self.central)
        self.add_stock(self.product_a, self.regional_east, 5)
        key = zlib.crc32(f"distrib.replan.{self.env.company.id}".encode())
        with closing(db_connect(self.env.cr.dbname).cursor()) as other:
            other.execute("SELECT pg_advisory_lock(%s)", [key])
            self.assertEqual(self.run_plan(), 0)
            self.assertEqual(self.sites(order), self.central)
            other.execute("SELECT pg_advisory_unlock(%s)", [key])
        self.assertEqual(self.run_plan(), 1)
        self.assertEqual(self.sites(order), self.regional_east)

    def test_killed_run_leaves_what_it_finished_and_the_next_goes_on(self):
        """Two groups that do not depend on each other; the run dies before the second."""
        one = self.routed(self.central)
        self.add_stock(self.product_b, self.central, 5)
        other = self.new_order("T-2", ("NOODLE", 1))
        other._route()
        for product in (self.product_a, self.product_b):
            self.add_stock(product, self.regional_east, 5)
        replan, done = type(one)._replan, []

        def dying(orders, **values):
            if done:
                raise KeyboardInterrupt
            done.append(orders)
            return replan(orders, **values)

        killed = False
        with patch.object(type(one), "_replan", dying):
            try:  # assertRaises would take back what the run had finished
                self.run_plan()
            except KeyboardInterrupt:
                killed = True
        self.assertTrue(killed)
        self.assertEqual(len((one | other).filtered(lambda o: self.sites(o) == self.regional_east)), 1)
        self.assertEqual((one | other).picking_ids.mapped("state"), ["assigned"] * 2)
        self.assertEqual(self.run_plan(), 1, "the lock of the dead run is gone, and the rest is done")
        self.assertEqual(self.sites(one | other), self.regional_east)
