from datetime import timedelta

from odoo import api, fields, models


class Home(models.AbstractModel):
    """The first page of the app: cards of what needs doing today, for the roles of the user.

    An add-on adds cards by extending `_cards`:

        @api.model
        def _cards(self):
            return [*super()._cards(), {
                "key": "proposals", "area": "planning", "sequence": 10,
                "groups": ("distrib_inventory.group_planner",),
                "title": self.env._("Proposals to decide"), "subtitle": self.env._("Purchases and transfers"),
                "icon": "fa-lightbulb-o", "tone": "info",
                "model": "distrib.proposal", "domain": [("state", "=", "draft")],
                "action": "distrib_inventory.action_proposals",
            }]

    `count` may stand in place of `model` and `domain`: a number or a function without arguments; a text is a figure that
    asks for nothing. Cards of other roles
    are dropped before anything is counted. `context` (for example search defaults) goes to the action; the domain
    goes to it as well, so that the list shows what was counted.
    """

    _name = "distrib.home"
    _description = "Distribution Home"

    @api.model
    @api.readonly
    def get_home(self):
        """All that the page shows, in one call."""
        areas = self._areas()
        cards = self.get_cards()
        return {
            "user": self.env.user.name,
            "date": fields.Date.to_string(fields.Date.context_today(self)),
            "areas": [
                {"key": key, "title": title, "cards": group}
                for key, title in areas.items()
                if (group := [card for card in cards if card["area"] == key])
            ],
        }

    @api.model
    @api.readonly
    def get_cards(self):
        """The user's cards in order: key, area, title, subtitle, count, tone, icon, action, sequence.

        A card with nothing to do stays, with the tone "success": what is watched is worth knowing, too.
        """
        order = {area: place for place, area in enumerate(self._areas())}
        cards = [self._filled(card) for card in self._cards() if self._is_for_user(card)]
        return sorted(cards, key=lambda card: (order[card["area"]], card["sequence"], card["key"]))

    @api.model
    def _areas(self):
        return {
            "planning": self.env._("Planning"),
            "orders": self.env._("Orders"),
            "logistics": self.env._("Logistics"),
            "dealers": self.env._("Dealers"),
            "network": self.env._("Network"),
        }

    @api.model
    def _is_for_user(self, card):
        roles = card.get("groups", ("distrib_inventory.group_viewer",))
        # A role whose rights were narrowed by hand loses the card, not the whole page.
        readable = "model" not in card or self.env[card["model"]].has_access("read")
        return readable and any(self.env.user.has_group(role) for role in roles)

    @api.model
    def _filled(self, card):
        count = card.get("count")
        if count is None:
            count = self.env[card["model"]].search_count(card["domain"])
        elif callable(count):
            count = count()
        return {
            "key": card["key"],
            "area": card["area"],
            "title": card["title"],
            "subtitle": card.get("subtitle", ""),
            "count": count,
            "tone": card.get("tone", "info") if count else "success",
            "icon": card.get("icon", "fa-circle-o"),
            "sequence": card.get("sequence", 100),
            "action": self._card_action(card),
        }

    @api.model
    def _card_action(self, card):
        """The action as a dictionary, bound to the card's domain and context."""
        action = card.get("action")
        if not action:
            return False
        if isinstance(action, str):
            action = self.env["ir.actions.actions"]._for_xml_id(action)
            if card.get("domain"):
                action["domain"] = card["domain"]
            action["context"] = card.get("context", {})
        return action

    @api.model
    def _cards(self):
        stock_roles = ("distrib_inventory.group_planner", "distrib_inventory.group_logistics")
        late = [
            ("state", "in", ("waiting", "confirmed", "assigned")),
            ("scheduled_date", "<", fields.Datetime.now() - timedelta(days=1)),
        ]
        return [
            {
                "key": "unplaced_warehouses",
                "area": "network",
                "sequence": 10,
                "groups": ("distrib_inventory.group_manager",),
                "title": self.env._("Warehouses without a place"),
                "subtitle": self.env._("Region or tier is missing"),
                "icon": "fa-map-marker",
                "tone": "warning",
                "model": "stock.warehouse",
                "domain": ["|", ("region_id", "=", False), ("network_tier", "=", False)],
                "action": "distrib_inventory.action_network_warehouses",
            },
            {
                "key": "negative_stock",
                "area": "network",
                "sequence": 20,
                "groups": stock_roles,
                "title": self.env._("Negative stock"),
                "subtitle": self.env._("More was shipped than counted"),
                "icon": "fa-minus-circle",
                "tone": "danger",
                "model": "stock.quant",
                "domain": [("quantity", "<", 0), ("location_id.usage", "=", "internal")],
                "action": "distrib_inventory.action_negative_quants",
            },
            {
                "key": "late_receipts",
                "area": "logistics",
                "sequence": 20,
                "groups": stock_roles,
                "title": self.env._("Late receipts"),
                "subtitle": self.env._("Due since yesterday or longer"),
                "icon": "fa-sign-in",
                "tone": "warning",
                "model": "stock.picking",
                # what comes from another warehouse is a transfer, though its second leg is a receipt for core
                "domain": [("picking_type_id.code", "=", "incoming"), ("location_id.usage", "!=", "transit"), *late],
                "action": "distrib_inventory.action_late_pickings",
            },
            {
                "key": "late_transfers",
                "area": "logistics",
                "sequence": 30,
                "groups": stock_roles,
                "title": self.env._("Late transfers"),
                "subtitle": self.env._("Between or inside warehouses"),
                "icon": "fa-exchange",
                "tone": "warning",
                "model": "stock.picking",
                "domain": [
                    "|",
                    "|",
                    ("picking_type_id.code", "=", "internal"),
                    ("location_dest_id.usage", "=", "transit"),
                    ("location_id.usage", "=", "transit"),
                    *late,
                ],
                "action": "distrib_inventory.action_late_pickings",
            },
        ]
