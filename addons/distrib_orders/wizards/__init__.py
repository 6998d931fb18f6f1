from . import hold_orders, split_order
