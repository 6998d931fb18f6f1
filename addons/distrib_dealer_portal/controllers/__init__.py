from . import portal
from . import stock_report
from . import orders
