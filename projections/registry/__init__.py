"""The registry: systems, versions, deployments, approvals, evaluations, data, plans, alerts, people and keys.

    versions   digest sets, labels, artifacts, inputs, evaluations, change records, assessments
    slots      deployments over time, suspensions, rollbacks
    approvals  decisions and what stands
    systems    registrations and the market
    people     handles, credentials, roles
    things     datasets, metric plans, alerts, verifications
"""

from collections.abc import Mapping
from typing import Final

from projections.projection import Folded, Route
from projections.registry import approvals, people, slots, systems, things, versions


def _together(*maps: Mapping[str, Route]) -> dict[str, tuple[Route, ...]]:
    routes: dict[str, tuple[Route, ...]] = {}
    for one in maps:
        for kind, route in one.items():
            routes[kind] = (*routes.get(kind, ()), route)
    return routes


REGISTRY: Final = Folded(
    name="registry",
    version=2,
    tables=(*versions.TABLES, *slots.TABLES, *approvals.TABLES, *systems.TABLES, *people.TABLES, *things.TABLES),
    routes=_together(versions.ROUTES, slots.ROUTES, approvals.ROUTES, systems.ROUTES, people.ROUTES, things.ROUTES),
    by_target=approvals.BY_TARGET,
    remember=people.remember,
)
