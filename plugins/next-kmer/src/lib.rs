//! Next-k-mer prediction on any chromosome
