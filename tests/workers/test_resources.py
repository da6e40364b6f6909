import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.errors import PoolError
from workers.resources import (
    check_one_fits,
    check_reachable,
    check_resources,
    fitting,
    is_reachable,
)


@pytest.mark.parametrize(
    ("there", "each", "count"),
    [
        (2, 1, 2),
        (2, 0.5, 4),
        (1, 0.25, 4),
        (1, 0.3, 3),
        (2, 0.6, 2),
        (3, 2, 1),
        (0, 1, 0),
        (0, 0.25, 0),
    ],
)
def test_how_many_fit(there, each, count):
    assert fitting(there, each) == count


@given(st.integers(0, 64), st.floats(0.01, 8))
def test_those_that_fit_never_take_more_than_there_is(there, each):
    assert fitting(there, each) * each <= there + 1e-6


def test_a_refusal_says_what_there_is():
    check_resources(2, {"CPU": 1, "GPU": 0}, {"CPU": 2.0}, "here")
    with pytest.raises(
        PoolError, match=r"5 workers with 0.25 GPU each don't fit: here has 1, enough for 4"
    ):
        check_resources(5, {"CPU": 0, "GPU": 0.25}, {"GPU": 1.0}, "here")
    with pytest.raises(PoolError, match="has 0, enough for 0"):
        check_resources(1, {"GPU": 0.25}, {"CPU": 8.0}, "here")


def test_a_cluster_that_is_not_there_is_refused_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        check_reachable(address)
        check_reachable(f"ray://{address}")
    with pytest.raises(PoolError, match=f"no Ray cluster answers at {address}: "):
        check_reachable(address)
    for wrong in ("here:port", "127.0.0.1:99999999"):
        with pytest.raises(PoolError, match=f"no Ray cluster answers at {wrong}: "):
            check_reachable(wrong)


@pytest.mark.parametrize("address", ["", "auto", "local"])
def test_addresses_without_a_port_are_left_to_ray(address):
    check_reachable(address)


def test_a_worker_must_fit_on_one_node():
    nodes = [{"CPU": 0.0}, {"CPU": 4.0, "memory": 1e9}, {"CPU": 1.0, "GPU": 1.0}]
    check_one_fits({"CPU": 4, "GPU": 0}, nodes, "here")
    check_one_fits({"CPU": 1, "GPU": 0.25}, nodes, "here")
    with pytest.raises(PoolError, match=r"a worker takes 2 CPU, 0\.5 GPU, which no node of "):
        check_one_fits({"CPU": 2, "GPU": 0.5}, nodes, "here")
    with pytest.raises(PoolError, match="none is up"):
        check_one_fits({"CPU": 1}, [], "here")


def test_somebody_listens_or_nobody():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert is_reachable(address, 1.0)
    assert not is_reachable(address, 1.0)
