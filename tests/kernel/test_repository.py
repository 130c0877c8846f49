"""Rows: created once, changed only as the table allows, with their history."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from clary.kernel import repository, tags
from clary.kernel.errors import IllegalTransition, LeaseLost, ValidationError
from clary.kernel.platform import Platform
from clary.kernel.repository import NameTaken
from clary.kernel.scope import Scope
from support.kernel import LAMP, SCOPE, create_lamp


def test_a_created_resource_is_found_with_what_was_asked(platform: Platform) -> None:
    created = create_lamp(platform, "desk", spec={"Colour": "warm"})
    with platform.database.read() as session:
        found = repository.find(session, SCOPE, "Lamp", "desk")
        assert found is not None
        assert (found.uid, found.arn, found.status, found.spec) == (
            created.uid,
            created.arn,
            "Off",
            {"Colour": "warm"},
        )
        assert repository.find_by_arn(session, created.arn) is not None


def test_names_are_unique_within_account_region_and_kind(platform: Platform) -> None:
    create_lamp(platform, "desk")
    with pytest.raises(NameTaken):
        create_lamp(platform, "desk")
    create_lamp(platform, "desk", scope=Scope("111111111111", SCOPE.region))
    create_lamp(platform, "desk", scope=Scope(SCOPE.account, "eu-west-1"))


def test_one_of_many_racing_creators_wins(platform: Platform) -> None:
    def attempt(_: int) -> bool:
        try:
            create_lamp(platform, "desk")
        except NameTaken:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_a_transition_writes_status_and_history(platform: Platform) -> None:
    row = create_lamp(platform, "desk", secondary="Dark", message="made")
    with platform.database.write() as session:
        repository.transition(
            session, row.id, LAMP, "On", secondary="Bright", message="lit", state={"watts": 5}
        )
    with platform.database.read() as session:
        found = repository.find(session, SCOPE, "Lamp", "desk")
        assert found is not None
        assert (found.status, found.secondary, found.state) == ("On", "Bright", {"watts": 5})
        history = [
            (each.from_status, each.to_status, each.secondary, each.message)
            for each in repository.history(session, found)
        ]
    assert history == [(None, "Off", "Dark", "made"), ("Off", "On", "Bright", "lit")]


@pytest.mark.parametrize("path", [("Broken", "On"), ("On", "On", "Broken", "Broken"), ("Off", "Gone")])
def test_moves_outside_the_table_change_nothing(platform: Platform, path: tuple[str, ...]) -> None:
    row = create_lamp(platform, "desk")
    *allowed, forbidden = path
    with platform.database.write() as session:
        for status in allowed:
            repository.transition(session, row.id, LAMP, status)
    with pytest.raises(IllegalTransition), platform.database.write() as session:
        repository.transition(session, row.id, LAMP, forbidden, state={"written": True})
    with platform.database.read() as session:
        found = repository.find(session, SCOPE, "Lamp", "desk")
        assert found is not None
        assert found.status == allowed[-1]
        assert "written" not in found.state


def test_a_write_under_a_lost_lease_is_refused(platform: Platform) -> None:
    row = create_lamp(platform, "desk")
    with pytest.raises(LeaseLost), platform.database.write() as session:
        repository.transition(session, row.id, LAMP, "On", lease="someone-elses")
    with pytest.raises(LeaseLost), platform.database.write() as session:
        repository.update(session, row.id, state={"watts": 1}, lease="someone-elses")


def test_concurrent_updates_of_one_resource_lose_nothing(platform: Platform) -> None:
    row = create_lamp(platform, "desk")

    def write(number: int) -> None:
        with platform.database.write() as session:
            repository.update(session, row.id, state={f"key-{number}": number})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    with platform.database.read() as session:
        found = repository.find(session, SCOPE, "Lamp", "desk")
        assert found is not None
        assert found.state == {f"key-{number}": number for number in range(24)}


def test_deleting_takes_tags_and_history_along_and_frees_the_name(platform: Platform) -> None:
    row = create_lamp(platform, "desk")
    with platform.database.write() as session:
        tags.put_tags(session, row.arn, {"room": "study"})
    with platform.database.write() as session:
        repository.delete(session, row)
    with platform.database.read() as session:
        assert repository.find(session, SCOPE, "Lamp", "desk") is None
        assert tags.get_tags(session, row.arn) == {}
        assert repository.history(session, row) == []
    create_lamp(platform, "desk")


def test_tags_are_replaced_removed_and_bounded(platform: Platform) -> None:
    with platform.database.write() as session:
        tags.put_tags(session, "arn:lamp", {"b": "1", "a": "2"})
        tags.put_tags(session, "arn:lamp", {"b": "3"})
        tags.remove_tags(session, "arn:lamp", ["a", "absent"])
        assert tags.get_tags(session, "arn:lamp") == {"b": "3"}
        with pytest.raises(ValidationError, match="maximum of 50"):
            tags.put_tags(session, "arn:lamp", {f"k{number}": "" for number in range(50)})
