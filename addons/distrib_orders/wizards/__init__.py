from . import hold_orders
