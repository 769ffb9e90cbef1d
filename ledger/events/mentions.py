"""What a caller may hand over in the place of a reference: a receipt, an entry, a label, evidence."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from msgspec import Struct, to_builtins

from ledger.encoding import encode, is_artifact_name, is_digest, is_id, is_named_digest
from ledger.errors import Misuse
from ledger.events.common import Evidence
from ledger.statement import ARTIFACTS_LIMIT, Ref, Statement, set_digest, statement_hash

LookUp: TypeAlias = Callable[[str, str], tuple[object, dict[str, str]]]
FindDataset: TypeAlias = Callable[[str], str | None]

_RECEIPT: Final = "what record() returned, or an entry: ledger.find(95)"


def subject_of(value: Any) -> dict[str, Any] | None:
    """The subject of a receipt, an entry or a map with `subject`; None of anything else."""
    if isinstance(value, Mapping):
        subject = value.get("subject")
    else:
        statement = getattr(value, "statement", None)
        subject = getattr(statement if isinstance(statement, Statement) else value, "subject", None)
    return subject if isinstance(subject, dict) else None


def ref_of(value: Any, where: str) -> Ref:
    """The id and hash of a receipt, an entry or a map of both; raises `Misuse` for anything else."""
    if isinstance(value, Mapping):
        found, digest = value.get("id"), value.get("hash")
    else:
        statement = getattr(value, "statement", None)
        found, digest = getattr(value, "id", None), getattr(value, "hash", None)
        if isinstance(statement, Statement):
            found, digest = statement.id, statement_hash(encode(to_builtins(statement))).hex()
    if isinstance(found, str) and isinstance(digest, str) and is_id(found) and is_digest(digest):
        return Ref(hash=digest, id=found)
    shown = repr(value) if isinstance(value, str | int) else f"of type {type(value).__name__}"
    raise Misuse(f"{where}= {shown} is no receipt", _RECEIPT, code="invalid_ref", where=where)


def refs_of(value: Any, where: str) -> list[Ref]:
    """One receipt or a list of them as refs, each once."""
    values = value if isinstance(value, list | tuple) else [value]
    return list({(ref := ref_of(one, where)).id: ref for one in values}.values())


def artifacts_of(value: Any, evidence: list[dict[str, Any]], where: str) -> dict[str, str]:
    """A digest set: name -> digest. Evidence goes into `evidence` under the artifact's name (vocabulary 1.3)."""
    if not isinstance(value, Mapping) or not 1 <= len(value) <= ARTIFACTS_LIMIT:
        raise Misuse(
            f"{where}: artifacts are 1 to {ARTIFACTS_LIMIT} names with a digest each",
            'artifacts={"model": ledger.file("model.joblib")}; more files: ledger.directory(...)',
            code="invalid_artifacts",
            where=f"{where}.artifacts",
        )
    found = {}
    for name, item in value.items():
        if not isinstance(name, str) or not is_artifact_name(name):
            fix = "lower-case letters, digits and . _ -"
            raise Misuse(f"{where}: {name!r} is no artifact name", fix, code="invalid_artifacts", where=where)
        if isinstance(item, Evidence):
            evidence.append(item.to_json() | {"name": name})
        found[name] = digest_of(item, f"{where}.artifacts[{name!r}]")
    return found


def digest_of(value: Any, where: str) -> str:
    """The digest of evidence, or a `sha256:` digest as it is."""
    digest = value.digest if isinstance(value, Evidence) else value
    if isinstance(digest, str) and is_named_digest(digest):
        return digest
    shown = repr(value) if isinstance(value, str) else f"of type {type(value).__name__}"
    fix = "ledger.file(PATH), ledger.directory(PATH), or sha256: and 64 hexadecimal digits"
    raise Misuse(f"{where} {shown} is no digest", fix, code="invalid_digest", where=where)


def one_digest(artifacts: dict[str, str]) -> str:
    """What a set is called by where one digest is asked for: the digest of its one artifact, else its set digest."""
    return next(iter(artifacts.values())) if len(artifacts) == 1 else f"sha256:{set_digest(artifacts)}"


class Mentions(Struct):
    """Reads the fields that name datasets, versions and components; evidence met on the way is gathered."""

    look_up: LookUp
    find_dataset: FindDataset | None
    system: str | None
    evidence: list[dict[str, Any]]

    def read(self, shape: str, value: Any, where: str) -> Any:
        """The field's value with every mention written out; what is none is left for the check to refuse."""
        many = shape in ("dataset", "digest") and isinstance(value, dict) and not self._is_written(shape, value)
        if many:
            return {role: self._listed(shape, item, f"{where}.{role}") for role, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._one(shape, item, where) for item in value]
        return self._one(shape, value, where)

    def _is_written(self, shape: str, value: dict[Any, Any]) -> bool:
        return shape == "dataset" and bool({"dataset", "digest", "subject"} & value.keys())

    def _listed(self, shape: str, item: Any, where: str) -> Any:
        if shape == "digest":
            return self._one(shape, item, where)
        items = item if isinstance(item, list | tuple) else [item]
        return [self._one(shape, one, where) for one in items]

    def _one(self, shape: str, item: Any, where: str) -> Any:
        if isinstance(item, Evidence):
            self.evidence.append(item.to_json())
            return item.digest if shape == "digest" else {"digest": item.digest}
        if shape == "digest" or (isinstance(item, dict) and "subject" not in item):
            return item
        if isinstance(item, str):
            return self._label(shape, item, where)
        subject = subject_of(item)
        return item if subject is None else _mention(shape, subject, where)

    def _label(self, shape: str, text: str, where: str) -> dict[str, Any]:
        if shape == "version":
            system, _, version = text.rpartition("@")
            system = system or self.system or ""
            if not system:
                raise Misuse(f"{where}: {text!r} of which system?", "SYSTEM@VERSION", code="which_system", where=where)
            return {"version": version, "set": f"sha256:{set_digest(self.look_up(system, version)[1])}"}
        digest = self.find_dataset(text) if shape == "dataset" and self.find_dataset is not None else None
        return {shape: text} if digest is None else {shape: text, "digest": digest}


def _mention(shape: str, subject: dict[str, Any], where: str) -> dict[str, Any]:
    artifacts = subject.get("artifacts")
    if shape == "version":
        if not artifacts:
            raise Misuse(f"{where}: that receipt names no artifacts", _RECEIPT, code="which_version", where=where)
        label = {"version": subject["version"]} if "version" in subject else {}
        return {**label, "set": f"sha256:{set_digest(artifacts)}"}
    if shape not in subject:
        raise Misuse(f"{where}: that receipt is of no {shape}", f"its label, or its {shape}", where=where)
    return {shape: subject[shape]} | ({"digest": one_digest(artifacts)} if artifacts else {})
