import json
from datetime import timedelta
from io import StringIO

from odoo import api, models
from odoo.tools import SQL

# A rejected proposal comes back when what is wanted differs by more than this share, or after so many days.
SAME_SHARE = 0.25
REJECTED_DAYS = 28
# From this share on, a quantity has changed a lot.
LOT_SHARE = 0.5

COLUMNS = {
    "kind": "text", "product_id": "int", "warehouse_id": "int", "source_warehouse_id": "int", "supplierinfo_id": "int",
    "partner_id": "int", "quantity": "numeric", "order_date": "date", "expected_date": "date", "unit_cost": "numeric",
    "urgency": "numeric", "urgency_value": "numeric", "is_urgent": "bool", "run_out_date": "date",
    "lost_quantity": "numeric", "lost_value": "numeric", "confidence": "float8", "available": "numeric",
    "incoming": "numeric", "blocker": "text", "reason_data": "jsonb",
}  # fmt: skip
KEY = ("product_id", "warehouse_id", "kind")
# What a planner may have changed, and the mark that he has.
MANUAL = {
    "quantity": "manual_quantity", "source_warehouse_id": "manual_terms", "supplierinfo_id": "manual_terms",
    "partner_id": "manual_terms", "expected_date": "manual_terms", "blocker": "manual_terms",
}  # fmt: skip


class ProposalStore(models.Model):
    """Writes a run's proposals over those of the last one: what did not change is not touched."""

    _inherit = "distrib.proposal"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _wake_up(self, today, company):
        self.env.cr.execute(
            "UPDATE distrib_proposal SET state = 'open', snooze_until = NULL"
            " WHERE company_id = %s AND state = 'snoozed' AND snooze_until <= %s",
            (company.id, today),
        )

    @api.model
    def _store(self, lines, today, company):
        self._load(lines)
        self._release_rejected(today, company)
        self._upsert(company)
        self._withdraw(company)

    @api.model
    def _load(self, lines):
        cr = self.env.cr
        declared = SQL(", ").join(SQL("%s %s", SQL.identifier(name), SQL(kind)) for name, kind in COLUMNS.items())
        cr.execute("DROP TABLE IF EXISTS distrib_proposal_incoming")
        cr.execute(SQL("CREATE TEMP TABLE distrib_proposal_incoming (%s) ON COMMIT DROP", declared))
        text = "".join("\t".join(self._cell(line[name]) for name in COLUMNS) + "\n" for line in lines)
        cr.copy_expert("COPY distrib_proposal_incoming FROM STDIN", StringIO(text))
        cr.execute("CREATE INDEX ON distrib_proposal_incoming (product_id, warehouse_id, kind)")
        cr.execute("ANALYZE distrib_proposal_incoming")

    @staticmethod
    def _cell(value):
        if value is None:
            return "\\N"
        return json.dumps(value) if isinstance(value, dict) else str(value)

    @api.model
    def _release_rejected(self, today, company):
        """A rejection holds until things change: the need goes, differs, becomes urgent, or a month has passed."""
        self.env.cr.execute(
            """
            UPDATE distrib_proposal r SET rejection_holds = FALSE
             WHERE r.company_id = %(company)s AND r.rejection_holds
               AND (r.decided_on < %(long_ago)s
                    OR NOT EXISTS (SELECT FROM distrib_proposal_incoming i
                                    WHERE i.product_id = r.product_id AND i.warehouse_id = r.warehouse_id
                                      AND i.kind = r.kind AND (r.is_urgent OR NOT i.is_urgent)
                                      AND abs(i.quantity - r.proposed_quantity) <= %(share)s * r.proposed_quantity))
            """,
            {"company": company.id, "share": SAME_SHARE, "long_ago": today - timedelta(days=REJECTED_DAYS)},
        )

    @api.model
    def _upsert(self, company):
        """Insert the new ones and refresh the open ones where anything differs; the snoozed sleep on."""
        names = [SQL.identifier(name) for name in COLUMNS]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO distrib_proposal AS p
                       (%(names)s, proposed_quantity, previous_quantity, value, is_above_limit, company_id, state,
                        is_changed, manual_quantity, manual_terms, rejection_holds,
                        create_uid, create_date, write_uid, write_date)
                SELECT %(incoming)s, i.quantity, 0, i.quantity * i.unit_cost, %(above)s, w.company_id, 'open',
                       FALSE, FALSE, FALSE, FALSE,
                       %(user)s, now() AT TIME ZONE 'UTC', %(user)s, now() AT TIME ZONE 'UTC'
                  FROM distrib_proposal_incoming i
                  JOIN stock_warehouse w ON w.id = i.warehouse_id
                 WHERE NOT EXISTS (SELECT FROM distrib_proposal r
                                    WHERE r.product_id = i.product_id AND r.warehouse_id = i.warehouse_id
                                      AND r.kind = i.kind AND r.rejection_holds)
                ON CONFLICT (product_id, warehouse_id, kind) WHERE state IN ('open', 'snoozed') DO UPDATE
                   SET %(updates)s
                 WHERE p.state = 'open' AND ROW(%(old)s) IS DISTINCT FROM ROW(%(new)s)
                """,
                names=SQL(", ").join(names),
                incoming=SQL(", ").join(SQL("i.%s", name) for name in names),
                above=self._above(SQL("i.quantity * i.unit_cost"), company),
                user=self.env.uid,
                updates=SQL(", ").join(self._updates(company)),
                old=SQL(", ").join([*(self._old(name) for name in COLUMNS), SQL("p.proposed_quantity")]),
                new=SQL(", ").join([*(self._new(name) for name in COLUMNS), SQL("EXCLUDED.quantity")]),
            )
        )

    @api.model
    def _above(self, value, company):
        return SQL("%s > 0 AND %s > %s", company.distrib_proposal_limit, value, company.distrib_proposal_limit)

    @staticmethod
    def _old(name):
        return SQL("p.%s", SQL.identifier(name))

    @staticmethod
    def _new(name):
        """The value after the update: the planner's where he has changed it."""
        column = SQL.identifier(name)
        if name not in MANUAL:
            return SQL("EXCLUDED.%s", column)
        return SQL("CASE WHEN p.%s THEN p.%s ELSE EXCLUDED.%s END", SQL.identifier(MANUAL[name]), column, column)

    @api.model
    def _updates(self, company):
        """A day's first run notes what changed a lot; its later runs, whose order date is the same, let that be."""
        for name in COLUMNS:
            if name not in KEY:
                yield SQL("%s = %s", SQL.identifier(name), self._new(name))
        jump = SQL("abs(EXCLUDED.quantity - p.proposed_quantity) >= %s * p.proposed_quantity", LOT_SHARE)
        another_day = SQL("p.order_date < EXCLUDED.order_date")
        yield SQL("is_changed = CASE WHEN %s THEN %s ELSE p.is_changed END", another_day, jump)
        yield SQL(
            "previous_quantity = CASE WHEN %s AND %s THEN p.proposed_quantity ELSE p.previous_quantity END",
            another_day,
            jump,
        )
        value = SQL("%s * EXCLUDED.unit_cost", self._new("quantity"))
        yield SQL("proposed_quantity = EXCLUDED.quantity")
        yield SQL("value = %s", value)
        yield SQL("is_above_limit = %s", self._above(value, company))
        yield SQL("write_uid = EXCLUDED.write_uid")
        yield SQL("write_date = EXCLUDED.write_date")

    @api.model
    def _withdraw(self, company):
        """Open proposals that are no longer needed."""
        self.env.cr.execute(
            """
            UPDATE distrib_proposal p SET state = 'cancelled', decided_on = now() AT TIME ZONE 'UTC'
             WHERE p.company_id = %s AND p.state = 'open'
               AND NOT EXISTS (SELECT FROM distrib_proposal_incoming i
                                WHERE i.product_id = p.product_id AND i.warehouse_id = p.warehouse_id
                                  AND i.kind = p.kind)
            """,
            (company.id,),
        )
