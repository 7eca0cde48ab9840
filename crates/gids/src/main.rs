//! The program `gids`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gids::main()
}
