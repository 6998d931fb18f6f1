from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date


class AllocationRun(models.Model):
    """The life of an allocation: goods are placed, drawn by orders, given back, let go."""

    _inherit = "distrib.allocation"

    def action_activate(self):
        """Keep the goods; all of these allocations or none.

        :raise UserError: not a draft, in the past, overlapping, or more than may be promised
        """
        self._check_startable()
        self._place({allocation: allocation.product_quantity for allocation in self})
        self._step({"state": "active"})
        return True

    def action_merge(self):
        """Add drafts to the active allocations that keep the same for the same beneficiary."""
        for allocation in self:
            other = allocation.same_id
            if allocation.state != "draft" or not other:
                raise UserError(self.env._("%s overlaps no active allocation.", allocation.display_name))
            other._place({other: allocation.product_quantity})
            more = allocation.product_id.uom_id._compute_quantity(
                allocation.product_quantity, other.uom_id, rounding_method="HALF-UP"
            )
            other._step(
                {
                    "quantity": other.quantity + more,
                    "date_from": min(other.date_from, allocation.date_from),
                    "date_to": max(other.date_to, allocation.date_to),
                }
            )
            allocation._step({"state": "cancelled"})
            allocation.message_post(body=self.env._("Merged into %s.", other._get_html_link()))
        return True

    def action_cancel(self):
        self.filtered(lambda allocation: allocation.state in ("draft", "active"))._finish("cancelled")
        return True

    def action_draft(self):
        """Start a cancelled or expired allocation of which nothing was drawn again."""
        done = self.filtered(lambda allocation: allocation.state in ("cancelled", "expired"))
        if done.filtered("drawn_quantity"):
            raise UserError(self.env._("Orders have drawn from it; make a new allocation instead."))
        done._step({"state": "draft"})
        return True

    def _finish(self, state):
        # sudo: shares are the system's account of what is kept; no role writes them by hand
        self.share_ids.sudo().unlink()
        self._step({"state": state})

    @api.model
    def _cron_expire(self):
        """Let go of what was kept for periods that are over."""
        over = self.search([("state", "=", "active"), ("date_to", "<", fields.Date.context_today(self))])
        over._finish("expired")

    def _check_startable(self):
        today = fields.Date.context_today(self)
        for allocation in self:
            name = allocation.display_name
            if allocation.state != "draft":
                raise UserError(self.env._("%s is not a draft.", name))
            if allocation.company_id not in self.env.companies:
                raise UserError(
                    self.env._(
                        "%(allocation)s belongs to %(company)s, which is not among the companies you work in now.",
                        allocation=name,
                        company=allocation.company_id.name,
                    )
                )
            if allocation.date_from < today:
                raise UserError(
                    self.env._(
                        "%(allocation)s starts on %(day)s, which has passed. Goods are kept from today on.",
                        allocation=name,
                        day=format_date(self.env, allocation.date_from),
                    )
                )
            if other := allocation.same_id or self.filtered(lambda twin, mine=allocation: mine._overlaps(twin))[:1]:
                raise UserError(
                    self.env._(
                        "%(beneficiary)s already has an allocation of this product there from %(start)s to %(end)s. "
                        "Merge this one into it, or choose a period that does not overlap.",
                        beneficiary=other.beneficiary,
                        start=format_date(self.env, other.date_from),
                        end=format_date(self.env, other.date_to),
                    )
                )

    # Stock

    @api.model
    def _place(self, wanted):
        """Keep a quantity for each allocation where it may be promised, in one lock and one read for all.

        A region's quantity is put where most is left, so that few warehouses are touched.

        :param dict wanted: allocation -> quantity in the product's unit
        """
        sites = {allocation: allocation._warehouses() for allocation in wanted}
        left = self._promisable(self.union(*wanted).product_id, self.env["stock.warehouse"].union(*sites.values()))
        shares = {}
        for allocation, quantity in wanted.items():
            product, rest = allocation.product_id.id, quantity
            places = sorted(sites[allocation].ids, key=lambda site: (-left[product, site], site))
            for site in places:
                take = min(rest, left[product, site])
                if take > 0:
                    shares[allocation, site] = take
                    left[product, site] -= take
                    rest -= take
            if not self._is_zero(max(rest, 0.0)):
                raise UserError(allocation._too_much(quantity, quantity - rest))
        self._add_shares(shares)

    @api.model
    def _promisable(self, products, warehouses):
        """Lock the goods, then what may be promised: (product id, warehouse id) -> quantity, 0 where unknown."""
        position = self.env["distrib.position"].with_context(allowed_company_ids=warehouses.company_id.ids)
        position._lock_promises(products.ids, warehouses.ids)
        found = position._read_columns(products.ids, warehouses.ids)
        keys = zip(found.product_id.tolist(), found.warehouse_id.tolist(), strict=True)
        return defaultdict(float, zip(keys, found.available.tolist(), strict=True))

    def _too_much(self, wanted, found):
        unit = self.product_id.uom_id
        return self.env._(
            "Only %(found)s %(unit)s of %(product)s can still be promised in %(place)s, %(wanted)s are asked for.",
            found=f"{max(found, 0.0):g}",
            wanted=f"{wanted:g}",
            unit=unit.name,
            product=self.product_id.display_name,
            place=(self.warehouse_id or self.region_id).display_name,
        )

    @api.model
    def _add_shares(self, shares):
        """Enlarge shares, or make them.

        :param dict shares: (allocation, warehouse id) -> quantity
        """
        # sudo: shares are the system's account of what is kept; no role writes them by hand
        Share = self.env["distrib.allocation.share"].sudo()
        known = {
            (share.allocation_id.id, share.warehouse_id.id): share
            for share in self.union(*(allocation for allocation, _site in shares)).sudo().share_ids
        }
        new = []
        for (allocation, site), quantity in shares.items():
            if share := known.get((allocation.id, site)):
                share.quantity += quantity
            else:
                new.append(
                    {
                        "allocation_id": allocation.id,
                        "product_id": allocation.product_id.id,
                        "warehouse_id": site,
                        "quantity": quantity,
                    }
                )
        Share.create(new)
        self.env["distrib.position"]._mark_promised((allocation.product_id.id, site) for allocation, site in shares)

    # Drawn by orders

    @api.model
    def _claims(self, product_ids, warehouse_ids):
        """What beneficiaries may draw today.

        :return: dict (kind, beneficiary, see `_claim`) -> dict (warehouse id, product id) -> quantity
        """
        today = fields.Date.context_today(self)
        # sudo: whoever takes an order in draws what is kept for its buyer; only sums of it leave this method
        groups = (
            self.env["distrib.allocation.share"]
            .sudo()
            ._read_group(
                [
                    ("product_id", "in", list(product_ids)),
                    ("warehouse_id", "in", list(warehouse_ids)),
                    ("allocation_id.date_from", "<=", today),
                    ("allocation_id.date_to", ">=", today),
                ],
                ["allocation_id", "warehouse_id", "product_id"],
                ["quantity:sum"],
            )
        )
        claims = defaultdict(lambda: defaultdict(float))
        for allocation, warehouse, product, quantity in groups:
            claims[allocation._claim()][warehouse.id, product.id] += quantity
        return claims

    def _claim(self):
        """(kind, id of the beneficiary or name of the promotion)"""
        key = self._beneficiary_key()
        return (self.beneficiary_kind, key if isinstance(key, str) else key.id)

    @api.model
    def _draw(self, product, warehouse, quantity, **beneficiary):
        """Let an order of a beneficiary use up his allocations: those of the warehouse, those that end first.

        :param float quantity: what the order takes, in the product's unit
        :param beneficiary: see `_beneficiary_sql`
        :return: dict allocation -> quantity drawn, in all at most `quantity`
        """
        drawn, rest = {}, quantity
        for allocation in self._drawable(product, warehouse, **beneficiary):
            if self._is_zero(rest):
                break
            if take := allocation._take_shares(warehouse, rest):
                drawn[allocation] = take
                rest -= take
        return drawn

    @api.model
    def _drawable(self, product, warehouse, **beneficiary):
        """His active allocations of a product that reach a warehouse, in the order in which they are used."""
        self.flush_model()
        regions = [int(step) for step in (warehouse.region_id.parent_path or "").split("/")[:-1]]
        self.env.cr.execute(
            SQL(
                """
                SELECT allocation.id
                  FROM distrib_allocation allocation
                 WHERE allocation.state = 'active' AND allocation.product_id = %s AND allocation.company_id = %s
                   AND (allocation.warehouse_id = %s OR allocation.region_id = ANY(%s))
                   AND %s
                 ORDER BY allocation.date_to, allocation.id
                """,
                product.id,
                warehouse.company_id.id,
                warehouse.id,
                regions,
                self._beneficiary_sql(**beneficiary),
            )
        )
        return self.browse([row[0] for row in self.env.cr.fetchall()])

    def _take_shares(self, warehouse, quantity):
        """Lower the shares of one allocation, in this warehouse before others.

        :return: what was taken, at most `quantity`
        """
        # sudo: shares are the system's account of what is kept; no role writes them by hand
        shares = self.sudo().share_ids.sorted(lambda share: (share.warehouse_id != warehouse, share.id))
        taken = 0.0
        for share in shares:
            take = min(share.quantity, quantity - taken)
            share.quantity -= take
            taken += take
        shares.filtered(lambda share: self._is_zero(share.quantity)).unlink()
        drawn = self.drawn_quantity + taken
        used = self._is_zero(self.product_quantity - drawn)
        self._step({"drawn_quantity": drawn, "state": "used" if used else "active"})
        return taken

    def _give_back(self, warehouse, quantity):
        """Keep again what an order drew and gives up, as far as the goods are there.

        :return: what is kept again; less than `quantity` when the period is over or the goods are gone
        """
        self.ensure_one()
        over = self.date_to < fields.Date.context_today(self)
        if over or self.state not in ("active", "used"):
            return 0.0
        left = self._promisable(self.product_id, warehouse)[self.product_id.id, warehouse.id]
        back = min(quantity, self.drawn_quantity, max(left, 0.0))
        if self._is_zero(back):
            return 0.0
        self._add_shares({(self, warehouse.id): back})
        self._step({"drawn_quantity": self.drawn_quantity - back, "state": "active"})
        return back
