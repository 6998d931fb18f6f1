import math
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..connectors.errors import ChannelError
from ..connectors.types import StockLevel
from ..engine.shipment import pause
from .channel_platform import MANAGER

CHANGES = 5000
PRODUCTS = 2000
UNRESERVED = ("new", "held", "to_route")
RELOOK = timedelta(minutes=15)  # for transactions that were under way the last time


class Article(NamedTuple):
    """An article of a platform, and the goods that one of it takes: ((product id, quantity), ...)."""

    platform_item: str
    platform_sku: str
    sku: str
    goods: tuple


class ChannelStock(models.Model):
    """What a platform was told of the stock of an article, and what it should know."""

    _name = "distrib.channel.stock"
    _description = "Stock on a Platform"
    _order = "error, pushed_at desc, id"
    _rec_name = "platform_sku"

    channel_id = fields.Many2one("distrib.channel", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    platform_item = fields.Char(string="Listing", readonly=True, required=True, default="")
    platform_sku = fields.Char(string="Article There", readonly=True, required=True)
    sku = fields.Char(string="Our Code", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True, index=True, ondelete="cascade")
    wanted = fields.Integer(string="To Be Sold", readonly=True, help="What the channel may promise, whole pieces.")
    pushed = fields.Integer(string="Told", readonly=True, help="What the platform took last.")
    is_known = fields.Boolean(string="Was Told", readonly=True)
    is_due = fields.Boolean(string="To Be Told", readonly=True)
    pushed_at = fields.Datetime(string="Told At", readonly=True)
    attempts = fields.Integer(readonly=True)
    next_at = fields.Datetime(string="Next Try", readonly=True)
    error = fields.Char(string="Answer", readonly=True)

    _article_uniq = models.Constraint(
        "UNIQUE (channel_id, platform_item, platform_sku)", "The article is listed in this channel already."
    )
    _due_idx = models.Index("(channel_id, id) WHERE is_due")

    @api.model
    def _set_wanted(self, channel, levels):
        """Note what a channel's articles may sell now; those that differ from what was told are due.

        :param dict levels: :class:`Article` -> whole quantity
        """
        if not levels:
            return
        self.flush_model()
        columns = zip(
            *((a.platform_item, a.platform_sku, a.sku, a.goods[0][0], n) for a, n in levels.items()), strict=True
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO distrib_channel_stock AS s (channel_id, company_id, platform_item, platform_sku, sku,
                            product_id, wanted, pushed, is_known, is_due, attempts, create_uid, write_uid,
                            create_date, write_date)
                SELECT %(channel)s, %(company)s, v.*, 0, FALSE, TRUE, 0, 1, 1, now() AT TIME ZONE 'UTC',
                       now() AT TIME ZONE 'UTC'
                  FROM unnest(%(items)s::text[], %(skus)s::text[], %(codes)s::text[], %(products)s::int[],
                              %(wanted)s::int[]) v
                    ON CONFLICT (channel_id, platform_item, platform_sku) DO UPDATE
                   SET wanted = EXCLUDED.wanted, sku = EXCLUDED.sku, product_id = EXCLUDED.product_id,
                       is_due = NOT s.is_known OR s.pushed <> EXCLUDED.wanted OR s.error IS NOT NULL
                 WHERE (s.wanted, s.sku, s.product_id) IS DISTINCT FROM
                       (EXCLUDED.wanted, EXCLUDED.sku, EXCLUDED.product_id)
                """,
                channel=channel.id,
                company=channel.company_id.id,
                **dict(zip(("items", "skus", "codes", "products", "wanted"), map(list, columns), strict=True)),
            )
        )
        self.invalidate_model()

    def action_retry(self):
        """Tell these articles again, whatever was told before."""
        self.check_access("write")
        rows = self.sudo()  # sudo: the fields are code's; who may write them may have them told
        rows.write({"is_due": True, "next_at": False, "attempts": 0})
        for channel in rows.channel_id:
            channel._send_stock()
        return True


class Channel(models.Model):
    _inherit = "distrib.channel"

    stock_active = fields.Boolean(
        string="Tell Stock", tracking=True, help="What this channel may promise goes to the platform when it changes."
    )
    stock_every = fields.Integer(string="Tell Stock Every", default=5, help="Minutes between two messages at least.")
    stock_cursor = fields.Char(groups=MANAGER, copy=False, readonly=True)
    stock_told_at = fields.Datetime(groups=MANAGER, copy=False, readonly=True)
    stock_ids = fields.One2many("distrib.channel.stock", "channel_id", groups=MANAGER)

    def write(self, vals):
        done = super().write(vals)
        reach = {"use_central", "use_regional", "use_store", "use_dealer", "warehouse_ids", "platform", "stock_active"}
        if reach & vals.keys():
            self._stock_afresh()
        return done

    def _stock_afresh(self):
        """Reckon all articles again at the next run; only what differs is told."""
        self.sudo().filtered("stock_cursor").stock_cursor = False  # sudo: the cursor is code's

    @api.model
    def _cron_stock(self):
        """Tell every platform whose time has come."""
        cron, now = self.env["ir.cron"], fields.Datetime.now()
        due = self.sudo().search([("stock_active", "=", True), ("platform", "!=", False)])
        due = due.filtered(
            lambda c: not c.stock_told_at or c.stock_told_at + timedelta(minutes=max(c.stock_every, 1)) <= now
        )
        cron._commit_progress(remaining=len(due))
        for channel in due:
            channel._tell_stock()
            if not cron._commit_progress(1):
                break

    def action_tell_stock(self):
        """Tell all articles again, also those that have not changed."""
        self.check_access("write")
        for channel in self.sudo():  # sudo: see action_pull
            channel._refresh_stock(everything=True)
            channel.stock_ids.write({"is_due": True, "next_at": False, "attempts": 0})
            channel._send_stock()
        return self.action_open_stock()

    def action_open_stock(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_channel_stock")
        return {**action, "domain": [("channel_id", "=", self.id)], "context": {}}

    def _tell_stock(self):
        """Reckon what has changed, then tell it."""
        self.ensure_one()
        if not self.try_lock_for_update(allow_referencing=True):
            return 0
        self._refresh_stock()
        self.stock_told_at = fields.Datetime.now()
        self.env["ir.cron"]._commit_progress()
        return self._send_stock()

    # Reckoning

    def _refresh_stock(self, everything=False):
        """Note anew what the articles may sell whose goods have changed since the last time."""
        self.ensure_one()
        channel = self.with_company(self.company_id)
        channel = channel.with_context(allowed_company_ids=self.company_id.ids)
        products, cursor = channel._touched_products(everything)
        articles = channel._stock_articles(products)
        for start in range(0, len(articles), PRODUCTS):
            some = articles[start : start + PRODUCTS]
            self.env["distrib.channel.stock"]._set_wanted(self, channel._levels(some))
        self.stock_cursor = cursor

    def _touched_products(self, everything):
        """(product ids with changes in our warehouses, or None for all; the cursor behind them)"""
        feed = self.env["distrib.stock.change"]
        epoch, horizon = feed._clock()
        place, known = feed._parse_cursor(self.stock_cursor, epoch)
        now = feed._format_cursor(epoch, (horizon, 0, 0))
        if everything or place is None or not known:
            return None, now
        sites, products = set(self._candidate_warehouses().ids), set()
        while rows := feed._read_changes(place, horizon, CHANGES):
            products.update(row[1] for row in rows if row[2] in sites)
            place = rows[-1][:3]
        return products | self._products_ordered_lately(), now

    def _products_ordered_lately(self):
        """Goods of orders that are in the pool and not reserved yet, or were and left it: no quant tells of them."""
        if not self.stock_told_at:
            return set()
        self.env["sale.order"].flush_model(["pool_state"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT l.product_id
                  FROM sale_order o
                  JOIN sale_order_line l ON l.order_id = o.id
                 WHERE o.channel_id IS NOT NULL AND o.company_id = %s AND l.product_id IS NOT NULL
                   AND o.pool_state IN %s AND o.write_date >= %s
                """,
                self.company_id.id, (*UNRESERVED, "cancelled"), self.stock_told_at - RELOOK,
            )
        )  # fmt: skip
        return {product for (product,) in rows}

    def _stock_articles(self, product_ids=None):
        """The matched articles of this channel that take one of these goods, or were matched lately (None: all)."""
        domain = Domain("channel_id", "=", self.id) & Domain("state", "=", "mapped")
        if product_ids is not None:
            ids = list(product_ids)
            lately = (self.stock_told_at or datetime.min) - RELOOK if self.stock_told_at else datetime(1970, 1, 1)
            domain &= (
                Domain("product_id", "in", ids)
                | Domain("part_ids.product_id", "in", ids)
                | Domain("write_date", ">=", lately)
            )
        articles = []
        for found in self.env["distrib.channel.product"].sudo().search(domain, order="id"):  # sudo: see _set_wanted
            parts = found.part_ids.mapped(lambda part: (part.product_id.id, part.quantity))
            goods = tuple(parts) or ((found.product_id.id, found.factor),)
            number = found.platform_sku or found.outer_code
            if number and (found.part_ids.product_id or found.product_id).filtered("is_storable"):
                articles.append(Article(found.platform_item or "", number, found.outer_code or "", goods))
        return articles

    def _levels(self, articles):
        """dict article -> whole pieces that this channel may sell."""
        products = sorted({product for article in articles for product, _quantity in article.goods})
        sites = self._candidate_warehouses().ids
        free = dict.fromkeys(products, 0.0)
        for (_site, product), quantity in self._available_for(products, sites).items():
            free[product] = free.get(product, 0.0) + quantity
        for product, quantity in self._ordered_unreserved(products).items():
            free[product] -= quantity
        return {
            article: max(0, min(math.floor(free[product] / quantity + 1e-6) for product, quantity in article.goods))
            for article in articles
        }

    def _ordered_unreserved(self, product_ids):
        """dict product id -> ordered in the pool of the company, by any channel, and not reserved yet."""
        if not product_ids:
            return {}
        self.env["sale.order"].flush_model(["pool_state", "state"])
        self.env["sale.order.line"].flush_model(["product_uom_qty", "product_id", "product_uom_id"])
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT l.product_id, SUM(l.product_uom_qty * u.factor / own.factor)::float8
                      FROM sale_order o
                      JOIN sale_order_line l ON l.order_id = o.id
                      JOIN product_product p ON p.id = l.product_id
                      JOIN product_template t ON t.id = p.product_tmpl_id
                      JOIN uom_uom u ON u.id = l.product_uom_id
                      JOIN uom_uom own ON own.id = t.uom_id
                     WHERE o.pool_state IN %s AND o.state IN ('draft', 'sent') AND o.channel_id IS NOT NULL
                       AND o.company_id = %s AND l.product_id = ANY(%s)
                     GROUP BY l.product_id
                    """,
                    UNRESERVED, self.company_id.id, list(product_ids),
                )
            )
        )  # fmt: skip

    # Telling

    def _send_stock(self):
        """Tell what is due, in batches of the platform's size.

        :return: how many articles the platform took
        """
        self.ensure_one()
        client = self.with_company(self.company_id)._client()
        rows, count = self.env["distrib.channel.stock"].sudo(), 0  # sudo: the table is code's
        if not client.has("push_stock"):
            return 0
        while batch := rows.search(self._stock_due(), order="id", limit=client.stock_batch):
            levels = [StockLevel(row.platform_sku, row.wanted, row.platform_item or "", row.sku or "") for row in batch]
            try:
                results = self._talk(client, lambda c, levels=levels: c.push_stock(levels))
            except ChannelError as error:
                self._note_connection(error)
                self._postpone(batch, error)
                self.env["ir.cron"]._commit_progress()
                break
            count += self._note_told(batch, {level.platform_sku: level.quantity for level in levels}, results)
            if not self.env["ir.cron"]._commit_progress():
                break
        return count

    def _stock_due(self):
        return [
            ("channel_id", "=", self.id),
            ("is_due", "=", True),
            "|",
            ("next_at", "=", False),
            ("next_at", "<=", fields.Datetime.now()),
        ]

    def _note_told(self, batch, told, results):
        errors = {result.platform_sku: result.error for result in results}
        now, good = fields.Datetime.now(), batch.browse()
        for row in batch:
            error = errors.get(row.platform_sku, self.env._("The platform did not answer for this article."))
            if error:
                self._postpone(row, error)
            else:
                good |= row
                row.pushed = told[row.platform_sku]
        # Another transaction may want another quantity by now: then the article stays due.
        good.write({"is_known": True, "pushed_at": now, "error": False, "attempts": 0, "next_at": False})
        for row in good:
            row.is_due = row.wanted != row.pushed
        return len(good)

    def _postpone(self, rows, error):
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        for row in rows:
            wait = pause(row.attempts + 1, getattr(error, "after", None))
            row.write(
                {"error": str(error)[:300], "attempts": row.attempts + 1, "next_at": now + timedelta(seconds=wait)}
            )


class ChannelBuffer(models.Model):
    _inherit = "distrib.channel.buffer"

    @api.model_create_multi
    def create(self, vals_list):
        buffers = super().create(vals_list)
        buffers._channels_concerned()._stock_afresh()
        return buffers

    def write(self, vals):
        concerned = self._channels_concerned()
        done = super().write(vals)
        (concerned | self._channels_concerned())._stock_afresh()
        return done

    def unlink(self):
        concerned = self._channels_concerned()
        done = super().unlink()
        concerned._stock_afresh()
        return done

    def _channels_concerned(self):
        # sudo: planners keep buffers too; the channels are told, not shown
        channels = self.env["distrib.channel"].sudo()
        every = self.filtered(lambda b: not b.channel_id)
        return self.sudo().channel_id | channels.search([("company_id", "in", every.company_id.ids)])
