"""Reports, cases, and the history that is only ever added to."""

from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

import data.ledger
from data.store import NEWEST, change, fitting, insert, now, row, rows, value
from models.ledger import Act
from models.moderation import Action, Case, CaseState, Event, Ground, Item, Report, Subject


def _lang(of: str) -> str:
    """A column for the language of the title of an item in table `of`; null once the item is gone."""
    return f"""case {of}.kind when 'idea' then (select lang from ideas where id = {of}.item_id)
    when 'project' then (select lang from projects where id = {of}.item_id)
    when 'endorsement' then
      (select i.lang from endorsements e join ideas i on i.id = e.idea_id where e.id = {of}.item_id)
    else (select i.lang from messages g join threads t on t.id = g.thread_id join ideas i on i.id = t.idea_id
      where g.id = {of}.item_id) end as lang"""


_CASE = f"""
select id, kind, item_id, title, {_lang("cases")}, organisation, state, waiting, round, reason, answer,
  answered_at, reports, revision, created_at, updated_at
from cases
"""

_ITEMS = {
    Subject.IDEA: """select i.id, i.title, i.description as text, i.lang, i.organisation_id,
      coalesce(o.name, '') as organisation, i.author_id, i.id as idea_id
      from ideas i left join organisations o on o.id = i.organisation_id where i.id = ?""",
    Subject.PROJECT: """select p.id, p.title, p.summary as text, p.lang, p.lead_id as organisation_id,
      p.lead as organisation, null as author_id, null as idea_id from projects p where p.id = ?""",
    Subject.ENDORSEMENT: """select e.id, i.title, e.message as text, i.lang, e.organisation_id,
      o.name as organisation, e.member_id as author_id, i.id as idea_id
      from endorsements e join ideas i on i.id = e.idea_id join organisations o on o.id = e.organisation_id
      where e.id = ?""",
    Subject.MESSAGE: """select g.id, coalesce(i.title, c.name) as title, g.text, g.lang, g.organisation_id,
      coalesce(o.name, '') as organisation, g.member_id as author_id, t.idea_id, t.cluster_id
      from messages g join threads t on t.id = g.thread_id left join ideas i on i.id = t.idea_id
      left join clusters c on c.id = t.cluster_id left join organisations o on o.id = g.organisation_id
      where g.id = ?""",
}


def _case(found: dict[str, Any]) -> Case:
    return Case(
        **{
            **found,
            "kind": Subject(found["kind"]),
            "state": CaseState(found["state"]),
            "waiting": bool(found["waiting"]),
        }
    )


def item(db: Database, *, kind: Subject, item_id: int) -> Item | None:
    """A reportable item as it stands."""
    found = row(db, _ITEMS[kind], [item_id])
    return Item(kind=kind, **found) if found else None


def hide(db: Database, *, kind: Subject, item_id: int) -> str | None:
    """Hide an item; returns the state an idea had before."""
    if kind is Subject.IDEA:
        before: str | None = value(db, "select state from ideas where id = ?", [item_id])
        change(db, "update ideas set state = 'hidden', updated_at = ? where id = ?", [now(), item_id])
        return before
    change(db, f"update {_TABLES[kind]} set hidden = 1 where id = ?", [item_id])
    return None


def show(db: Database, *, kind: Subject, item_id: int, before: str | None) -> None:
    """Show a hidden item again; an idea gets back the state it had `before`."""
    if kind is Subject.IDEA:
        change(
            db,
            "update ideas set state = ?, updated_at = ? where id = ? and state = 'hidden'",
            [before or "open", now(), item_id],
        )
    else:
        change(db, f"update {_TABLES[kind]} set hidden = 0 where id = ?", [item_id])


_TABLES = {Subject.PROJECT: "projects", Subject.ENDORSEMENT: "endorsements", Subject.MESSAGE: "messages"}


def get(db: Database, *, case_id: int) -> Case | None:
    """One case by id."""
    found = row(db, _CASE + "where id = ?", [case_id])
    return _case(found) if found else None


def of_item(db: Database, *, kind: Subject, item_id: int) -> Case | None:
    """The case of an item, if anybody ever reported it."""
    found = row(db, _CASE + "where kind = ? and item_id = ?", [kind, item_id])
    return _case(found) if found else None


def before(db: Database, *, case_id: int) -> str | None:
    """The state an idea had before it was hidden."""
    found: str | None = value(db, "select before from cases where id = ?", [case_id])
    return found


def open_case(db: Database, *, item: Item) -> int:
    """The case of an item, made if there is none, and waiting for a coordinator."""
    moment = now()
    db.execute(
        """insert into cases (kind, item_id, title, organisation, reports, created_at, updated_at)
        values (?, ?, ?, ?, 1, ?, ?)
        on conflict (kind, item_id) do update set waiting = 1, reports = reports + 1, title = excluded.title,
          organisation = excluded.organisation, revision = revision + 1, updated_at = excluded.updated_at,
          state = case when state = 'shown' then 'reported' else state end""",
        [item.kind, item.id, item.title, item.organisation, moment, moment],
    )
    return int(value(db, "select id from cases where kind = ? and item_id = ?", [item.kind, item.id]))


def add_report(db: Database, *, case_id: int, member_id: int, ground: Ground, text: str) -> None:
    """Add a member's report."""
    insert(
        db,
        "insert into reports (case_id, member_id, ground, text, created_at) values (?, ?, ?, ?, ?)",
        [case_id, member_id, ground, text, now()],
    )


def decide(
    db: Database,
    *,
    case_id: int,
    revision: int,
    state: CaseState,
    reason: str,
    before: str | None = None,
    next_round: bool = False,
) -> bool:
    """Write a decision if `revision` is still the present one; a next round forgets the answer to the last."""
    return bool(
        change(
            db,
            """update cases set state = :state, reason = :reason, waiting = 0, revision = revision + 1,
              updated_at = :now, before = coalesce(:before, before), round = round + :next,
              answer = case when :next then null else answer end,
              answered_at = case when :next then null else answered_at end
            where id = :id and revision = :revision""",
            {
                "id": case_id,
                "revision": revision,
                "state": state,
                "reason": reason,
                "before": before,
                "next": int(next_round),
                "now": now(),
            },
        )
    )


def answer(db: Database, *, case_id: int, text: str) -> bool:
    """Note the organisation's answer of this round; false when there is one already, or nothing hidden."""
    moment = now()
    return bool(
        change(
            db,
            """update cases set answer = ?, answered_at = ?, waiting = 1, revision = revision + 1, updated_at = ?
            where id = ? and state = 'hidden' and answer is null""",
            [text, moment, moment, case_id],
        )
    )


_QUEUES = {
    "waiting": "where waiting = 1 order by updated_at, id",
    "hidden": "where state = 'hidden' order by updated_at desc, id desc",
    "all": "order by id desc",
}


def queue(db: Database, *, which: str, at_most: int, after: int) -> list[Case]:
    """Cases that wait (longest first), that are hidden, or all; skipping `after`."""
    return [_case(found) for found in rows(db, _CASE + _QUEUES[which] + " limit ? offset ?", [at_most, after])]


def count_waiting(db: Database, *, at_most: int) -> int:
    """How many cases wait for a coordinator, counting no further than `at_most`."""
    return int(value(db, "select count(*) from (select 1 from cases where waiting = 1 limit ?)", [at_most]))


_REPORT = """
select r.id, r.case_id, r.member_id, m.name as who, o.name as organisation, r.ground, r.text, r.created_at
from reports r join members m on m.id = r.member_id left join organisations o on o.id = m.organisation_id
"""


def reports(db: Database, *, case_id: int, at_most: int) -> list[Report]:
    """The reports of a case, newest first."""
    found = rows(db, _REPORT + "where r.case_id = ? order by r.id desc limit ?", [case_id, at_most])
    return [Report(**{**one, "ground": Ground(one["ground"])}) for one in found]


def report_of(db: Database, *, kind: Subject, item_id: int, member_id: int) -> Report | None:
    """What a member reported of an item."""
    found = row(
        db,
        _REPORT + "join cases c on c.id = r.case_id where c.kind = ? and c.item_id = ? and r.member_id = ?",
        [kind, item_id, member_id],
    )
    return Report(**{**found, "ground": Ground(found["ground"])}) if found else None


def note(
    db: Database, *, member_id: int, action: Action, item: Item, reason: str | None, case_id: int | None = None
) -> None:
    """Add a line to the history; none is ever changed or erased (the store refuses)."""
    insert(
        db,
        """insert into history (happened_at, member_id, action, kind, item_id, title, reason, case_id)
        values (?, ?, ?, ?, ?, ?, ?, ?)""",
        [now(), member_id, action, item.kind, item.id, item.title, reason, case_id],
    )
    data.ledger.add(db, act=Act.MODERATED, member_id=member_id, about=f"{item.kind.value}:{item.id}", what=action.value)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which part of the history to read; none means any. Moments are UTC, `until` itself not included."""

    action: str | None = None
    kind: str | None = None
    item_id: int | None = None
    member_id: int | None = None
    case_id: int | None = None
    since: str | None = None
    until: str | None = None


_TESTS = {
    **{name: f"h.{name} = :{name}" for name in ("action", "kind", "item_id", "member_id", "case_id")},
    "since": "h.happened_at >= :since",
    "until": "h.happened_at < :until",
}


def history(db: Database, *, wanted: Filter, at_most: int, after: int = 0, before: int = NEWEST) -> list[Event]:
    """The history that fits, newest first: from before an id on, skipping `after`."""
    conditions, values = fitting(wanted, _TESTS)
    found = rows(
        db,
        f"""select h.id, h.happened_at, h.member_id, m.name as who, o.name as organisation, h.action, h.kind,
          h.item_id, h.title, {_lang("h")}, h.reason, h.case_id
        from history h left join members m on m.id = h.member_id
        left join organisations o on o.id = m.organisation_id
        where {conditions} and h.id < :before
        order by h.id desc limit :at_most offset :after""",
        {**values, "at_most": at_most, "after": after, "before": before},
    )
    return [Event(**{**one, "action": Action(one["action"]), "kind": Subject(one["kind"])}) for one in found]
