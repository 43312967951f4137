"""How large the synthetic language is and how often each choice falls: one frozen preset for each scale."""

from dataclasses import dataclass, fields

from .statements import TYPES, TypeName

Range = tuple[int, int]

OPERATIONS: dict[TypeName, tuple[str, ...]] = {
    "int": ("add", "subtract", "assign"),
    "bool": ("and", "assign", "swap"),
    "string": ("append", "prepend", "assign"),
}


@dataclass(frozen=True)
class Preset:
    """Sizes of the language, shares of its choices, and numbers of programs. Ranges include both ends.

    The defaults are the published language; the shares are those counted in its 1,500 published programs.
    """

    names: int = 10  # var_0 .. var_9
    strings: int = 10  # "str_0" .. "str_9"
    integers: Range = (0, 99)  # literals and inputs
    initial: Range = (1, 3)  # variables that a program starts with, each of them used once
    extra: Range = (1, 4)  # statements after that
    types: tuple[TypeName, ...] = TYPES
    operations: tuple[str, ...] = ("add", "subtract", "assign", "and", "swap", "append", "prepend")
    fresh_swaps: bool = True  # a swap without two variables of one type declares two of its own; else no swap
    read_share: float = 0.5  # initial variables that are read, not initialised
    new_share: float = 0.2  # extra statements that declare a variable, while names are left
    extremum_share: float = 0.1  # extra operations led by a min or max, where two ints are in scope
    short_share: float = 0.5  # `v += 5` among the two spellings of an addition, subtraction, appending
    split_share: float = 0.5  # `int v ; v = 5 ;` among the two spellings of an initialisation
    labeled: int = 1000
    valid: int = 500
    test: int = 500
    ood: int = 500
    unlabeled: int = 20000

    def __post_init__(self) -> None:
        """Refuse sizes that no program can have."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(field.default, float) and not 0 <= value <= 1:
                raise ValueError(f"{field.name} is a share between 0 and 1, not {value}")
            if type(field.default) is int and value < 0:
                raise ValueError(f"{field.name} is a number of things, not {value}")
        for name in ("integers", "initial", "extra"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise ValueError(f"{name} is a range low..high from 0 up, not {low}..{high}")
        if self.initial[0] < 1 or self.initial[1] > self.names:
            raise ValueError(f"initial must lie between 1 and the {self.names} names, not {self.initial}")
        if self.fresh_swaps and self.names < 2 and "swap" in self.operations and "bool" in self.types:
            raise ValueError("swaps need at least two names")
        if self.strings < 1:
            raise ValueError("strings must be at least 1")
        for type_name in self.types:
            if not set(OPERATIONS[type_name]) & set(self.operations) - {"swap"}:
                raise ValueError(f"operations leave nothing to do with a variable of type {type_name}")

    def allowed(self, type_name: TypeName) -> tuple[str, ...]:
        """The operations on variables of this type, in a fixed order."""
        return tuple(name for name in OPERATIONS[type_name] if name in self.operations)


PRESETS: dict[str, Preset] = {
    "paper": Preset(),
    "tiny": Preset(
        names=4,
        strings=4,
        integers=(0, 9),
        initial=(1, 2),
        extra=(1, 2),
        fresh_swaps=False,
        labeled=300,
        valid=200,
        test=300,
        ood=300,
    ),
}
