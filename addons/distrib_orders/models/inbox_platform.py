import base64
import hashlib
import json
from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from ..connectors import registry
from ..connectors.errors import ChannelError
from ..connectors.types import Account, Push, Raw
from ..engine import intake
from .problems import problem

FETCH_BATCH = 50
AGAIN = "+"


class InboxPlatform(models.Model):
    """Messages of platforms: stored as they are, read through the platform's mapper."""

    _inherit = "distrib.inbox.message"

    # Storing

    @api.model
    def _store_raw(self, channel, raws, source="pull", verdict="asked"):
        """Keep what a platform said, once for each version of it.

        Two changes within one tick of the platform's clock have one version and two contents: the later one is kept as
        a version behind the first.

        :param raws: sequence of :class:`..connectors.types.Raw`
        :return: the new messages
        """
        rows, first = [], {}
        for raw in raws:
            digest = _digest(raw.body)
            version = raw.version or intake.UNSTAMPED + digest[:16]
            if first.setdefault((raw.external_id, version), digest) == digest:
                rows.append((raw.external_id, version, raw.kind, raw.body, digest))
            else:
                rows.append((raw.external_id, f"{version}{AGAIN}{digest[:8]}", raw.kind, raw.body, digest))
        new = self._insert(channel, rows, source, verdict)
        stored = {(row[0], row[1]): row[4] for row in rows}
        changed = self._stored_otherwise(channel, stored)
        again = [(row[0], f"{row[1]}{AGAIN}{row[4][:8]}", *row[2:]) for row in rows if (row[0], row[1]) in changed]
        return new | self._insert(channel, again, source, verdict)

    @api.model
    def _stored_otherwise(self, channel, stored):
        """Of (external id, version) -> digest: the keys that are in the inbox with another content."""
        if not stored:
            return set()
        rows = self.env.execute_query(
            SQL(
                "SELECT external_id, version, body_hash FROM distrib_inbox_message"
                " WHERE channel_id = %s AND (external_id, version) IN %s",
                channel.id,
                tuple(stored),
            )
        )
        return {(external, version) for external, version, digest in rows if stored[external, version] != digest}

    @api.model
    def _insert(self, channel, rows, source, verdict, **more):
        """Messages for rows of (external id, version, kind, body, digest); those already there are left out."""
        if not rows:
            return self.browse()
        self.flush_model()
        values = {
            "channel_id": channel.id, "company_id": channel.company_id.id, "source": source, "verdict": verdict,
            "state": "waiting", "attempts": 0, "user_id": self.env.uid, "received_at": fields.Datetime.now(),
            "create_uid": self.env.uid, "write_uid": self.env.uid, "create_date": fields.Datetime.now(),
            "write_date": fields.Datetime.now(), **more,
        }  # fmt: skip
        found = self.env.execute_query(
            SQL(
                """
                INSERT INTO distrib_inbox_message (external_id, version, kind, body, body_hash, %s)
                SELECT r.*, %s FROM (VALUES %s) AS r
                ON CONFLICT (channel_id, external_id, version) DO NOTHING
                RETURNING id
                """,
                SQL(", ").join(SQL.identifier(name) for name in values),
                SQL(", ").join(SQL("%s", value) for value in values.values()),
                SQL(", ").join(SQL("%s", tuple(row)) for row in rows),
            )
        )
        return self.browse(message for (message,) in found)

    @api.model
    def _store_push(self, channel, push, verdict):
        """Keep a call of a platform as it came. The same call that comes again is the one that is there.

        :return: the new message, or none
        """
        try:
            body, raw = push.body.decode("utf-8"), None
        except UnicodeDecodeError:
            body, raw = None, base64.b64encode(push.body)
        if body is not None and "\x00" in body:
            body, raw = None, base64.b64encode(push.body)
        digest = hashlib.sha256(push.body).hexdigest()
        row = ("", f"{intake.UNSTAMPED}{digest}", "push", body, digest)
        more = {"headers": json.dumps({**push.headers, "Query": dict(push.query)}), "raw": raw}
        if verdict == "invalid":
            # Kept as a trace; nothing is ever read from it.
            more |= {"state": "ignored"}
            row = (row[0], f"{row[1]}!", *row[2:])
        return self._insert(channel, [row], "push", verdict, **more)

    # Reading

    def _read(self):
        """The order in this message, or None and the problems."""
        self.ensure_one()
        if self.masked_at:
            # Read again, the order would lose its buyer.
            return None, (intake.Problem("forgotten", ""),)
        try:
            payload = json.loads(self.body or "")
        except ValueError:
            return None, (intake.Problem("not_json", ""),)
        if not self.channel_id.platform or self.source in ("rpc", "json2", "internal", "file"):
            return intake.read_order(payload)
        try:
            words = registry.get(self.channel_id.platform).read_order(payload, self._platform_account())
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            return None, (intake.Problem("unreadable", "", {"value": f"{type(error).__name__}: {error}"[:300]}),)
        return intake.read_order({**words, "external_id": self.external_id, "version": self.version})

    def _platform_account(self):
        """What a mapper may know: the shop and its options, no secret."""
        channel = self.channel_id.sudo()  # sudo: mappers need the shop's own numbers, whoever reads the message again
        return Account(key=channel.app_key or "", shop=channel.shop_ref or "", options=channel.platform_options or {})

    def _process(self):
        """Orders as before; a push first becomes the orders that it is about."""
        pushes = self.filtered(lambda m: m.kind == "push")
        refunds = self.filtered(lambda m: m.kind == "refund")
        if not pushes and not refunds:
            return super()._process()
        outcomes = {}
        orders = (self - pushes - refunds) | pushes._open_pushes(outcomes)
        if orders:
            outcomes.update(super(InboxPlatform, orders)._process())
        if refunds:
            outcomes.update(refunds._process_refunds())
        return outcomes

    def _open_pushes(self, outcomes):
        """The messages that pushes bring: orders that came along, and orders fetched because a push names them."""
        found, wanted = self.browse(), defaultdict(lambda: self.browse())
        for push in self:
            notices, problems = push._notices()
            if problems:
                push._conclude("failed", problems)
                outcomes[push.id] = "failed"
                continue
            brought = [
                Raw(notice.external_id, notice.version, notice.payload, notice.kind)
                for notice in notices
                if notice.payload
            ]
            found |= self._store_raw(push.channel_id, brought, "push", push.verdict)
            for notice in notices:
                if not notice.payload:
                    wanted[push.channel_id, notice.external_id] |= push
            if all(notice.payload for notice in notices):
                push._conclude("done")
                outcomes[push.id] = "done"
        return found | self._fetch(wanted, outcomes)

    def _notices(self):
        self.ensure_one()
        platform = registry.platforms().get(self.channel_id.platform)
        if not platform or not platform.push:
            return [], [problem("no_platform")]
        body = base64.b64decode(self.raw) if self.raw else (self.body or "").encode()
        headers = dict(self.headers or {})
        push = Push(body, headers, headers.pop("Query", {}))
        try:
            return platform.push.read(push, self.channel_id._account()), []
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return [], [problem("unreadable", "", value=f"{type(error).__name__}: {error}"[:300])]

    @api.model
    def _fetch(self, wanted, outcomes):
        """Ask for the orders that pushes name: dict (channel, number) -> pushes. What cannot be had now stays waiting."""
        found, clients, down = self.browse(), {}, set()
        for (channel, number), pushes in wanted.items():
            if channel in down:
                continue
            client = clients.setdefault(channel, channel._client())
            try:
                raw = channel._talk(client, lambda client, number=number: client.order(number))
            except ChannelError as error:
                channel._note_connection(error)
                down.add(channel)
                continue
            if raw:
                found |= self._store_raw(channel, [raw])
            for push in pushes.filtered(lambda p: p.state == "waiting"):
                push._conclude("done", [] if raw else [problem("unknown_there", value=number)])
                outcomes[push.id] = "done"
        return found

    def _process_refunds(self):
        """Refunds that a platform keeps apart from its orders."""
        outcomes = {}
        for channel, group in self.sorted("id").grouped("channel_id").items():
            reader, jobs = registry.get(channel.platform).read_refund, []
            for message in group:
                try:
                    jobs.append((message, reader(json.loads(message.body), message._platform_account())))
                except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
                    text = f"{type(error).__name__}: {error}"[:300]
                    message._conclude("failed", [problem("unreadable", "", value=text)])
                    outcomes[message.id] = "failed"
            channel = channel.with_company(channel.company_id)
            outcomes.update(self.env["distrib.intake"].with_company(channel.company_id)._accept_refunds(channel, jobs))
        return outcomes


def _digest(body):
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
