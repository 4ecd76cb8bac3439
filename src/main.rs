//! Parses the arguments and calls `cli`.

/// Each request allocates some hundred times; this one takes a sixth off what a request without a signature costs
/// (conformance/bench/RESULTS.md, "Allocator").
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    itu_account::cli::main()
}
