//! `cargo verify`: runs the evidence for `last-call` and says what it shows.

fn main() -> std::process::ExitCode {
    verification::cli::main()
}
