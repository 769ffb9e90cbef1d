"""What a statement is about: the keys that were said, those of the event it follows, and the version's digest set."""

from typing import Any

from msgspec import Struct

from ledger.errors import Misuse
from ledger.events.mentions import LookUp, artifacts_of, subject_of
from ledger.events.places import Places, check_key
from ledger.statement import Ref

_OF = 'of=run, of="credit-scoring@3.1.0" or artifacts={...}'


class Subject(Struct):
    """Assembles the subject of one statement; refs and evidence that come to light on the way are added."""

    table: Places
    look_up: LookUp
    evidence: list[dict[str, Any]]
    refs: dict[str, list[Ref]]
    id: str | None

    def assemble(self, said: dict[str, Any], related: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """The subject, and the key in it that has to become the statement's id ("" if none has to)."""
        kind, subject = self.table.kind, dict(said)
        for key, value in said.items():
            if key == "artifacts":
                subject[key] = artifacts_of(value, self.evidence, kind.name)
            else:
                check_key(kind.name, key, value)
        if kind.name in _CONTENT and "artifacts" not in subject:
            self._take_content(subject)
        base = self._base(related)
        if base:
            self._take_over(subject, base)
        if "environment" in subject and "deployment" in self.table.places:
            subject.setdefault("deployment", "main")
        if "artifacts" in self.table.copied and "artifacts" not in subject and "version" in subject:
            self._take_set(subject)
        return subject, self._check(subject)

    def _take_content(self, subject: dict[str, Any]) -> None:
        """Exactly one piece of evidence is what the dataset consists of (vocabulary 1.3)."""
        name = self.table.kind.name
        if len(self.evidence) > 1:
            fix = 'artifacts={"content": ...}, or one ledger.directory(...)'
            raise Misuse(f"{name}: which of {len(self.evidence)} pieces of evidence is it?", fix, code="which_content")
        if self.evidence:
            subject["artifacts"] = {"content": self.evidence[0]["digest"]}

    def _base(self, related: dict[str, Any]) -> dict[str, Any]:
        for relation in ("of", self.table.kind.subject_from):
            value = related.get(relation)
            if value is None:
                continue
            if isinstance(value, list | tuple) and len(value) == 1:
                value = value[0]
            if isinstance(value, str) and relation == "of":
                return self._named(value)
            found = subject_of(value)
            if found is None and relation == "of" and isinstance(value, list | tuple):
                raise Misuse(f"{self.table.kind.name}: of= takes one event", "uses=[...] for several", code="of_many")
            return found or {}
        return {}

    def _named(self, text: str) -> dict[str, Any]:
        """The subject that `SYSTEM@VERSION` names."""
        name = self.table.kind.name
        system, mark, version = text.rpartition("@")
        if not mark or not system:
            raise Misuse(f"{name}: of={text!r} is no SYSTEM@VERSION", _OF, code="which_version", where=f"{name}.of")
        check_key(name, "system", system)
        check_key(name, "version", version)
        found, artifacts = self.look_up(system, version)
        if isinstance(found, Ref):
            self.refs["of"] = [found]
        return {"system": system, "version": version, "artifacts": dict(artifacts)}

    def _take_over(self, subject: dict[str, Any], base: dict[str, Any]) -> None:
        kind = self.table.kind
        said, other = subject.get("system"), base.get("system")
        if "system" in self.table.copied and said and other and said != other:
            what = f"{kind.name}: system is {said!r}, but of= is about {other!r}"
            raise Misuse(what, "leave system= out", code="other_subject", where=f"{kind.name}.system")
        if "artifacts" in self.table.copied and "artifacts" in subject and "artifacts" in base:
            self._check_set(subject["artifacts"], base["artifacts"])
        # A set goes with its label: under another label it is another set, except where the label is what is given.
        left = {"artifacts"} if kind.name != "version_registered" and _other_label(subject, base) else set()
        for key in self.table.copied:
            if key not in subject and key in base and key not in left:
                subject[key] = base[key]

    def _check_set(self, said: dict[str, str], base: dict[str, str]) -> None:
        name = self.table.kind.name
        if said == base or (name == "version_registered" and said.items() >= base.items()):
            return
        raise Misuse(
            f"{name}: artifacts= is another set than that of of=",
            "leave one of them out",
            code="other_subject",
            where=f"{name}.artifacts",
        )

    def _take_set(self, subject: dict[str, Any]) -> None:
        """The set that the label names; where the type can do without, a label that nobody knows is no obstacle."""
        kind = self.table.kind
        if "system" not in subject:
            return
        needed = kind.needs_set or (bool(kind.needs_one) and "document" not in subject)
        try:
            found, artifacts = self.look_up(subject["system"], subject["version"])
        except Misuse:
            if needed:
                raise
            return
        subject["artifacts"] = dict(artifacts)
        if isinstance(found, Ref):
            self.refs.setdefault("of", [found])

    def _check(self, subject: dict[str, Any]) -> str:
        kind = self.table.kind
        name, opens = kind.name, ""
        if kind.opens and kind.opens not in subject:
            if self.id is None:
                opens = kind.opens
            else:
                subject[kind.opens] = self.id
        if kind.needs_one and not any(key in subject for key in kind.needs_one):
            raise Misuse(f"{name}: of which version?", f"{_OF}, or document=...", code="which_version", where=name)
        for key in kind.required:
            if key not in subject and key != opens:
                raise _missing(name, key)
        return opens


_CONTENT = frozenset(("component_registered", "dataset_registered", "documentation_updated"))


def _other_label(subject: dict[str, Any], base: dict[str, Any]) -> bool:
    return "version" in subject and "version" in base and subject["version"] != base["version"]


def _missing(name: str, key: str) -> Misuse:
    if key != "artifacts":
        return Misuse(f"{name}: which {key}?", f"{key}=...", code="missing_subject", where=f"{name}.{key}")
    if name == "trained":
        fix = 'artifacts={"model": ledger.file("model.joblib")}'
        return Misuse("trained: which artifacts?", fix, code="missing_subject", where="trained.artifacts")
    if name in _CONTENT:
        fix = "evidence=[ledger.file(PATH)], or artifacts={...}"
        return Misuse(f"{name}: which bytes?", fix, code="missing_subject", where=f"{name}.artifacts")
    return Misuse(f"{name}: of which version?", _OF, code="which_version", where=name)
