"""Programs that nobody trusts, run where they can harm nobody."""
