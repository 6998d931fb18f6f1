import json
import time

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..engine.supplier import signature
from .supplier_common import SECRET, SupplierCommon


@tagged("post_install", "-at_install")
class TestSupplierWebhook(HttpCase, SupplierCommon):
    def setUp(self):
        super().setUp()
        self.order = self.sent_order()
        self.env.flush_all()

    def body(self, **words):
        return json.dumps({"order": self.order.name, "id": "H1", "version": 1, "status": "accepted", **words}).encode()

    def post(self, body, secret=SECRET, stamp=None, token=None, headers=None, kind="application/json"):
        stamp = int(time.time()) if stamp is None else stamp
        signed = {
            signature.TIMESTAMP_HEADER: str(stamp),
            signature.SIGNATURE_HEADER: signature.sign(secret, stamp, body),
            "Content-Type": kind,
        }
        url = f"/distrib/supplier/{token or self.link.token}/answer"
        reply = self.url_open(url, data=body, headers={**signed, **(headers or {})})
        self.env.invalidate_all()
        return reply

    def answers(self):
        return self.env["distrib.supplier.answer"].search([("link_id", "=", self.link.id)])

    def test_an_answer_arrives_and_is_signed_for(self):
        reply = self.post(self.body(reference="S-5"))
        self.assertEqual((reply.status_code, reply.json()["status"]), (200, "received"))
        headers = reply.headers
        verdict = signature.verify(
            SECRET, headers[signature.TIMESTAMP_HEADER], headers[signature.SIGNATURE_HEADER], reply.content, time.time()
        )
        self.assertEqual(verdict, "")
        self.assertEqual(self.messages(self.order).state, "confirmed")
        again = self.post(self.body(reference="S-5"), stamp=int(time.time()) + 1)
        self.assertEqual((again.status_code, again.json()["status"]), (200, "duplicate"))
        self.assertEqual(len(self.answers()), 1)

    def test_a_replay_is_refused(self):
        stamp = int(time.time())
        self.assertEqual(self.post(self.body(), stamp=stamp).status_code, 200)
        self.assertEqual(self.post(self.body(), stamp=stamp).status_code, 409)
        self.assertEqual(len(self.answers()), 1)

    @mute_logger("odoo.addons.distrib_inventory.controllers.supplier")
    def test_who_cannot_sign_is_not_read(self):
        body, bad = self.body(), b"{ this is no json"
        replies = [
            self.post(body, secret="x" * 20),
            self.post(body, headers={signature.SIGNATURE_HEADER: ""}),
            self.post(body, headers={signature.TIMESTAMP_HEADER: "soon"}),
            self.post(body, token="0" * 32),
            self.post(bad, secret="x" * 20),
        ]
        self.assertEqual({reply.status_code for reply in replies}, {401})
        self.assertEqual(len({reply.content for reply in replies}), 1, "no hint at what was wrong")
        stale = self.post(body, stamp=int(time.time()) - 400)
        self.assertEqual((stale.status_code, stale.json()["message"]), (401, "stale"))
        self.assertFalse(self.answers(), "nothing is read or stored before the signature is good")
        self.link._keep_secrets({"secret": ""})
        self.assertEqual(self.post(body).status_code, 401, "an agreement without a secret takes nothing")

    def test_bad_content_is_kept_and_explained(self):
        reply = self.post(b"{ this is no json")
        self.assertEqual((reply.status_code, reply.json()["problems"][0]["code"]), (422, "not_json"))
        reply = self.post(self.body(status="changed"))
        self.assertEqual(reply.json()["problems"], [{"code": "no_lines", "place": "lines"}])
        self.assertEqual(self.answers().mapped("state"), ["failed", "failed"])

    def test_too_large(self):
        reply = self.post(b" " * (1024 * 1024 + 1))
        self.assertEqual(reply.status_code, 413)
        self.assertFalse(self.answers())

    def test_get_is_not_allowed(self):
        self.assertEqual(self.url_open(f"/distrib/supplier/{self.link.token}/answer").status_code, 405)

    def test_ubl(self):
        content = """<?xml version="1.0"?><OrderResponse xmlns="urn:oasis:names:specification:ubl:schema:xsd:OrderResponse-2"
            xmlns:b="b"><b:ID>U-1</b:ID><b:OrderResponseCode>AP</b:OrderResponseCode>
            <b:OrderReference><b:ID>%s</b:ID></b:OrderReference></OrderResponse>"""
        reply = self.post((content % self.order.name).encode(), kind="application/xml")
        self.assertEqual(reply.status_code, 200, reply.content)
        self.assertEqual(self.answers().form, "ubl")
