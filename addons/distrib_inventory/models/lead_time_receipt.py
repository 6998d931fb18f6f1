from odoo import api, fields, models
from odoo.tools import SQL

BATCH = 50_000


class LeadTimeReceipt(models.Model):
    """One receipt from a supplier or from another warehouse: how long it took and how late it was.

    Filled from native moves as they are done, each move once; older receipts may be imported here as a list.
    """

    _name = "distrib.lead.receipt"
    _description = "Receipt for Lead Times"
    _order = "received_on desc, id desc"
    _rec_name = "product_id"

    move_id = fields.Many2one("stock.move", ondelete="set null", readonly=True, index="btree_not_null")
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company, index=True)
    partner_id = fields.Many2one("res.partner", string="Supplier", ondelete="cascade")
    source_warehouse_id = fields.Many2one("stock.warehouse", string="From", ondelete="cascade")
    warehouse_id = fields.Many2one("stock.warehouse", string="To", required=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", required=True, ondelete="cascade")
    ordered_on = fields.Datetime(required=True)
    promised_on = fields.Date(string="Promised For")
    received_on = fields.Datetime(required=True)
    share = fields.Float(
        default=1.0, help="Share of what was ordered that came with this receipt; a receipt counts by it."
    )
    days = fields.Float(compute="_compute_days", store=True, aggregator="avg", digits=(8, 1), string="Lead Time")
    late_days = fields.Float(
        compute="_compute_days", store=True, aggregator="avg", digits=(8, 1), help="Days after the promised date."
    )

    _move_uniq = models.UniqueIndex("(move_id) WHERE move_id IS NOT NULL", "A move is one receipt.")
    _window = models.Index("(company_id, received_on)")
    _one_source = models.Constraint(
        "CHECK((partner_id IS NULL) <> (source_warehouse_id IS NULL))",
        "A receipt comes from a supplier or from a warehouse.",
    )
    _share_range = models.Constraint("CHECK(share > 0 AND share <= 1)", "The share lies between 0 and 100 %.")
    _dates_order = models.Constraint(
        "CHECK(received_on >= ordered_on)", "Goods cannot be received before they were ordered."
    )

    @api.depends("ordered_on", "promised_on", "received_on")
    def _compute_days(self):
        for receipt in self:
            if not (receipt.ordered_on and receipt.received_on):
                receipt.days = receipt.late_days = 0.0
                continue
            receipt.days = (receipt.received_on - receipt.ordered_on).total_seconds() / 86400
            here = fields.Datetime.context_timestamp(
                self.with_context(tz=receipt.company_id.partner_id.tz), receipt.received_on
            )
            receipt.late_days = (here.date() - receipt.promised_on).days if receipt.promised_on else 0.0

    @api.model
    def _collect(self, company):
        """Take in the moves that were done and are not here yet; each move once, whenever it was done or dated.

        :return: number of new receipts
        """
        self.env.flush_all()
        count = 0
        for query in (self._purchase_query(company), self._transfer_query(company)):
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO distrib_lead_receipt (move_id, company_id, partner_id, source_warehouse_id, warehouse_id,
                                                      product_id, ordered_on, promised_on, received_on, share, days,
                                                      late_days, create_uid, create_date, write_uid, write_date)
                    SELECT r.move_id, %(company)s, r.partner_id, r.source_id, r.warehouse_id, r.product_id, r.ordered,
                           r.promised, r.received, LEAST(GREATEST(r.share, 0.0001), 1),
                           EXTRACT(EPOCH FROM r.received - r.ordered) / 86400,
                           COALESCE((r.received AT TIME ZONE 'UTC' AT TIME ZONE %(tz)s)::date - r.promised, 0),
                           %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
                      FROM (%(query)s) r
                     WHERE r.received >= r.ordered
                    ON CONFLICT (move_id) WHERE move_id IS NOT NULL DO NOTHING
                    """,
                    company=company.id,
                    tz=company.partner_id.tz or "UTC",
                    uid=self.env.uid,
                    query=query,
                )
            )
            count += self.env.cr.rowcount
        self.invalidate_model()
        return count

    def _new_moves(self, company):
        """Done moves into a warehouse that are no receipts yet and no returns, of the window only."""
        return SQL(
            """
            m.state = 'done' AND m.company_id = %s AND m.origin_returned_move_id IS NULL AND m.quantity > 0
            AND m.date >= now() AT TIME ZONE 'UTC' - make_interval(days => %s) AND target.warehouse_id IS NOT NULL
            AND NOT EXISTS (SELECT FROM distrib_lead_receipt old WHERE old.move_id = m.id)
            """,
            company.id,
            company.distrib_lead_window or 365,
        )

    def _purchase_query(self, company):
        """From the confirmation of the order to the first arrival in the warehouse."""
        return SQL(
            """
            SELECT m.id AS move_id, COALESCE(c.commercial_partner_id, o.partner_id) AS partner_id,
                   NULL::integer AS source_id, target.warehouse_id,
                   m.product_id, COALESCE(o.date_approve, o.date_order) AS ordered,
                   (l.date_planned AT TIME ZONE 'UTC' AT TIME ZONE %s)::date AS promised, m.date AS received,
                   m.product_qty / NULLIF(l.product_uom_qty, 0)::float AS share
              FROM stock_move m
              JOIN purchase_order_line l ON l.id = m.purchase_line_id
              JOIN purchase_order o ON o.id = l.order_id
              LEFT JOIN res_partner c ON c.id = o.partner_id
              JOIN stock_location target ON target.id = m.location_dest_id AND target.usage = 'internal'
             WHERE %s AND l.product_uom_qty > 0
            """,
            company.partner_id.tz or "UTC",
            self._new_moves(company),
        )

    def _transfer_query(self, company):
        """From the making of the transfer to its arrival: in one move, or in two legs through a transit location."""
        return SQL(
            """
            SELECT m.id AS move_id, NULL::integer AS partner_id, COALESCE(start.warehouse_id, leg.warehouse_id) AS source_id,
                   target.warehouse_id, m.product_id, COALESCE(leg.ordered, m.create_date) AS ordered,
                   (COALESCE(m.date_deadline, p.scheduled_date) AT TIME ZONE 'UTC' AT TIME ZONE %s)::date AS promised,
                   m.date AS received, m.product_qty / NULLIF(m.product_qty + COALESCE(rest.quantity, 0), 0)::float AS share
              FROM stock_move m
              JOIN stock_location target ON target.id = m.location_dest_id AND target.usage = 'internal'
              JOIN stock_location start ON start.id = m.location_id
              LEFT JOIN stock_picking p ON p.id = m.picking_id
              LEFT JOIN LATERAL (
                   SELECT source.warehouse_id, MIN(f.create_date) AS ordered
                     FROM stock_move_move_rel chain
                     JOIN stock_move f ON f.id = chain.move_orig_id
                     JOIN stock_location source ON source.id = f.location_id AND source.warehouse_id IS NOT NULL
                    WHERE chain.move_dest_id = m.id AND start.usage = 'transit'
                    GROUP BY source.warehouse_id ORDER BY 2 LIMIT 1) leg ON TRUE
              LEFT JOIN LATERAL (
                   SELECT SUM(b.product_qty) AS quantity
                     FROM stock_picking back
                     JOIN stock_move b ON b.picking_id = back.id AND b.product_id = m.product_id AND b.state <> 'cancel'
                    WHERE back.backorder_id = p.id) rest ON TRUE
             WHERE %s AND m.purchase_line_id IS NULL
               AND (start.usage = 'transit' OR start.usage = 'internal')
               AND COALESCE(start.warehouse_id, leg.warehouse_id) <> target.warehouse_id
            """,
            company.partner_id.tz or "UTC",
            self._new_moves(company),
        )
