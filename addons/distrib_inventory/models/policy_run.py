import logging
import time
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.sql_db import db_connect
from odoo.tools import SQL
from threadpoolctl import threadpool_limits

from ..engine.forecast import model as forecast_model
from .policy_learn import LEARN_DAYS
from .policy_plan import BATCH

_logger = logging.getLogger(__name__)
LOCK = "distrib_policy_run"
# Above this share of products a run reads everything: looking for what changed saves nothing.
WHOLE_SHARE = 0.5
# A transaction that began before a run and ended after it is seen by the next one.
OVERLAP = timedelta(hours=3)
KEEP_DAYS = 90
# From this share of values held back on, the input is more likely wrong than the world has changed.
MANY_HELD = 0.2


class PolicyRun(models.Model):
    """One run over the policies of a company: what it did, how far it is, what it held back.

    A run that is killed keeps what it wrote and its place; the next start goes on from there. The same day's run again
    reads the same history and what was learned, and so writes the same.
    """

    _name = "distrib.policy.run"
    _description = "Policy Run"
    _order = "id desc"
    _rec_name = "as_of"

    company_id = fields.Many2one("res.company", required=True, ondelete="cascade", readonly=True, index=True)
    as_of = fields.Date(string="Day", required=True, readonly=True, help="Demand before this day is looked at.")
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Stopped"),
            ("replaced", "Replaced"),
        ],
        default="waiting",
        required=True,
        readonly=True,
    )
    stage = fields.Selection(
        [("read", "Reading and learning"), ("plan", "Forecasting and writing"), ("propose", "Making proposals")],
        readonly=True,
    )
    is_whole = fields.Boolean(
        string="All Products", readonly=True, help="Else only those whose demand or terms changed."
    )
    wants_learning = fields.Boolean(readonly=True)
    progress = fields.Float(compute="_compute_progress", help="Share of the pairs done.")
    pair_count = fields.Integer(string="Pairs", readonly=True, help="Products in warehouses.")
    done_count = fields.Integer(string="Done", readonly=True)
    changed_count = fields.Integer(string="Changed", readonly=True)
    held_count = fields.Integer(string="Held Back", readonly=True)
    dropped_count = fields.Integer(string="Dropped", readonly=True, help="Without demand, or the product is archived.")
    proposal_count = fields.Integer(string="Open Proposals", readonly=True)
    last_warehouse_id = fields.Integer(readonly=True)
    last_product_id = fields.Integer(readonly=True)
    started_on = fields.Datetime(readonly=True)
    finished_on = fields.Datetime(readonly=True)
    seconds = fields.Float(string="Duration (s)", readonly=True, digits=(16, 1), aggregator="avg")
    note = fields.Char(readonly=True, help="What the planner should know of this run.")

    @api.depends("pair_count", "done_count", "state")
    def _compute_progress(self):
        for run in self:
            run.progress = 1.0 if run.state == "done" else run.done_count / run.pair_count if run.pair_count else 0.0

    # --- starting ------------------------------------------------------------------------------------------------

    @api.model
    def action_run_now(self):
        """Queue a run of the company for the worker in the background, and show it."""
        self._check_planner()
        # sudo: runs are written by the run alone
        run = self.sudo()._open(self.env.company, fields.Date.context_today(self), whole=True)
        self.env.ref("distrib_inventory.cron_policy").sudo()._trigger()  # sudo: planners may not start jobs
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": run.id,
            "views": [(False, "form")],
            "context": {"create": False},
        }

    def action_resume(self):
        """Queue runs that stopped once more; they go on where they were."""
        self._check_planner()
        stopped = self.filtered(lambda run: run.state == "failed").sudo()  # sudo: as above
        stopped.write({"state": "waiting", "note": False})
        self.env.ref("distrib_inventory.cron_policy").sudo()._trigger()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _check_planner(self):
        if not self.env.user.has_group("distrib_inventory.group_planner"):
            raise AccessError(self.env._("Only planners run the policies."))

    def action_view_held(self):
        self.ensure_one()
        return self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_policy_review")

    @api.model
    def _open(self, company, as_of, whole=False):
        """The unfinished run of this company and day, or a new one. Unfinished ones of other days are given up."""
        unfinished = self.search([("company_id", "=", company.id), ("state", "in", ("waiting", "running"))])
        today = unfinished.filtered(lambda run: run.as_of == as_of)[:1]
        (unfinished - today).write({"state": "replaced", "note": self.env._("A later run took its place.")})
        if today:
            return today
        whole = whole or self._needs_whole(company, as_of)
        return self.create({"company_id": company.id, "as_of": as_of, "is_whole": whole})

    @api.model
    def _needs_whole(self, company, as_of):
        """Whether what was learned is too old, or no run was finished since."""
        state = self.env["distrib.forecast.state"].search([("company_id", "=", company.id)])
        return not state or not 0 <= (as_of - state.learned_on).days < LEARN_DAYS or not self._last_done(company)

    @api.model
    def _last_done(self, company):
        return self.search([("company_id", "=", company.id), ("state", "=", "done")], limit=1)

    # --- running -------------------------------------------------------------------------------------------------

    @api.model
    def _cron_run(self):
        """The nightly run of every company that has warehouses; a company that fails does not stop the others."""
        for (company,) in self.env["stock.warehouse"]._read_group([], ["company_id"]):
            run = self._open(company, fields.Date.context_today(self))
            self.env["ir.cron"]._commit_progress(0)
            run._attempt()
            self.env["ir.cron"]._commit_progress(1)
        self._forget_old()

    def _attempt(self):
        """Execute; a failure is kept on the run, where the planner sees it, and in the log."""
        self.ensure_one()
        try:
            self._execute(commit=True)
        except Exception as error:  # whatever it was, the run says so and other companies go on
            self.env.cr.rollback()
            _logger.exception("the policy run of %s stopped", self.company_id.name)
            self.write({"state": "failed", "note": self.env._("The run stopped: %s", error)})

    def _execute(self, commit=False, propose=True):
        """Read, learn, write batch by batch; go on behind the last pair of an earlier attempt.

        :param commit: commit after each batch, so that what was done is kept
        """
        self.ensure_one()
        begun = time.monotonic()
        company = self.company_id
        # many small matrices: threads of the algebra library wait for each other more than they compute
        with self._lock(company), threadpool_limits(1, "blas"):
            self.write({"state": "running", "stage": "read", "started_on": self.started_on or fields.Datetime.now()})
            self._save(commit)
            products = None if self.is_whole else self._changed_products(company)
            if products is None or len(products):
                self._run_policies(company, products, commit)
            if propose:
                self.write({"stage": "propose"})
                self._save(commit)
                self.proposal_count = self.env["distrib.proposal"]._generate(as_of=self.as_of, company=company)
            self._finish(time.monotonic() - begun)
            self._save(commit)
        return self.pair_count

    def _run_policies(self, company, products, commit):
        policy = self.env["distrib.policy"]
        plan = policy._prepare_plan(company, self.as_of, products, fresh=self.wants_learning)
        if plan is None:
            return
        self.env["distrib.forecast.accuracy"]._settle(plan)
        keys = plan.history.keys
        begin = int(np.searchsorted(keys, (self.last_warehouse_id << 32) | self.last_product_id, side="right"))
        self.write({"stage": "plan", "pair_count": len(keys), "done_count": begin})
        self._save(commit)
        for part in forecast_model.chunks(len(keys) - begin, BATCH):
            self._run_batch(plan, slice(begin + part.start, begin + part.stop), commit)
        self.dropped_count = policy._drop_stale(company, plan.history, products)
        policy.invalidate_model()

    def _run_batch(self, plan, part, commit):
        policy = self.env["distrib.policy"]
        counts = policy._write_batch(plan.company, policy._plan_columns(plan, part), self.as_of)
        last = part.stop - 1
        self.write(
            {
                "done_count": part.stop,
                "changed_count": self.changed_count + counts["changed"],
                "held_count": self.held_count + counts["held"],
                "last_warehouse_id": int(plan.history.warehouse_id[last]),
                "last_product_id": int(plan.history.product_id[last]),
            }
        )
        self._save(commit)

    def _save(self, commit):
        self.flush_recordset()
        if commit:
            self.env["ir.cron"]._commit_progress(0)

    def _finish(self, seconds):
        self.write(
            {
                "state": "done",
                "stage": False,
                "finished_on": fields.Datetime.now(),
                "note": " ".join(self._notes()),
                "seconds": self.seconds + seconds,
            }
        )

    def _notes(self):
        """What the planner should know: much was held back, or the weather was not to be had."""
        notes = []
        if self.pair_count and self.held_count > MANY_HELD * self.pair_count:
            share = f"{self.held_count / self.pair_count:.0%}"
            notes.append(
                self.env._(
                    "%s of the policies were held back: look at the demand that was read before accepting them.", share
                )
            )
        weather = self.env["distrib.weather"]._service_state()
        if weather["state"] == "away":
            notes.append(weather["message"])
        return notes

    @contextmanager
    def _lock(self, company):
        """One run of a company at a time, over its commits; held by a connection of its own, which a kill closes."""
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s), %s)", (LOCK, company.id))
            if not cr.fetchone()[0]:
                raise UserError(self.env._("Policies of %s are being computed already.", company.name))
            yield

    @api.model
    def _changed_products(self, company):
        """Products whose demand or terms changed since the last finished run; None: so many that all are read."""
        since = self._last_done(company).started_on - OVERLAP
        warehouse, product = self.env["distrib.demand"]._changed_pairs(since)[:2]
        own = self.env["stock.warehouse"].search([("company_id", "=", company.id)]).ids
        changed = set(product[np.isin(warehouse, own)].tolist()) | self._changed_terms(company)
        self.env.cr.execute(
            "SELECT count(DISTINCT product_id) FROM distrib_policy WHERE company_id = %s", (company.id,)
        )
        known = self.env.cr.fetchone()[0]
        return None if len(changed) > WHOLE_SHARE * known else sorted(changed)

    @api.model
    def _changed_terms(self, company):
        """Products of policies edited by hand, of products and suppliers changed, since the last finished run."""
        since = self._last_done(company).started_on - OVERLAP
        self.env.cr.execute(
            SQL(
                """
                SELECT p.product_id FROM distrib_policy p
                 WHERE p.company_id = %(company)s AND p.service_override > 0
                   AND abs(p.service_override - p.service_target) > 1e-6
                UNION
                SELECT x.id FROM product_product x JOIN product_supplierinfo s ON s.product_tmpl_id = x.product_tmpl_id
                 WHERE s.write_date >= %(since)s
                UNION
                SELECT p.product_id FROM distrib_policy p JOIN stock_warehouse w ON w.id = p.warehouse_id
                 WHERE p.company_id = %(company)s AND w.write_date >= %(since)s
                """,
                company=company.id,
                since=since,
            )
        )
        return {row[0] for row in self.env.cr.fetchall()}

    @api.model
    def _forget_old(self):
        self.search([("create_date", "<", fields.Datetime.now() - timedelta(days=KEEP_DAYS))]).unlink()


class Policy(models.Model):
    _inherit = "distrib.policy"

    @api.model
    def _cron_recompute(self):
        self.env["distrib.policy.run"]._cron_run()

    @api.model
    def _recompute(self, as_of=None, company=None, commit=False):
        """Recompute all policies of a company from the days before ``as_of`` (today), without proposals.

        :param commit: commit after each batch (safe: a run is repeatable and each batch complete in itself)
        :return: number of policies
        """
        company = company or self.env.company
        as_of = fields.Date.to_date(as_of) or fields.Date.context_today(self)
        # sudo: runs are written by the run alone; who may start one was checked before
        run = self.env["distrib.policy.run"].sudo().create({"company_id": company.id, "as_of": as_of, "is_whole": True})
        return run._execute(commit=commit, propose=False)
