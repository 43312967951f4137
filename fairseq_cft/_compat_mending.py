"""Puts a function of ours in the place of one of fairseq's; see ``_compat``."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any


def mends(owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
    """The decorated function takes the place of ``owner.name``, once, and is given what stood there before the rest."""
    original = getattr(owner, name)
    static = isinstance(inspect.getattr_static(owner, name), staticmethod)

    def install(mend: Callable[..., Any]) -> None:
        known: set[str] = getattr(original, "_mends", set())  # wraps() hands them on
        if mend.__qualname__ in known:
            return

        @wraps(original)
        def mended(*args: Any, **kwargs: Any) -> Any:
            return mend(original, *args, **kwargs)

        mended._mends = {*known, mend.__qualname__}  # type: ignore[attr-defined]
        setattr(owner, name, staticmethod(mended) if static else mended)

    return install
