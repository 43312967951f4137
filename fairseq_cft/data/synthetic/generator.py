"""Random programs of the synthetic language."""

from dataclasses import dataclass, field
from typing import Literal

from .choices import Choices
from .preset import Preset
from .statements import (
    Add,
    And,
    Assign,
    Extremum,
    Init,
    Prepend,
    Print,
    Program,
    Read,
    Statement,
    Subtract,
    Swap,
    TypeName,
    Value,
    as_text,
)

EXTREMA: tuple[Literal["min", "max"], ...] = ("min", "max")


@dataclass
class _Draft:
    """A program in the making: what it declares and says so far."""

    preset: Preset
    choices: Choices
    types: dict[str, TypeName] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)

    def value(self, type_name: TypeName) -> Value:
        if type_name == "int":
            return self.choices.between(*self.preset.integers)
        if type_name == "bool":
            return self.choices.chance(0.5)
        return f"str_{self.choices.between(0, self.preset.strings - 1)}"

    def init(self, name: str, type_name: TypeName) -> Init:
        return Init(name, self.value(type_name), self.choices.chance(self.preset.split_share))

    def declare(self, may_read: bool) -> None:
        """Declare a variable under a name not yet used."""
        name = self.choices.one_of([name for name in variable_names(self.preset) if name not in self.types])
        type_name = self.choices.one_of(self.preset.types)
        self.types[name] = type_name
        if may_read and self.choices.chance(self.preset.read_share):
            self.statements.append(Read(name, type_name))
        else:
            self.statements.append(self.init(name, type_name))

    def operate(self, name: str) -> None:
        """Do something with a variable."""
        type_name = self.types[name]
        allowed = self.preset.allowed(type_name)
        pairs = self.pairs() if "swap" in allowed else {}
        if "swap" in allowed and not pairs and not self.preset.fresh_swaps:
            allowed = tuple(operation for operation in allowed if operation != "swap")
        operation = self.choices.one_of(allowed)
        if operation == "swap":
            self.statements.append(self.swap(name, pairs))
        else:
            self.statements.append(self.change(name, operation, self.value(type_name)))

    def change(self, name: str, operation: str, value: Value) -> Statement:
        match operation, value:
            case ("add", int()) | ("append", str()):
                return Add(name, value, self.choices.chance(self.preset.short_share))
            case "subtract", int():
                return Subtract(name, value, self.choices.chance(self.preset.short_share))
            case "prepend", str():
                return Prepend(name, value)
            case "and", bool():
                return And(name, value)
        return Assign(name, value)

    def pairs(self) -> dict[TypeName, list[str]]:
        """The variables of each type that has at least two."""
        groups: dict[TypeName, list[str]] = {}
        for name, type_name in self.types.items():
            groups.setdefault(type_name, []).append(name)
        return {type_name: names for type_name, names in groups.items() if len(names) > 1}

    def swap(self, guard: str, pairs: dict[TypeName, list[str]]) -> Swap:
        if pairs:
            type_name = self.choices.one_of(list(pairs))
            first, second = self.choices.shuffled(pairs[type_name])[:2]
            return Swap(guard, type_name, first, second)
        type_name = self.choices.one_of(self.preset.types)
        first, second = self.choices.shuffled(variable_names(self.preset))[:2]
        return Swap(guard, type_name, first, second, (self.init(first, type_name), self.init(second, type_name)))

    def extra(self) -> None:
        """One statement after the initial variables were each used."""
        if len(self.types) < self.preset.names and self.choices.chance(self.preset.new_share):
            self.declare(may_read=False)
            return
        integers = [name for name, type_name in self.types.items() if type_name == "int"]
        if len(integers) > 1 and self.choices.chance(self.preset.extremum_share):
            name, other = self.choices.shuffled(integers)[:2]
            self.statements.append(Extremum(name, self.choices.one_of(EXTREMA), other))
        self.operate(self.choices.one_of(list(self.types)))


def variable_names(preset: Preset) -> list[str]:
    """All names that a program may use."""
    return [f"var_{number}" for number in range(preset.names)]


def random_program(preset: Preset, choices: Choices) -> Program:
    """Declare some variables, use each once in any order, say a few more things, print every variable."""
    draft = _Draft(preset, choices)
    for _ in range(choices.between(*preset.initial)):
        draft.declare(may_read=True)
    for name in choices.shuffled(list(draft.types)):
        draft.operate(name)
    for _ in range(choices.between(*preset.extra)):
        draft.extra()
    draft.statements.extend(map(Print, draft.types))
    return Program(tuple(draft.statements))


def random_inputs(program: Program, preset: Preset, choices: Choices) -> list[str]:
    """One value for each variable that the program reads, as typed on its standard input."""
    draft = _Draft(preset, choices)
    return [as_text(draft.value(type_name)) for type_name in program.read_types()]
