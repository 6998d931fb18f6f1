from . import (
    test_access,
    test_alert_orders,
    test_allocation_orders,
    test_api,
    test_dealer,
    test_demand_orders,
    test_intake,
    test_network_board,
    test_pool,
    test_promotion_channel,
    test_race,
    test_routing,
)
