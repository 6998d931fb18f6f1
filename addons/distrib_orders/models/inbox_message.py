import json

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.http import request
from odoo.service.server import thread_local

from ..engine import intake
from .problems import as_errors, as_text, problem
from .races import retry_races

BATCH = 200
SUBMIT_METHOD = "distrib.channel.submit_orders"
KEPT_HEADERS = ("Content-Type", "Content-Length", "User-Agent")
RETRIED = ("waiting", "held", "failed")


class InboxMessage(models.Model):
    """What a channel sent, as received. Stored before anything else; reading it is a step of its own.

    The step can be repeated at any time: it finds the order it made before and changes nothing that is right.
    """

    _name = "distrib.inbox.message"
    _description = "Inbox Message"
    _order = "id desc"
    _rec_name = "external_id"

    channel_id = fields.Many2one("distrib.channel", required=True, index=True, ondelete="restrict", readonly=True)
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    external_id = fields.Char(string="Outside Number", readonly=True, help="The order's number in the outside system.")
    version = fields.Char(
        required=True, readonly=True, help="The sender's version, or # and a mark of the content when there is none."
    )
    received_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now, index=True)
    user_id = fields.Many2one("res.users", string="Sent By", readonly=True, default=lambda self: self.env.uid)
    source = fields.Selection(
        [
            ("rpc", "XML-RPC or JSON-RPC"),
            ("json2", "JSON-2"),
            ("pull", "Asked for"),
            ("push", "Pushed to us"),
            ("file", "File"),
            ("internal", "This system"),
        ],
        required=True,
        readonly=True,
        default="internal",
    )
    kind = fields.Selection(
        [("order", "Order"), ("refund", "Refund"), ("push", "Push")],
        required=True,
        readonly=True,
        default="order",
        help="A push is a call of the platform as it came; what it is about follows as a message of its own.",
    )
    headers = fields.Json(readonly=True)
    body = fields.Text(readonly=True)
    raw = fields.Binary(
        string="Bytes", readonly=True, attachment=False, help="As received, where it is not text in UTF-8."
    )
    body_hash = fields.Char(string="SHA-256", readonly=True)
    verdict = fields.Selection(
        [
            ("login", "By login"),
            ("asked", "Answer to our call"),
            ("valid", "Signature valid"),
            ("invalid", "Signature invalid"),
        ],
        string="Proof of Origin",
        required=True,
        readonly=True,
        default="login",
    )
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("done", "Done"),
            ("held", "Held"),
            ("failed", "Failed"),
            ("ignored", "Ignored"),
        ],
        required=True,
        readonly=True,
        default="waiting",
        index=True,
    )
    problems = fields.Json(readonly=True)
    error = fields.Text(string="Why", compute="_compute_error")
    order_id = fields.Many2one("sale.order", readonly=True, index="btree_not_null", ondelete="set null")
    attempts = fields.Integer(readonly=True)

    _identity_uniq = models.Constraint(
        "UNIQUE (channel_id, external_id, version)", "This version of the order was received before."
    )

    @api.depends("problems")
    @api.depends_context("lang")
    def _compute_error(self):
        for message in self:
            message.error = as_text(self.env, message.problems)

    # Taking in

    @api.model
    def _take(self, channel, payloads):
        """Store payloads, read them into the pool, and answer for each; see ``distrib.channel.submit_orders``."""
        # sudo: the same payload has the same effect whoever brings it, and who may bring one has been checked;
        # the inbox itself is closed to clerks because it holds the buyers' personal data.
        inbox = self.sudo().with_company(channel.company_id)
        with retry_races():
            messages, repeated = inbox._store(channel, payloads)
        outcomes = inbox.union(*messages).filtered(lambda m: m.state in RETRIED)._process()
        # A message that came twice in this call made its order once: the second time it is unchanged.
        return [
            message._answer(outcomes.pop(message.id, "unchanged"), again)
            for message, again in zip(messages, repeated, strict=True)
        ]

    @api.model
    def _store(self, channel, payloads):
        """One message for each payload, new or already there, and the problem where its content differs.

        :return: (list of messages, list of problems or None), both as long as ``payloads``
        """
        keys = [intake.identity(payload) for payload in payloads]
        known = self._known(channel, keys)
        origin = {**self._origin_values(), "channel_id": channel.id, "received_at": fields.Datetime.now()}
        fresh = {}
        for external_id, version, body, digest in keys:
            if (external_id, version) not in known:
                fresh.setdefault(
                    (external_id, version),
                    {
                        **origin,
                        "external_id": external_id,
                        "version": version,
                        "body": body,
                        "body_hash": digest,
                    },
                )
        created = self.create(list(fresh.values()))
        created.flush_recordset()
        known.update(zip(fresh, created, strict=True))
        messages = [known[key[:2]] for key in keys]
        return messages, [
            None if message.body_hash == key[3] else problem("other_content", "version")
            for message, key in zip(messages, keys, strict=True)
        ]

    @api.model
    def _known(self, channel, keys):
        found = self.search([("channel_id", "=", channel.id), ("external_id", "in", list({key[0] for key in keys}))])
        return {(message.external_id or "", message.version): message for message in found}

    @api.model
    def _origin_values(self):
        """By which way a call came, with those of its headers that carry no secret."""
        if source := self.env.context.get("distrib_source"):
            return {"source": source}
        if not request:
            # Odoo hides the request of XML-RPC and JSON-RPC from models and leaves the name of the method instead.
            called = getattr(thread_local, "rpc_model_method", "")
            return {"source": "rpc" if called == SUBMIT_METHOD else "internal"}
        call = request.httprequest
        headers = {name: call.headers[name] for name in KEPT_HEADERS if name in call.headers}
        return {
            "source": "json2" if call.path.startswith("/json/2/") else "internal",
            "headers": {**headers, "Remote-Address": call.remote_addr},
        }

    def _answer(self, status, again):
        """What the sender of this message hears."""
        self.ensure_one()
        if self.state in ("failed", "held"):
            status = self.state
        order = self.order_id
        return {
            "external_id": self.external_id or "",
            "status": status,
            "order_id": order.id or False,
            "name": order.name or False,
            "pool_state": order.pool_state or False,
            "errors": as_errors(self.env, [*(self.problems or []), *([again] if again else [])]),
        }

    # Reading

    def _process(self):
        """Read the messages into the pool, the newest version of each order only.

        :return: dict message id -> ``created``, ``updated``, ``unchanged``, ``held`` or ``failed``
        :raise ConcurrencyError: another transaction reads one of them now; run again, its result is then there
        """
        outcomes = {}
        if self.try_lock_for_update() != self:
            raise ConcurrencyError("inbox messages are being processed")
        for channel, group in self.sorted("id").grouped("channel_id").items():
            reader = self.env["distrib.intake"].with_company(channel.company_id)
            jobs = group._jobs(outcomes)
            with retry_races():
                outcomes.update(reader._accept(channel.with_company(channel.company_id), jobs))
        return outcomes

    def _jobs(self, outcomes):
        """(message, order) for the newest version of each order; the other messages are concluded."""
        jobs = {}
        for message in self:
            order, problems = message._read()
            if order is None:
                message._conclude("failed", [found.as_dict() for found in problems])
                outcomes[message.id] = "failed"
                continue
            late, before = None, jobs.get(order.external_id, (None,))[0]
            if before:
                late = message if intake.is_older(message.version, before.version) else before
                late._conclude("ignored", [problem("superseded", "version")])
                outcomes[late.id] = "unchanged"
            if late != message:
                jobs[order.external_id] = (message, order)
        return list(jobs.values())

    def _read(self):
        """The order in this message and its problems; no order when there is one that forbids it."""
        self.ensure_one()
        return intake.read_order(json.loads(self.body))

    def _conclude(self, state, problems=None, order=None):
        self.ensure_one()
        values = {"state": state, "problems": problems or False, "attempts": self.attempts + 1}
        if order:
            values["order_id"] = order.id
        self.write(values)

    def action_retry(self):
        """Read again, after the cause has been mended."""
        # sudo: see _take; the button is shown to those who may write messages.
        self.check_access("write")
        self.sudo().filtered(lambda m: m.state in (*RETRIED, "ignored"))._process()
        return True

    def action_ignore(self):
        self.filtered(lambda m: m.state in RETRIED).write({"state": "ignored"})
        return True

    def action_open_order(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.order_id.id,
            "views": [[False, "form"]],
        }

    @api.model
    def _cron_process(self, batch=BATCH):
        """Read what is still waiting, a batch for each transaction."""
        domain = [("state", "=", "waiting")]
        cron, last = self.env["ir.cron"], 0
        cron._commit_progress(remaining=self.search_count(domain))
        # What stays waiting (its platform is down) is left to the next run.
        while messages := self.search([*domain, ("id", ">", last)], order="id", limit=batch):
            last = messages[-1].id
            messages = messages.try_lock_for_update()
            messages._process()
            if not cron._commit_progress(len(messages)):
                break
