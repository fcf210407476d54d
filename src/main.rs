//! `derwent`: one binary, one command each. `derwent help` lists them.

/// A quarter of the service's time under load went into the system's allocator; this one takes a third of that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    derwent::cli::main()
}
