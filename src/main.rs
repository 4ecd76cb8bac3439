//! Parses the arguments and calls `cli`.

fn main() -> std::process::ExitCode {
    itu_account::cli::main()
}
