"""What was learned, as bytes to keep from one night to the next, and back."""

import io
import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from .features import Pooled
from .launch import Launch
from .model import Learned
from .quantiles import ErrorPool
from .types import Settings
from .yearly import Yearly

FORMAT = 1


@dataclass(frozen=True, eq=False)
class State:
    """``day`` learned on; ids behind the groups (categories, warehouses, products); ``methods`` (horizon, class) -> name
    of the method chosen; ``learned`` (horizon, name) -> Learned; the year's indices and the launches."""

    day: str
    ids: tuple
    methods: dict
    learned: dict
    year: Yearly | None = None
    launch: Launch | None = None
    notes: dict = field(default_factory=dict)


def dump(state: State) -> bytes:
    """Return the state as a compressed archive of arrays; no code is stored."""
    arrays: dict[str, np.ndarray] = {f"ids{i}": ids for i, ids in enumerate(state.ids)}
    head = {
        "format": FORMAT,
        "day": state.day,
        "notes": state.notes,
        "methods": [[*key, name] for key, name in state.methods.items()],
        "learned": [[*key, asdict(item.settings)] for key, item in state.learned.items()],
        "year": len(state.year.tables) if state.year else -1,
    }
    for number, item in enumerate(state.learned.values()):
        parts = {"season": item.pooled.season, "mean": np.array(item.pooled.mean), "coefficients": item.coefficients}
        parts |= {f"momenta{i}": sums for i, sums in enumerate(item.pooled.momenta)}
        parts |= {"edges": item.pool.edges, "ratios": item.pool.ratios}
        arrays |= {f"{number}.{name}": values for name, values in parts.items()}
    if state.year:
        arrays |= {f"year{i}": table for i, table in enumerate(state.year.tables)}
    if state.launch:
        arrays |= {f"launch.{name}": getattr(state.launch, name) for name in ("curve", "warehouse", "product")}
    stream = io.BytesIO()
    np.savez_compressed(stream, head=np.frombuffer(json.dumps(head).encode(), np.uint8), **arrays)
    return stream.getvalue()


def load(data: bytes) -> State | None:
    """Return the state, or None when the bytes are of another format (it is then learned anew)."""
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        head = json.loads(found["head"].tobytes())
        if head["format"] != FORMAT:
            return None
        learned = {
            (horizon, name): _learned(found, number, values)
            for number, (horizon, name, values) in enumerate(head["learned"])
        }
        year = Yearly(tuple(found[f"year{i}"] for i in range(head["year"]))) if head["year"] >= 0 else None
        names = ("curve", "warehouse", "product")
        launch = Launch(*(found[f"launch.{name}"] for name in names)) if "launch.curve" in found else None
        return State(
            head["day"],
            tuple(found[f"ids{i}"] for i in range(3)),
            {(horizon, kind): name for horizon, kind, name in head["methods"]},
            learned,
            year,
            launch,
            head["notes"],
        )


def _learned(found: Any, number: int, values: dict) -> Learned:
    def get(name: str) -> np.ndarray:
        return found[f"{number}.{name}"]

    momenta = []
    while f"{number}.momenta{len(momenta)}" in found:
        momenta.append(get(f"momenta{len(momenta)}"))
    pairs = {"mix": tuple(tuple(part) for part in values["mix"]), "memories": tuple(values["memories"])}
    return Learned(
        Pooled(get("season"), tuple(momenta), float(get("mean"))),
        get("coefficients"),
        ErrorPool(get("edges"), get("ratios")),
        Settings(**{**values, **pairs}),
    )
