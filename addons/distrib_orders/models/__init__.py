from . import (
    channel,
    dealer_tier,
    inbox_message,
    intake,
    intake_partner,
    partner,
    pricelist,
    problems,
    routing_decision,
    sale_order,
    sale_order_line,
    sale_order_routing,
)
