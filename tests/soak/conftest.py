"""The figures of the long runs, told in a table after the tests."""

from collections.abc import Callable

import pytest

_FIGURES: list[tuple[str, str]] = []


@pytest.fixture
def figure() -> Callable[[str, str], None]:
    """Tell what a run showed: the bar it is about, and the figure."""

    def tell(bar: str, found: str) -> None:
        _FIGURES.append((bar, found))

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table; a run that failed has no line in it."""
    if _FIGURES:
        terminalreporter.section("figures")
        wide = max(len(bar) for bar, _ in _FIGURES)
        for bar, found in _FIGURES:
            terminalreporter.write_line(f"{bar:<{wide}}  {found}")
