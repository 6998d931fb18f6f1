from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import matching

MANAGERS = "distrib_inventory.group_channel_manager"
GOOD_SCORE = 80.0
WAITING_BATCH = 200


class ChannelProduct(models.Model):
    """An article of a channel, and which product of ours it is.

    Articles are noted when an order first names them. One whose product is not known holds its orders; when it becomes
    known, all of them go on.
    """

    _name = "distrib.channel.product"
    _description = "Article of a Channel"
    _inherit = ["mail.thread"]
    _order = "state desc, last_seen_at desc, id desc"
    _rec_name = "title"
    _check_company_auto = True

    channel_id = fields.Many2one("distrib.channel", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    platform_item = fields.Char(string="Listing", help="The platform's number of the listing above the article.")
    platform_sku = fields.Char(string="Article Number", help="The platform's number of the article.")
    outer_code = fields.Char(string="Code in the Shop", help="Our code, as the shop entered it on the platform.")
    title = fields.Char(help="What the platform calls it.")
    key = fields.Char(
        compute="_compute_key", store=True, precompute=True, help="What tells the article from the others."
    )
    product_id = fields.Many2one(
        "product.product", tracking=True, index="btree_not_null", ondelete="restrict", check_company=True
    )
    factor = fields.Float(
        string="Units", default=1.0, required=True, tracking=True, digits="Product Unit",
        help="How many of the product the buyer gets for one of the article.",
    )  # fmt: skip
    part_ids = fields.One2many(
        "distrib.channel.product.part", "article_id", string="Bundle", copy=True,
        help="When the article is a set: what is in it. Then no single product is needed.",
    )  # fmt: skip
    state = fields.Selection(
        [("mapped", "Matched"), ("open", "To Match")], compute="_compute_state", store=True, index=True
    )
    matched_by = fields.Selection(
        [("code", "Code"), ("barcode", "Barcode"), ("hand", "By hand")], readonly=True, tracking=True,
        help="Matches by code follow the code; what was entered by hand stays.",
    )  # fmt: skip
    suggestion_id = fields.Many2one("product.product", readonly=True, ondelete="set null")
    suggestion_score = fields.Float(string="Likeness", readonly=True, aggregator=None)
    suggestion_by = fields.Selection(
        [("code", "Code"), ("barcode", "Barcode"), ("name", "Name")], string="Suggested By", readonly=True
    )
    last_seen_at = fields.Datetime(string="Last Ordered", readonly=True)
    waiting_count = fields.Integer(
        string="Waiting Orders", compute="_compute_waiting_count", help="Orders that are held until it is matched."
    )
    active = fields.Boolean(default=True)

    _key_uniq = models.Constraint("UNIQUE (channel_id, key)", "The channel has this article already.")
    _factor_positive = models.Constraint("CHECK (factor > 0)", "One of the article is more than nothing of a product.")

    @api.depends("platform_item", "platform_sku", "outer_code")
    def _compute_key(self):
        for article in self:
            article.key = matching.key_of(
                article.platform_sku or "", article.platform_item or "", article.outer_code or ""
            )

    @api.depends("product_id", "part_ids")
    def _compute_state(self):
        for article in self:
            article.state = "mapped" if article.product_id or article.part_ids else "open"

    def _compute_waiting_count(self):
        counts = dict(
            self.env["sale.order.line"]._read_group(
                [("channel_product_id", "in", self.ids), ("channel_open", "=", True), ("order_id.state", "=", "draft")],
                ["channel_product_id"],
                ["order_id:count_distinct"],
            )
        )
        for article in self:
            article.waiting_count = counts.get(article, 0)

    @api.constrains("platform_item", "platform_sku", "outer_code")
    def _check_named(self):
        if any(not (a.platform_item or a.platform_sku or a.outer_code) for a in self):
            raise ValidationError(self.env._("An article has at least one number: of its listing, its own, or a code."))

    @api.depends("title", "outer_code", "platform_sku")
    def _compute_display_name(self):
        for article in self:
            number = article.outer_code or article.platform_sku or article.platform_item
            article.display_name = f"[{number}] {article.title}" if article.title else number

    @api.model_create_multi
    def create(self, vals_list):
        """An article that is there already is changed instead, so that a file can be imported again."""
        known = self._existing(vals_list)
        fresh, result = [], []
        for values in vals_list:
            key = self._key_of_values(values)
            if key in known:
                known[key].write({name: value for name, value in values.items() if value})
                result.append(known[key])
            else:
                result.append(len(fresh))
                fresh.append({**values, **self._by_hand(values)})
        created = super().create(fresh)
        records = self.union(*(created[r] if isinstance(r, int) else r for r in result))
        created.filtered(lambda article: article.state == "mapped")._release_waiting()
        return records

    def write(self, vals):
        opened = self.filtered(lambda article: article.state == "open")
        result = super().write({**vals, **self._by_hand(vals)})
        if "product_id" in vals or "part_ids" in vals:
            opened.filtered(lambda article: article.state == "mapped")._release_waiting()
        return result

    @api.model
    def _key_of_values(self, values):
        names = ("platform_sku", "platform_item", "outer_code")
        key = matching.key_of(*(str(values.get(name) or "") for name in names))
        return values.get("channel_id"), key

    @api.model
    def _existing(self, vals_list):
        keys = {self._key_of_values(values) for values in vals_list}
        channels = [channel for channel, _key in keys if channel]
        domain = [("channel_id", "in", channels), ("key", "in", [key for _channel, key in keys])]
        found = self.with_context(active_test=False).search(domain)
        return {(a.channel_id.id, a.key): a for a in found if (a.channel_id.id, a.key) in keys}

    @api.model
    def _by_hand(self, vals):
        """Whoever enters a product or a set without saying how it was found has found it himself."""
        if "matched_by" in vals or not (vals.get("product_id") or vals.get("part_ids")):
            return {}
        return {"matched_by": "hand"}

    # What becomes of the orders

    def _release_waiting(self):
        """Read the messages of the orders again that waited for these articles."""
        lines = self.env["sale.order.line"].sudo()  # sudo: see action_retry of the inbox; whoever matches may release
        orders = lines.search([("channel_product_id", "in", self.ids), ("channel_open", "=", True)]).order_id
        orders = orders.filtered(lambda order: order.state in ("draft", "sent"))
        messages = orders.channel_message_id.filtered(lambda message: message.state == "held")
        for start in range(0, len(messages), WAITING_BATCH):
            messages[start : start + WAITING_BATCH]._process()

    def action_open_waiting(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_orders.action_pool")
        domain = [("order_line.channel_product_id", "=", self.id), ("channel_id", "!=", False)]
        return {**action, "domain": domain, "context": {"search_default_held": 1}}

    # Suggestions

    def action_suggest(self):
        """Look for the likeliest product of each article that has none."""
        self.check_access("write")
        (self or self.search([("state", "=", "open")])).filtered(lambda a: a.state == "open")._suggest()
        return True

    def _suggest(self):
        for company, articles in self.grouped("company_id").items():
            found = matching.suggest(
                [(article.outer_code or "", article.title or "") for article in articles], self._candidates(company)
            )
            for article, suggestion in zip(articles, found, strict=True):
                article.write(
                    {
                        "suggestion_id": suggestion.product if suggestion else False,
                        "suggestion_score": suggestion.score if suggestion else 0.0,
                        "suggestion_by": suggestion.by if suggestion else False,
                    }
                )

    @api.model
    def _candidates(self, company):
        """Every product that may be sold, in the words of the engine; names of all languages."""
        self.env["product.product"].flush_model(["default_code", "barcode", "product_tmpl_id", "active"])
        self.env["product.template"].flush_model(["name", "sale_ok", "company_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id, p.default_code, p.barcode, name.value
                  FROM product_product p
                  JOIN product_template t ON t.id = p.product_tmpl_id
                 CROSS JOIN jsonb_each_text(t.name) AS name
                 WHERE p.active AND t.sale_ok AND (t.company_id IS NULL OR t.company_id = %s)
                """,
                company.id,
            )
        )
        return [matching.Product(row[0], row[1] or "", row[2] or "", row[3] or "") for row in rows]

    def action_accept_suggestion(self):
        """Take the suggestions of these articles; their orders go on."""
        self.check_access("write")
        for product, articles in self.filtered(lambda a: a.state == "open").grouped("suggestion_id").items():
            if product:
                articles.write({"product_id": product.id, "matched_by": "hand"})
        return True

    @api.model
    def action_accept_good(self):
        """Take every suggestion that is as good as certain."""
        domain = Domain("state", "=", "open") & Domain("suggestion_score", ">=", GOOD_SCORE)
        return self.search(domain).action_accept_suggestion()

    # For the intake

    @api.model
    def _resolve(self, channel, lines, by_code):
        """The article of each line of an order, noted when it is new.

        :param lines: :class:`..engine.intake.Line`
        :param dict by_code: code -> product ids
        :return: dict key -> article, or a product where nothing had to be noted
        """
        first = {}
        for line in lines:
            first.setdefault(matching.key_of_line(line), line)
        known = {
            article.key: article
            for article in self.with_context(active_test=False).search(
                [("channel_id", "=", channel.id), ("key", "in", list(first))]
            )
        }
        result, fresh, changed = {}, [], {}
        for key, line in first.items():
            products = by_code.get(line.sku, [])
            sure = products[0] if len(products) == 1 else None
            article = known.get(key)
            if article is None and sure and not line.platform_sku and not line.platform_item:
                result[key] = self.env["product.product"].browse(sure)
            elif article is None:
                fresh.append(self._noted(channel, line, sure))
            elif sure and article.matched_by != "hand" and article.product_id.id != sure:
                changed.setdefault(sure, self.browse())
                changed[sure] |= article
        for product, articles in changed.items():
            # The code in the shop decides as long as nobody has decided otherwise. The caller saves the orders.
            super(ChannelProduct, articles).write(  # pylint: disable=super-method-mismatch
                {"product_id": product, "matched_by": "code"}
            )
        created = super().create(fresh)  # pylint: disable=super-method-mismatch
        created.filtered(lambda article: article.state == "open")._suggest()
        known |= {article.key: article for article in created}
        return {key: result.get(key, known.get(key)) for key in first}

    @api.model
    def _noted(self, channel, line, product):
        return {
            "channel_id": channel.id,
            "platform_item": line.platform_item,
            "platform_sku": line.platform_sku,
            "outer_code": line.sku,
            "title": line.title,
            "product_id": product,
            "matched_by": "code" if product else False,
            "last_seen_at": fields.Datetime.now(),
        }


class ChannelProductPart(models.Model):
    """One product in a set that a platform sells as one article."""

    _name = "distrib.channel.product.part"
    _description = "Part of an Article"
    _order = "id"

    article_id = fields.Many2one("distrib.channel.product", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="article_id.company_id", store=True)
    product_id = fields.Many2one("product.product", required=True, ondelete="restrict", check_company=True)
    quantity = fields.Float(default=1.0, required=True, digits="Product Unit")
    share = fields.Float(
        help="Its weight in the set's price. Where all are zero, the sales prices of the products decide."
    )

    _quantity_positive = models.Constraint("CHECK (quantity > 0)", "A part of a set is more than nothing.")

    def _weights(self):
        """What part of the set's revenue each part gets, unscaled."""
        if any(part.share for part in self):
            return [part.share for part in self]
        return [part.product_id.lst_price * part.quantity for part in self]
