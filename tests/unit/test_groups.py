"""Tests of one group share a worker, and with it a trained model or a browser."""

import pytest


@pytest.mark.xdist_group("groups")
def test_a_group_reaches_the_scheduler(request: pytest.FixtureRequest) -> None:
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("groups are for --dist loadgroup")
    assert request.node.nodeid.endswith("@groups")
