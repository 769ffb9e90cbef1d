"""The told ledger of the log's tests, here too."""

from tests.log.conftest import keys, long, template, told

__all__ = ["keys", "long", "template", "told"]
