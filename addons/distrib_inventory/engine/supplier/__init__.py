"""Electronic purchase orders: states, signatures, answers of suppliers. No database, no network, no clock."""
