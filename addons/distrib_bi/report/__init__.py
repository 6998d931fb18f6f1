from . import sales_report
