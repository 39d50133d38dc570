"""Whether suggestions come true: the page for coordinators that sets what people judged beside what was said."""

import math
from datetime import date

from flask import Blueprint, render_template
from flask_babel import format_date, format_decimal, format_percent
from flask_login import login_required

import cluster.assessments
from cluster.engine.calibration import Bin, Share
from cluster.web.context import db, encoder, member

door = Blueprint("assessments", __name__)

# The curve is drawn in a square of this many units, with room for its labels.
_SIDE, _LEFT, _TOP = 300.0, 56.0, 12.0


@door.get("/matches/quality")
@login_required  # type: ignore[untyped-decorator]
def quality() -> str:
    """How often suggestions were right, by their words, by their probability and by month."""
    found = cluster.assessments.live(db(), member=member())
    return render_template(
        "matches/quality.html",
        found=found,
        points=[_point(one) for one in found.curve],
        side=_SIDE,
        left=_LEFT,
        top=_TOP,
        percent=percent,
        decimal=decimal,
        month=month,
        words_only=encoder() is None,
    )


def percent(share: float) -> str:
    """A share as people read it; a dash for what nobody can know yet."""
    return "–" if math.isnan(share) else str(format_percent(share))


def decimal(value: float) -> str:
    """A figure with three decimals, or a dash."""
    return "–" if math.isnan(value) else str(format_decimal(value, "0.000"))


def month(given: str) -> str:
    """A month such as 2026-11 in the reader's words."""
    return str(format_date(date.fromisoformat(f"{given}-01"), "MMMM yyyy"))


def _point(one: Bin) -> dict[str, float]:
    """Where a part of the curve stands in the drawing, with the ends of its interval."""
    return {"x": _LEFT + one.mean * _SIDE, **{name: _up(value) for name, value in _ends(one.share).items()}}


def _ends(share: Share) -> dict[str, float]:
    return {"y": share.value, "low": share.low, "high": share.high}


def _up(value: float) -> float:
    return _TOP + (1 - value) * _SIDE
