import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..engine.demo import DemoNetwork, generate

_logger = logging.getLogger(__name__)

PARAMETER = "distrib_inventory.demo"
TIMEZONE = "Asia/Shanghai"
# login -> (group, name, name in Chinese)
INTERNAL = {
    "planner": ("distrib_inventory.group_planner", "Planner", "计划员"),
    "clerk": ("distrib_inventory.group_order_clerk", "Order clerk", "订单专员"),
    "warehouse": ("distrib_inventory.group_logistics", "Warehouse", "仓库主管"),
    "channel": ("distrib_inventory.group_channel_manager", "Channel manager", "渠道经理"),
    "manager": ("distrib_inventory.group_manager", "Manager", "经理"),
}


@dataclass
class DemoBuild:
    """What one build has made so far; lists run parallel to those of ``network``. Add-ons keep theirs in ``extra``."""

    network: DemoNetwork
    lang: str
    suppliers: models.BaseModel = None
    dealers: models.BaseModel = None
    warehouses: models.BaseModel = None
    products: models.BaseModel = None
    extra: dict = field(default_factory=dict)

    def label(self, record):
        """The name of a generated record in the language of the data."""
        return record.name_zh if self.lang.startswith("zh") else record.name


class Demo(models.AbstractModel):
    """Writes the generated network into this database. `build` runs the steps in their order; an add-on extends
    `_steps` with its own, and the `_..._vals` hooks of the steps below it.
    """

    _name = "distrib.demo"
    _description = "Distribution Demo Network"

    @api.model
    def build(self, seed=19, scale=1, until=None, lang=None, force=False):
        """Make the demo network, once in the life of a database.

        :param int seed: same seed, scale and last day: same data
        :param float scale: multiplies warehouses, products, dealers and orders
        :param until: last day of the sales history; by default yesterday in China
        :param str lang: language of names and users, en_US by default
        :param bool force: build beside data that somebody else entered
        """
        self._check_may_build(force)
        until = fields.Date.to_date(until) or fields.Date.context_today(self.with_context(tz=TIMEZONE)) - timedelta(1)
        lang = lang or "en_US"
        # Nobody follows, mails or logs the changes of made-up records; it would take most of the time.
        builder = self.sudo().with_context(
            tracking_disable=True, mail_create_nolog=True, mail_create_nosubscribe=True, mail_notrack=True,
            no_reset_password=True, lang=lang, tz=TIMEZONE,
        )  # fmt: skip
        made = DemoBuild(generate(seed, scale, until), lang)
        for _sequence, name, step in sorted(builder._steps(), key=lambda step: step[:2]):
            start = time.monotonic()
            step(made)
            builder.env.flush_all()
            _logger.info("Demo network: %s in %.1f s", name, time.monotonic() - start)
        self.env["ir.config_parameter"].sudo().set_param(PARAMETER, f"seed={seed} scale={scale} until={until}")
        return made

    @api.model
    def logins(self):
        """(login, role) of each user of the demo; the password is the login."""
        return [
            ("planner", self.env._("Planner: policies, proposals, purchases and transfers")),
            ("clerk", self.env._("Order clerk: the order pool")),
            ("warehouse", self.env._("Warehouse and logistics: transfers and parcels")),
            ("channel", self.env._("Channel manager: channels, dealers and their terms")),
            ("manager", self.env._("Manager: everything")),
        ]

    @api.model
    def _check_may_build(self, force):
        if not (self.env.su or self.env.user._is_admin()):
            raise AccessError(self.env._("Only an administrator builds the demo network."))
        done = self.env["ir.config_parameter"].sudo().get_param(PARAMETER)
        if done:
            raise UserError(self.env._("This database already has its demo network (%s).", done))
        if not force and self._has_other_data():
            raise UserError(
                self.env._("This database has data of its own: the demo network belongs into an empty one.")
            )

    @api.model
    def _has_other_data(self):
        self.env.cr.execute("SELECT EXISTS (SELECT FROM distrib_demand_block)")
        return self.env.cr.fetchone()[0] or any(
            self.env[model].sudo().search_count([], limit=1) for model in self._other_data_models()
        )

    @api.model
    def _other_data_models(self):
        return ["stock.move", "purchase.order", "account.move"]

    @api.model
    def _steps(self):
        """(sequence, name, method that takes the DemoBuild)."""
        return [
            (10, "company", self._build_company),
            (20, "partners", self._build_partners),
            (30, "warehouses", self._build_warehouses),
            (40, "products", self._build_products),
            (50, "users", self._build_users),
            (60, "stock", self._build_stock),
            (70, "demand history", self._build_history),
            (90, "supplies", self._build_supplies),
            (95, "policies", self._build_policies),
        ]

    def _build_company(self, made):
        """A Chinese company with a chart of accounts: the Chinese one where it is installed."""
        for code in {"en_US", made.lang}:
            # A database made with another language alone has English switched off.
            self.env["res.lang"]._activate_lang(code)
        company = self.env.company
        chinese = made.lang.startswith("zh")
        china = self.env.ref("base.cn")
        company.write(
            {
                "name": "云汐日用消费品" if chinese else "Yunxi Consumer Goods",
                "country_id": china.id,
                "city": "武汉" if chinese else "Wuhan",
            }
        )
        company.partner_id.tz = TIMEZONE
        currency = self.env.ref("base.CNY")
        currency.active = True
        if not company._existing_accounting():
            company.currency_id = currency
        template = self.env["account.chart.template"]
        code = (
            "cn" if "cn" in template._get_chart_template_mapping() and self._is_installed("l10n_cn") else "generic_coa"
        )
        if company.chart_template != code and not company._existing_accounting():
            template.try_loading(code, company)
            company.currency_id = currency
        self.env.ref("base.user_admin").write({"tz": TIMEZONE, "lang": made.lang})

    def _is_installed(self, module):
        return bool(self.env["ir.module.module"].search_count([("name", "=", module), ("state", "=", "installed")]))

    def _build_partners(self, made):
        partners = self.env["res.partner"]
        made.suppliers = partners.create([self._supplier_vals(made, s) for s in made.network.suppliers])
        made.dealers = partners.create([self._dealer_vals(made, d) for d in made.network.dealers])

    def _supplier_vals(self, made, supplier):
        return {**self._company_vals(made, supplier), "supplier_rank": 1}

    def _dealer_vals(self, made, dealer):
        return {**self._company_vals(made, dealer), "customer_rank": 1}

    def _company_vals(self, made, record):
        region = self._region(record.city)
        state = region.state_id or region.parent_id.state_id
        return {
            "name": made.label(record),
            "ref": record.ref,
            "is_company": True,
            "lang": made.lang,
            "tz": TIMEZONE,
            "city": made.label(record.city),
            "country_id": self.env.ref("base.cn").id,
            "state_id": state.id,
        }

    def _region(self, city):
        """The region of a city, or of its province where the tree stops there."""
        return (
            self.env.ref(f"distrib_inventory.region_{city.adcode}", raise_if_not_found=False)
            or self.env.ref(f"distrib_inventory.region_{city.adcode[:2]}0000", raise_if_not_found=False)
            or self.env["distrib.region"]
        )

    def _build_users(self, made):
        chinese = made.lang.startswith("zh")
        self.env["res.users"].create(
            [
                {
                    "login": login,
                    "password": login,
                    "name": name_zh if chinese else name,
                    "lang": made.lang,
                    "tz": TIMEZONE,
                    "email": f"{login}@example.com",
                    "group_ids": [fields.Command.set(self.env.ref(group).ids)],
                }
                for login, (group, name, name_zh) in INTERNAL.items()
            ]
        )

    def _before_delivery(self, made, pairs):
        """Hook: what is written on deliveries before they leave.

        Declared here, below orders and logistics, of which each may be installed without the other.

        :param list pairs: (generated order, sale order)
        """

    def _backdate(self, records, date, columns=("create_date",)):
        """Set columns of records that the ORM keeps to itself, one date for all or one for each record.

        :param date: datetime, or dict record id -> datetime
        """
        dates = date if isinstance(date, dict) else dict.fromkeys(records.ids, date)
        if not dates:
            return
        records.flush_recordset()
        values = SQL(", ").join(SQL("(%s, %s::timestamp)", key, value) for key, value in dates.items())
        for column in columns:
            self.env.cr.execute(
                SQL(
                    "UPDATE %s r SET %s = v.at FROM (VALUES %s) v(id, at) WHERE r.id = v.id",
                    SQL.identifier(records._table), SQL.identifier(column), values,
                )
            )  # fmt: skip
        records.invalidate_recordset()

    def _noon(self, day, hour=4):
        """A moment of a day in working hours in China, as the naive UTC datetime of the ORM (04:00 UTC is noon)."""
        return datetime(day.year, day.month, day.day, hour)
