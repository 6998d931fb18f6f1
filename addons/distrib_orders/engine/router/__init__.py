"""The router: which location fulfils which line, for the whole pool of orders at once.

The modules, in the sequence in which :mod:`.plan` uses them:

* :mod:`.instance` - what a pool is: lines, stock, lanes, capacity, bans and pins, as frozen arrays
* :mod:`.costs` - the named parts of what a parcel costs, and what a plan costs
* :mod:`.table` - the cost of every parcel that an order could be made of
* :mod:`.rules` - the shop's own rules, the start and the measure of every plan
* :mod:`.single` - the best plan for one order, splits included, given what is left
* :mod:`.prices` - what a unit of scarce stock and a parcel of scarce capacity are worth to the pool
* :mod:`.bound` - a proven lower bound, and the prices that belong to it
* :mod:`.improve` - ruin and recreate
* :mod:`.explain` - why a line got its location, and what the others would have cost
"""

from .instance import UNFILLED, Instance, Lanes, Plan
from .plan import Outcome, Settings, optimise

__all__ = ["UNFILLED", "Instance", "Lanes", "Outcome", "Plan", "Settings", "optimise"]
