"""Questions that people ask, answered from the tables: dicts and lists, ready for JSON."""
