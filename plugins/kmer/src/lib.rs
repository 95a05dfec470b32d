//! Fixed k-mers, overlapping k-mers and single characters
