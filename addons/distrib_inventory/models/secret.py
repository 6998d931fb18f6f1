from odoo import fields, models
from odoo.tools import SQL


class Secret(models.Model):
    """Passwords and keys of outside systems. No role may read one: records of this model exist for code alone."""

    _name = "distrib.secret"
    _description = "Secret of an Outside System"
    _log_access = False

    res_model = fields.Char(required=True)
    res_id = fields.Many2oneReference(model_field="res_model", required=True)
    name = fields.Char(required=True)
    value = fields.Char(required=True, exportable=False)

    _owner_uniq = models.Constraint("UNIQUE (res_model, res_id, name)", "A record has one secret of a name.")


class SecretMixin(models.AbstractModel):
    """Write-only fields: what is entered is kept in ``distrib.secret`` and never comes back to a screen, an export or a call.

    A model lists the names in ``_secret_fields`` and declares each as
    ``fields.Char(compute="_compute_secret_fields", inverse="_inverse_secret_fields", exportable=False)``. Reading such a
    field gives :attr:`KEPT` where something is kept, else nothing; writing nothing, or :attr:`KEPT`, changes nothing.
    """

    _name = "distrib.secret.mixin"
    _description = "Write-only Fields"

    _secret_fields = ()
    KEPT = "********"

    def _compute_secret_fields(self):
        kept = self._kept_secrets()
        for record in self:
            for name in self._secret_fields:
                record[name] = self.KEPT if (record._origin.id, name) in kept else False

    def _inverse_secret_fields(self):
        # Read all before the first write: a write makes the other new values be computed again.
        entered = {record: {name: record[name] for name in self._secret_fields} for record in self}
        for record, values in entered.items():
            record._keep_secrets({name: text for name, text in values.items() if text and text != self.KEPT})

    def _kept_secrets(self):
        """set of (record id, name) for which there is a secret"""
        # sudo: whoever may read the record may know that there is a secret, and no more.
        found = self.env["distrib.secret"].sudo().search_fetch(
            [("res_model", "=", self._name), ("res_id", "in", self._origin.ids)], ["res_id", "name"]
        )  # fmt: skip
        return {(secret.res_id, secret.name) for secret in found}

    def _keep_secrets(self, values):
        """Keep secrets of one record, by name; an empty one is forgotten."""
        self.ensure_one()
        for name, text in values.items():
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO distrib_secret (res_model, res_id, name, value) VALUES (%s, %s, %s, %s)
                    ON CONFLICT (res_model, res_id, name) DO UPDATE SET value = EXCLUDED.value
                    """,
                    self._name, self.id, name, text.strip(),
                )
                if text and text.strip()
                else SQL(
                    "DELETE FROM distrib_secret WHERE (res_model, res_id, name) = (%s, %s, %s)", self._name, self.id, name
                )
            )  # fmt: skip
        # sudo: see _kept_secrets
        self.env["distrib.secret"].sudo().invalidate_model()
        self.invalidate_recordset(self._secret_fields)

    def _secret(self, name):
        """The secret itself, or an empty text. For calls to the outside only."""
        self.ensure_one()
        # sudo: secrets are open to code alone; the caller has been checked for what he wants done with it.
        found = self.env["distrib.secret"].sudo().search_fetch(
            [("res_model", "=", self._name), ("res_id", "=", self.id), ("name", "=", name)], ["value"]
        )  # fmt: skip
        return found.value or ""

    def unlink(self):
        ids = self.ids
        done = super().unlink()
        # sudo: no role may touch secrets; they go with their record.
        self.env["distrib.secret"].sudo().search([("res_model", "=", self._name), ("res_id", "in", ids)]).unlink()
        return done
