"""How much time, memory and output a judged process may use."""

from dataclasses import dataclass

MIB = 1 << 20
WALL_PER_CPU = 3.0  # a process that waits is stopped after three times its CPU time, the rule of isolate and DMOJ


@dataclass(frozen=True)
class Limits:
    """Limits of one process: seconds of CPU and of wall clock, bytes of address space and of each file written."""

    cpu_seconds: float = 2.0
    wall_seconds: float = 6.0
    memory_bytes: int = 1024 * MIB
    output_bytes: int = MIB
    processes: int | None = 16
    diagnostic_bytes: int = 0  # how much of stderr is kept; 0 sends it to /dev/null

    @classmethod
    def for_programs(cls, time_limit: float = 2.0, memory_mb: int = 1024, wall_limit: float | None = None) -> "Limits":
        """Limits of a judged program from the options of the command line (seconds, MiB)."""
        wall = time_limit * WALL_PER_CPU if wall_limit is None else wall_limit
        return cls(cpu_seconds=time_limit, wall_seconds=wall, memory_bytes=memory_mb * MIB)

    def arguments(self) -> list[str]:
        """The supervisor's arguments that set these limits, in milliseconds and bytes."""
        given = [
            f"cpu={round(self.cpu_seconds * 1000)}",
            f"wall={round(self.wall_seconds * 1000)}",
            f"memory={self.memory_bytes}",
            f"output={self.output_bytes}",
            f"diagnostics={self.diagnostic_bytes}",
        ]
        return given if self.processes is None else [*given, f"processes={self.processes}"]


COMPILER_LIMITS = Limits(
    cpu_seconds=10.0,
    wall_seconds=30.0,
    memory_bytes=1024 * MIB,
    output_bytes=64 * MIB,
    processes=None,
    diagnostic_bytes=64 * 1024,
)
