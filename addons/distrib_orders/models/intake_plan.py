"""What the intake means to do with one order, between reading it and saving it."""

from dataclasses import dataclass, field

from odoo import models
from odoo.fields import Command

from ..engine import intake


@dataclass
class Plan:
    """``kind``: create, update (nothing has been promised) or change (confirmed). ``lines`` are values of sale lines.

    ``holds`` are (hold code, problems), the most serious first.
    """

    kind: str
    message: models.BaseModel
    sale: models.BaseModel
    order: intake.Incoming
    values: dict
    lines: list[dict]
    holds: list[tuple[str, list[dict]]] = field(default_factory=list)
    shipping: models.BaseModel | None = None
    risk: str = ""

    @property
    def unmatched(self):
        """The problems of lines that match no product."""
        return next((problems for code, problems in self.holds if code == "unmatched"), [])

    def commands(self):
        return [Command.create(line) for line in self.lines]

    def hold_values(self):
        """Fields of the order about being held and being free for the router. A hold by hand stays."""
        accepted = self.message.channel_id.auto_confirm
        risk = {"pool_risk": self.risk or False}
        if self.sale.hold_code == "manual":
            data = {**(self.sale.hold_data or {}), "next": self.holds}
            return {"hold_data": data, "pool_accepted": accepted, **risk}
        return {**held(self.holds), "pool_accepted": accepted, **risk}


def held(holds):
    """Fields of an order that is held for these reasons, one after the other; free when there are none."""
    if not holds:
        return {"hold_code": False, "hold_data": False, "hold_until": False}
    code, problems = holds[0]
    until = max((found["values"].get("until") or "" for found in problems), default="")
    return {
        "hold_code": code,
        "hold_data": {"problems": problems, "next": [list(hold) for hold in holds[1:]]},
        "hold_until": until or False,
    }
