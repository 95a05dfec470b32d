//! A folder of one's own labelled sequences as a task
