//! `derwent`: one binary, one command each. `derwent help` lists them.

fn main() -> std::process::ExitCode {
    derwent::cli::main()
}
