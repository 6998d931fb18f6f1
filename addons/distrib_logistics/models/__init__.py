from . import (
    delivery_carrier,
    parcel,
    parcel_intake,
    sale_order,
    stock_picking,
    tracking_code,
    tracking_event,
    tracking_message,
)
