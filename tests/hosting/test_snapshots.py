from collections import Counter

import pytest
from yarl import URL

from clary.hosting.snapshot import Instance, Route, Variant

KEY = ("123456789012", "us-east-1", "endpoint")


def instance(name: str) -> Instance:
    return Instance(name, URL(f"http://127.0.0.1/{name}"))


def route(**weights: float) -> Route:
    return Route(KEY, [Variant(name, weight, [instance(name)]) for name, weight in weights.items()])


@pytest.mark.parametrize(
    "weights",
    [{"a": 3.0, "b": 1.0}, {"a": 0.5, "b": 0.5}, {"a": 1.0, "b": 2.0, "c": 7.0}, {"a": 1.0, "b": 0.0}],
)
def test_variants_are_drawn_by_weight(weights: dict[str, float]) -> None:
    draws = 40_000
    endpoint = route(**weights)
    drawn = Counter(variant.name for _ in range(draws) if (variant := endpoint.draw()))
    assert drawn.total() == draws
    for name, weight in weights.items():
        share = weight / sum(weights.values())
        # Eight standard deviations: a fair draw is outside once in 10^15 runs.
        assert abs(drawn[name] - draws * share) <= 8 * (draws * share * (1 - share)) ** 0.5


def test_no_weight_is_no_traffic() -> None:
    assert route(a=0.0, b=0.0).draw() is None


def test_the_least_busy_instance_is_chosen() -> None:
    busy, busier, free = instance("busy"), instance("busier"), instance("free")
    busy.outstanding, busier.outstanding = 1, 2
    variant = Variant("v", 1.0, [busy, busier, free])
    assert {variant.choose(0.0) for _ in range(5)} == {free}
    assert {variant.choose(0.0, [free]) for _ in range(5)} == {busy}
    assert variant.choose(0.0, [free, busy, busier]) is None


def test_an_avoided_instance_is_the_last_choice_for_a_while() -> None:
    refusing, busy = instance("refusing"), instance("busy")
    busy.outstanding = 100
    refusing.avoid(now=10.0)
    variant = Variant("v", 1.0, [refusing, busy])
    assert {variant.choose(10.5) for _ in range(4)} == {busy}
    assert variant.choose(10.5, [busy]) is refusing
    assert {variant.choose(11.5) for _ in range(4)} == {refusing}
