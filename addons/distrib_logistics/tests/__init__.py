from . import test_access, test_channel_parcels, test_home, test_intake, test_parcel_lane, test_picking, test_portal
