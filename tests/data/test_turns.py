"""Turns: first come, first served, and nobody who was stopped keeps the others waiting."""

import fcntl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import data.turns
from data.turns import Queue


def drawn(path: Path) -> int:
    """The last number that was drawn."""
    kept = path.read_bytes()
    assert len(kept) in {0, 8}, "nothing but the number stands in the file"
    return int.from_bytes(kept, "little")


def wait_for(truth: Callable[[], bool]) -> None:
    """Wait until something is so, at most ten seconds."""
    for _ in range(1_000):
        if truth():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never was")


def test_writers_go_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    path = tmp_path / "turns"
    queues = [Queue(path) for _ in range(6)]
    order: list[int] = []

    def go(at: int) -> None:
        with queues[at].turn(at_most_s=30):
            order.append(at)

    threads = [threading.Thread(target=go, args=[at]) for at in range(1, 6)]
    with queues[0].turn(at_most_s=30):
        for at, thread in enumerate(threads, start=1):
            thread.start()
            wait_for(lambda at=at: drawn(path) == at + 1)  # type: ignore[misc]
        assert order == []
    for thread in threads:
        thread.join()
    assert order == [1, 2, 3, 4, 5]
    for queue in queues:
        queue.close()


def test_who_waits_too_long_goes_on_and_those_behind_too(tmp_path: Path) -> None:
    stuck, second, third = (Queue(tmp_path / "turns") for _ in range(3))
    went = []
    with stuck.turn(at_most_s=1):
        with second.turn(at_most_s=0.05):
            went.append("second")
        with third.turn(at_most_s=0.05):
            went.append("third")
    assert went == ["second", "third"]
    for queue in (stuck, second, third):
        queue.close()


def test_a_turn_that_ends_badly_lets_the_next_one_in_at_once(tmp_path: Path) -> None:
    first, second = Queue(tmp_path / "turns"), Queue(tmp_path / "turns")
    with pytest.raises(ValueError, match="bad"), first.turn(at_most_s=1):
        raise ValueError("bad")
    with second.turn(at_most_s=0):
        pass
    first.close()
    second.close()


def test_who_was_stopped_while_drawing_a_number_does_not_stop_the_others(tmp_path: Path) -> None:
    stopped, other = Queue(tmp_path / "turns"), Queue(tmp_path / "turns")
    assert stopped._wait(data.turns._DRAWING, 0)
    with other.turn(at_most_s=0.05):
        pass
    assert drawn(tmp_path / "turns") == 0
    stopped.close()
    with other.turn(at_most_s=0):
        assert drawn(tmp_path / "turns") == 1
    other.close()


def test_where_a_system_has_no_such_locks_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data.turns, "_SET", None)
    queues = [Queue(tmp_path / "turns") for _ in range(2)]
    assert all(queue._set(fcntl.F_WRLCK, 1, 1) for queue in queues)
    with queues[0].turn(at_most_s=60), queues[1].turn(at_most_s=60):
        assert drawn(tmp_path / "turns") == 2
    for queue in queues:
        queue.close()


def test_nobody_else_on_the_machine_takes_part_and_who_leaves_keeps_no_file_open(tmp_path: Path) -> None:
    opened = len(list(Path("/proc/self/fd").iterdir()))
    queue = Queue(tmp_path / "turns")
    assert (tmp_path / "turns").stat().st_mode & 0o777 == 0o600
    queue.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == opened
