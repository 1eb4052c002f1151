//! The program `mach-procfs`.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
