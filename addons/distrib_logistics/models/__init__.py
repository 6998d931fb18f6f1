from . import (
    delivery_carrier,
    demo,
    home,
    parcel,
    parcel_intake,
    parcel_lane,
    sale_order,
    stock_picking,
    stock_picking_channel,
    tracking_code,
    tracking_event,
    tracking_message,
)
