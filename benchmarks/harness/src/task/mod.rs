//! `dlm task`: listing, showing and making tasks.
