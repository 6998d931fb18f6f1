from odoo import api, fields, models


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
    told_on = fields.Date(readonly=True, help="The last day on which an activity was made.")

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
            companies = digest.user_id.company_ids.ids
            total = sum(count for company, (count, _new) in counts.items() if not company or company in companies)
            new = sum(new for company, (_count, new) in counts.items() if not company or company in companies)
            digest._tell(total, new)

    def _tell(self, total, new):
        today = fields.Date.context_today(self)
        self.write({"open_count": total, "new_count": new})
        activities = self.activity_ids
        if not total:
            activities.unlink()
            return
        summary = self.with_context(lang=self.user_id.lang).env._(
            "%(rule)s: %(count)s open", rule=self.rule_id.with_context(lang=self.user_id.lang).name, count=total
        )
        if activities:
            activities.filtered(lambda activity: activity.summary != summary).write({"summary": summary})
        elif not self.told_on or self.told_on < today:
            self.with_context(mail_activity_quick_update=True).activity_schedule(
                "distrib_inventory.mail_activity_alerts", today, summary=summary, user_id=self.user_id.id
            )
            self.told_on = today

    def action_view_alerts(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("distrib_inventory.action_distrib_alert")
        return {**action, "domain": [("rule_id", "=", self.rule_id.id)], "name": self.rule_id.name}


class AlertRule(models.Model):
    _inherit = "distrib.alert.rule"

    def _counts_by_company(self):
        """{company id: (open alerts, of these opened today)}."""
        alert = self.env["distrib.alert"]
        domain = [("rule_id", "=", self.id), ("state", "=", "open")]
        start = fields.Datetime.to_datetime(fields.Date.context_today(self))
        fresh = dict(alert._read_group([*domain, ("opened_at", ">=", start)], ["company_id"], ["__count"]))
        return {
            company.id: (count, fresh.get(company, 0))
            for company, count in alert._read_group(domain, ["company_id"], ["__count"])
        }
