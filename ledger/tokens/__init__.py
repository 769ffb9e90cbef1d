"""Time-stamp tokens (RFC 3161): what they say, and whether the verifier's roots stand behind them. Pure."""
