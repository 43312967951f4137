"""A page to browse what systems wrote: results are read, made ready to show, and put into one file of HTML."""

from .page import page_data, render
from .results import Run, read_dataset, read_results

__all__ = ["Run", "page_data", "read_dataset", "read_results", "render"]
