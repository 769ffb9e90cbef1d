"""Makes the golden ledger of a release: `python -m tests.golden.make 0.1.0`, once, and never again for that release.

What it writes is kept for ever as that release wrote it: the tests read it with every later one. It refuses to write
over what is there.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from ledger.api import Ledger
from ledger.bundle.export import export_bundle
from ledger.keys.ed25519 import Ed25519Signer
from ledger.keys.files import save
from projections import Projections, production
from projections.registry import REGISTRY
from tests.log.acts import say, say_many, tell

HERE = Path(__file__).parent
ORIGIN = "golden.example/ledger"


def history(ledger: Ledger, folder: Path) -> None:
    """Something of everything that this release can say: one system from its data to its replacement."""
    tell(ledger, folder)
    examples = json.loads((HERE.parent / "events" / "examples.json").read_text("utf-8"))
    about = {"system": "credit", "version": "1.0", "artifacts": {"model": "sha256:" + "b" * 64}}
    plan = ledger.record("metric_plan_defined", system="credit", **examples["metric_plan_defined"])
    ledger.record("system_registered", system="credit", **examples["system_registered"])
    alert = ledger.record(
        "drift_alerted", **about, environment="production", deployment="eu", **examples["drift_alerted"]
    )
    ledger.record("alert_acknowledged", of=alert)
    new = ledger.record(
        "trained",
        system="credit",
        version="1.1",
        artifacts={"model": "sha256:" + "c" * 64},
        parameters={"depth": 8, "rate": 0.1, "kind": "gbm", "on": True},
        datasets={"training": "credit@1"},
        caused_by=alert,
    )
    seen = ledger.record("evaluated", of=new, uses=plan, metrics={"auc": 0.81}, groups={"age<25": {"auc": 0.74}})
    ledger.record("approved", of=new, uses=seen, stage="production", conditions=["watch for a month"])
    ledger.record("deployed", of=new, environment="production", deployment="eu")
    ledger.record("alert_resolved", of=alert, resolution="retrained")
    ledger.record("corrected", corrects=seen, changes={"data.metrics": {"auc": 0.8}}, reason="a typing error")
    ledger.record("acme.example/thing", text='é 😀 / " \\ \t', number=1e-7, whole=2**53 - 1, none=None, empty=[])
    say_many(ledger, 300)
    say(ledger, 7)
    ledger.close_checkpoint()


def main(release: str) -> None:
    """Write tests/golden/RELEASE."""
    target = HERE / release
    target.mkdir()
    with tempfile.TemporaryDirectory() as temporary:
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            os.environ[name] = f"{temporary}/{name}"
        save(Path(temporary) / "mara.key", Ed25519Signer.generate().to_pem())
        with Ledger.create(target / "ledger.db", origin=ORIGIN, actor="mara", key=f"{temporary}/mara.key") as ledger:
            history(ledger, Path(temporary))
            export_bundle(ledger.store, ledger.genesis, target / "bundle.zip", disclose="all")
            with Projections.open(ledger, Path(temporary) / "p.db") as projections:
                projections.catch_up()
                known = {
                    "registry_version": REGISTRY.version,
                    "vkey": ledger.genesis.log_keys[0].text,
                    "genesis": ledger.genesis_leaf,
                    "size": len(ledger),
                    "root": ledger.checkpoint().root.hex(),
                    "fingerprints": {name: projections.fingerprint(name) for name in ("registry", "changelog")},
                    "production": production(projections)["deployments"],
                }
    (target / "known.json").write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
