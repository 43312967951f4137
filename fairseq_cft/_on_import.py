"""Puts work off until another package is imported.

fairseq and torch take seconds to import, and programs that evaluate, make data or split subwords need neither. They
import this package all the same, since their modules are in it. Nobody can see what is registered with fairseq before
fairseq itself is imported, so that is when it is registered: at once under ``--user-dir``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module, util
from importlib.machinery import ModuleSpec
from types import ModuleType


def of_fairseq(module: str) -> None:
    """Imports ``module`` now if fairseq is there, else right after fairseq."""
    if "fairseq" in sys.modules:
        import_module(module)
    else:
        sys.meta_path.insert(0, _After("fairseq", module))


class _After:
    """A finder that lets the others find ``name`` and imports ``follower`` once ``name`` has been executed."""

    def __init__(self, name: str, follower: str) -> None:
        self._name = name
        self._follower = follower
        self._asking_others = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._name or self._asking_others:
            return None
        self._asking_others = True
        try:
            spec = util.find_spec(name)
        finally:
            self._asking_others = False
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                sys.meta_path.remove(self)
                import_module(self._follower)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
