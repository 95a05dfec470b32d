//! `dlm data`: packs of public data, fetched, verified and kept.
