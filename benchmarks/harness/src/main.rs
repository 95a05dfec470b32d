//! The `dlm` binary.

fn main() -> std::process::ExitCode {
    dlm::cli::main()
}
