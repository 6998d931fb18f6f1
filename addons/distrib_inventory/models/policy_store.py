from io import BytesIO

import numpy as np
from odoo import api, models
from odoo.tools import SQL

from ..engine import guard, pgcopy
from .policy_plan import CODES

NUMBERS = (
    "service_target",
    "demand_mean",
    "demand_sigma",
    "demand_p50",
    "demand_p90",
    "demand_p98",
    "usual_mean",
    "usual_sigma",
    "own_mean",
    "lead_time_days",
    "lead_time_sigma",
    "review_days",
    "wait_days",
    "expected_fill",
)
LEVELS = ("safety_stock", "reorder_point", "order_up_to")
FACTS = ("days", "censored", "supplies", "capped")
_COLUMNS = [
    ("warehouse_id", "int4"),
    ("product_id", "int4"),
    *((name, "double") for name in (*NUMBERS, *LEVELS, *(f"held_{name}" for name in LEVELS))),
    *((name, "int4") for name in (*CODES, *FACTS, "held_reason", "service_rule_id")),
]
# Stored numbers have so many digits: a change below is no change.
DIGITS = 4


class PolicyStore(models.Model):
    """Writes the columns of a batch: guard rails first, then one statement; what did not change is not written."""

    _inherit = "distrib.policy"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _write_batch(self, company, columns, as_of):
        """Write a batch of policies; return dict of how many were changed and how many are held back."""
        columns = {name: np.asarray(values) for name, values in columns.items()}
        held = self._held_back(company, columns)
        changed = self._upsert(self._rounded(columns), as_of)
        self.env["distrib.forecast.accuracy"]._issue(columns, as_of)
        return {"changed": changed, "held": int(held.sum())}

    @api.model
    def _held_back(self, company, columns):
        """Put the levels that are held back aside in ``columns``: the old ones stay; return which (n,)."""
        old = self._stored_levels(columns)
        top = np.stack([columns[name] for name in LEVELS]).astype(np.float64)
        limits = guard.Limits(company.distrib_guard_times, company.distrib_guard_least)
        reference = np.where(np.isfinite(old["guard_level"]), old["guard_level"], old["order_up_to"])
        code = guard.check(top, reference, limits)
        refused = guard.still_refused(np.nan_to_num(top[-1]), old["refused_level"])
        held = code != guard.FREE
        for place, name in enumerate(LEVELS):
            previous = np.nan_to_num(old[name])
            wanted = np.where(np.isfinite(top[place]), top[place], 0.0)
            columns[f"held_{name}"] = np.where(held, wanted, 0.0)
            columns[name] = np.where(held, previous, top[place])
        for name in (*NUMBERS, "usual_mean"):
            columns[name] = np.nan_to_num(columns[name], nan=0.0, posinf=0.0, neginf=0.0)
        columns["held_reason"] = np.where(held & ~refused, code, guard.FREE).astype(np.int64)
        return held & ~refused

    @api.model
    def _stored_levels(self, columns):
        """The levels these pairs have now, that of a week ago and the one a planner refused; NaN where none."""
        names = (*LEVELS, "guard_level", "refused_level")
        wanted = (columns["warehouse_id"].astype(np.int64) << 32) | columns["product_id"]
        self.env.cr.execute(
            SQL(
                "SELECT p.warehouse_id, p.product_id, %s FROM distrib_policy p"
                " WHERE p.warehouse_id = ANY(%s) AND p.product_id = ANY(%s)",
                SQL(", ").join(SQL.identifier("p", name) for name in names),
                np.unique(columns["warehouse_id"]).tolist(),
                np.unique(columns["product_id"]).tolist(),
            )
        )
        rows = np.array(self.env.cr.fetchall(), np.float64).reshape(-1, 2 + len(names))
        keys = (rows[:, 0].astype(np.int64) << 32) | rows[:, 1].astype(np.int64)
        order = np.argsort(keys)
        place = np.searchsorted(keys, wanted, sorter=order).clip(max=max(len(keys) - 1, 0))
        found = np.full((len(names), len(wanted)), np.nan)
        if len(keys):
            line = order[place]
            known = keys[line] == wanted
            found[:, known] = rows[line[known], 2:].T
        return dict(zip(names, found, strict=True))

    @staticmethod
    def _rounded(columns):
        return {
            name: np.round(np.asarray(columns[name], np.float64), DIGITS) if kind == "double" else columns[name]
            for name, kind in _COLUMNS
        }

    @api.model
    def _upsert(self, values, as_of):
        cr = self.env.cr
        kinds = {"int4": SQL("integer"), "double": SQL("float8")}
        declared = SQL(", ").join(SQL("%s %s", SQL.identifier(name), kinds[kind]) for name, kind in _COLUMNS)
        cr.execute(SQL("CREATE TEMP TABLE IF NOT EXISTS distrib_policy_incoming (%s) ON COMMIT DROP", declared))
        cr.execute("TRUNCATE distrib_policy_incoming")
        cr.copy_expert(
            "COPY distrib_policy_incoming FROM STDIN (FORMAT BINARY)", BytesIO(pgcopy.encode(_COLUMNS, values))
        )
        cr.execute(self._upsert_sql(as_of))
        return cr.rowcount

    @api.model
    def _upsert_sql(self, as_of):
        """Insert or update from the incoming table. A week after it was taken, the level compared with is taken anew."""
        source = self._stored_columns()
        names = SQL(", ").join(SQL.identifier(name) for name in source)
        current = SQL(", ").join(SQL.identifier("distrib_policy", name) for name in source)
        coming = SQL(", ").join(SQL("EXCLUDED.%s", SQL.identifier(name)) for name in source)
        return SQL(
            """
            INSERT INTO distrib_policy (warehouse_id, product_id, company_id, %(names)s, computed_on, service_override,
                                        guard_level, guard_on, held_since,
                                        create_uid, create_date, write_uid, write_date)
            SELECT i.warehouse_id, i.product_id, w.company_id, %(values)s, clock_timestamp() AT TIME ZONE 'UTC', 0,
                   i.order_up_to, %(day)s, CASE WHEN i.held_reason > 0 THEN %(day)s::date END,
                   %(user)s, now() AT TIME ZONE 'UTC', %(user)s, now() AT TIME ZONE 'UTC'
              FROM distrib_policy_incoming i
              JOIN stock_warehouse w ON w.id = i.warehouse_id
              JOIN product_product p ON p.id = i.product_id AND p.active
            ON CONFLICT (product_id, warehouse_id) DO UPDATE
               SET (%(names)s) = ROW(%(coming)s), computed_on = EXCLUDED.computed_on, write_date = EXCLUDED.write_date,
                   held_since = CASE WHEN EXCLUDED.held_reason IS NULL THEN NULL
                                     ELSE COALESCE(distrib_policy.held_since, EXCLUDED.held_since) END,
                   guard_level = CASE WHEN EXCLUDED.guard_on >= distrib_policy.guard_on + 7
                                           OR distrib_policy.guard_on IS NULL
                                      THEN distrib_policy.order_up_to ELSE distrib_policy.guard_level END,
                   guard_on = CASE WHEN EXCLUDED.guard_on >= distrib_policy.guard_on + 7
                                        OR distrib_policy.guard_on IS NULL
                                   THEN EXCLUDED.guard_on ELSE distrib_policy.guard_on END
             WHERE (%(current)s) IS DISTINCT FROM (%(coming)s) OR EXCLUDED.guard_on >= distrib_policy.guard_on + 7
            """,
            names=names,
            values=SQL(", ").join(source.values()),
            coming=coming,
            current=current,
            day=as_of,
            user=self.env.uid,
        )

    @api.model
    def _stored_columns(self):
        """Column -> the SQL that fills it from the incoming table ``i``."""
        numbers = [name for name, kind in _COLUMNS if kind == "double"]
        found = {name: SQL.identifier("i", name) for name in numbers}
        for name, words in {**CODES, "held_reason": guard.REASONS}.items():
            found[name] = SQL("NULLIF((%s::text[])[i.%s + 1], '')", list(words), SQL.identifier(name))
        found["service_rule_id"] = SQL("NULLIF(GREATEST(i.service_rule_id, 0), 0)")  # -1: the policy's own target
        facts = SQL(", ").join(SQL("%s::text, %s", name, SQL.identifier("i", name)) for name in FACTS)
        found["reason_data"] = SQL("jsonb_build_object(%s)", facts)
        return found

    @api.model
    def _drop_stale(self, company, history, product_ids=None):
        """Policies without demand in the history say nothing any more; those with an own target stay."""
        cr = self.env.cr
        cr.execute("CREATE TEMP TABLE IF NOT EXISTS distrib_policy_seen (w int, p int) ON COMMIT DROP")
        cr.execute("TRUNCATE distrib_policy_seen")
        columns = [("w", "int4"), ("p", "int4")]
        stream = pgcopy.encode(columns, {"w": history.warehouse_id, "p": history.product_id})
        cr.copy_expert("COPY distrib_policy_seen FROM STDIN (FORMAT BINARY)", BytesIO(stream))
        cr.execute(
            SQL(
                """
                DELETE FROM distrib_policy d
                 WHERE d.company_id = %s AND d.service_override = 0 AND (%s)
                   AND NOT EXISTS (SELECT FROM distrib_policy_seen s
                                     JOIN product_product x ON x.id = s.p AND x.active
                                    WHERE s.w = d.warehouse_id AND s.p = d.product_id)
                """,
                company.id,
                SQL("TRUE") if product_ids is None else SQL("d.product_id = ANY(%s)", list(product_ids)),
            )
        )
        return cr.rowcount
