import json
import logging
import random
import time
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg2
import requests
from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError, ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, mute_logger

from ..engine.supplier import signature
from ..engine.supplier import state as life
from .supplier_link import HTTP_METHODS

_logger = logging.getLogger(__name__)

BATCH = 500
LEASE = timedelta(minutes=10)
REPLY_LIMIT = 256 * 1024
IDEMPOTENCY_HEADER = "Idempotency-Key"
NOTE_TRIES = 5


@dataclass(frozen=True)
class Job:
    """One post. Its secret is in no text of it."""

    url: str
    body: bytes = field(repr=False)
    headers: dict = field(repr=False)
    timeout: int
    proof: str = field(repr=False, default="")
    """Secret with which the reply has to be signed; empty where it need not be."""


class SupplierOrderSend(models.Model):
    """The sender. A try is noted and committed before anything leaves, so that a killed worker leaves a trace; the reply
    is noted in a transaction of its own. Between the two nothing in the database is held up by the network.
    """

    _inherit = "distrib.supplier.order"

    @api.model
    def _cron_send(self, batch=BATCH):
        self._release_stale()
        self._check_mails()
        due = self._due(batch)
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(due))
        for message in due:
            message._send()
            if not cron._commit_progress(1):
                break
        self._wake_for_next()

    @api.model
    def _due(self, limit=None):
        """What can be tried now: of each order the oldest version that is not concluded, sending not paused."""
        waiting = self.search(
            [
                ("state", "=", "queued"),
                ("next_try", "<=", fields.Datetime.now()),
                ("link_id.paused", "=", False),
                ("link_id.active", "=", True),
            ],
            order="next_try, id",
            limit=limit,
        )
        open_versions = self._read_group(
            [("purchase_id", "in", waiting.purchase_id.ids), ("state", "in", ("queued", "sending"))],
            ["purchase_id"],
            ["version:min"],
        )
        first = {order.id: version for order, version in open_versions}
        return waiting.filtered(lambda m: m.version == first.get(m.purchase_id.id))

    @api.model
    def _wake_for_next(self):
        soonest = self.search(
            [("state", "=", "queued"), ("link_id.paused", "=", False)], order="next_try", limit=1
        ).next_try
        if soonest:
            self._wake(at=max(soonest, fields.Datetime.now() + timedelta(seconds=1)))

    @api.model
    def _release_stale(self):
        """Messages whose worker died: whether the supplier has them is open, so they go out again under their key."""
        stale = self.search([("state", "=", "sending"), ("tried_on", "<", fields.Datetime.now() - LEASE)])
        stale = stale.try_lock_for_update()
        stale._step("expire", maybe_taken=True, problem="killed", next_try=fields.Datetime.now())

    def _commit(self):
        self.env["ir.cron"]._commit_progress()

    # --- one message -------------------------------------------------------------------------------------------

    def _send(self):
        """Try this message once. Another worker who is at it, or was, is left in peace."""
        self.ensure_one()
        self._commit()
        if not self._claim():
            return False
        if self.method not in HTTP_METHODS:
            return self._send_mail()
        job = self._job()
        self._commit()
        reply = self._post(job)
        self._note(life.judge(reply, speaks_json=self.method == "json_http"), reply.status)
        return True

    def _note(self, verdict, status=None):
        """Write down what a try came to. What the supplier said must not be lost to an answer of his that is noted at
        the same moment: then it is written again on top of that.
        """
        for left in range(NOTE_TRIES - 1, -1, -1):
            self._commit()
            try:
                self._conclude(verdict, status)
                self._commit()
                return
            except (ConcurrencyError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
                self.env.cr.rollback()
                self.env.transaction.reset()
                if not left:
                    raise

    def _claim(self):
        """Take the message for this try. :return: whether there is something to send"""
        if not self._lock_row() or self.state != "queued" or self.next_try > fields.Datetime.now():
            return False
        if self.attempts == 0 and not self.maybe_taken and self.kind != "cancel" and self._is_outdated():
            self._step("supersede")
            return False
        lacking = self.link_id._lacking()
        if lacking:
            self._give_up(lacking)
            return False
        try:
            with self.env.cr.savepoint():
                self._prepare_files()
        except (UserError, ValidationError) as error:
            self._give_up("not_made", str(error)[:500])
            return False
        self._step("take", attempts=self.attempts + 1, tried_on=fields.Datetime.now())
        return True

    def _lock_row(self):
        """Hold the row, as it is now. False: somebody else has it, or has just changed it."""
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint(flush=False):
                locked = self.try_lock_for_update()
        except psycopg2.errors.SerializationFailure:
            return False
        self.invalidate_recordset()
        return locked == self

    def _is_outdated(self):
        """The order has changed since this was queued, and a newer version is there."""
        return bool(
            self.search_count([("purchase_id", "=", self.purchase_id.id), ("version", ">", self.version)], limit=1)
        )

    def _give_up(self, code, text=False):
        self._step("refuse", problem=code, problem_text=text)
        self._tell_buyer()

    def _conclude(self, verdict, status=None):
        self.env.cr.execute(SQL("SELECT id FROM distrib_supplier_order WHERE id = %s FOR UPDATE", self.id))
        self.invalidate_recordset()
        values = {
            "problem": verdict.code,
            "problem_text": verdict.text if verdict.event != "accept" else False,
            "http_status": status or 0,
            "maybe_taken": self.maybe_taken or verdict.maybe_taken,
            "reference": verdict.reference or self.reference,
        }
        if verdict.event == "accept":
            self._step("accept", **{**values, **self._sent_values()})
            if verdict.acknowledged:
                self._step("acknowledge", answered_on=fields.Datetime.now())
            return
        event = verdict.event
        if event == "retry" and self.attempts >= self.link_id.max_attempts:
            event = "refuse"
        wait = life.backoff(max(self.attempts, 1), random.random())
        wait = max(wait, verdict.retry_after or 0)
        self._step(event, **values, next_try=fields.Datetime.now() + timedelta(seconds=wait))
        if self.state == "failed":
            self._tell_buyer()

    def _sent_values(self):
        now = fields.Datetime.now()
        return {"sent_on": now, "answer_due": now + timedelta(days=self.link_id.answer_days), "problem": False}

    # --- HTTP --------------------------------------------------------------------------------------------------

    def _job(self):
        """All that posting needs, so that no transaction is open meanwhile."""
        link, secret = self.link_id, self.link_id._secret("secret")
        body, kind = self._wire()
        headers = {"Content-Type": kind, IDEMPOTENCY_HEADER: self.key, "User-Agent": "distrib"}
        if secret:
            stamp = int(time.time())
            headers[signature.TIMESTAMP_HEADER] = str(stamp)
            headers[signature.SIGNATURE_HEADER] = signature.sign(secret, stamp, body)
        proof = secret if link.signs_replies else ""
        return Job(link.endpoint, body, headers, link.timeout_seconds, proof)

    @api.model
    def _post(self, job):
        """Post a payload. :return: the engine's Reply, whatever happens"""
        try:
            with requests.Session() as session:
                # no proxies and no passwords from the machine's environment
                session.trust_env = False
                response = session.post(
                    job.url,
                    data=job.body,
                    headers=job.headers,
                    timeout=job.timeout,
                    allow_redirects=False,
                    stream=True,
                )
                return self._read_reply(response, job)
        except requests.exceptions.SSLError:
            return life.Reply(None, error="tls")
        except requests.exceptions.ConnectTimeout:
            return life.Reply(None, error="connect")
        except requests.exceptions.Timeout:
            return life.Reply(None, error="timeout")
        except requests.exceptions.ConnectionError as error:
            return life.Reply(None, error=_broken(error))
        except requests.exceptions.RequestException as error:
            _logger.info("Posting to a supplier: %s", type(error).__name__)
            return life.Reply(None, error="closed")

    def _read_reply(self, response, job):
        """At most `REPLY_LIMIT` bytes, within the time-out in all: a slow drip is a time-out, too."""
        deadline = time.monotonic() + job.timeout
        content = b""
        for part in response.iter_content(8192):
            content += part
            if len(content) > REPLY_LIMIT:
                return life.Reply(None, error="big")
            if time.monotonic() > deadline:
                return life.Reply(None, error="timeout")
        signed = None
        if job.proof:
            given = response.headers
            signed = not signature.verify(
                job.proof,
                given.get(signature.TIMESTAMP_HEADER, ""),
                given.get(signature.SIGNATURE_HEADER, ""),
                content,
                time.time(),
            )
        return life.Reply(
            response.status_code, _json_object(content), signed=signed, retry_after=_retry_after(response.headers)
        )


def _json_object(content):
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _retry_after(headers):
    """Seconds; the form with a date (RFC 9110, 10.2.3) is rare, our own wait serves for it."""
    value = headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None


def _broken(error):
    """What broke, from urllib3's cause: who was never reached cannot have the order."""
    reason = getattr(error.args[0], "reason", error.args[0]) if error.args else None
    name = type(reason).__name__
    if name in ("NewConnectionError", "NameResolutionError"):
        return "connect"
    return "timeout" if name == "ReadTimeoutError" else "closed"
