"""Lines on two logarithmic axes, as SVG: how cost grows with the number of ideas."""

import math
from collections.abc import Mapping
from html import escape

_WIDTH, _HEIGHT = 860, 440
_LEFT, _TOP, _RIGHT, _BOTTOM = 80, 44, 290, 56
# Told apart by colour and by dashes: Okabe and Ito, "Color universal design" (2008).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#7a5c00")
_DASHES = ("", "6 3", "2 3", "8 3 2 3")

Series = Mapping[str, Mapping[int, float]]


def growth(title: str, unit: str, series: Series) -> str:
    """One line for each series of size → value; values of nought or less are left out."""
    points = [(size, value) for one in series.values() for size, value in one.items() if value > 0]
    if not points:
        return ""
    x_low, x_high = _decades([size for size, _ in points])
    y_low, y_high = _decades([value for _, value in points])

    def x(size: float) -> float:
        return _LEFT + (math.log10(size) - x_low) / (x_high - x_low) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (math.log10(value) - y_low) / (y_high - y_low) * (_HEIGHT - _TOP - _BOTTOM)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="13"><title>{escape(title)}</title>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="24" font-size="16" font-weight="bold">{escape(title)} ({escape(unit)})</text>',
    ]
    for exponent in range(y_low, y_high + 1):
        at = y(10**exponent)
        out.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10**exponent:,g}</text>')
    for exponent in range(x_low, x_high + 1):
        at = x(10**exponent)
        out.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" stroke="#ddd"/>')
        out.append(f'<text x="{at:.1f}" y="{_HEIGHT - _BOTTOM + 20}" text-anchor="middle">{10**exponent:,}</text>')
    out.append(f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 12}" text-anchor="middle">ideas</text>')
    for number, (name, values) in enumerate(series.items()):
        colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
        drawn = [(x(size), y(value)) for size, value in sorted(values.items()) if value > 0]
        line = " ".join(f"{across:.1f},{up:.1f}" for across, up in drawn)
        out.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        out += [f'<circle cx="{across:.1f}" cy="{up:.1f}" r="3.5" fill="{colour}"/>' for across, up in drawn]
        at = _TOP + 8 + number * 22
        key = _WIDTH - _RIGHT + 16
        out.append(
            f'<line x1="{key}" x2="{key + 26}" y1="{at}" y2="{at}" stroke="{colour}" stroke-width="2" '
            f'stroke-dasharray="{dash}"/><text x="{key + 34}" y="{at + 4}">{escape(name)}</text>'
        )
    return "\n".join([*out, "</svg>"]) + "\n"


def _decades(values: list[float] | list[int]) -> tuple[int, int]:
    """The powers of ten around these values, at least one apart."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)
