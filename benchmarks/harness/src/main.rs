//! The `dlm` binary.

fn main() {
    dlm::cli::main()
}
