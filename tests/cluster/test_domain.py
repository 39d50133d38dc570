"""Everything that people do with ideas, in any order, beside a small model of what should be: they never differ.

A refusal changes nothing. What was typed stands somewhere for ever. What a coordinator decided, no run changes. Nobody
reads an address before both sides consented. What was hidden or withdrawn is nowhere in public.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlite_utils import Database

import cluster.circles
import cluster.clusters
import cluster.contacts
import cluster.ideas
import cluster.matches
import cluster.moderation
import cluster.organisations
import cluster.people
import cluster.plans
import cluster.privacy
import cluster.proposals
import cluster.regroupings
import cluster.searches
import cluster.steps
import cluster.threads
import data.circles
import data.clusters
import data.judgements
import data.ledger
import data.migrations
import data.people
import data.proposals
import data.steps
from cluster.engine import costs
from cluster.engine.encoder import Encoder, Vectors
from cluster.engine.index import Index
from cluster.figures import Reader
from data.ideas import Filter
from data.matches import Item
from data.store import close, connect, rows, transaction, value
from data.throttles import open_throttles
from models.circles import About
from models.clusters import Cluster, ClusterState, Judgement, Seen
from models.contacts import IntroductionState
from models.errors import Conflict, NotAllowed, NotFound, Refusal
from models.ideas import IdeaForm, IdeaState
from models.matches import Kind
from models.moderation import CaseState, Decision, Subject
from models.people import Member, Role
from models.plans import PlanForm
from tests.conftest import add_member, furnish

TOPICS = ("zwembad", "begraafplaats", "parkeren", "speelplein", "bibliotheek")
WORDS = {
    "zwembad": "Inwoners boeken een baan in het zwembad en betalen online per uur.",
    "begraafplaats": "Graven en concessies op de begraafplaats bijhouden in een register met kaart.",
    "parkeren": "Bewoners vragen een parkeervergunning voor de bewonerszone van hun straat.",
    "speelplein": "Ouders schrijven kinderen in voor het speelplein en de opvang in de zomer.",
    "bibliotheek": "Lezers reserveren boeken en een leeszaal in de bibliotheek van hun gemeente.",
}
MEMBERS = ("aalter", "genk", "kortrijk", "collega", "streek")
COORDINATORS = ("coordinator", "tweede")


class Topical:
    """A model that knows one topic from another, and nothing else."""

    max_seq_length = None

    def get_embedding_dimension(self) -> int:
        return len(TOPICS) + 1

    def encode(self, texts: Sequence[str], **_: object) -> Vectors:
        found = np.full((len(texts), len(TOPICS) + 1), 0.05, dtype=np.float32)
        for row, text in zip(found, texts, strict=True):
            for at, topic in enumerate(TOPICS):
                row[at] += text.lower().count(topic)
            row[-1] += len(text) % 7 / 40
        return found / np.linalg.norm(found, axis=1, keepdims=True)


ENCODER = Encoder("topical", Topical())


@dataclass
class Written:
    """An idea as it should be."""

    organisation_id: int
    forms: list[IdeaForm]
    withdrawn: bool = False
    hidden: bool = False

    @property
    def public(self) -> bool:
        return not (self.withdrawn or self.hidden)


@dataclass
class Said:
    """An endorsement as it should be, and how the poster answered."""

    member_id: int
    message: str
    amount: str | None
    active: bool
    state: IntroductionState
    declined: bool = False


@dataclass
class Model:
    """What should be."""

    ideas: dict[int, Written] = field(default_factory=dict)
    said: dict[tuple[int, int], Said] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    erased: set[int] = field(default_factory=set)
    messages: list[tuple[About, int, str]] = field(default_factory=list)
    plans: dict[int, list[str]] = field(default_factory=dict)
    typed: set[str] = field(default_factory=set)


any_number = st.integers(0, 10**6)
topics = st.sampled_from(TOPICS)
members = st.sampled_from(MEMBERS)
coordinators = st.sampled_from(COORDINATORS)
everybody = st.sampled_from(MEMBERS + COORDINATORS)
stale = st.sampled_from([0, 0, 0, 1])
# Walks in which everybody is refused everything would prove little: who may do it does it more often.
mostly_coordinators = st.sampled_from([*COORDINATORS * 4, *MEMBERS])
mostly_those_it_is_about = st.sampled_from([True, True, True, False])
seldom = st.integers(0, 7)
template: dict[str, Database] = {}


def started() -> Database:
    """A furnished store in memory, made once and copied."""
    if not template:
        db = connect(":memory:")
        with transaction(db):
            data.migrations.migrate(db)
        furnish(db)
        ids = {one["name"]: one["id"] for one in rows(db, "select id, name from organisations")}
        for name, organisation, role in (
            ("collega", "Genk", Role.MEMBER),
            ("streek", "Streekverband", Role.MEMBER),
            ("tweede", None, Role.COORDINATOR),
        ):
            add_member(db, email=f"{name}@test.example", organisation_id=ids.get(organisation or ""), role=role)
        template["db"] = db
    db = connect(":memory:")
    template["db"].conn.backup(db.conn)
    return db


def everything(db: Database) -> list[list[tuple[Any, ...]]]:
    """All rows of all tables."""
    tables = rows(db, "select name from pragma_table_list where schema = 'main' and type = 'table'")
    return [db.execute(f"select * from {item['name']}").fetchall() for item in tables]


class Domain(RuleBasedStateMachine):
    """What people do, one thing after the other."""

    steps = 0
    done: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.db, self.throttles = started(), open_throttles(Path(":memory:"))
        self.model, self.moment, self.typing, self.letters = Model(), 0.0, 0, 0
        self.index: Index[Item] = Index()
        self.reader = Reader(ENCODER, self.index)
        self.contact: set[frozenset[int]] = set()
        by_email = {one["email"]: one["id"] for one in rows(self.db, "select id, email from members")}
        self.ids = {name: by_email[f"{name}@test.example"] for name in MEMBERS + COORDINATORS}

    def teardown(self) -> None:
        assert value(self.db, "pragma integrity_check") == "ok"
        assert rows(self.db, "pragma foreign_key_check") == []
        close(self.db)
        close(self.throttles)

    def who(self, name: str) -> Member:
        found = data.people.get(self.db, member_id=self.ids[name])
        assert found is not None
        return found

    def may(self, name: str) -> bool:
        """Whether somebody can be signed in at all."""
        return self.ids[name] not in self.model.closed

    def words(self, topic: str) -> str:
        """Words that nobody typed before."""
        self.typing += 1
        return f"{WORDS[topic]} Nummer {self.typing} over {topic}."

    @contextmanager
    def expecting(self, *refusals: type[Refusal], when: bool) -> Iterator[None]:
        """What is inside is refused exactly when the model says so, and a refusal changes nothing."""
        before = everything(self.db) if when else None
        try:
            yield
        except refusals:
            assert when, "this was refused"
            assert everything(self.db) == before
        else:
            assert not when, "this was not refused"

    def attempt(self, verb: Callable[[], Any]) -> Any:
        """What a verb returns, or none when it refused; a refusal changes nothing."""
        before = everything(self.db)
        try:
            return verb()
        except Refusal:
            assert everything(self.db) == before
            return None

    # Ideas.

    @initialize(topic=topics)
    def begin(self, topic: str) -> None:
        # Four of a kind: what can be split stands there from the start.
        for name in ("genk", "kortrijk", "aalter", "streek"):
            self.post(name=name, topic=topic)
        self.post(name="genk", topic="parkeren")
        self.post(name="kortrijk", topic="parkeren")
        self.run()
        self.endorse(name="kortrijk", at=0, topic=topic, amount="<25k")
        self.endorse(name="genk", at=1, topic=topic, amount=None)

    @rule(name=everybody, topic=topics)
    def post(self, name: str, topic: str) -> None:
        Domain.steps += 1
        if not self.may(name):
            return
        who, form = self.who(name), IdeaForm(title=f"Samen {topic}", description=self.words(topic))
        with self.expecting(NotAllowed, when=who.organisation_id is None):
            idea_id = cluster.ideas.post(self.db, encoder=ENCODER, member=who, form=form)
            assert who.organisation_id is not None
            self.model.ideas[idea_id] = Written(who.organisation_id, [form])

    def idea(self, at: int) -> tuple[int, Written]:
        ids = sorted(self.model.ideas)
        return ids[at % len(ids)], self.model.ideas[ids[at % len(ids)]]

    def barred(self, who: Member, known: Written) -> type[Refusal] | None:
        """Why somebody may not change an idea."""
        if who.organisation_id is None:
            return NotAllowed
        if known.organisation_id != who.organisation_id:
            return NotAllowed if known.public else NotFound
        return NotAllowed if known.hidden else None

    @rule(name=everybody, at=any_number, topic=topics, late=stale)
    def edit(self, name: str, at: int, topic: str, late: int) -> None:
        Domain.steps += 1
        who, (idea_id, known) = self.who(name), self.idea(at)
        if not self.may(name):
            return
        form = IdeaForm(title=f"Anders {topic}", description=self.words(topic))
        revision = len(known.forms) - late
        barred = self.barred(who, known) or (Conflict if late else None)
        with self.expecting(*([barred] if barred else []), when=barred is not None):
            cluster.ideas.edit(self.db, encoder=ENCODER, member=who, idea_id=idea_id, revision=revision, form=form)
            known.forms.append(form)

    @rule(name=everybody, at=any_number, back=st.integers(1, 4))
    def put_back(self, name: str, at: int, back: int) -> None:
        Domain.steps += 1
        who, (idea_id, known) = self.who(name), self.idea(at)
        if not self.may(name):
            return
        own = known.organisation_id == who.organisation_id
        barred: type[Refusal] | None = None
        if not (known.public or own or who.is_coordinator):
            barred = NotFound
        elif not (own or who.is_coordinator) or (known.hidden and not who.is_coordinator):
            barred = NotAllowed
        elif back > len(known.forms):
            barred = NotFound
        with self.expecting(*([barred] if barred else []), when=barred is not None):
            cluster.ideas.put_back(
                self.db, encoder=ENCODER, member=who, idea_id=idea_id, version=back, revision=len(known.forms)
            )
            if known.forms[back - 1] != known.forms[-1]:
                known.forms.append(known.forms[back - 1])

    @rule(name=everybody, at=any_number, away=st.sampled_from([True, False, False]))
    def withdraw_or_restore(self, name: str, at: int, away: bool) -> None:
        Domain.steps += 1
        who, (idea_id, known) = self.who(name), self.idea(at)
        if not self.may(name):
            return
        barred = self.barred(who, known)
        verb = cluster.ideas.withdraw if away else cluster.ideas.restore
        with self.expecting(*([barred] if barred else []), when=barred is not None):
            verb(self.db, member=who, idea_id=idea_id)
            known.withdrawn = away

    # Me too.

    def speaks(self, idea_id: int) -> Member | None:
        """Who answers for an idea."""
        poster = cluster.contacts.data.contacts.poster(self.db, idea_id=idea_id)
        return data.people.get(self.db, member_id=poster) if poster else None

    @rule(name=everybody, at=any_number, topic=topics, amount=st.sampled_from([None, "<25k", "25k-75k", ">500k"]))
    def endorse(self, name: str, at: int, topic: str, amount: str | None) -> None:
        Domain.steps += 1
        who, (idea_id, known) = self.who(name), self.idea(at)
        if not self.may(name):
            return
        own = known.organisation_id == who.organisation_id
        barred: type[Refusal] | None = None
        if who.organisation_id is None:
            barred = NotAllowed
        elif not known.public:
            barred = NotFound
        elif own:
            barred = NotAllowed
        message, poster = self.words(topic), self.speaks(idea_id)
        with self.expecting(*([barred] if barred else []), when=barred is not None):
            cluster.contacts.endorse(self.db, member=who, idea_id=idea_id, role="learn", message=message, amount=amount)
            assert who.organisation_id is not None
            key = (idea_id, who.organisation_id)
            before = self.model.said.get(key)
            if before and before.active:
                return
            asked = IntroductionState.ASKED
            # What was answered once stays answered, also when it was taken back meanwhile.
            if before and before.state is IntroductionState.AGREED:
                asked = before.state
            elif before and before.declined:
                asked = IntroductionState.DECLINED
            if asked is IntroductionState.ASKED and poster and poster.standing_consent:
                asked = IntroductionState.AGREED
            declined = asked is IntroductionState.DECLINED
            self.model.said[key] = Said(who.id, message, amount, True, asked, declined)

    @rule(name=members, at=any_number)
    def take_me_too_back(self, name: str, at: int) -> None:
        Domain.steps += 1
        who, (idea_id, _) = self.who(name), self.idea(at)
        if not self.may(name):
            return
        assert who.organisation_id is not None
        known = self.model.said.get((idea_id, who.organisation_id))
        with self.expecting(NotFound, when=known is None):
            cluster.contacts.withdraw(self.db, member=who, idea_id=idea_id)
            assert known is not None
            known.active = False
            if known.state is not IntroductionState.AGREED:
                known.state = IntroductionState.WITHDRAWN

    @precondition(lambda self: self.model.said)
    @rule(name=everybody, at=any_number, yes=st.booleans(), theirs=mostly_those_it_is_about)
    def answer(self, name: str, at: int, yes: bool, theirs: bool) -> None:
        Domain.steps += 1
        keys = sorted(self.model.said)
        idea_id, organisation_id = keys[at % len(keys)]
        known, idea = self.model.said[keys[at % len(keys)]], self.model.ideas[idea_id]
        if theirs:
            name = next(one for one in MEMBERS if self.who(one).organisation_id == idea.organisation_id)
        who = self.who(name)
        if not self.may(name):
            return
        barred: type[Refusal] | None = None
        if who.organisation_id is None or who.organisation_id == organisation_id:
            barred = NotAllowed
        elif who.organisation_id != idea.organisation_id:
            barred = NotFound
        elif known.state is IntroductionState.WITHDRAWN or (not yes and known.state is IntroductionState.AGREED):
            barred = Conflict
        introduction_id = self.introduction(idea_id, organisation_id)
        verb = cluster.contacts.agree if yes else cluster.contacts.decline
        with self.expecting(*([barred] if barred else []), when=barred is not None):
            verb(self.db, member=who, introduction_id=introduction_id)
            Domain.done["agree" if yes else "decline"] += 1
            if yes:
                known.state = IntroductionState.AGREED
            elif known.state is IntroductionState.ASKED:
                known.state, known.declined = IntroductionState.DECLINED, True

    def introduction(self, idea_id: int, organisation_id: int) -> int:
        sql = """select i.id from introductions i join endorsements e on e.id = i.endorsement_id
        where e.idea_id = ? and e.organisation_id = ?"""
        return int(value(self.db, sql, [idea_id, organisation_id]))

    # Members.

    @rule(name=members, agrees=st.booleans())
    def consent_beforehand(self, name: str, agrees: bool) -> None:
        Domain.steps += 1
        if self.may(name):
            wanted = cluster.people.Preferences(locale="nl", standing_consent=agrees)
            cluster.people.set_preferences(self.db, member=self.who(name), preferences=wanted)

    @rule(by=mostly_coordinators, name=members, heir=st.sampled_from([None, "genk", "collega"]), chance=seldom)
    def close_account(self, by: str, name: str, heir: str | None, chance: int) -> None:
        Domain.steps += 1
        if not self.may(by) or (chance and name != "streek"):
            return
        leaving = self.ids[name]
        successor = self.ids[heir] if heir else None
        left = self.attempt(
            lambda: cluster.organisations.leave(self.db, member=self.who(by), member_id=leaving, successor_id=successor)
        )
        if left is not None:
            self.model.closed.add(leaving)
            Domain.done["close"] += 1

    @rule(by=coordinators, name=members)
    def open_account(self, by: str, name: str) -> None:
        Domain.steps += 1
        back = self.ids[name]
        with self.expecting(NotAllowed, when=back in self.model.erased):
            cluster.organisations.come_back(self.db, member=self.who(by), member_id=back)
            self.model.closed.discard(back)

    @rule(by=coordinators, name=st.sampled_from(["collega", "streek"]))
    def erase(self, by: str, name: str) -> None:
        Domain.steps += 1
        gone = self.ids[name]
        with self.expecting(NotAllowed, when=gone not in self.model.closed):
            cluster.privacy.erase(self.db, self.throttles, member=self.who(by), member_id=gone)
            self.model.erased.add(gone)
            Domain.done["erase"] += 1

    @rule(name=members)
    def take_over(self, name: str) -> None:
        Domain.steps += 1
        if self.may(name):
            cluster.contacts.take_over(self.db, member=self.who(name))

    # Moderation.

    @rule(name=everybody, at=any_number)
    def report(self, name: str, at: int) -> None:
        Domain.steps += 1
        who, (idea_id, known) = self.who(name), self.idea(at)
        if not self.may(name):
            return
        own = known.organisation_id == who.organisation_id
        # What is not online is reported by nobody, coordinators included, who may read it.
        barred = NotFound if not known.public else NotAllowed if own else None
        self.moment += 3_600
        before, refusal = everything(self.db), None
        try:
            cluster.moderation.report(
                *(self.db, self.throttles),
                member=who,
                kind=Subject.IDEA,
                item_id=idea_id,
                ground="wrong",
                text=self.words("parkeren"),
                moment=self.moment,
            )
        except (NotAllowed, NotFound) as refused:
            refusal = type(refused)
        assert refusal is barred
        assert barred is None or everything(self.db) == before

    @rule(by=mostly_coordinators, at=any_number, decision=st.sampled_from([*Decision, Decision.KEEP]), late=stale)
    def decide(self, by: str, at: int, decision: Decision, late: int) -> None:
        Domain.steps += 1
        cases = rows(self.db, "select id, item_id, revision, state from cases where kind = 'idea' order by id")
        if not cases or not self.may(by):
            return
        who = self.who(by)
        fits = {
            Decision.HIDE: {CaseState.REPORTED, CaseState.SHOWN},
            Decision.DISMISS: {CaseState.REPORTED},
            Decision.KEEP: {CaseState.HIDDEN},
            Decision.SHOW: {CaseState.HIDDEN},
        }[decision]
        # Where one case can be decided so, it is: what follows on something comes too seldom by chance.
        cases = [one for one in cases if CaseState(one["state"]) in fits] or cases
        case = cases[at % len(cases)]
        barred: type[Refusal] | None = None
        if not who.is_coordinator:
            barred = NotAllowed
        elif late or CaseState(case["state"]) not in fits:
            barred = Conflict
        with self.expecting(*([barred] if barred else []), when=barred is not None):
            cluster.moderation.decide(
                self.db,
                member=who,
                case_id=case["id"],
                revision=case["revision"] - late,
                decision=decision,
                reason=self.words("bibliotheek"),
            )
            Domain.done[decision] += 1
            if decision is Decision.HIDE:
                self.model.ideas[case["item_id"]].hidden = True
            elif decision is Decision.SHOW:
                self.model.ideas[case["item_id"]].hidden = False

    @rule(name=members, at=any_number)
    def answer_coordinator(self, name: str, at: int) -> None:
        Domain.steps += 1
        cases = rows(self.db, "select id from cases order by id")
        if cases and self.may(name):
            case, text = cases[at % len(cases)]["id"], self.words("speelplein")
            self.attempt(lambda: cluster.moderation.answer(self.db, member=self.who(name), case_id=case, text=text))

    # Working together.

    def circle(self, at: int) -> tuple[About, int]:
        accepted = [one.id for one in data.clusters.listed(self.db, states=[ClusterState.ACCEPTED])]
        met = {key[0] for key, one in self.model.said.items() if one.state is IntroductionState.AGREED}
        every = [(About.IDEA, one) for one in sorted(met)] + [(About.CLUSTER, one) for one in accepted]
        every = every or [(About.IDEA, one) for one in sorted(self.model.ideas)]
        return every[at % len(every)]

    def inside(self, about: About, item_id: int, name: str) -> str:
        """Somebody who is in a circle and has an account, if there is one; else who was named."""
        circle = data.circles.get(self.db, about=about, item_id=item_id)
        parties = {party.id for party in circle.parties} if circle else set()
        return next((one for one in MEMBERS if self.may(one) and self.who(one).organisation_id in parties), name)

    @rule(name=everybody, at=any_number, topic=topics, theirs=mostly_those_it_is_about)
    def write(self, name: str, at: int, topic: str, theirs: bool) -> None:
        Domain.steps += 1
        about, item_id = self.circle(at)
        name = self.inside(about, item_id, name) if theirs else name
        if not self.may(name):
            return
        text = self.words(topic)
        self.moment += 3_600

        def say() -> bool:
            cluster.threads.write(
                *(self.db, self.throttles),
                member=self.who(name),
                about=about,
                item_id=item_id,
                text=text,
                submission_key=None,
                moment=self.moment,
            )
            return True

        if self.attempt(say):
            Domain.done["message"] += 1
            self.model.messages.append((about, item_id, text))

    @rule(name=members, at=any_number, euro=st.integers(1, 10**6), key=st.sampled_from(["equal", "inhabitants"]))
    def plan(self, name: str, at: int, euro: int, key: str) -> None:
        Domain.steps += 1
        about, item_id = self.circle(at)
        name = self.inside(about, item_id, name)
        if not self.may(name):
            return
        who = self.who(name)
        try:
            circle = cluster.circles.get(self.db, about=about, item_id=item_id)
        except NotFound:
            return
        title = f"Plan {self.words('zwembad')}"[:150]
        form = PlanForm(
            title=title,
            key=key,
            lead=str(who.organisation_id),
            items=({"what": "Bouwen", "year": "2027", "amount": str(euro), "each": ""},),
            partners={party.id: {"in": "1"} for party in circle.parties},
        )
        plan_id = self.attempt(
            lambda: cluster.plans.start(self.db, member=who, about=about, item_id=item_id, form=form)
        )
        if plan_id is not None:
            assert plan_id not in self.model.plans
            self.model.plans[plan_id] = [title]
            Domain.done["plan"] += 1
            return
        for known in sorted(self.model.plans):
            found = rows(self.db, "select * from plans where id = ?", [known])[0]
            if found[f"{about}_id"] == item_id:
                number = len(self.model.plans[known])
                after = self.attempt(
                    lambda known=known, number=number: cluster.plans.edit(
                        self.db, member=who, plan_id=known, number=number, form=form
                    )
                )
                if after is not None:
                    Domain.done["version"] += 1
                    self.model.plans[known].append(title)

    @rule(name=members, at=any_number, what=st.sampled_from(["accept", "refuse", "leave"]), late=stale)
    def answer_plan(self, name: str, at: int, what: str, late: int) -> None:
        Domain.steps += 1
        if not self.model.plans or not self.may(name):
            return
        plan_id = sorted(self.model.plans)[at % len(self.model.plans)]
        found = rows(self.db, "select idea_id, cluster_id from plans where id = ?", [plan_id])[0]
        about = About.IDEA if found["idea_id"] else About.CLUSTER
        if at % 3:
            name = self.inside(about, found["idea_id"] or found["cluster_id"], name)
        number = len(self.model.plans[plan_id]) - late
        where = {"member": self.who(name), "plan_id": plan_id, "number": number}
        if what == "leave":
            left = self.attempt(lambda: [cluster.plans.leave(self.db, **where, reason=self.words("parkeren"))])
            if left is not None:
                assert not late
                self.model.plans[plan_id].append(self.model.plans[plan_id][-1])
        else:
            said = self.attempt(
                lambda: [cluster.plans.answer(self.db, **where, accepted=what == "accept", reason="Te duur voor ons")]
            )
            assert said is None or not late
            Domain.done["answer"] += said is not None

    # Clusters.

    def decided(self) -> tuple[list[Any], ...]:
        """All that people decided about clusters: what no run may change."""
        sql = """select c.id, c.state, c.name, c.reason, c.decided_at, c.decided_by, c.locked, c.merged_into,
          (select group_concat(kind || item_id) from (select kind, item_id from cluster_members m
            where m.cluster_id = c.id order by position)) as members
        from clusters c where c.state in ('accepted', 'rejected') or c.locked = 1 order by c.id"""
        named = "select id, name from clusters where named_by_person = 1 order by id"
        return (
            rows(self.db, sql),
            rows(self.db, named),
            rows(self.db, "select * from judgements order by id"),
            rows(self.db, "select * from cluster_history where member_id is not null order by id"),
        )

    @rule()
    def run(self) -> None:
        Domain.steps += 1
        before = self.decided()
        held = data.clusters.keys_by_cluster(self.db, state=ClusterState.PROPOSED, locked=True)
        ended = cluster.proposals.propose(self.db, encoder=ENCODER)
        assert self.decided() == before, "a run changed what people decided"
        conflicting = {frozenset(pair) for pair in ended.contradictions}
        apart = {
            frozenset(pair)
            for pair, said in data.judgements.latest(self.db).items()
            if said in (Judgement.DIFFERENT, Judgement.RELATED)
        }
        for cluster_id, keys in data.clusters.keys_by_cluster(self.db, state=ClusterState.PROPOSED).items():
            if cluster_id not in held:
                together = {pair for pair in apart if pair <= keys}
                assert together <= conflicting, "a run joined what people judged apart"
        again = everything(self.db)
        cluster.proposals.propose(self.db, encoder=ENCODER)
        changed = [at for at, (one, other) in enumerate(zip(again, everything(self.db), strict=True)) if one != other]
        names = rows(self.db, "select name from pragma_table_list where schema = 'main' and type = 'table'")
        assert {names[at]["name"] for at in changed} <= {"cluster_runs", "sqlite_sequence"}, (
            "with nothing new it changed"
        )

    def cluster_at(self, at: int, *, but: int = 0, what: str = "") -> Cluster | None:
        """A cluster; where one fits a step that comes too seldom by chance, it is taken."""
        live = "state in ('proposed', 'accepted')" if at % 4 else "true"
        fits = {
            "unlock": "locked = 1",
            "split": "locked = 0 and (select count(*) from cluster_members m where m.cluster_id = clusters.id) > 3",
        }.get(what, "true")
        sql = "select id from clusters where {} and id <> ? order by id"
        found = rows(self.db, sql.format(f"{live} and {fits}"), [but]) or rows(self.db, sql.format(live), [but])
        ids = [one["id"] for one in found]
        return data.clusters.get(self.db, cluster_id=ids[at % len(ids)]) if ids else None

    @rule(
        by=mostly_coordinators,
        at=any_number,
        other=any_number,
        item=any_number,
        what=st.sampled_from(
            ["accept", "accept", "reject", "rename", "lock", "unlock", "snooze", "move", "bring", "merge", "split"]
        ),
        late=stale,
        undo=st.booleans(),
    )
    def step(self, by: str, at: int, other: int, item: int, what: str, late: int, undo: bool) -> None:
        Domain.steps += 1
        found = self.cluster_at(at, what=what)
        if found is None or not self.may(by):
            return
        beside = self.cluster_at(other, but=found.id) or found
        who, seen = self.who(by), Seen(found.id, found.revision - late)
        alone = """select id from ideas where state = 'open' and id not in (select m.item_id from cluster_members m
          join clusters c on c.id = m.cluster_id and c.state in ('proposed', 'accepted') where m.kind = 'idea')"""
        free = [one["id"] for one in rows(self.db, alone)]
        key = (Kind.IDEA, free[item % len(free)] if free and what == "bring" else self.idea(item)[0])
        inside = found.members[item % len(found.members)].key if found.members else key
        text = self.words("begraafplaats")[:100]
        steps, moves = cluster.steps, cluster.regroupings
        verbs: dict[str, Callable[[], Any]] = {
            "accept": lambda: steps.accept(self.db, seen=seen, member=who),
            "reject": lambda: steps.reject(self.db, seen=seen, member=who, reason=text),
            "rename": lambda: steps.rename(self.db, seen=seen, member=who, name=text),
            "lock": lambda: steps.lock(self.db, seen=seen, member=who, reason=text),
            "unlock": lambda: steps.unlock(self.db, seen=seen, member=who),
            "snooze": lambda: steps.snooze(self.db, seen=seen, member=who, until=cluster.clusters.tomorrow()),
            "move": lambda: moves.move(
                self.db, reader=self.reader, member=who, item=inside, source=seen, target=None, relation="different"
            ),
            "bring": lambda: moves.move(
                self.db, reader=self.reader, member=who, item=key, source=None, target=seen, reason=text
            ),
            "merge": lambda: moves.merge(self.db, reader=self.reader, member=who, seen=seen, other=beside.seen)[0],
            "split": lambda: moves.split(
                self.db,
                reader=self.reader,
                member=who,
                seen=seen,
                leaving=[one.key for one in found.members[: len(found.members) // 2]],
            )[0],
        }
        before = self.shape()
        number = self.attempt(verbs[what])
        if number is None:
            return
        assert who.is_coordinator
        if late:
            # Only the same press twice: it is taken for the one before, and changes nothing.
            assert self.shape() == before, "a step on what had changed meanwhile was taken"
            return
        Domain.done[what] += 1
        if undo and self.attempt(lambda: self.taken_back(number, who, before)):
            Domain.done["undo"] += 1

    def shape(self) -> list[Any]:
        """How clusters stand: states, names and members, those that nothing is in apart."""
        sql = """select c.id, c.state, c.name, c.locked, c.snoozed_until,
          (select group_concat(kind || item_id) from (select kind, item_id from cluster_members m
            where m.cluster_id = c.id order by position)) as members from clusters c order by c.id"""
        return [one for one in rows(self.db, sql) if one["members"] or one["state"] != "dissolved"]

    def taken_back(self, number: int, who: Member, before: list[Any]) -> bool:
        judged = data.judgements.latest(self.db)
        cluster.steps.undo(self.db, step=number, member=who)
        assert self.shape() == before, "what was undone is not as it was"
        assert set(data.judgements.latest(self.db)) <= set(judged)
        return True

    # What holds at all times.

    @invariant()
    def ideas_are_as_they_should_be(self) -> None:
        stored = {one["id"]: one for one in rows(self.db, "select * from ideas")}
        assert stored.keys() == self.model.ideas.keys()
        for idea_id, known in self.model.ideas.items():
            found = stored[idea_id]
            assert (found["title"], found["description"]) == (known.forms[-1].title, known.forms[-1].description)
            assert found["revision"] == len(known.forms)
            state = IdeaState.HIDDEN if known.hidden else IdeaState.WITHDRAWN if known.withdrawn else IdeaState.OPEN
            assert found["state"] == state
        versions = rows(self.db, "select idea_id, revision, fields from idea_versions order by idea_id, revision")
        told = [
            (idea_id, at, form.description)
            for idea_id, known in sorted(self.model.ideas.items())
            for at, form in enumerate(known.forms, 1)
        ]
        assert [(one["idea_id"], one["revision"]) for one in versions] == [one[:2] for one in told]
        assert all(text in one["fields"] for one, (_, _, text) in zip(versions, told, strict=True))

    @invariant()
    def me_toos_and_their_sums_are_as_they_should_be(self) -> None:
        sql = """select e.idea_id, e.organisation_id, e.member_id, e.message, e.amount, e.active, i.state
        from endorsements e join introductions i on i.endorsement_id = e.id"""
        stored = {(one["idea_id"], one["organisation_id"]): one for one in rows(self.db, sql)}
        assert stored.keys() == self.model.said.keys()
        for key, known in self.model.said.items():
            found = stored[key]
            assert (found["message"], found["amount"]) == (known.message, known.amount)
            assert (bool(found["active"]), found["state"]) == (known.active, known.state)
        for idea_id, idea in self.model.ideas.items():
            active = [one for (of, _), one in self.model.said.items() if of == idea_id and one.active]
            read = cluster.ideas.data.ideas.get(self.db, idea_id=idea_id)
            assert read is not None
            counted = cluster.contacts.support(
                self.db, idea=read, found=cluster.contacts.endorsements(self.db, idea_id=idea_id)
            )
            assert counted.organisations == len(active)
            named = [one.amount for one in active if one.amount]
            lows = {"<25k": 0, "25k-75k": 25_000, ">500k": 500_000}
            assert counted.amount_low_eur == (sum(lows[one] for one in named) if len(named) > 1 else 0)
            assert idea.organisation_id not in {of for (at, of) in self.model.said if at == idea_id}

    @invariant()
    def what_is_not_open_is_nowhere_in_public(self) -> None:
        public = {idea_id for idea_id, known in self.model.ideas.items() if known.public}
        browsed = cluster.ideas.data.ideas.browse(self.db, wanted=Filter(), order="newest", at_most=999, after=0)
        assert {one.id for one in browsed} == public
        assert {key[1] for key in (one.key for one in data.clusters.items(self.db)) if key[0] is Kind.IDEA} == public
        for found in data.clusters.listed(self.db, states=[ClusterState.ACCEPTED]):
            assert {one.id for one in found.members if one.kind is Kind.IDEA} <= public
        for idea_id in self.model.ideas.keys() - public:
            with pytest.raises(NotFound):
                cluster.ideas.get(self.db, idea_id=idea_id, member=None)
            if self.model.ideas[idea_id].hidden:
                assert cluster.circles.get(self.db, about=About.IDEA, item_id=idea_id).title == ""

    @rule(topic=topics)
    def search(self, topic: str) -> None:
        Domain.steps += 1
        public = {idea_id for idea_id, known in self.model.ideas.items() if known.public}
        found = cluster.matches.similar(
            self.db, encoder=ENCODER, index=self.index, title=topic, description=WORDS[topic], limit=50
        )
        ideas = {one.id for one in found if one.kind is Kind.IDEA}
        assert ideas <= public
        about = {one for one in public if topic in self.model.ideas[one].forms[-1].description}
        assert about <= ideas or len(about) > 50

    @invariant()
    def nobody_reads_an_address_before_both_consented(self) -> None:
        """Neither on a page nor in a letter."""
        everyone = {one["id"]: one for one in rows(self.db, "select id, email, organisation_id, role from members")}
        sides: dict[frozenset[int], bool] = {}
        for (idea_id, organisation_id), known in self.model.said.items():
            between = frozenset({self.model.ideas[idea_id].organisation_id, organisation_id})
            agreed = known.state is IntroductionState.AGREED
            sides[between] = sides.get(between, False) or agreed
            for name in MEMBERS:
                who = self.who(name)
                if who.organisation_id not in between or not self.may(name):
                    continue
                contact = cluster.contacts.contacts_of(
                    self.db, member=who, introduction_id=self.introduction(idea_id, organisation_id)
                )
                assert contact is None or agreed
        for letter in rows(self.db, "select id, member_id, subject, body from letters where id > ?", [self.letters]):
            self.letters = letter["id"]
            to = everyone[letter["member_id"]]
            for other in everyone.values():
                if other["role"] == "coordinator" or to["role"] == "coordinator":
                    continue
                met = sides.get(frozenset({to["organisation_id"], other["organisation_id"]}), False)
                if not met and to["organisation_id"] != other["organisation_id"]:
                    assert other["email"] not in f"{letter['subject']} {letter['body']}"

    @invariant()
    def what_people_wrote_to_each_other_stands(self) -> None:
        sql = (
            "select t.idea_id, t.cluster_id, m.text from messages m join threads t on t.id = m.thread_id order by m.id"
        )
        stored = [
            (About.IDEA if one["idea_id"] else About.CLUSTER, one["idea_id"] or one["cluster_id"], one["text"])
            for one in rows(self.db, sql)
        ]
        assert stored == self.model.messages
        plans = rows(self.db, "select plan_id, number, content from plan_versions order by plan_id, number")
        told = [
            (key, at, title) for key, every in sorted(self.model.plans.items()) for at, title in enumerate(every, 1)
        ]
        assert [(one["plan_id"], one["number"]) for one in plans] == [one[:2] for one in told]
        assert all(title in one["content"] for one, (_, _, title) in zip(plans, told, strict=True))
        for plan_id in self.model.plans:
            content = cluster.plans.get(self.db, member=self.who("tweede"), plan_id=plan_id).content
            figures = costs.figures(content)
            if figures.adds_up and content.partners:
                assert sum(one.pays or 0 for one in figures.shares) == figures.own

    @invariant()
    def an_item_is_in_one_live_cluster_at_most(self) -> None:
        sql = """select kind, item_id from cluster_members m join clusters c on c.id = m.cluster_id
        where c.state in ('proposed', 'accepted') group by kind, item_id having count(*) > 1"""
        assert rows(self.db, sql) == []
        few = "select count(*) from clusters where state = 'accepted' and decided_by is null"
        assert value(self.db, few) == 0

    @invariant()
    def the_ledger_is_whole_and_every_letter_has_its_job(self) -> None:
        assert data.ledger.broken_at(self.db) is None
        sql = """select count(*) from letters l where l.state = 'queued' and not exists (
          select 1 from jobs j where j.kind = 'letter' and j.key = cast(l.id as text) and j.done_at is null)"""
        assert value(self.db, sql) == 0


# What must have been done in long walks, or they prove nothing about it.
DEEDS = (
    *("accept", "reject", "rename", "lock", "unlock", "snooze", "move", "bring", "merge", "split", "undo"),
    *("agree", "decline", "hide", "dismiss", "keep", "show", "message", "plan", "version", "answer", "close", "erase"),
)
QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@pytest.mark.parametrize(
    ("seeds", "walks", "length"),
    [(1, 5, 40), pytest.param(16, 9, 100, marks=pytest.mark.soak)],
    ids=["short", "long"],
)
def test_whatever_people_do_in_whatever_order_it_is_as_it_should_be(
    seeds: int, walks: int, length: int, capsys: pytest.CaptureFixture[str]
) -> None:
    Domain.steps = 0
    Domain.done.clear()
    chosen = settings(
        max_examples=walks,
        stateful_step_count=length,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=QUIET,
    )
    # Walks from one seed resemble each other: from several they come to all that people can do.
    first = int(os.environ.get("SEED", "1"))
    for number in range(first, first + seeds):
        run_state_machine_as_test(seed(number)(Domain), settings=chosen)  # type: ignore[no-untyped-call]
    with capsys.disabled():
        print(f"\n{Domain.steps} steps beside the model: 0 divergences ({len(Domain.done)} kinds of deeds done)")
    assert Domain.steps >= seeds * walks * length * 0.6
    if seeds > 1:
        assert set(DEEDS) <= Domain.done.keys(), "the walks never came so far"
