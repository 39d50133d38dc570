"""The table of `make soak` holds every test that is too slow for the gate."""

from pathlib import Path

from tests.soak import faults
from tests.soak.__main__ import NOBODY_GETS_IN, NOTHING_IS_LOST

ROOT = Path(__file__).resolve().parents[2]


def test_every_slow_test_is_measured_by_a_line_of_the_table() -> None:
    marked = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if "pytest.mark.soak" in path.read_text(encoding="utf-8") and path != Path(__file__)
    }
    assert marked <= {test for line in (*NOTHING_IS_LOST, *NOBODY_GETS_IN) for test in line.tests}


def test_every_fault_can_be_planted() -> None:
    for fault in faults.listed():
        assert (ROOT / fault.file).read_text(encoding="utf-8").count(fault.good) == 1, fault.name
        assert all((ROOT / test).exists() for test in fault.tests), fault.name
    assert len(faults.listed()) >= 20
