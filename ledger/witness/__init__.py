"""A witness: it cosigns what follows from what it cosigned before, of logs whose keys it was given."""
