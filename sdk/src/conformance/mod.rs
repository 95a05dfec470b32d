//! Checks that every implementation of a trait runs in its tests.
