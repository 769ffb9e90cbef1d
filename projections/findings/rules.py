"""The table of rules, and what none of them looks for.

Ids are those of the completeness audit: C chain and identity, D data, V evaluation, A approval, F conformity,
T documentation, M monitoring, N incidents, L life cycle, S shape. Error: contradicts a cited duty; warning: weak
evidence; info: good practice. A finding says that a record is missing or odd, not that something did not happen.
"""

from typing import Final

from projections.findings import deciding, making, running
from projections.findings.about import Rule

RULES: Final[tuple[Rule, ...]] = (
    Rule("C03", "warning", "Annex IV 2(g)", "recorded long after it happened", running.late),
    Rule("C04", "info", "Art. 17(1)(m)", "assessed without the role compliance", deciding.assessor),
    Rule("C07", "warning", "Art. 17(1)(m)", "signed by a key that is doubtful", running.doubtful, replaced=True),
    Rule(
        "D01", "error", "Annex IV 2(d)", "no training data", making.training_data,
        "ledger record trained {name} --datasets training=DATASET@LABEL ...",
    ),
    Rule("D02", "error", "Annex IV 2(d)", "data without a digest", making.no_digest),
    Rule("D03", "warning", "Art. 10(2)(b)", "data of unknown provenance", making.provenance),
    Rule(
        "D04", "warning", "Art. 10(2)(f)", "no examination for bias", making.bias,
        "ledger record evaluated {name} --groups ...",
    ),
    Rule("D05", "error", "Art. 3(32)", "tested on what it was trained on", making.same_data),
    Rule("V01", "error", "Art. 9(8)", "no evaluation that passed", making.no_evaluation,
         "ledger record evaluated {name} --metrics NAME=VALUE"),
    Rule("V02", "error", "Art. 9(8)", "another set was evaluated", making.other_set,
         "ledger record evaluated {name} --metrics NAME=VALUE"),
    Rule("V03", "error", "Art. 9(8)", "no metric plan before the test", making.no_plan,
         "ledger record metric_plan_defined ..."),
    Rule("V04", "warning", "Annex IV 2(g)", "test report signed by no person", making.unsigned_report,
         "ledger approve {name} --for test_report"),
    Rule("V05", "warning", "Art. 13(3)(b)(v)", "no results by group", making.groups,
         "ledger record evaluated {name} --groups ..."),
    Rule("V06", "warning", "Art. 9(8)", "evaluation older than the plan allows", making.stale),
    Rule("V07", "warning", "Art. 9(8)", "threshold missed, or condition not met", making.threshold),
    Rule("V08", "warning", "Annex IV 6", "measured on different test data", making.other_tests),
    Rule("A01", "error", "Art. 17(1)(a)", "runs without an approval", deciding.unapproved,
         "ledger approve {name} --for STAGE"),
    Rule("A02", "info", "Art. 17(1)(m)", "not four eyes", deciding.four_eyes),
    Rule("A03", "warning", "Art. 17(1)(c)", "approved before it was evaluated", deciding.approved_first),
    Rule("A04", "warning", "Art. 17(1)(m)", "approved without the role", deciding.no_role),
    Rule("F03", "error", "Art. 43(4)", "substantial modification not assessed", deciding.modification,
         "ledger record substantial_modification_assessed {name} --decision ... --reason ...", replaced=True),
    Rule("M02", "warning", "Art. 72", "alert without an answer", running.alerts,
         "ledger record alert_resolved --alert ... --resolution ...", replaced=True),
    Rule("L01", "error", "Annex VIII.A 7", "retired", running.retired),
    Rule("L03", "warning", "Art. 20(1)", "rolled back without a cause", running.rolled_back),
    Rule("L04", "error", "Annex IV 1(a)", "something else runs", running.shadow, replaced=True),
    Rule("S01", "warning", "Annex IV 2(b)", "of unknown origin", running.unknown_origin,
         "ledger record trained {name} ..."),
    Rule("S02", "warning", "Annex IV 1(a)", "one name for two things", running.two_sets),
    Rule("S06", "warning", "Annex IV 2(d)", "rests on what is not here", running.unknown),
    Rule("S09", "warning", "Annex IV 2(b)", "code not on record", running.code),
)  # fmt: skip

# Ids of the audit that no rule here looks for -> why not. `ledger findings` prints this with every answer.
UNCHECKED: Final[dict[str, str]] = {
    "C01 C02 C05": "the log, its anchors, its evidence (ledger verify and ledger evidence check do)",
    "D07": "special categories of data: no such events here",
    "A05": "whether two persons must verify: systems are not classified here",
    "F01 F02 F04 F05 F06 F07 F08 F09 F10": "conformity, declarations, change plans: no such events here",
    "T01 T02 T03 T04 T05": "the documentation: no such events here",
    "M01 M03 M04 M05 M06 M07": "monitoring plans, use, risks, overrides, log segments: no such events here",
    "N01 N02 N03 N04 N05 N06 N07 N08": "incidents: no such events here",
    "C06 D06 L02 L05 L06 L07": "declared gaps, retention, requests, components in use: no such events here",
    "S03 S04 S05 S07 S08": "ends without a start, and other odd orders",
}
