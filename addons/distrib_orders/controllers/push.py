import logging
import time

from odoo.http import Controller, HttpDispatcher, Response, request, route
from werkzeug.exceptions import RequestEntityTooLarge

from ..connectors import registry
from ..connectors.types import Answer, Push

_logger = logging.getLogger(__name__)

BODY_LIMIT = 2_000_000
WAKE_EVERY = 5.0
_woken = {"at": 0.0}


class RawDispatcher(HttpDispatcher):
    """Keeps the raw body: read as a form, as Odoo does before it calls a controller, it would be gone."""

    routing_type = "distrib_raw"

    @classmethod
    def is_compatible_with(cls, request):
        return True

    def dispatch(self, endpoint, args):
        length = self.request.httprequest.content_length
        if (length or 0) > BODY_LIMIT:
            # Told from the header alone: the body of a flood is not read. Without a length there is no body.
            _logger.warning("A push of %s bytes to %s refused", length, self.request.httprequest.path)
            raise RequestEntityTooLarge
        self.request.httprequest.get_data(cache=True)
        return super().dispatch(endpoint, args)


class ChannelPush(Controller):
    """Where platforms call us: prove, store, answer. What the call is about is read afterwards, by the inbox."""

    @route(
        "/distrib/push/<int:channel_id>",
        type="distrib_raw",
        auth="public",
        methods=["GET", "POST"],
        csrf=False,
        save_session=False,
    )
    def push(self, channel_id, **query):
        # sudo: a platform has no login here; its signature is what lets it in, and all it can do is leave a message.
        channel = request.env["distrib.channel"].sudo().browse(channel_id).exists()
        platform = channel.active and registry.platforms().get(channel.platform)
        if not platform or not platform.push:
            return Response("unknown\n", status=404, content_type="text/plain")
        push = Push(request.httprequest.get_data(), dict(request.httprequest.headers), dict(request.httprequest.args))
        return self._response(self._receive(channel, platform.push, push))

    def _receive(self, channel, reader, push):
        account = channel._account()
        good = reader.verify(push, account, time.time())
        greet = getattr(reader, "greet", None)
        if request.httprequest.method == "GET":
            return greet(push, account) if good and greet else Answer(403, "refused\n")
        kept = Push(push.body, self._kept_headers(push), push.query)
        request.env["distrib.inbox.message"].sudo().with_company(channel.company_id)._store_push(
            channel, kept, "valid" if good else "invalid"
        )
        if good:
            self._wake()
        return reader.answer(push, account, good)

    def _kept_headers(self, push):
        """The platform's own headers, without anything that logs in."""
        left_out = ("authorization", "cookie", "proxy-authorization", "x-shopify-access-token")
        kept = {name: value[:500] for name, value in push.headers.items() if name.lower() not in left_out}
        return {**kept, "Remote-Address": request.httprequest.remote_addr}

    def _wake(self):
        """Have the inbox read soon; once for a burst, as every trigger is a row of its own."""
        now = time.monotonic()
        if now - _woken["at"] > WAKE_EVERY:
            _woken["at"] = now
            request.env.ref("distrib_orders.cron_process_inbox").sudo()._trigger()

    def _response(self, answer):
        return Response(answer.body, status=answer.status, content_type=answer.content_type)
