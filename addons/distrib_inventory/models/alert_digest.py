from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools import formatLang

# So many alerts a digest names; the others are behind its button.
NAMED = 5
SHOWN = 20


class AlertDigest(models.Model):
    """The open alerts of one rule for one responsible: one record and one activity, however many alerts there are."""

    _name = "distrib.alert.digest"
    _description = "Digest of Stock Alerts"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _rec_name = "rule_id"
    _order = "told_on desc, id"

    rule_id = fields.Many2one("distrib.alert.rule", required=True, ondelete="cascade", index=True, readonly=True)
    user_id = fields.Many2one("res.users", required=True, ondelete="cascade", index=True, readonly=True)
    open_count = fields.Integer(string="Open Alerts", readonly=True)
    new_count = fields.Integer(string="New Today", readonly=True)
    serious_count = fields.Integer(string="Serious", readonly=True)
    impact = fields.Float(string="At Stake", readonly=True, digits="Product Price")
    told_on = fields.Date(readonly=True, help="The last day on which an activity was made.")
    worst_ids = fields.Many2many(
        "distrib.alert", compute="_compute_worst_ids", string="The Worst", help="By what is at stake."
    )
    places = fields.Text(compute="_compute_worst_ids", help="Where most of it is.")

    _pair_uniq = models.Constraint("unique(rule_id, user_id)", "A responsible has one digest of a rule.")

    @api.model
    def _refresh(self, rule):
        """Bring the digests of a rule up to date. At most one new activity a day and responsible; none is left when
        nothing is open."""
        users = rule._responsible_users()
        known = self.search([("rule_id", "=", rule.id)])
        digests = known.filtered(lambda digest: digest.user_id in users)
        (known - digests).unlink()
        digests += self.create([{"rule_id": rule.id, "user_id": user.id} for user in users - digests.user_id])
        counts = rule._counts_by_company()
        for digest in digests:
            companies = {False, *digest.user_id.company_ids.ids}
            parts = [figures for company, figures in counts.items() if company in companies]
            digest._tell(*(sum(column) for column in zip(*parts, strict=True)) if parts else (0, 0, 0, 0.0))

    def _tell(self, total, new, serious, impact):
        today = fields.Date.context_today(self)
        self.write({"open_count": total, "new_count": new, "serious_count": serious, "impact": impact})
        activities = self.activity_ids
        if not total:
            activities.unlink()
            return
        reader = self.with_context(lang=self.user_id.lang)
        summary = reader._summary()
        if activities:
            if activities.filtered(lambda activity: activity.summary != summary):
                activities.write({"summary": summary, "note": reader._note()})
        elif not self.told_on or self.told_on < today:
            self.with_context(mail_activity_quick_update=True).activity_schedule(
                "distrib_inventory.mail_activity_alerts",
                today,
                summary=summary,
                note=reader._note(),
                user_id=self.user_id.id,
            )
            self.told_on = today

    def _summary(self):
        """The one line of the activity."""
        if self.serious_count:
            return self.env._(
                "%(rule)s: %(count)s open, %(serious)s serious",
                rule=self.rule_id.name,
                count=self.open_count,
                serious=self.serious_count,
            )
        return self.env._("%(rule)s: %(count)s open", rule=self.rule_id.name, count=self.open_count)

    def _note(self):
        """The worst in a list, so that the activity can be judged where it is read."""
        worst = self._worst(NAMED)
        lines = [
            Markup("<li><b>%s</b> %s<br/>%s</li>")
            % (alert.product_id.display_name or "", alert.warehouse_id.name or "", alert.reason)
            for alert in worst
        ]
        more = self.open_count - len(worst)
        end = Markup("<p>%s</p>") % self.env._("and %s more", more) if more > 0 else Markup()
        return Markup("<ul>%s</ul>%s") % (Markup().join(lines), end)

    def _alert_domain(self):
        companies = [False, *self.user_id.company_ids.ids]
        return [("rule_id", "=", self.rule_id.id), ("state", "=", "open"), ("company_id", "in", companies)]

    def _worst(self, count):
        return self.env["distrib.alert"].search(self._alert_domain(), limit=count)

    @api.depends("open_count")
    @api.depends_context("lang")
    def _compute_worst_ids(self):
        for digest in self:
            digest.worst_ids = digest._worst(SHOWN)
            groups = self.env["distrib.alert"]._read_group(
                digest._alert_domain(),
                ["warehouse_id"],
                ["__count", "impact:sum"],
                order="impact:sum DESC",
                limit=NAMED,
            )
            digest.places = "\n".join(digest._place_line(*group) for group in groups)

    def _place_line(self, warehouse, count, impact):
        values = {"warehouse": warehouse.name or "–", "count": count, "impact": formatLang(self.env, impact, digits=0)}
        if impact:
            return self.env._("%(warehouse)s: %(count)s, %(impact)s at stake", **values)
        return self.env._("%(warehouse)s: %(count)s", **values)

    def action_view_alerts(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_alert")
        title = dict.fromkeys(("name", "display_name"), self.rule_id.name)
        return {**action, "domain": [("rule_id", "=", self.rule_id.id)], **title}


class AlertRule(models.Model):
    _inherit = "distrib.alert.rule"

    def _counts_by_company(self):
        """{company id or False: (open alerts, of these opened today, of these serious, at stake)}."""
        alert = self.env["distrib.alert"]
        domain = [("rule_id", "=", self.id), ("state", "=", "open")]
        start = fields.Datetime.to_datetime(fields.Date.context_today(self))
        part = {
            name: dict(alert._read_group([*domain, condition], ["company_id"], ["__count"]))
            for name, condition in (("new", ("opened_at", ">=", start)), ("serious", ("is_serious", "=", True)))
        }
        return {
            company.id: (count, part["new"].get(company, 0), part["serious"].get(company, 0), impact)
            for company, count, impact in alert._read_group(domain, ["company_id"], ["__count", "impact:sum"])
        }
