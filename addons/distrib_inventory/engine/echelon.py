"""Where safety stock stands in a supply tree so that it costs least for the service its customers get.

The tree is one of stages with base-stock policies; a stage that is out of stock makes those it supplies wait. With
safety factor k, demand over a stage's own replenishment of mean m and deviation s gives

    backorders  EB = s loss(k)          stock on hand  OH = k s + EB          wait  W = EB / demand      (Little)

and what a child finds on order is its own pipeline and its share f of the backorders above:

    m = d (L + R) + f EB,     s^2 = (L + R) sd^2 + d^2 sl^2 + f^2 VB + (1 - f) W sd^2

(for Poisson demand the last term is f (1 - f) EB), the two-moment approximation of S. Graves (Management Science 31
(1985) 1247-1256) and, with its variance, C. Sherbrooke, VARI-METRIC, Operations Research 34 (1986) 311-319, on his METRIC
(ibid. 16 (1968) 122-141); trees of one product: S. Axsaeter, Inventory Control, 3rd edition (2015), chapter 10. Stages
that serve customers have their factor from the service asked; those of the others are found by dynamic programming from
the leaves up over a grid of waits at the stage above, then measured once more with both moments; where nothing is saved,
the usual factors stay.
Everything is done for all products at once: arrays are (n products, j stages).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from . import service

FACTORS = np.array([0.0, 0.15, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.55, 1.8, 2.1, 2.4, 2.8])
# Waits at the stage above, as shares of the longest possible: close together where most plans end.
GRID = np.linspace(0.0, 1.0, 9) ** 2
# Demand a day below which nothing is divided by it.
DUST = 1e-9


@dataclass(frozen=True, eq=False)
class Tree:
    """``parent`` (j,) index of the supplying stage, -1 at a root; ``children`` of each; ``order`` parents first."""

    parent: np.ndarray
    children: tuple
    order: tuple


@dataclass(frozen=True, eq=False)
class Network:
    """What is known of each product at each stage, (n, j) unless said otherwise.

    ``mean`` and ``sigma`` of a day's demand that reaches the stage (its own and that of those it supplies); ``lead``,
    ``lead_sigma`` days of its own replenishment when the stage above has stock; ``review`` days; ``cost`` of holding
    a unit; ``target`` and ``kind`` of its service; ``edge`` which stages serve customers and so must reach the target.
    """

    mean: np.ndarray
    sigma: np.ndarray
    lead: np.ndarray
    lead_sigma: np.ndarray
    review: np.ndarray
    cost: np.ndarray
    target: np.ndarray
    kind: np.ndarray
    edge: np.ndarray

    def take(self, rows: np.ndarray) -> "Network":
        """The chosen products."""
        return Network(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


@dataclass(frozen=True, eq=False)
class Placed:
    """A plan, each (n, j): safety ``factor``, ``wait`` at the stage above and the deviation in days that it adds to that
    of the lead time, ``safety`` stock and stock ``on_hand`` in units; ``cost`` (n,) of holding what is on hand beyond the
    cycle's."""

    factor: np.ndarray
    wait: np.ndarray
    wait_sigma: np.ndarray
    safety: np.ndarray
    on_hand: np.ndarray
    cost: np.ndarray

    def service(self) -> np.ndarray:
        """The cycle service (n, j) that the factors stand for."""
        return ndtr(self.factor)


def tree(parent: np.ndarray) -> Tree:
    """Return the tree of parents (j,); ValueError when they run in a circle.

    >>> tree(np.array([-1, 0, 0, 1])).order
    (0, 1, 2, 3)
    """
    parent = np.asarray(parent, np.int64)
    children: list[list[int]] = [[] for _ in parent]
    for stage, above in enumerate(parent.tolist()):
        if above >= 0:
            children[above].append(stage)
    order = [stage for stage, above in enumerate(parent.tolist()) if above < 0]
    for stage in order:
        order.extend(children[stage])
    if len(order) != len(parent):
        raise ValueError("The supply tree runs in a circle.")
    return Tree(parent, tuple(tuple(found) for found in children), tuple(order))


def _backorders(k: np.ndarray, s: np.ndarray) -> tuple:
    """Mean and variance of backorders of normal demand over replenishment of deviation ``s``, safety factor ``k``."""
    first = service.loss(k)
    density = np.exp(-0.5 * k * k) / np.sqrt(2 * np.pi)
    second = (k * k + 1) * ndtr(-k) - k * density
    return s * first, s * s * np.maximum(second - first * first, 0.0)


def _pipeline(network: Network, stage: int) -> np.ndarray:
    """Variance of demand over a stage's own replenishment, no wait counted."""
    span = network.lead[:, stage] + network.review[:, stage]
    return span * network.sigma[:, stage] ** 2 + (network.mean[:, stage] * network.lead_sigma[:, stage]) ** 2


def _edge_factor(network: Network, stage: int, s: np.ndarray) -> np.ndarray:
    cycle = network.mean[:, stage] * np.maximum(network.review[:, stage], 1.0)
    return np.maximum(service.normal_factor(network.target[:, stage], network.kind[:, stage], s, cycle), 0.0)


def evaluate(shape: Tree, network: Network, factor: np.ndarray) -> Placed:
    """Return what a plan of safety factors (n, j) holds and costs; customers' stages take the factor they need.

    >>> one = np.ones((1, 2)); edge = np.array([[False, True]])
    >>> net = Network(10 * one, 4 * one, 4 * one, 0 * one, 0 * one, one, 0.975 * one, 0 * one, edge)
    >>> lean, rich = (evaluate(tree(np.array([-1, 0])), net, np.array([[k, 0.0]])) for k in (0.0, 3.0))
    >>> lean.wait.round(2).tolist(), bool(lean.safety[0, 1] > rich.safety[0, 1])
    ([[0.0, 0.32]], True)
    """
    factor = np.array(factor, np.float64)
    size = factor.shape
    wait, wait_variance, deviation = np.zeros(size), np.zeros(size), np.zeros(size)
    behind, unrest = np.zeros(size), np.zeros(size)
    for stage in shape.order:
        above = shape.parent[stage]
        variance = _pipeline(network, stage)
        if above >= 0:
            demand = network.mean[:, above]
            share = np.divide(network.mean[:, stage], demand, out=np.zeros(len(demand)), where=demand > DUST)
            share = np.minimum(share, 1.0)
            wait[:, stage] = np.divide(behind[:, above], demand, out=np.zeros(len(demand)), where=demand > DUST)
            late = share**2 * unrest[:, above]
            while_waiting = wait[:, stage] * network.sigma[:, stage] ** 2
            variance = variance + late + (1 - share) * while_waiting
            mean = network.mean[:, stage]
            beyond = np.maximum(late - share * while_waiting, 0.0)
            wait_variance[:, stage] = np.divide(beyond, mean**2, out=np.zeros(len(mean)), where=mean > DUST)
        deviation[:, stage] = np.sqrt(variance)
        needed = _edge_factor(network, stage, deviation[:, stage])
        factor[:, stage] = np.where(network.edge[:, stage], needed, factor[:, stage])
        behind[:, stage], unrest[:, stage] = _backorders(factor[:, stage], deviation[:, stage])
    safety = factor * deviation
    on_hand = safety + behind
    cost = (network.cost * on_hand).sum(axis=1)
    return Placed(factor, wait, np.sqrt(wait_variance), safety, on_hand, cost)


def single(shape: Tree, network: Network) -> Placed:
    """Return the plan in which every stage keeps the service asked of it, as if it served customers itself."""
    factor = np.zeros(network.mean.shape)
    for stage in shape.order:
        factor[:, stage] = _edge_factor(network, stage, np.sqrt(_pipeline(network, stage)))
    return evaluate(shape, network, factor)


def place(shape: Tree, network: Network, least: float = 0.5) -> Placed:
    """Return the plan of least holding cost that dynamic programming finds, never dearer than ``single``.

    ``least`` cycle service that also those stages keep which serve no customer (a half: no safety stock there).
    """
    ladder = np.unique(np.maximum(FACTORS, ndtri(min(max(least, 0.5), 0.9999))))
    usual = single(shape, network)
    best, cost = usual.factor.copy(), usual.cost.copy()
    for tilt in (1.0, 0.0):
        found = evaluate(shape, network, _factors(shape, network, tilt, ladder))
        better = found.cost < cost - 1e-9
        best[better], cost[better] = found.factor[better], found.cost[better]
    return evaluate(shape, network, best)


def _factors(shape: Tree, network: Network, unrest: float, ladder: np.ndarray) -> np.ndarray:
    """The safety factors (n, j) of the inner stages: costs from the leaves up, choices from the roots down.

    ``unrest`` how much of a wait's variance the children are thought to feel (1: all that goes with its mean).
    """
    count, stages = network.mean.shape
    longest = _longest_wait(shape, network)
    choice = np.zeros((count, stages, len(GRID)), np.int8)
    costs = np.zeros((count, stages, len(GRID)))
    for stage in reversed(shape.order):
        below = sum((costs[:, child] for child in shape.children[stage]), np.zeros((count, len(GRID))))
        costs[:, stage], choice[:, stage] = _cheapest(shape, network, stage, longest, below, unrest, ladder)
    return _descend(shape, network, longest, choice, unrest, ladder)


def _longest_wait(shape: Tree, network: Network) -> np.ndarray:
    """The wait (n,) no stage exceeds: no stage keeps safety stock and all their waits add up."""
    total = np.zeros(network.mean.shape)
    for stage in shape.order:
        above = shape.parent[stage]
        before = total[:, above] if above >= 0 else 0.0
        s = np.sqrt(_pipeline(network, stage)) + network.sigma[:, stage] * np.sqrt(before)
        mean = network.mean[:, stage]
        total[:, stage] = before + np.divide(0.4 * s, mean, out=np.zeros(len(mean)), where=mean > DUST)
    inner = [stage for stage in shape.order if shape.children[stage]]
    return total[:, inner].max(axis=1, initial=0.0) if inner else np.zeros(len(total))


def _spread(network: Network, stage: int, wait: np.ndarray, unrest: float) -> np.ndarray:
    """Deviation (n, g) of demand over replenishment when one waits ``wait`` (n, g) days on average.

    Backorders are about exponential where they are few: their variance is then about the mean's square.
    """
    felt = unrest * (network.mean[:, stage, None] * wait) ** 2
    return np.sqrt(_pipeline(network, stage)[:, None] + wait * network.sigma[:, stage, None] ** 2 + felt)


def _cheapest(
    shape: Tree,
    network: Network,
    stage: int,
    longest: np.ndarray,
    below: np.ndarray,
    unrest: float,
    ladder: np.ndarray,
) -> tuple:
    """Least cost (n, g) of a stage and all below it for each wait above it, and the factor taken (n, g)."""
    s = _spread(network, stage, longest[:, None] * GRID, unrest)
    price = network.cost[:, stage, None]
    needed = np.stack([_edge_factor(network, stage, column) for column in s.T], axis=1)
    own = price * (needed * s + _backorders(needed, s)[0])
    if not shape.children[stage]:
        return own, np.full(own.shape, -1, np.int8)
    mean, least, taken = network.mean[:, stage, None], None, None
    served = _at(below, _share(_backorders(needed, s)[0], mean, longest)) + own
    for index, k in enumerate(ladder):
        late = _backorders(np.full(s.shape, k), s)[0]
        cost = price * (k * s + late) + _at(below, _share(late, mean, longest))
        lower = np.ones(s.shape, bool) if least is None else cost < least
        least = np.where(lower, cost, 0.0 if least is None else least)
        taken = np.where(lower, index, 0 if taken is None else taken)
    edge = network.edge[:, stage, None]
    return np.where(edge, served, least), np.where(edge, -1, taken).astype(np.int8)


def _share(late: np.ndarray, mean: np.ndarray, longest: np.ndarray) -> np.ndarray:
    """The wait that backorders make, as a share 0..1 of the longest."""
    whole = mean * longest[:, None]
    return np.clip(np.divide(late, whole, out=np.zeros_like(late), where=whole > DUST), 0, 1)


def _at(table: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Values (n, g) of a table (n, len(GRID)) between its points, at waits (n, g) as shares of the longest."""
    place = np.sqrt(share) * (len(GRID) - 1)
    low = np.clip(place.astype(int), 0, len(GRID) - 2)
    rest = (share - GRID[low]) / (GRID[low + 1] - GRID[low])
    left = np.take_along_axis(table, low, axis=1)
    return left + rest * (np.take_along_axis(table, low + 1, axis=1) - left)


def _descend(
    shape: Tree, network: Network, longest: np.ndarray, choice: np.ndarray, unrest: float, ladder: np.ndarray
) -> np.ndarray:
    """Follow the choices from the roots down; between two points of the grid the nearer one's factor is taken."""
    factor, wait = np.zeros(network.mean.shape), np.zeros(network.mean.shape)
    rows = np.arange(len(factor))
    for stage in shape.order:
        above = shape.parent[stage]
        here = wait[:, above] if above >= 0 else np.zeros(len(factor))
        share = np.clip(np.divide(here, longest, out=np.zeros(len(here)), where=longest > DUST), 0, 1)
        taken = choice[rows, stage, np.round(np.sqrt(share) * (len(GRID) - 1)).astype(int)]
        s = _spread(network, stage, here[:, None], unrest)[:, 0]
        needed = _edge_factor(network, stage, s)
        factor[:, stage] = np.where(taken >= 0, ladder[taken], needed)
        late = _backorders(factor[:, stage], s)[0]
        mean = network.mean[:, stage]
        wait[:, stage] = np.divide(late, mean, out=np.zeros(len(mean)), where=mean > DUST)
    return factor
