from datetime import timedelta

from odoo import fields
from odoo.tests import new_test_user, tagged

from .common import LogisticsCase


@tagged("post_install", "-at_install")
class TestHome(LogisticsCase):
    def cards(self, role):
        login = f"home_{role}"
        user = self.env["res.users"].search([("login", "=", login)]) or new_test_user(
            self.env, login, groups=f"distrib_inventory.group_{role}"
        )
        return {card["key"]: card for card in self.env["distrib.home"].with_user(user).get_cards()}

    def test_cards_count_what_logistics_has_to_do(self):
        before = self.cards("logistics")
        late, trouble, _waiting = self.confirmed_orders([self.dealer] * 3)
        self.ship(late).expected_at = fields.Datetime.now() - timedelta(days=1)
        self.ship(trouble, ["SF77"])
        self.env["distrib.parcel"].record_events([self.event("SF77", 1, "delivery_failed")])
        after = self.cards("logistics")
        for key in ("to_ship", "parcels_late", "parcels_trouble"):
            self.assertEqual(after[key]["count"], before[key]["count"] + 1, key)

    def test_other_roles_have_no_such_cards(self):
        self.assertNotIn("parcels_late", self.cards("planner"))
