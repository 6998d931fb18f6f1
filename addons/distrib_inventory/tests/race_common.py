"""Calls on connections of their own that start from the same moment. No tests in this file."""

import threading
from contextlib import closing
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.sql_db import db_connect
from odoo.tests import get_db_name


class RaceMixin:
    """For a BaseCase: `connection()` and `at_once()`. The test removes what it commits."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())

    def connection(self):
        return Connection(self.registry)

    def at_once(self, *calls):
        """Run each call in a thread and a transaction of its own; none sees what another one will write."""
        barrier, results, errors = threading.Barrier(len(calls)), [None] * len(calls), []

        def run(index, call):
            try:
                with self.connection() as env:
                    first = threading.Event()

                    def attempt():
                        if not first.is_set():
                            # Take the snapshot, then wait for the others to have theirs.
                            env.cr.execute("SELECT 1 FROM res_users LIMIT 1")
                            first.set()
                            barrier.wait(timeout=20)
                        return call(env)

                    results[index] = retrying(attempt, env)
            except Exception as error:
                errors.append(error)

        with patch("odoo.service.model.random.uniform", lambda low, high: 0.05):
            threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
        self.assertFalse(errors)
        return results


class Connection:
    """An environment on a connection of its own; commits at the end, also where the test framework would not."""

    def __init__(self, registry):
        self.registry = registry

    def __enter__(self):
        self.closing = closing(db_connect(self.registry.db_name).cursor())
        self.cr = self.closing.__enter__()
        return api.Environment(self.cr, SUPERUSER_ID, {"tracking_disable": True})

    def __exit__(self, *error):
        if error[0] is None and not self.cr.closed:
            self.cr.commit()
        return self.closing.__exit__(*error)
