"""The vocabulary: one typed struct for each type of lifecycle event, a file for each phase, and the table of them.

common                 small forms, references, measures
data development evaluation approval deployment monitoring governance      the structs
table                  EVENTS: what each type is about and what it needs
rules                  RULES: who may say what, written into a new log's genesis
check, schema, upcast  checking data; JSON Schema; older revs read as today's
anatomy                what a struct is made of, for all that walk it
generate               writes ledger/recording.py
"""

from ledger.events.check import check_data, event_type
from ledger.events.rules import ROLES, RULES, TypeRule
from ledger.events.schema import json_schema
from ledger.events.table import EVENTS, RELATIONS, SUBJECT_KEYS, EventType
from ledger.events.upcast import upcast

__all__ = [
    "EVENTS",
    "RELATIONS",
    "ROLES",
    "RULES",
    "SUBJECT_KEYS",
    "EventType",
    "TypeRule",
    "check_data",
    "event_type",
    "json_schema",
    "upcast",
]
