from . import hold_orders, routing_try, split_order
