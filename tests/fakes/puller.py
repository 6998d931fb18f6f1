"""A pull and an inbox as the suite has them (``models/channel_pull.py``, ``inbox_platform.py``), without a database."""

import dataclasses
import hashlib
import json
from datetime import datetime, timedelta

from distrib_orders.connectors.client import Client
from distrib_orders.connectors.errors import ChannelError, TokenExpired
from distrib_orders.engine import intake, pull

from .china import Clock


class Puller:
    """``inbox``: (kind, number, version) -> body. ``pull`` moves the cursor only over windows that were read whole."""

    def __init__(self, client: Client, clock: Clock, kinds: tuple[str, ...] = ("orders", "refunds")) -> None:
        self.client, self.clock, self.kinds = client, clock, kinds
        self.inbox: dict[tuple[str, str, str], str] = {}
        self.cursors = dict.fromkeys(kinds, clock.utc())
        self.failures: list[str] = []

    def pull(self) -> None:
        client = self.client
        try:
            for kind in self.kinds:
                marks = {"longest": client.slice, "overlap": client.overlap, "lag": client.lag, "reach": client.reach}
                for start, end in pull.windows(self.cursors[kind], client.now(), **marks):
                    self._read(kind, start, end)
                    self.cursors[kind] = end
        except ChannelError as error:
            self.failures.append(f"{type(error).__name__} {error.code}: {error}")

    def _read(self, kind: str, start: datetime, end: datetime) -> None:
        for _attempt in range(2):
            try:
                for page in getattr(self.client, kind)(start, end):
                    for raw in page:
                        self._store(raw)
                return
            except TokenExpired:
                token = self.client.renew()
                account = self.client.account
                again = token.refresh_token or account.refresh_token
                self.client.account = dataclasses.replace(account, token=token.access, refresh_token=again)
        raise ChannelError("the new token is not taken either")

    def _store(self, raw) -> None:
        known = self.inbox.setdefault((raw.kind, raw.external_id, raw.version), raw.body)
        if known != raw.body:
            mark = hashlib.sha256(raw.body.encode()).hexdigest()[:8]
            self.inbox[raw.kind, raw.external_id, f"{raw.version}+{mark}"] = raw.body

    def latest(self, kind: str = "order") -> dict[str, dict]:
        """The newest version of each order."""
        newest: dict[str, str] = {}
        for found, external, version in self.inbox:
            if found == kind and (external not in newest or intake.is_older(newest[external], version)):
                newest[external] = version
        return {external: json.loads(self.inbox[kind, external, version]) for external, version in newest.items()}

    def settle(self) -> None:
        """Pull until everything that has changed must be here."""
        self.clock.move((self.client.lag + timedelta(minutes=1)).total_seconds())
        failed = len(self.failures)
        self.pull()
        assert len(self.failures) == failed, self.failures[-1]
