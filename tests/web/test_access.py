"""Who may come where: every route, every role. A new route without a row fails."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from itsdangerous import URLSafeSerializer
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

import cluster.attachments
import cluster.consortia
import cluster.contacts
import cluster.drafts
import cluster.ideas
import cluster.moderation
import cluster.plans
import cluster.searches
import cluster.sessions
import cluster.threads
import cluster.tokens
import data.access
import data.addresses
import data.government
import data.invitations
import data.mailboxes
import data.people
from cluster.files import Given
from data.store import insert, transaction
from models.circles import About
from models.government import Person
from models.ideas import DraftMark, IdeaForm
from models.moderation import Subject
from models.people import Member, Role
from models.plans import PlanForm
from models.threads import FactForm
from tests.web.test_security import unguarded

Page = Callable[..., Any]

# The answer to: a visitor, the owner's colleague (genk), another municipality (aalter), a coordinator.
# SIGN_IN is a redirect to the sign-in page. Addresses: idea 1 is Genk's, open; idea 2 is Genk's, withdrawn; idea 3
# is Genk's, hidden (case 1); draft 1 is of genk;
# introduction 1 is between Genk (poster) and Kortrijk (endorser); cluster 1 is a proposal, cluster 2 accepted.
# Organisation 2 is Genk, 4 a body; member 2 is Genk's, 4 the coordinator; invitation 1 and question 1 are for Genk.
# introduction 1 is between Genk (poster) and Kortrijk (endorser); cluster 1 is a proposal, cluster 2 accepted;
# project 1 is led by Genk, question 1 is Kortrijk's about it; call 1 is closed, call 2 a draft.
# Search 1 is kept by Genk's member, who has session 1.
SIGN_IN = 302
TOKEN = URLSafeSerializer("s" * 40, salt="letters").dumps([2, "digest"])
TABLE: dict[tuple[str, str], tuple[int, int, int, int]] = {
    ("GET", "/"): (200, 200, 200, 200),
    ("POST", "/language"): (303, 303, 303, 303),
    ("GET", "/healthz"): (200, 200, 200, 200),
    ("GET", "/readyz"): (200, 200, 200, 200),
    ("GET", "/metrics"): (200, 200, 200, 200),
    ("GET", "/sign-in"): (200, 303, 303, 303),
    ("POST", "/sign-in"): (422, 303, 303, 303),
    ("POST", "/sign-out"): (401, 303, 303, 303),
    ("GET", "/account"): (SIGN_IN, 200, 200, 200),
    ("POST", "/account"): (401, 422, 422, 422),
    ("GET", "/account/password"): (SIGN_IN, 200, 200, 200),
    ("POST", "/account/password"): (401, 422, 422, 422),
    ("GET", "/account/mailbox"): (SIGN_IN, 200, 200, 403),
    ("POST", "/account/mailbox"): (401, 422, 422, 403),
    ("POST", "/account/mailbox/remove"): (401, 303, 303, 403),
    ("GET", "/shared-mailbox/token"): (200, 200, 200, 200),
    ("GET", "/shared-mailbox/9999"): (404, 404, 404, 404),
    ("POST", "/shared-mailbox/token"): (200, 200, 200, 200),
    ("GET", "/account/email"): (SIGN_IN, 200, 200, 200),
    ("POST", "/account/email"): (401, 422, 422, 422),
    ("POST", "/account/email/forget"): (401, 303, 303, 303),
    ("GET", "/new-address/token"): (200, 200, 200, 200),
    ("GET", "/new-address/9999"): (404, 404, 404, 404),
    ("POST", "/new-address/token"): (303, 303, 303, 303),
    ("GET", "/account/data.json"): (SIGN_IN, 200, 200, 200),
    ("POST", "/members/2/erase"): (401, 403, 404, 403),
    ("POST", "/members/99/erase"): (401, 404, 404, 404),
    ("GET", "/account/security"): (SIGN_IN, 200, 200, 200),
    ("POST", "/account/sessions/1/end"): (401, 303, 404, 404),
    ("POST", "/account/sessions/end-others"): (401, 303, 303, 303),
    # Nobody here waits for the second step, nor has set one up.
    ("GET", "/sign-in/code"): (303, 303, 303, 303),
    ("POST", "/sign-in/code"): (303, 303, 303, 303),
    ("GET", "/account/second-step"): (SIGN_IN, 200, 200, 200),
    ("POST", "/account/second-step"): (401, 422, 422, 422),
    ("POST", "/account/second-step/settle"): (401, 409, 409, 409),
    ("POST", "/account/second-step/codes"): (401, 422, 422, 422),
    ("POST", "/account/second-step/remove"): (401, 422, 422, 422),
    ("POST", "/members/2/second-step/reset"): (401, 403, 403, 303),
    ("POST", "/members/4/second-step/reset"): (401, 403, 403, 403),
    # There is no provider here; the walks with one are in test_government.
    ("GET", "/sign-in/government"): (404, 303, 303, 303),
    ("POST", "/account/government"): (401, 404, 404, 404),
    ("GET", "/sign-in/government/callback"): (404, 404, 404, 404),
    ("GET", "/sign-in/government/account"): (303, 303, 303, 303),
    ("POST", "/sign-in/government/account"): (303, 303, 303, 303),
    ("GET", "/sign-in/government/sent"): (200, 200, 200, 200),
    ("GET", "/sign-in/government/confirm/token"): (200, 200, 200, 200),
    ("GET", "/sign-in/government/confirm/9999"): (404, 404, 404, 404),
    ("POST", "/sign-in/government/confirm/token"): (422, 422, 422, 422),
    ("GET", "/reset-password"): (200, 200, 200, 200),
    ("POST", "/reset-password"): (422, 422, 422, 422),
    ("GET", "/reset-password/sent"): (200, 200, 200, 200),
    ("GET", "/reset-password/token"): (200, 200, 200, 200),
    ("GET", "/reset-password/9999"): (404, 404, 404, 404),
    ("POST", "/reset-password/token"): (422, 422, 422, 422),
    ("GET", "/welcome/token"): (200, 200, 200, 200),
    ("GET", "/welcome/9999"): (404, 404, 404, 404),
    ("POST", "/welcome/token"): (422, 422, 422, 422),
    ("GET", "/ask-access"): (200, 200, 200, 200),
    ("POST", "/ask-access"): (422, 422, 422, 422),
    ("GET", "/ask-access/sent"): (200, 200, 200, 200),
    ("GET", "/ask-access/token"): (200, 200, 200, 200),
    ("GET", "/ask-access/9999"): (404, 404, 404, 404),
    ("GET", "/access-requests"): (SIGN_IN, 200, 200, 200),
    ("GET", "/access-requests/export.csv"): (SIGN_IN, 200, 200, 200),
    ("GET", "/access-requests/1"): (SIGN_IN, 200, 404, 200),
    ("POST", "/access-requests/1/approve"): (401, 303, 404, 303),
    ("POST", "/access-requests/1/decline"): (401, 422, 404, 422),
    ("GET", "/invitations"): (SIGN_IN, 200, 200, 200),
    ("GET", "/invitations/export.csv"): (SIGN_IN, 200, 200, 200),
    ("GET", "/invitations/new"): (SIGN_IN, 200, 200, 200),
    ("POST", "/invitations/new"): (401, 422, 422, 422),
    ("POST", "/invitations/1/resend"): (401, 303, 404, 303),
    ("POST", "/invitations/1/withdraw"): (401, 303, 404, 303),
    ("GET", "/organisations"): (SIGN_IN, 403, 403, 200),
    ("GET", "/organisations/export.csv"): (SIGN_IN, 403, 403, 200),
    ("GET", "/organisations/2"): (SIGN_IN, 200, 404, 200),
    ("GET", "/organisations/4"): (SIGN_IN, 404, 404, 200),
    ("GET", "/organisations/99"): (SIGN_IN, 404, 404, 404),
    ("GET", "/organisations/2/municipalities"): (SIGN_IN, 404, 404, 404),
    ("GET", "/organisations/4/municipalities"): (SIGN_IN, 404, 404, 200),
    ("POST", "/organisations/4/municipalities"): (401, 404, 404, 409),
    ("GET", "/members"): (SIGN_IN, 403, 403, 200),
    ("GET", "/members/export.csv"): (SIGN_IN, 403, 403, 200),
    ("GET", "/members/2"): (SIGN_IN, 200, 404, 200),
    ("GET", "/members/99"): (SIGN_IN, 404, 404, 404),
    ("POST", "/members/2/disable"): (401, 303, 404, 303),
    ("POST", "/members/4/disable"): (401, 404, 404, 403),
    ("POST", "/members/2/enable"): (401, 403, 403, 303),
    ("GET", "/ideas"): (200, 200, 200, 200),
    ("GET", "/ideas/1"): (200, 200, 200, 200),
    ("GET", "/ideas/2"): (404, 200, 404, 200),
    ("GET", "/ideas/3"): (404, 200, 404, 200),
    ("GET", "/ideas/export.csv"): (200, 200, 200, 200),
    ("GET", "/ideas/export.pdf"): (404, 404, 404, 404),
    ("GET", "/ideas/99"): (404, 404, 404, 404),
    ("GET", "/ideas/99999999999999999999"): (404, 404, 404, 404),
    ("GET", "/ideas/new"): (SIGN_IN, 200, 200, 403),
    ("POST", "/ideas/new"): (401, 422, 422, 403),
    ("POST", "/ideas/similar"): (200, 200, 200, 200),
    ("POST", "/ideas/draft"): (401, 200, 200, 403),
    ("POST", "/drafts/1/delete"): (401, 303, 404, 403),
    ("POST", "/drafts/99/delete"): (401, 404, 404, 403),
    ("GET", "/ideas/1/versions"): (SIGN_IN, 200, 404, 200),
    ("GET", "/ideas/2/versions"): (SIGN_IN, 200, 404, 200),
    ("GET", "/ideas/1/versions/1"): (SIGN_IN, 200, 404, 200),
    ("GET", "/ideas/1/versions/99"): (SIGN_IN, 404, 404, 404),
    ("POST", "/ideas/1/versions/1/restore"): (401, 303, 403, 303),
    ("POST", "/ideas/2/versions/1/restore"): (401, 303, 404, 303),
    ("POST", "/ideas/3/versions/1/restore"): (401, 403, 404, 303),
    ("GET", "/report/idea/1"): (SIGN_IN, 403, 200, 200),
    ("POST", "/report/idea/1"): (401, 403, 422, 422),
    ("GET", "/report/idea/2"): (SIGN_IN, 404, 404, 404),
    ("GET", "/report/idea/3"): (SIGN_IN, 404, 404, 404),
    ("GET", "/report/project/1"): (SIGN_IN, 403, 200, 200),
    ("GET", "/report/endorsement/1"): (SIGN_IN, 200, 404, 404),
    ("POST", "/report/endorsement/1"): (401, 422, 404, 404),
    ("GET", "/reports"): (SIGN_IN, 403, 403, 200),
    ("GET", "/reports/export.csv"): (SIGN_IN, 403, 403, 200),
    ("GET", "/reports/1"): (SIGN_IN, 403, 403, 200),
    ("GET", "/reports/99"): (SIGN_IN, 403, 403, 404),
    ("POST", "/reports/1/decide"): (401, 403, 403, 422),
    ("POST", "/reports/99/decide"): (401, 403, 403, 404),
    ("POST", "/reports/1/answer"): (401, 422, 404, 403),
    ("POST", "/reports/99/answer"): (401, 404, 404, 403),
    ("GET", "/ledger"): (SIGN_IN, 403, 403, 200),
    ("GET", "/ledger/export.csv"): (SIGN_IN, 403, 403, 200),
    ("GET", "/history"): (SIGN_IN, 403, 403, 200),
    ("GET", "/history/export.csv"): (SIGN_IN, 403, 403, 200),
    ("GET", "/ideas/1/edit"): (SIGN_IN, 200, 403, 403),
    ("POST", "/ideas/1/edit"): (401, 422, 403, 403),
    ("GET", "/ideas/2/edit"): (SIGN_IN, 200, 404, 403),
    ("GET", "/matches/words"): (SIGN_IN, 403, 403, 200),
    ("POST", "/matches/words"): (401, 403, 403, 303),
    ("POST", "/ideas/1/judgements"): (401, 404, 404, 404),
    ("POST", "/ideas/1/theme"): (401, 303, 403, 403),
    ("POST", "/ideas/2/theme"): (401, 303, 404, 403),
    ("POST", "/ideas/1/withdraw"): (401, 303, 403, 403),
    ("POST", "/ideas/2/withdraw"): (401, 303, 404, 403),
    ("POST", "/ideas/1/restore"): (401, 303, 403, 403),
    ("POST", "/ideas/2/restore"): (401, 303, 404, 403),
    ("GET", "/ideas/1/endorse"): (SIGN_IN, 403, 200, 403),
    ("POST", "/ideas/1/endorse"): (401, 403, 422, 403),
    ("GET", "/ideas/2/endorse"): (SIGN_IN, 404, 404, 403),
    ("POST", "/ideas/1/endorsement/withdraw"): (401, 404, 404, 403),
    ("POST", "/ideas/1/endorsement/confirm"): (401, 403, 404, 403),
    ("POST", "/ideas/1/keep"): (401, 303, 403, 403),
    ("POST", "/ideas/2/keep"): (401, 303, 404, 403),
    ("POST", "/ideas/1/offer"): (401, 303, 403, 403),
    ("POST", "/ideas/2/offer"): (401, 409, 404, 403),
    ("POST", "/ideas/1/adopt"): (401, 303, 409, 403),
    ("POST", "/ideas/2/adopt"): (401, 404, 404, 403),
    ("GET", "/search"): (200, 200, 200, 200),
    ("GET", "/search/export.csv"): (200, 200, 200, 200),
    ("GET", "/searches"): (SIGN_IN, 200, 200, 200),
    ("GET", "/searches/export.csv"): (SIGN_IN, 200, 200, 200),
    ("POST", "/searches"): (401, 422, 422, 422),
    ("POST", "/searches/1"): (401, 422, 404, 404),
    ("POST", "/searches/1/remove"): (401, 303, 404, 404),
    ("GET", "/account/letters"): (SIGN_IN, 200, 200, 200),
    ("POST", "/account/letters"): (401, 422, 422, 422),
    ("POST", "/members/2/letters"): (401, 303, 404, 303),
    # Whoever has the link of a letter may end such letters; mail programs post to it without a token (RFC 8058).
    ("GET", f"/unsubscribe/{TOKEN}"): (200, 200, 200, 200),
    ("POST", f"/unsubscribe/{TOKEN}"): (200, 200, 200, 200),
    ("GET", "/unsubscribe/forged"): (404, 404, 404, 404),
    ("POST", "/unsubscribe/forged"): (404, 404, 404, 404),
    ("POST", "/api/v1/similar"): (422, 422, 422, 422),
    ("GET", "/api/v1/openapi.json"): (200, 200, 200, 200),
    ("GET", "/projects"): (200, 200, 200, 200),
    ("GET", "/projects/1"): (200, 200, 200, 200),
    ("GET", "/projects/export.jsonl"): (200, 200, 200, 200),
    ("GET", "/projects/99"): (404, 404, 404, 404),
    ("GET", "/projects/new"): (SIGN_IN, 200, 200, 200),
    ("POST", "/projects/new"): (401, 422, 422, 422),
    ("GET", "/projects/1/edit"): (SIGN_IN, 200, 403, 200),
    ("GET", "/projects/99/edit"): (SIGN_IN, 404, 404, 404),
    ("POST", "/projects/1/edit"): (401, 422, 403, 422),
    ("GET", "/projects/1/versions"): (SIGN_IN, 200, 403, 200),
    ("POST", "/projects/1/decisions"): (401, 422, 403, 422),
    ("POST", "/projects/1/contact"): (401, 403, 303, 403),
    ("POST", "/projects/99/contact"): (401, 404, 404, 403),
    ("GET", "/projects/requests"): (SIGN_IN, 200, 200, 200),
    ("GET", "/projects/requests/export.csv"): (SIGN_IN, 200, 200, 200),
    ("GET", "/projects/requests/1"): (SIGN_IN, 404, 404, 200),
    ("GET", "/projects/requests/99"): (SIGN_IN, 404, 404, 404),
    ("POST", "/projects/requests/1/take-up"): (401, 403, 403, 409),
    ("POST", "/projects/requests/1/answer"): (401, 403, 403, 422),
    ("GET", "/projects/import"): (SIGN_IN, 403, 403, 200),
    ("POST", "/projects/import"): (401, 403, 403, 422),
    ("GET", "/projects/import/bestand"): (SIGN_IN, 403, 403, 200),
    ("GET", "/projects/import/geen"): (SIGN_IN, 403, 403, 404),
    # The file itself is not there.
    ("POST", "/projects/import/bestand"): (401, 403, 403, 404),
    ("POST", "/projects/import/bestand/discard"): (401, 403, 403, 303),
    ("GET", "/calls"): (200, 200, 200, 200),
    ("GET", "/calls/export.csv"): (200, 200, 200, 200),
    ("GET", "/calls/1"): (200, 200, 200, 200),
    ("GET", "/calls/2"): (404, 404, 404, 200),
    ("GET", "/calls/99"): (404, 404, 404, 404),
    ("GET", "/calls/1/deadline.ics"): (200, 200, 200, 200),
    ("GET", "/calls/2/deadline.ics"): (404, 404, 404, 404),
    ("GET", "/calls/new"): (SIGN_IN, 403, 403, 200),
    ("POST", "/calls/new"): (401, 403, 403, 422),
    ("GET", "/calls/1/edit"): (SIGN_IN, 403, 403, 200),
    ("POST", "/calls/1/edit"): (401, 403, 403, 422),
    ("POST", "/calls/2/open"): (401, 403, 403, 409),
    ("POST", "/calls/1/deadline"): (401, 403, 403, 422),
    ("POST", "/calls/1/close"): (401, 403, 403, 303),
    ("GET", "/municipalities"): (200, 200, 200, 200),
    ("GET", "/municipalities/2"): (200, 200, 200, 200),
    ("GET", "/municipalities/99"): (404, 404, 404, 404),
    ("GET", "/municipalities/export.csv"): (200, 200, 200, 200),
    ("GET", "/introductions"): (SIGN_IN, 200, 200, 403),
    ("GET", "/introductions/export.csv"): (SIGN_IN, 200, 200, 403),
    ("GET", "/introductions/1"): (SIGN_IN, 200, 404, 403),
    ("GET", "/introductions/1/meeting.ics"): (SIGN_IN, 200, 404, 403),
    ("GET", "/introductions/99"): (SIGN_IN, 404, 404, 403),
    ("POST", "/introductions/take-over"): (401, 303, 303, 403),
    ("POST", "/introductions/1/agree"): (401, 303, 404, 403),
    ("POST", "/introductions/1/decline"): (401, 409, 404, 403),
    ("GET", "/clusters"): (SIGN_IN, 403, 403, 200),
    ("GET", "/clusters/export.csv"): (SIGN_IN, 403, 403, 200),
    ("GET", "/clusters/1"): (404, 404, 404, 200),
    ("GET", "/clusters/2"): (200, 200, 200, 200),
    ("GET", "/clusters/99"): (404, 404, 404, 404),
    ("POST", "/clusters/propose"): (401, 403, 403, 303),
    ("POST", "/clusters/1/accept"): (401, 403, 403, 409),
    ("POST", "/clusters/1/reject"): (401, 403, 403, 422),
    ("POST", "/clusters/1/rename"): (401, 403, 403, 422),
    ("POST", "/clusters/1/move"): (401, 403, 403, 422),
    ("POST", "/clusters/1/bring-in"): (401, 403, 403, 422),
    ("POST", "/clusters/1/merge"): (401, 403, 403, 422),
    ("GET", "/clusters/1/split"): (SIGN_IN, 404, 404, 200),
    ("GET", "/clusters/2/split"): (SIGN_IN, 403, 403, 200),
    ("POST", "/clusters/1/split"): (401, 403, 403, 409),
    ("POST", "/clusters/1/lock"): (401, 403, 403, 409),
    ("POST", "/clusters/1/unlock"): (401, 403, 403, 409),
    ("POST", "/clusters/1/snooze"): (401, 403, 403, 422),
    ("POST", "/clusters/steps/99/undo"): (401, 403, 403, 404),
    ("POST", "/clusters/steps/undo"): (401, 403, 403, 303),
    ("POST", "/clusters/decide"): (401, 403, 403, 422),
    ("GET", "/clusters/run"): (SIGN_IN, 403, 403, 200),
    ("GET", "/clusters/reasons"): (SIGN_IN, 403, 403, 200),
    ("POST", "/clusters/reasons"): (401, 403, 403, 303),
    ("GET", "/matches/quality"): (SIGN_IN, 403, 403, 200),
    ("GET", "/matches/fits"): (SIGN_IN, 403, 403, 200),
    ("POST", "/matches/fits"): (401, 403, 403, 303),
    ("POST", "/matches/fits/99/use"): (401, 403, 403, 404),
    ("GET", "/programme"): (SIGN_IN, 403, 403, 200),
    ("GET", "/programme/funnel.csv"): (SIGN_IN, 403, 403, 200),
    ("GET", "/programme/unserved.xlsx"): (SIGN_IN, 403, 403, 200),
    ("GET", "/programme/pairs.csv"): (SIGN_IN, 403, 403, 200),
    ("GET", "/programme/pairs.pdf"): (SIGN_IN, 403, 403, 404),
    ("GET", "/plans"): (SIGN_IN, 200, 200, 200),
    # Idea 1 has plan 1, which is none of Aalter's business; cluster 2 has none.
    ("GET", "/plans/new?idea=1"): (SIGN_IN, 303, 404, 303),
    ("GET", "/plans/new?cluster=2"): (SIGN_IN, 200, 404, 200),
    ("GET", "/plans/new?cluster=1"): (SIGN_IN, 404, 404, 404),
    ("GET", "/plans/new"): (SIGN_IN, 404, 404, 404),
    ("POST", "/plans/new?cluster=2"): (401, 422, 404, 422),
    ("GET", "/plans/1"): (SIGN_IN, 200, 404, 200),
    ("GET", "/plans/99"): (SIGN_IN, 404, 404, 404),
    ("GET", "/plans/1/edit"): (SIGN_IN, 200, 404, 200),
    ("POST", "/plans/1/edit"): (401, 422, 404, 422),
    ("POST", "/plans/1/answer"): (401, 422, 404, 403),
    ("POST", "/plans/1/leave"): (401, 409, 404, 403),
    ("GET", "/plans/1/versions"): (SIGN_IN, 200, 404, 200),
    ("GET", "/plans/1/versions/1"): (SIGN_IN, 200, 404, 200),
    ("GET", "/plans/1/versions/99"): (SIGN_IN, 404, 404, 404),
    ("GET", "/plans/1/dossier"): (SIGN_IN, 200, 404, 200),
    ("GET", "/plans/1/partners.csv"): (SIGN_IN, 200, 404, 200),
    ("GET", "/plans/1/costs.xlsx"): (SIGN_IN, 200, 404, 200),
    ("GET", "/plans/1/costs.pdf"): (SIGN_IN, 404, 404, 404),
    # Genk and Kortrijk met, and talk about idea 1; fact 1 is Genk's. Nobody is in contact about idea 2.
    ("GET", "/conversations/idea/1"): (SIGN_IN, 200, 404, 404),
    ("GET", "/conversations/idea/2"): (SIGN_IN, 404, 404, 404),
    ("GET", "/conversations/cluster/2"): (SIGN_IN, 200, 404, 200),
    ("GET", "/conversations/planet/1"): (SIGN_IN, 404, 404, 404),
    ("POST", "/conversations/idea/1/messages"): (401, 422, 404, 404),
    ("POST", "/conversations/cluster/2/messages"): (401, 422, 404, 422),
    ("POST", "/conversations/idea/1/follow"): (401, 303, 404, 404),
    ("GET", "/conversations/idea/1/facts"): (SIGN_IN, 200, 404, 403),
    ("POST", "/conversations/idea/1/facts"): (401, 422, 404, 403),
    ("GET", "/facts/1"): (SIGN_IN, 200, 404, 403),
    ("POST", "/facts/1"): (401, 422, 404, 403),
    ("GET", "/facts/99"): (SIGN_IN, 404, 404, 403),
    ("POST", "/facts/1/remove"): (401, 303, 404, 303),
    # Attachment 1 is at a message about idea 1, attachment 2 at idea 1, attachment 3 at idea 2; all are Genk's.
    ("GET", "/attachments/1"): (404, 200, 404, 404),
    ("GET", "/attachments/2"): (200, 200, 200, 200),
    ("GET", "/attachments/3"): (404, 200, 404, 200),
    ("GET", "/attachments/99"): (404, 404, 404, 404),
    ("POST", "/attachments/1/remove"): (401, 303, 404, 403),
    ("POST", "/attachments/2/remove"): (401, 303, 404, 403),
    ("GET", "/ideas/1/attachments"): (SIGN_IN, 200, 403, 403),
    ("POST", "/ideas/1/attachments"): (401, 422, 403, 403),
    ("GET", "/ideas/2/attachments"): (SIGN_IN, 200, 404, 403),
    ("GET", "/report/message/1"): (SIGN_IN, 403, 404, 404),
    ("GET", "/messages/1/hidden"): (SIGN_IN, 404, 404, 404),
    ("GET", "/introductions/1/outcome"): (SIGN_IN, 200, 404, 403),
    ("POST", "/introductions/1/outcome"): (401, 422, 404, 403),
    ("POST", "/introductions/1/reminders"): (401, 303, 404, 403),
    ("POST", "/reminders"): (401, 303, 303, 403),
    # The plan of idea 1 is shared by Genk and Kortrijk; invitation 1 asks Aalter to join it.
    ("GET", "/plans/1/consortium"): (SIGN_IN, 200, 404, 200),
    ("GET", "/plans/99/consortium"): (SIGN_IN, 404, 404, 404),
    ("POST", "/plans/1/invitations"): (401, 404, 404, 404),
    ("GET", "/plan-invitations"): (SIGN_IN, 200, 200, 200),
    ("GET", "/plan-invitations/1"): (SIGN_IN, 200, 200, 200),
    ("GET", "/plan-invitations/99"): (SIGN_IN, 404, 404, 404),
    ("POST", "/plan-invitations/1"): (401, 403, 303, 403),
    ("GET", "/mailbox"): (200, 200, 200, 200),
    ("GET", "/mailbox/1"): (200, 200, 200, 200),
    ("GET", "/mailbox/99"): (404, 404, 404, 404),
    ("GET", "/accessibility"): (200, 200, 200, 200),
    ("GET", "/privacy"): (200, 200, 200, 200),
    ("GET", "/.well-known/security.txt"): (404, 404, 404, 404),
    ("GET", "/cookies"): (200, 200, 200, 200),
    ("GET", "/stijl"): (200, 200, 200, 200),
    ("GET", "/static/style.css"): (200, 200, 200, 200),
}
ROLES = (None, "genk", "aalter", "coordinator")


@pytest.fixture
def furnished(app: Flask) -> Database:
    db: Database = app.extensions["medestanders"].db()
    genk, kortrijk = (data.people.by_email(db, email=f"{name}@test.example") for name in ("genk", "kortrijk"))
    assert genk is not None
    assert kortrijk is not None
    cluster.sessions.begin(db, member=genk, agent="")
    for title in ("Open", "Ingetrokken", "Afgeschermd"):
        cluster.ideas.post(db, encoder=None, member=genk, form=IdeaForm(title=title, description="Tekst"))
    cluster.contacts.endorse(db, member=kortrijk, idea_id=1, role="learn", message="Graag!")
    _share_costs(db, genk, kortrijk)
    _attach(app, db, genk)
    cluster.ideas.withdraw(db, member=genk, idea_id=2)
    draft, mark = IdeaForm(title="Concept", description=""), DraftMark("laptop", 0)
    cluster.drafts.save(db, member=genk, form=draft, submission_key="draft", mark=mark)
    coordinator = data.people.by_email(db, email="coordinator@test.example")
    throttles = app.extensions["medestanders"].throttles()
    case = cluster.moderation.report(
        db, throttles, member=kortrijk, kind=Subject.IDEA, item_id=3, ground="wrong", text="", moment=0
    )
    cluster.moderation.decide(
        db, member=coordinator, case_id=case.id, revision=case.revision, decision="hide", reason="Dit klopt niet."
    )
    chosen = cluster.searches.ANY
    cluster.searches.save(db, member=genk, name="Zwembad", query="zwembad", chosen=chosen, often="digest")
    person = Person("urn:provider", "somebody", "", Role.MEMBER, genk.organisation_id)
    with transaction(db):
        data.government.arrive(db, token_hash="arrival", person=person, ends_at=cluster.tokens.until(days=1))
        digest = cluster.tokens.digest("token")
        data.government.set_email(db, token_hash="arrival", email="komt@test.example", confirm_hash=digest)
        moment = data.store.now()
        later, token = cluster.tokens.until(days=1), cluster.tokens.digest("token")
        guest = {"organisation_id": genk.organisation_id, "email": "nieuw@test.example", "locale": "nl"}
        guest |= {"name": "Nieuweling", "function": "Balie", "token_hash": token}
        terms = {"role": "member", "invited_by": genk.id, "request_id": None, "created_at": moment, "expires_at": later}
        data.invitations.add(db, values={**guest, **terms})
        data.invitations.add_reset(db, member_id=genk.id, token_hash=token, expires_at=later)
        data.mailboxes.ask(db, member_id=kortrijk.id, email="digitaal@test.example", token_hash=token, expires_at=later)
        data.addresses.ask(db, member_id=kortrijk.id, email="nieuwer@test.example", token_hash=token, expires_at=later)
        data.access.add(db, values={**guest, "email": "vraagt@test.example", "message": ""})
        db.execute(
            """insert into projects (title, summary, status, lead, lead_id, created_at, updated_at)
            values (?, ?, ?, ?, ?, ?, ?)""",
            ["Project", "Projecttekst", "unknown", "Genk", genk.organisation_id, moment, moment],
        )
        db.execute(
            """insert into contact_requests (project_id, organisation_id, member_id, asked_at, changed_at)
            values (1, ?, ?, ?, ?)""",
            [kortrijk.organisation_id, kortrijk.id, moment, moment],
        )
        db.execute(
            """insert into project_uploads (token, member_id, name, format, plan, uploaded_at)
            values ('bestand', ?, 'projecten.csv', 'csv', '', ?)""",
            [genk.id, moment],
        )
        db.execute(
            """insert into calls (number, name, kind, kind_name, opens_at, closes_at, ceiling_eur, funding_percent,
              realisation, uri, state) values (2, 'Oproep in de maak', 'other', 'Iets', '2024-01-01T00:00:00+00:00',
              '2999-01-01T00:00:00+00:00', 1, 80, '', 'urn:ontwerp', 'draft')"""
        )
        for state in ("proposed", "accepted"):
            cluster_id = insert(
                db,
                "insert into clusters (state, name, created_at, updated_at) values (?, 'Naam', ?, ?)",
                [state, moment, moment],
            )
            db.execute(
                "insert into cluster_members (cluster_id, kind, item_id, position) values (?, 'idea', 1, 1)",
                [cluster_id],
            )
    return db


def _attach(app: Flask, db: Database, genk: Member) -> None:
    services = app.extensions["medestanders"]
    folder = services.settings.data / "attachments"
    file = Given("plan.pdf", BytesIO(b"%PDF-1.7"))
    where = {"about": About.IDEA, "item_id": 1, "submission_key": None, "moment": 0}
    cluster.threads.write(
        *(db, services.throttles()), member=genk, text="Zie bijlage.", files=[file], folder=folder, **where
    )
    for idea_id in (1, 2):
        cluster.attachments.bring_to_idea(db, folder, member=genk, idea_id=idea_id, files=[file])


def _share_costs(db: Database, genk: Member, kortrijk: Member) -> None:
    both = (genk.organisation_id, kortrijk.organisation_id)
    form = PlanForm(
        title="Plan van Genk",
        lead=str(genk.organisation_id),
        items=({"what": "Bouwen", "year": "2027", "amount": "1000", "each": ""},),
        partners={key: {"in": "1"} for key in both if key},
    )
    cluster.contacts.agree(db, member=genk, introduction_id=1)
    plan_id = cluster.plans.start(db, member=genk, about=About.IDEA, item_id=1, form=form)
    aalter = data.people.by_email(db, email="aalter@test.example")
    assert aalter is not None
    cluster.consortia.invite(db, member=genk, plan_id=plan_id, organisation_id=aalter.organisation_id or 0)
    cluster.threads.add_fact(db, member=genk, about=About.IDEA, item_id=1, form=FactForm(product="Boeker"))


@pytest.mark.parametrize("role", range(len(ROLES)), ids=[str(role) for role in ROLES])
def test_the_table_holds(furnished: Database, page: Page, role: int) -> None:
    before = sqlite3.connect(":memory:")
    furnished.conn.backup(before)
    wrong = []
    for (method, address), answers in TABLE.items():
        visitor = page(ROLES[role])
        if method == "GET":
            answer = visitor.client.get(address)
        elif address.startswith("/api/"):
            answer = visitor.client.post(address)
        else:
            token = visitor.get("/calls").select_one("input[name=csrf_token]")["value"]
            answer = visitor.client.post(address, data={"csrf_token": token, "revision": "99"})
            before.backup(furnished.conn)
        answer.close()
        wrong += [f"{method} {address}: {lack}" for lack in unguarded(answer)]
        if answer.status_code != answers[role]:
            wrong.append(f"{method} {address}: {answer.status_code}, not {answers[role]}")
        elif answer.status_code == SIGN_IN and "/sign-in" not in answer.headers["Location"]:
            wrong.append(f"{method} {address}: sent to {answer.headers['Location']}")
    before.close()
    assert not wrong, "\n".join(wrong)


# The one click of RFC 8058: a mail program posts without ever having had a page; the signed link is what it needs.
WITHOUT_TOKEN = "/unsubscribe/"
UNSAFE = [address for method, address in TABLE if method == "POST" and not address.startswith("/api/")]


def test_no_unsafe_address_works_without_a_token(furnished: Database, page: Page) -> None:
    for role in ROLES:
        for address in UNSAFE:
            expected = (200, 404) if address.startswith(WITHOUT_TOKEN) else (400,)
            assert page(role).client.post(address, data={"revision": "1"}).status_code in expected, address


def test_every_route_has_a_row(app: Flask) -> None:
    bound = app.url_map.bind("localhost")
    known = [(method, address) for method, address in TABLE if "99999" not in address]
    covered = {(method, bound.match(address.partition("?")[0], method=method)[0]) for method, address in known}
    routes = {
        (method, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == covered


def test_a_read_changes_nothing_but_what_the_reader_has_seen(furnished: Database, page: Page) -> None:
    tables = ("ideas", "endorsements", "introductions", "clusters", "judgements", "letters", "jobs", "members")
    tables += ("invitations", "access_requests", "password_resets", "stands_for", "stands_for_changes")
    tables += ("projects", "calls", "contact_requests", "project_uploads")
    tables += ("idea_drafts", "idea_versions", "cases", "reports", "history")
    tables += ("saved_searches", "assessments")
    tables += ("saved_searches", "plans", "plan_versions", "plan_partners", "plan_answers")
    tables += ("threads", "messages", "thread_readers", "facts", "mentions", "attachments")
    tables += ("reminders", "reminder_stops", "members_without_reminders", "outcomes", "mailboxes")
    tables += ("address_changes", "second_steps")
    tables += ("adoptions", "idea_questions", "idea_seen", "plan_invitations")
    tables += ("cluster_history", "cluster_suggestions", "rejection_reasons", "relation_fits")

    seen = {"poster_seen", "endorser_seen", "read_id", "told_id"}

    def everything() -> list[Any]:
        return [[[one[name] for name in one if name not in seen] for one in furnished[table].rows] for table in tables]

    before = everything()
    for role in ROLES:
        for method, address in TABLE:
            if method == "GET":
                page(role).client.get(address).close()
    assert everything() == before


def test_figures_are_for_this_machine_alone(app: Flask) -> None:
    assert app.test_client().get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.9"}).status_code == 404
    assert app.test_client().get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 404
