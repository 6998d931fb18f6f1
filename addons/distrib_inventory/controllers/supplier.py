import json
import logging
import time

from odoo.http import Controller, Response, request, route

from ..engine.supplier import signature
from ..models.supplier_answer import LIMIT

_logger = logging.getLogger(__name__)


class SupplierAnswers(Controller):
    """Where suppliers' systems post their answers to: docs/supplier_orders.md."""

    @route(
        "/distrib/supplier/<string:token>/answer", type="http", auth="public", methods=["POST"], csrf=False,
        save_session=False, max_content_length=LIMIT,
    )  # fmt: skip
    def answer(self, token, **_form):
        call = request.httprequest
        if (call.content_length or 0) > LIMIT:
            return _reply(413, status="error", message="at most 1 MB")
        raw = call.get_data(cache=False)
        # sudo: the supplier's system is nobody's user; it proves who it is by its signature
        link = request.env["distrib.supplier.link"].sudo().search([("token", "=", token)], limit=1)
        mark = call.headers.get(signature.SIGNATURE_HEADER, "")
        secret = link._secret("secret") if link else ""
        wrong = signature.verify(secret, call.headers.get(signature.TIMESTAMP_HEADER, ""), mark, raw, time.time())
        if wrong:
            # one answer for all causes but the clock, which only who can sign hears of
            _logger.warning("Answer of a supplier refused (%s) from %s", wrong, call.remote_addr)
            return _reply(401, status="error", message="stale" if wrong == "stale" else "not authorised")
        inbox = request.env["distrib.supplier.answer"].sudo().with_company(link.company_id)
        stamp = call.headers[signature.TIMESTAMP_HEADER]
        if inbox.search_count([("signature", "=", f"{stamp}:{mark}")], limit=1):
            return _reply(409, secret, status="duplicate", message="this very request was received before")
        answer, again = inbox._take(raw, _form_of(call), "webhook", link=link, signature=f"{stamp}:{mark}")
        return _answer_reply(answer, again, secret)


def _form_of(call):
    return "ubl" if "xml" in (call.mimetype or "") else "json"


def _answer_reply(answer, again, secret):
    words = {"id": answer.external_id, "state": answer.state}
    if again:
        return _reply(200, secret, status="duplicate", **words)
    if answer.state == "failed":
        problems = [{"code": code, "place": place} for code, place in answer.problems]
        return _reply(422, secret, status="error", problems=problems, **words)
    return _reply(200, secret, status="received", **words)


def _reply(code, secret=None, **words):
    """A JSON reply, signed where the asker has proved that he shares the secret."""
    body = json.dumps(words, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"}
    if secret:
        stamp = int(time.time())
        headers[signature.TIMESTAMP_HEADER] = str(stamp)
        headers[signature.SIGNATURE_HEADER] = signature.sign(secret, stamp, body)
    return Response(body, status=code, headers=headers)
