"""Two transactions that save the same thing at the same moment.

The database lets one of them through. The other one is run again from its start, by the request or job it belongs to,
and then finds what the first one saved.
"""

from contextlib import contextmanager

import psycopg2
from odoo.exceptions import ConcurrencyError

IDENTITIES = (
    "distrib_inbox_message_identity_uniq",
    "sale_order_channel_ref_uniq",
    "res_partner_distrib_buyer_uniq",
    "distrib_channel_product_key_uniq",
)


def is_race(error):
    """Whether an error says that another transaction saved the same message, order or buyer first."""
    return isinstance(error, psycopg2.errors.UniqueViolation) and error.diag.constraint_name in IDENTITIES


@contextmanager
def retry_races():
    """Turn a lost race into the error upon which a transaction is run again."""
    try:
        yield
    except psycopg2.errors.UniqueViolation as error:
        if is_race(error):
            raise ConcurrencyError("saved by another transaction at the same moment") from error
        raise
