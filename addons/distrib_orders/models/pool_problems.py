"""The sentences for why an order of the pool waits, in the reader's language."""

from odoo.tools import format_datetime


def pool_sentences(env, values):
    """Sentences by problem code."""
    return {**_hold_sentences(env, values), **_rule_sentences(env, values), **_change_sentences(env, values)}


def _hold_sentences(env, values):
    until = values.get("until")
    shown = format_datetime(env, until) if until else ""
    return {
        "unknown_article": env._(
            "no product is matched to the article %(value)s %(title)s",
            value=values.get("value"), title=values.get("title") or "",
        ),
        "unpaid": env._("the buyer has not paid yet"),
        "presale_unpaid": env._("presale: the final payment has not come yet"),
        "refund_requested": env._("the buyer asks for a refund"),
        "gap": env._(
            "the buyer paid %(value)s, which differs by %(gap)s from the lines and the freight",
            value=_money(values.get("value")), gap=_money(values.get("gap")),
        ),
        "shipped_outside": env._(
            "the platform says %s, but nothing has left here: it was confirmed outside", values.get("value")
        ),
        "hold_risk": env._("the platform checks the order for fraud"),
        "hold_group_forming": env._("the group of buyers is not complete yet"),
        "hold_presale": env._("presale, not to be shipped before %s", shown) if shown else env._("presale"),
        "hold_address_review": env._("the platform checks a change of the address"),
        "hold_locked": env._("the platform has locked the order"),
        "hold_platform": env._("the platform holds the order"),
    }  # fmt: skip


def _rule_sentences(env, values):
    name, value, limit = values.get("name"), values.get("value"), values.get("limit")
    product = values.get("product")
    return {
        "rule_amount": env._(
            "%(rule)s: %(value)s is more than %(limit)s", rule=name, value=_money(value), limit=_money(limit)
        ),
        "rule_blacklist": env._("%(rule)s: %(value)s is on the list", rule=name, value=value),
        "rule_address": env._("%(rule)s: the address is unclear: %(value)s", rule=name, value=value),
        "rule_floor": env._(
            "%(rule)s: %(product)s is sold at %(value)s, below %(limit)s",
            rule=name, product=product, value=_money(value), limit=_money(limit),
        ),
        "rule_list_price": env._(
            "%(rule)s: %(product)s is sold at %(value)s, the list says %(limit)s",
            rule=name, product=product, value=_money(value), limit=_money(limit),
        ),
        "rule_duplicate": env._("%(rule)s: the same buyer ordered the same with %(value)s", rule=name, value=value),
        "rule_remark": env._("%(rule)s: %(value)s", rule=name, value=value),
        "rule_words": env._("%(rule)s: a remark says %(value)s", rule=name, value=value),
        "rule_test": env._("%(rule)s: looks like a test (%(value)s)", rule=name, value=value),
    }  # fmt: skip


def _change_sentences(env, values):
    order, before, after = values.get("order"), values.get("before"), values.get("after")
    product = values.get("product")
    return {
        "changed": env._(
            "order %(order)s, %(product)s: the quantity was %(before)s, outside it is now %(after)s; a clerk has to "
            "decide",
            order=order, product=product, before=_plain(before), after=_plain(after),
        ),
        "refunded": env._(
            "order %(order)s, %(product)s: %(quantity)s refunded after it was shipped, expected back",
            order=order, product=product, quantity=_plain(values.get("quantity")),
        ),
        "address": env._(
            "order %(order)s: the address was %(before)s, outside it is now %(after)s; the goods are on their way "
            "already",
            order=order, before=before, after=after,
        ),
        "cancelled_late": env._(
            "order %s was cancelled outside after goods had left: stop the parcel, or expect it back",
            values.get("value"),
        ),
        "unpack": env._("order %s was cancelled after it had been picked: put the goods back", values.get("value")),
        "refund_without_order": env._("the order %s of this refund has not come yet", values.get("value")),
    }  # fmt: skip


def _money(value):
    return f"{value:.2f}" if isinstance(value, int | float) else value


def _plain(value):
    return f"{value:g}" if isinstance(value, int | float) else value
