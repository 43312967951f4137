"""Experiments as data: systems, sizes and seeds become stages of plain argument lists, run where not yet done."""
