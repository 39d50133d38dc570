"""Organisations and members."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from data.store import change, insert, now, placeholders, row, rows, value
from models.people import Contact, Member, Organisation, OrganisationKind, Role, Staffed, StandsForChange


@dataclass(frozen=True, slots=True)
class MemberFilter:
    """Which members are wanted; none means all."""

    text: str = ""
    role: str | None = None
    active: bool | None = None
    organisation_id: int | None = None


@dataclass(frozen=True, slots=True)
class OrganisationFilter:
    """Which organisations are wanted; `peopled` asks for those with, or without, active members."""

    text: str = ""
    kind: str | None = None
    peopled: bool | None = None


MEMBER_COLUMNS = """m.id, m.organisation_id, o.name as organisation, m.email, m.name, m.function, m.role, m.locale,
  m.standing_consent, m.active, m.demo, m.bounced_at, m.bounce"""
MEMBER_TABLES = "(members m left join organisations o on o.id = m.organisation_id)"
_MEMBER = f"select {MEMBER_COLUMNS} from {MEMBER_TABLES} "


def member_of(found: dict[str, Any]) -> Member:
    """The member in a row of `MEMBER_COLUMNS`."""
    flags = {name: bool(found[name]) for name in ("standing_consent", "active", "demo")}
    return Member(**{**found, **flags, "role": Role(found["role"])})


def _member(found: dict[str, Any] | None) -> Member | None:
    return member_of(found) if found else None


def _organisation(found: dict[str, Any]) -> Organisation:
    return Organisation(**{**found, "kind": OrganisationKind(found["kind"])})


def get(db: Database, *, member_id: int) -> Member | None:
    """One member by id."""
    return _member(row(db, _MEMBER + "where m.id = ?", [member_id]))


def by_email(db: Database, *, email: str) -> Member | None:
    """One member by e-mail address, upper and lower case being the same."""
    return _member(row(db, _MEMBER + "where m.email = ?", [email.strip()]))


def password_hash(db: Database, *, member_id: int) -> str | None:
    """The argon2id hash, if the member signs in with a password."""
    found: str | None = value(db, "select password_hash from members where id = ?", [member_id])
    return found


def demo_members(db: Database) -> list[Member]:
    """The members that the demo added, coordinators last."""
    found = rows(db, _MEMBER + "where m.demo = 1 order by m.role desc, m.id")
    return [member for item in found if (member := _member(item))]


def coordinators(db: Database) -> list[Member]:
    """The active coordinators."""
    found = rows(db, _MEMBER + "where m.role = 'coordinator' and m.active = 1 order by m.id")
    return [member for item in found if (member := _member(item))]


def colleagues(db: Database, *, organisation_id: int, at_most: int) -> list[Member]:
    """The active members of an organisation, who has been there longest first."""
    found = rows(
        db, _MEMBER + "where m.organisation_id = ? and m.active = 1 order by m.id limit ?", [organisation_id, at_most]
    )
    return [member for item in found if (member := _member(item))]


def contact(db: Database, *, member_id: int) -> Contact | None:
    """What the other side of an agreed introduction may see of a member; none of one who left.

    The address is that of the shared mailbox, if the member has one that confirmed.
    """
    found = row(
        db,
        """select m.name, m.function, coalesce(b.email, m.email) as email, coalesce(o.name, '') as organisation
        from members m left join organisations o on o.id = m.organisation_id
        left join mailboxes b on b.member_id = m.id where m.id = ? and m.active = 1""",
        [member_id],
    )
    return Contact(**found) if found else None


def add_member(db: Database, *, values: dict[str, Any]) -> int:
    """Add a member; the e-mail address must be new."""
    return insert(
        db,
        """insert into members (organisation_id, email, name, function, role, locale, password_hash,
          standing_consent, demo, created_at)
        values (:organisation_id, :email, :name, :function, :role, :locale, :password_hash,
          :standing_consent, :demo, :created_at)""",
        values,
    )


def set_preferences(
    db: Database, *, member_id: int, name: str, function: str | None, locale: str, standing_consent: bool
) -> None:
    """Set how a member is named, and language and standing consent."""
    change(
        db,
        "update members set name = ?, function = ?, locale = ?, standing_consent = ? where id = ?",
        [name, function, locale, int(standing_consent), member_id],
    )


def set_password(db: Database, *, member_id: int, password_hash: str) -> None:
    """Give a member another password."""
    change(db, "update members set password_hash = ? where id = ?", [password_hash, member_id])


def set_active(db: Database, *, member_id: int, active: bool) -> bool:
    """Let a member in again, or no more; false when that stands already."""
    return bool(
        change(db, "update members set active = ? where id = ? and active <> ?", [int(active), member_id, int(active)])
    )


def of_organisation(db: Database, *, organisation_id: int) -> list[Member]:
    """The members of an organisation by name, those who left last."""
    found = rows(
        db,
        _MEMBER + "where m.organisation_id = ? order by m.active desc, m.name collate nocase, m.id",
        [organisation_id],
    )
    return [member for item in found if (member := _member(item))]


def browse_members(db: Database, *, wanted: MemberFilter, at_most: int, after: int = 0) -> list[Member]:
    """Members that fit, by name."""
    conditions, parameters = ["1"], list[object]()
    if wanted.text:
        like = _containing(wanted.text)
        conditions.append("(m.name like ? escape '!' or m.email like ? escape '!' or o.name like ? escape '!')")
        parameters += [like, like, like]
    for column, given in (
        ("role", wanted.role),
        ("active", wanted.active),
        ("organisation_id", wanted.organisation_id),
    ):
        if given is not None:
            conditions.append(f"m.{column} = ?")
            parameters.append(given)
    found = rows(
        db,
        f"{_MEMBER} where {' and '.join(conditions)} order by m.name collate nocase, m.id limit ? offset ?",
        [*parameters, at_most, after],
    )
    return [member for item in found if (member := _member(item))]


def browse_organisations(db: Database, *, wanted: OrganisationFilter, at_most: int, after: int = 0) -> list[Staffed]:
    """Organisations of today that fit, by name, with how many active members they have.

    The text may be part of a name, of today or of before, or the beginning of a NIS, KBO or OVO code.
    """
    conditions, parameters = ["o.valid_until is null"], list[object]()
    if wanted.text:
        code = re.sub(r"[\s.]", "", wanted.text).replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
        conditions.append(
            """(o.name like ? escape '!' or exists (
              select 1 from organisation_names n join organisations f on f.id = n.organisation_id
              where (f.id = o.id or f.successor_id = o.id) and (n.name like ? escape '!' or n.nis like ? escape '!'
                or n.kbo like ? escape '!' or n.ovo like ? escape '!'))
              or o.nis like ? escape '!' or o.kbo like ? escape '!' or o.ovo like ? escape '!')"""
        )
        parameters += [_containing(wanted.text), _containing(wanted.text), code, code, code, code, code, code]
    if wanted.kind:
        conditions.append("o.kind = ?")
        parameters.append(wanted.kind)
    if wanted.peopled is not None:
        conditions.append(
            f"{'' if wanted.peopled else 'not '}exists "
            "(select 1 from members m where m.organisation_id = o.id and m.active = 1)"
        )
    found = rows(
        db,
        f"""select o.*, (select count(*) from members m where m.organisation_id = o.id and m.active = 1) as members
        from organisations o where {" and ".join(conditions)} order by o.name collate nocase, o.id limit ? offset ?""",
        [*parameters, at_most, after],
    )
    return [Staffed(members=item.pop("members"), organisation=_organisation(item)) for item in found]


def _containing(text: str) -> str:
    """A pattern for `like … escape '!'` that finds this text anywhere."""
    return "%" + re.sub(r"([!%_])", r"!\1", text.strip()) + "%"


def every_organisation(db: Database) -> list[Organisation]:
    """The organisations of today, municipalities first, then by name."""
    found = rows(
        db,
        """select * from organisations where valid_until is null
        order by kind = 'municipality' desc, kind, name collate nocase""",
    )
    return [_organisation(item) for item in found]


def organisation(db: Database, *, organisation_id: int) -> Organisation | None:
    """One organisation by id."""
    found = row(db, "select * from organisations where id = ?", [organisation_id])
    return _organisation(found) if found else None


def municipalities(db: Database) -> list[Organisation]:
    """The municipalities of today, by name."""
    found = rows(
        db,
        "select * from organisations where kind = 'municipality' and valid_until is null order by name collate nocase",
    )
    return [_organisation(item) for item in found]


def provinces(db: Database) -> list[str]:
    """The provinces that municipalities of today lie in, by name."""
    found = rows(
        db,
        """select distinct province from organisations
        where kind = 'municipality' and valid_until is null and province is not null order by province""",
    )
    return [item["province"] for item in found]


def find_organisation(db: Database, *, text: str) -> Organisation | None:
    """The organisation of today behind a URI, NIS or KBO or OVO code, or a name of today or of before a merger.

    A former municipality answers with the one it merged into. Municipalities win over bodies of the same name.
    """
    text = text.strip()
    found = row(
        db,
        """select o.* from organisations o
        left join organisation_names n on n.organisation_id = o.id
        where o.uri = :text or n.nis = :text or n.kbo = :text or n.ovo = :text or n.name = :text collate nocase
          or o.name = :text collate nocase
        order by o.kind = 'municipality' desc, o.valid_until is null desc, n.valid_until is null desc limit 1""",
        {"text": text},
    )
    while found and found["successor_id"]:
        found = row(db, "select * from organisations where id = ?", [found["successor_id"]])
    return _organisation(found) if found else None


def family(mark: str) -> str:
    """SQL for the ids of an organisation and of all that merged into it; `mark` stands for its id."""
    return f"""select id from (with recursive family (id) as (
      select {mark} union select o.id from organisations o join family f on o.successor_id = f.id
    ) select id from family)"""


def heirs(mark: str) -> str:
    """SQL for the ids of an organisation and of all in which it lived on; `mark` stands for its id."""
    return f"""select id from (with recursive heirs (id) as (
      select {mark} union select o.successor_id from organisations o join heirs h on o.id = h.id
      where o.successor_id is not null
    ) select id from heirs)"""


def family_of(db: Database, *, organisation_ids: Sequence[int]) -> dict[int, int]:
    """These organisations and all that merged into them, each with which of these it is now."""
    found = rows(
        db,
        """with behind (id, now_id) as (
          select value, value from json_each(?)
          union select o.id, b.now_id from behind b join organisations o on o.successor_id = b.id)
        select id, now_id from behind""",
        [json.dumps(list(organisation_ids))],
    )
    return {item["id"]: item["now_id"] for item in found}


def now_of(db: Database, *, organisation_ids: Sequence[int]) -> dict[int, tuple[int, str]]:
    """In which organisation of today, by id and name, each of these lives on; itself if it did not merge."""
    found = rows(
        db,
        """with recursive onward (id, now_id) as (
          select value, value from json_each(?)
          union select w.id, o.successor_id from onward w join organisations o on o.id = w.now_id
            where o.successor_id is not null)
        select w.id, o.id as now_id, o.name from onward w join organisations o on o.id = w.now_id
        where o.successor_id is null""",
        [json.dumps(list(organisation_ids))],
    )
    return {item["id"]: (item["now_id"], item["name"]) for item in found}


def today(db: Database, *, organisation_id: int) -> Organisation | None:
    """The organisation, or the one it lives on in after a merger."""
    found = organisation(db, organisation_id=organisation_id)
    while found and found.successor_id:
        found = organisation(db, organisation_id=found.successor_id)
    return found


def name_for_import(db: Database, *, organisation_id: int) -> str:
    """What `find_organisation` finds it by again, after a merger too: its name, or its URI if others bear the name."""
    found, living = organisation(db, organisation_id=organisation_id), today(db, organisation_id=organisation_id)
    if found is None:
        return ""
    return found.name if find_organisation(db, text=found.name) == living else found.uri


def stands_for(db: Database, *, organisation_id: int) -> list[Organisation]:
    """The municipalities an intermunicipal body acts for, by name."""
    found = rows(
        db,
        """select o.* from stands_for s join organisations o on o.id = s.municipality_id
        where s.body_id = ? order by o.name collate nocase""",
        [organisation_id],
    )
    return [_organisation(item) for item in found]


def reach(db: Database, *, organisation_ids: Sequence[int]) -> list[Organisation]:
    """The municipalities behind these organisations, each once: themselves, and those that bodies stand for.

    A municipality that merged into another is that other one.
    """
    marks = placeholders(len(organisation_ids))
    found = rows(
        db,
        f"""with recursive behind (id) as (
          select id from organisations where id in ({marks})
          union select municipality_id from stands_for where body_id in ({marks})
          union select o.successor_id from behind b join organisations o on o.id = b.id
            where o.successor_id is not null)
        select * from organisations where kind = 'municipality' and successor_id is null and id in behind
        order by name collate nocase""",
        [*organisation_ids, *organisation_ids],
    )
    return [_organisation(item) for item in found]


def inhabitants(db: Database, *, organisation_ids: Sequence[int]) -> dict[int, int]:
    """How many inhabitants each of these municipalities has, as far as that is known."""
    found = rows(
        db,
        """select id, inhabitants from organisations
        where inhabitants is not null and id in (select value from json_each(?))""",
        [json.dumps(list(organisation_ids))],
    )
    return {item["id"]: item["inhabitants"] for item in found}


def count_organisations(db: Database) -> int:
    """How many organisations are known, those of before a merger included."""
    return int(value(db, "select count(*) from organisations"))


def add_organisation(db: Database, *, values: dict[str, Any]) -> int:
    """Add or refresh an organisation by its URI and return its id."""
    db.execute(
        """insert into organisations (uri, kind, name, province, nis, kbo, ovo, inhabitants, lat, lon,
          valid_from, valid_until)
        values (:uri, :kind, :name, :province, :nis, :kbo, :ovo, :inhabitants, :lat, :lon, :valid_from, :valid_until)
        on conflict (uri) do update set kind = excluded.kind, name = excluded.name, province = excluded.province,
          nis = excluded.nis, kbo = excluded.kbo, ovo = excluded.ovo, inhabitants = excluded.inhabitants,
          lat = excluded.lat, lon = excluded.lon, valid_from = excluded.valid_from,
          valid_until = excluded.valid_until""",
        values,
    )
    return int(value(db, "select id from organisations where uri = ?", [values["uri"]]))


def set_names(db: Database, *, organisation_id: int, names: Sequence[dict[str, Any]]) -> None:
    """Replace the history of names and codes of an organisation."""
    change(db, "delete from organisation_names where organisation_id = ?", [organisation_id])
    for name in names:
        db.execute(
            """insert into organisation_names (organisation_id, name, nis, kbo, ovo, valid_from, valid_until)
            values (:organisation_id, :name, :nis, :kbo, :ovo, :valid_from, :valid_until)""",
            {**name, "organisation_id": organisation_id},
        )


def set_stands_for(db: Database, *, body_id: int, municipality_ids: Sequence[int]) -> None:
    """Replace the municipalities a body acts for."""
    change(db, "delete from stands_for where body_id = ?", [body_id])
    for municipality_id in municipality_ids:
        db.execute("insert or ignore into stands_for values (?, ?)", [body_id, municipality_id])


def change_stands_for(
    db: Database, *, body_id: int, added: Sequence[int], removed: Sequence[int], member_id: int
) -> None:
    """Let a body speak for more or fewer municipalities, and note who said so."""
    moment = now()
    for action, municipality_ids in (("added", added), ("removed", removed)):
        for municipality_id in municipality_ids:
            if action == "added":
                db.execute("insert into stands_for values (?, ?)", [body_id, municipality_id])
            else:
                change(
                    db, "delete from stands_for where body_id = ? and municipality_id = ?", [body_id, municipality_id]
                )
            db.execute(
                """insert into stands_for_changes (body_id, municipality_id, action, member_id, happened_at)
                values (?, ?, ?, ?, ?)""",
                [body_id, municipality_id, action, member_id, moment],
            )


def stands_for_revision(db: Database, *, body_id: int) -> int:
    """The number of the last change to the municipalities of a body; 0 when no person changed them."""
    return int(value(db, "select coalesce(max(id), 0) from stands_for_changes where body_id = ?", [body_id]))


def stands_for_changes(db: Database, *, body_id: int, at_most: int, since: int = 0) -> list[StandsForChange]:
    """Who changed for whom a body speaks, latest first."""
    found = rows(
        db,
        """select c.id, o.name as municipality, c.action, m.name as who, c.happened_at
        from stands_for_changes c join organisations o on o.id = c.municipality_id
        left join members m on m.id = c.member_id
        where c.body_id = ? and c.id > ? order by c.id desc limit ?""",
        [body_id, since, at_most],
    )
    return [StandsForChange(**item) for item in found]


def bodies_that_people_changed(db: Database) -> set[int]:
    """The bodies of which a person chose the municipalities."""
    return {item["body_id"] for item in rows(db, "select distinct body_id from stands_for_changes")}


def add_merger(db: Database, *, original_id: int, resulting_id: int, happened_on: str, identity: str) -> None:
    """Note that one municipality lives on in another (`org:ChangeEvent`); saying it twice changes nothing."""
    db.execute(
        "insert or ignore into mergers (original_id, resulting_id, happened_on, identity) values (?, ?, ?, ?)",
        [original_id, resulting_id, happened_on, identity],
    )
    if original_id != resulting_id:
        change(db, "update organisations set successor_id = ? where id = ?", [resulting_id, original_id])
