from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ..engine import intake, places
from .problems import problem

ADDRESS = ("name", "street", "street2", "city", "state_id", "zip")


class Buyer(NamedTuple):
    """Who buys, and the contact to whose address the goods go."""

    partner: models.BaseModel
    shipping: models.BaseModel


class IntakePartner(models.AbstractModel):
    """Finds or creates the buyers of incoming orders, all of a batch together.

    A buyer is known within his channel by telephone number or e-mail address. His contact keeps the first address;
    another one becomes a delivery address below it, so that past orders keep theirs.
    """

    _name = "distrib.intake.partner"
    _description = "Buyer Intake"

    @api.model
    def _buyers(self, channel, orders):
        """dict outside number -> (:class:`Buyer`, problems)"""
        none = self.env["res.partner"]
        dealers = self._dealers(channel, orders)
        addresses = {order.external_id: self._address_values(order.address, channel) for order in orders}
        self._place(list(addresses.values()))
        known = self._known(channel, orders)
        result, missing = {}, []
        for order in orders:
            key = intake.buyer_key(order.address, order.privacy_id)
            if order.dealer_code and order.dealer_code not in dealers:
                found = problem("unknown_dealer", "dealer_code", value=order.dealer_code)
                result[order.external_id] = Buyer(none, none), [found]
            elif partner := dealers.get(order.dealer_code) or known.get(key):
                result[order.external_id] = Buyer(partner, none), []
            elif order.address.get("name") or key:
                missing.append((order, key))
            elif channel.partner_id:
                result[order.external_id] = Buyer(channel.partner_id, none), []
            else:
                result[order.external_id] = Buyer(none, none), [problem("no_buyer", "partner")]
        result.update(self._created(channel, missing, addresses))
        return self._with_shipping(orders, result, addresses)

    @api.model
    def _dealers(self, channel, orders):
        codes = {order.dealer_code for order in orders} - {""}
        if not codes:
            return {}
        domain = [
            ("is_dealer", "=", True),
            ("dealer_code", "in", list(codes)),
            ("company_id", "in", (False, channel.company_id.id)),
        ]
        return {dealer.dealer_code: dealer for dealer in self.env["res.partner"].search(domain)}

    @api.model
    def _known(self, channel, orders):
        keys = {intake.buyer_key(order.address, order.privacy_id) for order in orders} - {""}
        partners = (
            self.env["res.partner"]
            .with_context(active_test=False)
            .search([("distrib_channel_id", "=", channel.id), ("distrib_buyer_key", "in", list(keys))])
        )
        return {partner.distrib_buyer_key: partner for partner in partners}

    @api.model
    def _address_values(self, address, channel):
        """Contact values of an address; ``_place`` turns province and city into records."""
        return {
            "name": address.get("name") or address.get("phone") or address.get("email"),
            "phone": address.get("phone"),
            "email": address.get("email"),
            "street": address.get("street"),
            "street2": address.get("district"),
            "city": address.get("city"),
            "zip": address.get("zip"),
            "country_id": channel.company_id.country_id.id,
            "province": address.get("province"),
        }

    @api.model
    def _place(self, rows):
        """Set region and state of address values from the names of province, city and district."""
        named = [row for row in rows if row["province"] or row["city"] or row["street2"]]
        gazetteer = self._gazetteer() if named else None
        found = {}
        for row in rows:
            province = row.pop("province")
            if gazetteer:
                region = gazetteer.find(province or "", row["city"] or "", row["street2"] or "")
                row["distrib_region_id"] = region
                found[id(row)] = gazetteer.above(region, "province") if region else None
        states = self.env["distrib.region"].browse({p for p in found.values() if p})
        states.fetch(["state_id", "country_id"])
        for row in rows:
            province = self.env["distrib.region"].browse(found.get(id(row)) or ())
            row["state_id"] = province.state_id.id
            row["country_id"] = province.state_id.country_id.id or row["country_id"]

    @api.model
    def _gazetteer(self):
        regions = self.env["distrib.region"]
        regions.flush_model(["name", "kind", "parent_id", "active"])
        # The ORM reads a name in one language at a time; an address may use any.
        rows = self.env.execute_query(
            SQL(
                "SELECT id, parent_id, kind, name FROM distrib_region WHERE active AND kind IN %s",
                ("area", "province", "city", "district"),
            )
        )
        return places.Gazetteer.of(
            places.Place(row_id, parent, kind, tuple(names.values())) for row_id, parent, kind, names in rows
        )

    @api.model
    def _created(self, channel, missing, addresses):
        """New contacts, one for each buyer even if he sent several of the orders."""
        rows, first = [], {}
        for order, key in missing:
            # Without telephone and e-mail nothing tells that two orders have one buyer.
            if (key or order.external_id) not in first:
                first[key or order.external_id] = len(rows)
                rows.append(
                    {
                        **addresses[order.external_id],
                        "company_id": channel.company_id.id,
                        "distrib_channel_id": channel.id,
                        "distrib_buyer_key": key or False,
                    }
                )
        partners = self.env["res.partner"].create(rows)
        partners.flush_recordset()
        none = self.env["res.partner"]
        return {
            order.external_id: (Buyer(partners[first[key or order.external_id]], none), []) for order, key in missing
        }

    @api.model
    def _with_shipping(self, orders, buyers, addresses):
        """Complete the buyers with the delivery contact: their own address, one below it, or a new one below it."""
        partners = self.env["res.partner"].union(*(buyer.partner for buyer, _problems in buyers.values()))
        below = {}
        for partner in partners:
            below[partner.id] = {self._address_of(partner): partner}
        for child in self.env["res.partner"].search([("parent_id", "in", partners.ids), ("type", "=", "delivery")]):
            below[child.parent_id.id].setdefault(self._address_of(child), child)
        rows = {}
        for order in orders:
            buyer, values = buyers[order.external_id][0], addresses[order.external_id]
            if buyer.partner and values["street"]:
                place = (buyer.partner.id, self._address_key(values))
                if place[1] not in below[place[0]]:
                    rows[place] = {**values, "parent_id": buyer.partner.id, "type": "delivery"}
        for place, contact in zip(rows, self.env["res.partner"].create(list(rows.values())), strict=True):
            below[place[0]][place[1]] = contact
        result = {}
        for order in orders:
            buyer, problems = buyers[order.external_id]
            values = addresses[order.external_id]
            shipping = below.get(buyer.partner.id, {}).get(self._address_key(values)) if values["street"] else None
            result[order.external_id] = Buyer(buyer.partner, shipping or self._usual_address(buyer.partner)), problems
        return result

    @api.model
    def _usual_address(self, partner):
        """Where goods go when the order does not say: a dealer may keep a delivery address of his own."""
        return partner.browse(partner.address_get(["delivery"])["delivery"]) if partner.is_dealer else partner

    @api.model
    def _address_key(self, values):
        return tuple(values.get(name) or "" for name in ADDRESS)

    @api.model
    def _address_of(self, partner):
        return tuple((partner[name].id if name == "state_id" else partner[name]) or "" for name in ADDRESS)
