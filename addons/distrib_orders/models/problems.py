"""The sentences for the problem codes of the intake, in the reader's language.

Records keep codes and values; who reads them may speak another language than who caused them.
"""

import re

from .pool_problems import pool_sentences


def problem(code, field="", **values):
    """A problem as it is stored: plain JSON."""
    return {"code": code, "field": field, "values": values}


def sentence(env, found):
    """One problem in words, without the name of the field."""
    values = found.get("values") or {}
    sentences = {
        "missing": env._("is missing or empty"),
        "not_an_order": env._("an order is an object with named fields"),
        "not_a_line": env._("a line is an object with sku and quantity"),
        "not_a_partner": env._("a buyer is an object with named fields"),
        "not_a_number": env._("%s is not a usable number", values.get("value")),
        "not_positive": env._("must be more than zero, got %s", values.get("value", 0)),
        "negative": env._("must not be negative, got %s", values.get("value", 0)),
        "not_a_choice": env._(
            "%(value)s is none of these: %(known)s", value=values.get("value"), known=values.get("known")
        ),
        "not_a_time": env._("%s is not an ISO 8601 time", values.get("value")),
        "no_buyer": env._("no buyer is named and the channel has no default customer"),
        "unknown_dealer": env._("no dealer has the number %s", values.get("value")),
        "unknown_sku": env._("no product has the internal reference or barcode %s", values.get("value")),
        "ambiguous_sku": env._("several products have the internal reference or barcode %s", values.get("value")),
        "currency": env._(
            "the channel sells in %(ours)s, not in %(value)s", ours=values.get("ours"), value=values.get("value")
        ),
        "other_content": env._("this version was received before with another content; the first one counts"),
        "stale_version": env._("a newer version of this order was received before"),
        "superseded": env._("a newer version of this order came at the same time"),
        "closed": env._(
            "order %s is already confirmed or cancelled; a clerk has to decide about the change", values.get("value")
        ),
        "not_json": env._("the text is not JSON"),
        "unreadable": env._("the platform's text could not be read: %s", values.get("value")),
        "no_platform": env._("the channel is not connected to a platform that calls us"),
        "forgotten": env._("the buyer is forgotten, nothing can be read from this message any more"),
        "unknown_there": env._("the platform does not know %s", values.get("value")),
        "refused": values.get("value") or env._("the order could not be saved"),
    }
    sentences |= pool_sentences(env, values)
    return sentences.get(found.get("code"), found.get("code") or "")


def as_errors(env, problems):
    """Problems as the interface answers them: field and message."""
    return [{"field": found.get("field") or "", "message": sentence(env, found)} for found in problems or ()]


def as_text(env, problems):
    """Problems as a screen shows them, one a line: where, and why."""
    rows = ((place(env, row["field"]), row["message"]) for row in as_errors(env, problems))
    return "\n".join(env._("%(place)s: %(why)s", place=where, why=why) if where else why for where, why in rows)


def place(env, field):
    """The path of a field as people count: ``lines[1].sku`` is line 2, sku."""
    if line := re.fullmatch(r"lines\[(\d+)\](?:\.(\w+))?", field):
        number, name = int(line[1]) + 1, line[2]
        return env._("line %(number)s, %(name)s", number=number, name=name) if name else env._("line %s", number)
    return field
