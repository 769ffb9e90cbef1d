"""Evidence kept by its digest: a folder, or a bucket that locks what it holds; and what is checked of it."""
