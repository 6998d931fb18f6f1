from . import test_dashboards, test_demo, test_home, test_sales_report
