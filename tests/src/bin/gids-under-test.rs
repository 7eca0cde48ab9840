//! The program, once more: cargo tells a test where the programs of its own package are.

use std::process::ExitCode;

fn main() -> ExitCode {
    gids::main()
}
