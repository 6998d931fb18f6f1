import io
import json

import openpyxl
from odoo.addons.bus.models.ir_websocket import IrWebsocket
from odoo.exceptions import AccessError
from odoo.http import Request
from odoo.tests import HttpCase, tagged

from .board_common import BoardCommon
from .common import ROLES


@tagged("post_install", "-at_install")
class TestBoard(BoardCommon):
    def test_every_way_to_roll_up_gives_the_sum_of_the_positions(self):
        positions = self.env["distrib.position"].read_positions(None, self.warehouses.ids)
        for by in ("region", "supply", "category"):
            page = self.load(by=by)
            for name in ("on_hand", "reserved", "available", "incoming", "outgoing", "forecast", "owned_on_hand"):
                expected = sum(row[name] for row in positions)
                self.assertAlmostEqual(self.figure(page["total"], name), expected, msg=f"{by} {name}")
                top = [row for row in page["rows"] if row["depth"] == 0]
                self.assertAlmostEqual(sum(self.figure(row, name) for row in top), expected, msg=f"{by} {name}")

    def test_a_region_holds_what_its_parts_hold(self):
        rows = self.rows()
        east = rows[f"r{self.env.ref('distrib_inventory.region_cn_east').id}"]
        self.assertEqual(self.figure(east, "on_hand"), 10)
        self.assertEqual(self.figure(east, "owned_on_hand"), 9)
        self.assertEqual(self.figure(rows[f"w{self.store_east.id}"], "available"), 8)

    def test_supply_shows_own_stock_and_what_is_supplied(self):
        rows = self.rows(by="supply")
        self.assertEqual(self.figure(rows[f"s{self.central.id}"], "on_hand"), 115)
        self.assertEqual(self.figure(rows[f"w{self.central.id}"], "on_hand"), 100)
        self.assertEqual(self.figure(rows[f"s{self.regional_east.id}"], "on_hand"), 10)

    def test_products_open_to_the_warehouses_that_have_them(self):
        children = self.board().expand({**self.only, "by": "category"}, f"p{self.product_a.id}")
        self.assertEqual(
            {row["key"] for row in children},
            {f"w{w.id}p{self.product_a.id}" for w in self.central | self.store_east | self.store_south},
        )

    def test_only_a_page_of_children_is_sent(self):
        products = self.env["product.product"].create(
            [{"name": f"Many {i}", "default_code": f"MANY{i:03d}", "is_storable": True} for i in range(90)]
        )
        for product in products:
            self.add_stock(product, self.regional_south, 1)
        key = f"w{self.regional_south.id}"
        first = self.board().expand(self.only, key)
        self.assertEqual((len(first), first[-1]["kind"], first[-1]["rest"]), (81, "more", 10))
        rest = self.board().expand(self.only, key, first[-1]["offset"])
        self.assertEqual(len(rest), 10)
        self.assertFalse({row["key"] for row in first} & {row["key"] for row in rest})

    def test_search_understands_mixed_words(self):
        page = self.load(search="华东 TEA")
        self.assertEqual(page["words"], [["华东", "place"], ["TEA", "goods"]])
        self.assertEqual(self.figure(page["total"], "on_hand"), 7)
        for text, quantity in (
            ("east tea", 7),
            ("华东TEA", 7),
            ("TNJ", 10),
            ("6901234567892", 112),
            ("Shenzhen Shop", 5),
            ("noodles", 3),
            ("TEA NOODLE", 115),
        ):
            self.assertEqual(self.figure(self.load(search=text)["total"], "on_hand"), quantity, text)

    def test_a_search_for_nothing_shows_nothing(self):
        page = self.load(search="qqqqq")
        self.assertFalse(page["rows"])
        self.assertEqual(page["words"], [["qqqqq", "nothing"]])

    def test_a_new_name_is_found_at_once(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE product_template SET write_date = write_date - interval '1 day' WHERE id = %s",
            [self.product_b.product_tmpl_id.id],
        )
        self.assertFalse(self.load(search="Zebra")["rows"])
        self.product_b.name = "Zebra Noodles"
        self.assertTrue(self.load(search="Zebra")["rows"])

    def test_status_by_policy(self):
        self.policy(self.product_a, self.central, demand_mean=50, safety_stock=10, reorder_point=20)
        self.policy(self.product_a, self.store_east, safety_stock=6, reorder_point=8)
        self.policy(self.product_b, self.store_east, safety_stock=1, reorder_point=3)
        self.policy(self.product_a, self.store_south, demand_mean=0.01, safety_stock=0, reorder_point=0)
        self.policy(self.product_b, self.regional_south)
        self.add_stock(self.product_b, self.central, -1)
        rows = [row for w in self.warehouses for row in self.board().expand(self.only, f"w{w.id}")]
        found = {row["key"]: row["status"] for row in rows}
        a, b = self.product_a.id, self.product_b.id
        self.assertEqual(found[f"w{self.central.id}p{a}"], "normal")
        self.assertEqual(found[f"w{self.store_east.id}p{a}"], "low")
        self.assertEqual(found[f"w{self.store_east.id}p{b}"], "reorder")
        self.assertEqual(found[f"w{self.store_south.id}p{a}"], "excess")
        self.assertEqual(found[f"w{self.store_south.id}p{b}"], "idle")
        self.assertEqual(found[f"w{self.regional_south.id}p{b}"], "out", "what sells and is nowhere has a row too")
        self.assertEqual(found[f"w{self.central.id}p{b}"], "negative")

    def test_a_dealers_own_goods_cover_his_demand(self):
        self.dealer_warehouse.dealer_id = self.dealer
        self.policy(self.product_b, self.dealer_warehouse, safety_stock=2, reorder_point=3)
        row = self.board().expand(self.only, f"w{self.dealer_warehouse.id}")[0]
        self.assertEqual((row["status"], self.figure(row, "on_hand")), ("normal", 0))

    def test_filters(self):
        self.policy(self.product_a, self.store_east, safety_stock=6, reorder_point=8)
        short = self.load(statuses=["low", "out", "negative"])
        self.assertEqual(short["total"]["counts"], [0, 0, 0, 0, 1, 0, 0])
        self.assertEqual(self.figure(short["total"], "on_hand"), 7, "sums hold what passes, and nothing else")
        self.assertEqual(self.figure(self.load(covers=[2])["total"], "on_hand"), 7)
        self.assertEqual(self.figure(self.load(states=["owned_on_hand"])["total"], "owned_on_hand"), 9)
        self.assertEqual(self.figure(self.load(tiers=["store"])["total"], "on_hand"), 15)
        self.assertEqual(self.load(statuses=["nonsense"])["total"]["counts"], self.load()["total"]["counts"])

    def test_the_same_filter_on_sums_and_on_pairs(self):
        self.policy(self.product_a, self.store_east, safety_stock=6, reorder_point=8)
        query = {**self.only, "statuses": ["low"]}
        children = self.board().expand(query, f"w{self.store_east.id}")
        self.assertEqual([row["key"] for row in children], [f"w{self.store_east.id}p{self.product_a.id}"])

    def test_order_by_a_column(self):
        rows = self.board().expand({**self.only, "order": ["on_hand", True]}, f"w{self.store_east.id}")
        self.assertEqual([self.figure(row, "on_hand") for row in rows], [7, 3])
        rows = self.board().expand({**self.only, "order": ["on_hand", False]}, f"w{self.store_east.id}")
        self.assertEqual([self.figure(row, "on_hand") for row in rows], [3, 7])
        self.board().load({**self.only, "order": ["write_uid; DROP TABLE x", True]})

    def test_refresh_gives_the_numbers_of_now(self):
        pair, place = f"w{self.store_east.id}p{self.product_a.id}", f"w{self.store_east.id}"
        self.add_stock(self.product_a, self.store_east, 5)
        now = self.board().refresh(self.only, [pair, place, "w999999p1", "nonsense"])
        self.assertEqual(self.figure(now["rows"][pair], "on_hand"), 12)
        self.assertEqual(self.figure(now["rows"][place], "on_hand"), 15)
        self.assertFalse(now["rows"]["w999999p1"])
        self.assertFalse(now["rows"]["nonsense"])

    def test_path_to_a_row(self):
        path = self.board().find_path(self.only, f"w{self.store_east.id}")
        self.assertEqual(path[-1], f"r{self.store_east.region_id.id}")
        self.assertIn(f"r{self.env.ref('distrib_inventory.region_cn_east').id}", path)

    def test_map(self):
        data = self.board().get_map(self.only)
        found = {row["key"]: row for row in data["warehouses"]}
        self.assertEqual(set(found), {f"w{w.id}" for w in self.warehouses})
        row = found[f"w{self.central.id}"]
        self.assertEqual((round(row["latitude"]), row["tier"], self.figure(row, "on_hand")), (31, "central", 100))

    def test_nonsense_from_outside_finds_nothing(self):
        for key in ("x1", "w", "w0", "r999999", "p-1", "w1p", "", "more:w1"):
            self.assertEqual(self.board().expand(self.only, key), [], key)


@tagged("post_install", "-at_install")
class TestBoardAccess(BoardCommon):
    def test_each_role_may_look_and_nobody_else(self):
        for role in ROLES:
            self.assertTrue(self.board(role).load(self.only)["rows"], role)
        plain = self.env["distrib.board"].with_user(self.new_user())
        calls = (
            lambda: plain.load({}),
            lambda: plain.expand({}, "w1"),
            lambda: plain.refresh({}, ["w1"]),
            lambda: plain.open_cell({}, "w1", "on_hand"),
            lambda: plain.get_map({}),
            lambda: plain.find_path({}, "w1"),
            lambda: plain.export_shown({}, [], []),
            lambda: plain.export_pairs({}, []),
        )
        for call in calls:
            with self.assertRaises(AccessError):
                call()

    def test_other_companies_stay_out(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        elsewhere = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        elsewhere.name = "Elsewhere House"
        self.add_stock(self.product_a, elsewhere, 1000)
        secret = self.env["product.product"].create(
            {"name": "Secret Goods", "default_code": "SECRET", "is_storable": True, "company_id": other.id}
        )
        board = self.board()
        asked = ({}, {"warehouse_ids": elsewhere.ids}, {"search": "Elsewhere"}, {"product_ids": self.product_a.ids})
        for query in asked:
            for by in ("region", "supply", "category"):
                page = board.load({**query, "by": by})
                self.assertLess(self.figure(page["total"], "on_hand"), 1000, query)
                self.assertNotIn(f"w{elsewhere.id}", [row["key"] for row in page["rows"]])
        self.assertEqual(board.expand({}, f"w{elsewhere.id}"), [])
        self.assertFalse(board.refresh({}, [f"w{elsewhere.id}p{self.product_a.id}"])["rows"].popitem()[1])
        self.assertFalse(board.load({"search": "SECRET"})["rows"])
        self.assertEqual(board._scope({"product_ids": secret.ids}).products, frozenset())
        action = board.open_cell({}, f"w{elsewhere.id}p{self.product_a.id}", "on_hand")
        self.assertFalse(self.env["stock.quant"].search(action["domain"]))

    def test_cells_open_what_is_behind_them(self):
        planner = self.board("planner")
        pair = f"w{self.store_east.id}p{self.product_a.id}"

        def behind(key, column, query=None):
            action = planner.open_cell({**self.only, **(query or {})}, key, column)
            return self.env[action["res_model"]].search(action["domain"])

        self.assertEqual(sum(behind(pair, "on_hand").mapped("quantity")), 7)
        east = f"r{self.env.ref('distrib_inventory.region_cn_east').id}"
        self.assertEqual(sum(behind(east, "on_hand").mapped("quantity")), 10)
        self.assertEqual(behind(east, "owned_on_hand").owner_id, self.dealer)
        self.assertEqual(behind(pair, "reserved").product_uom_qty, 2)
        self.assertEqual(behind(f"w{self.store_south.id}", "incoming").product_uom_qty, 4)
        self.assertEqual(behind(pair, "outgoing").product_uom_qty, 2)
        self.assertEqual(sum(behind(f"s{self.central.id}", "on_hand", {"by": "supply"}).mapped("quantity")), 115)
        self.assertEqual(sum(behind(f"p{self.product_b.id}", "on_hand", {"by": "category"}).mapped("quantity")), 3)
        self.assertEqual(len(behind("total", "on_hand")), 4)

    def test_moves_inside_a_warehouse_are_not_behind_its_numbers(self):
        gate = self.env["stock.location"].create(
            {"name": "Gate", "usage": "internal", "location_id": self.store_east.view_location_id.id}
        )
        self.new_move(self.product_b, 1, self.store_east.lot_stock_id, gate)
        action = self.board("planner").open_cell(self.only, f"w{self.store_east.id}p{self.product_b.id}", "forecast")
        self.assertFalse(self.env["stock.move"].search(action["domain"]))

    def test_a_role_without_moves_is_told_so(self):
        self.assertFalse(self.board("viewer").open_cell(self.only, f"w{self.store_east.id}", "reserved"))
        self.assertTrue(self.board("viewer").open_cell(self.only, f"w{self.store_east.id}", "on_hand"))

    def test_entries(self):
        action = self.product_a.product_tmpl_id.action_network_board()
        self.assertEqual(action["context"]["distrib_board"]["query"]["product_ids"], self.product_a.ids)
        action = self.regional_east.action_network_board()
        self.assertEqual(
            set(action["context"]["distrib_board"]["query"]["warehouse_ids"]),
            set((self.regional_east | self.store_east | self.dealer_warehouse).ids),
        )


@tagged("post_install", "-at_install")
class TestBoardNotifications(BoardCommon):
    def messages(self):
        self.env.flush_all()
        self.env.cr.precommit.run()
        rows = self.env["bus.bus"].search([("channel", "ilike", "distrib_network")])
        return [json.loads(row.message)["payload"] for row in rows if json.loads(row.message)]

    def setUp(self):
        super().setUp()
        self.messages()
        self.env["bus.bus"].search([]).unlink()
        self.env.cr.postcommit.data.pop("distrib_inventory.network_bus", None)

    def test_one_notification_for_many_changes(self):
        self.add_stock(self.product_a, self.central, 1)
        self.add_stock(self.product_b, self.central, 1)
        self.env.cr.flush()  # a savepoint, as core makes them all the time
        self.add_stock(self.product_a, self.store_south, 1)
        (message,) = self.messages()
        self.assertEqual(message["company_id"], self.company.id)
        pairs = {tuple(pair) for pair in message["pairs"]}
        self.assertEqual(
            pairs,
            {
                (self.central.id, self.product_a.id),
                (self.central.id, self.product_b.id),
                (self.store_south.id, self.product_a.id),
            },
        )

    def test_a_reservation_is_told(self):
        self.new_move(self.product_a, 1, self.central.lot_stock_id, self.customer)._action_assign()
        (message,) = self.messages()
        self.assertIn([self.central.id, self.product_a.id], message["pairs"])

    def test_what_changes_no_position_is_not_told(self):
        self.product_a.name = "Test Green Tea"
        self.env["stock.quant"].search([("product_id", "=", self.product_a.id)], limit=1).inventory_date = "2030-01-01"
        self.assertEqual(self.messages(), [])

    def test_very_many_changes_are_told_shortly(self):
        touch = self.env["distrib.network.touch"]
        touch._on_touched([(product, self.central.id) for product in range(1, 500)])
        (message,) = self.messages()
        self.assertNotIn("pairs", message)
        self.assertEqual(len(message["product_ids"]), 499)
        touch._on_touched([(product, self.central.id) for product in range(1, 5000)])
        (message,) = self.messages()
        self.assertTrue(message["all"])

    def test_only_viewers_of_the_company_hear_it(self):
        other = self.env["res.company"].create({"name": "Test Other Company"})
        # Core's own part needs a request.
        self.patch(IrWebsocket, "_build_bus_channel_list", lambda model, channels: channels)
        for user, expected in (
            (self.users["viewer"], [(self.company, "distrib_network")]),
            (self.new_user(), []),
            (self.env.ref("base.public_user"), []),
        ):
            found = self.env["ir.websocket"].with_user(user)._build_bus_channel_list(["distrib_network"])
            ours = [(channel[0].sudo(), channel[1]) for channel in found if self.is_ours(channel)]
            self.assertEqual(ours, expected, user.login)
            self.assertNotIn((other, "distrib_network"), found)
            self.assertNotIn("distrib_network", found)
        found = self.env["ir.websocket"].with_user(self.users["viewer"])._build_bus_channel_list(["other"])
        self.assertFalse([channel for channel in found if self.is_ours(channel)], "only who asks hears")

    def is_ours(self, channel):
        return isinstance(channel, tuple) and channel[1] == "distrib_network"


@tagged("post_install", "-at_install")
class TestBoardExport(HttpCase, BoardCommon):
    def export(self, login, **data):
        self.authenticate(login, login)
        return self.url_open(
            "/distrib/board/export",
            data={"csrf_token": Request.csrf_token(self), "query": json.dumps(self.only), **data},
        )

    def sheet(self, response):
        page = openpyxl.load_workbook(io.BytesIO(response.content)).active
        return [list(row) for row in page.iter_rows(values_only=True)]

    def test_what_is_shown(self):
        self.users["viewer"].lang = "en_US"
        answer = self.export(
            "test_viewer",
            columns='["on_hand", "available"]',
            expanded=json.dumps([f"w{self.store_east.id}"]),
            query=json.dumps({**self.only, "search": "TNJ"}),
        )
        rows = self.sheet(answer)
        self.assertEqual(rows[0][4:], ["On Hand", "Available"])
        self.assertEqual(rows[1][4:], [10, 8])

    def test_every_pair(self):
        rows = self.sheet(self.export("test_viewer", mode="pairs", columns='["on_hand"]'))
        self.assertEqual(len(rows) - 1, 6)
        self.assertEqual(sum(row[-1] for row in rows[1:]), 115)

    def test_others_get_nothing(self):
        self.new_user()
        self.assertEqual(self.export("test_plain").status_code, 403)
        self.assertEqual(self.export("test_viewer", query="{").status_code, 400)
