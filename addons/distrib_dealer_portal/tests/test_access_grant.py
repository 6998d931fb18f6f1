from unittest.mock import patch

from odoo.addons.portal.wizard.portal_wizard import PortalWizardUser
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import DealerCase


@tagged("post_install", "-at_install")
class TestAccessGrant(DealerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(cls.env, "dp_channel", groups="distrib_inventory.group_channel_manager")
        cls.contact = cls.env["res.partner"].create(
            {"name": "New buyer", "parent_id": cls.dealer.id, "email": "new.buyer@example.com"}
        )

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(PortalWizardUser, "_send_email", lambda line: True))

    def test_channel_manager_lets_a_contact_in(self):
        self.assertEqual(self.contact.dealer_access, "missing")
        self.contact.with_user(self.manager).action_grant_dealer_access()
        user = self.contact.user_ids
        self.assertTrue(user.share)
        self.assertTrue(user.has_group("distrib_dealer_portal.group_dealer"))
        self.assertEqual(self.contact.dealer_role, "buyer")
        self.assertEqual(self.contact.dealer_access, "granted")

    def test_existing_portal_user_gets_the_group(self):
        user = new_test_user(self.env, "dp_plain", groups="base.group_portal", email="plain@example.com")
        user.partner_id.parent_id = self.dealer
        user.partner_id.with_user(self.manager).action_grant_dealer_access()
        self.assertTrue(user.has_group("distrib_dealer_portal.group_dealer"))
        self.assertEqual(len(user.partner_id.user_ids), 1)

    def test_refusals_say_why(self):
        stranger = self.env["res.partner"].create({"name": "Stranger", "email": "s@example.com"})
        mute = self.env["res.partner"].create({"name": "No mail", "parent_id": self.dealer.id})
        colleague = new_test_user(self.env, "dp_colleague").partner_id
        colleague.parent_id = self.dealer
        for partner in (stranger, mute, colleague):
            with self.assertRaises(UserError):
                partner.with_user(self.manager).action_grant_dealer_access()
        clerk = new_test_user(self.env, "dp_clerk", groups="distrib_inventory.group_order_clerk")
        with self.assertRaises(UserError):
            self.contact.with_user(clerk).action_grant_dealer_access()
        self.assertFalse(self.contact.user_ids)
