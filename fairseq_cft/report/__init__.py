"""What benchmarks gave: statistics, tables, pictures, pages."""
