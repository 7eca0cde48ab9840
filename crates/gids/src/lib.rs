//! The program: command line, configuration, `wire()`, windows.
//!
//! Only this crate knows all stages. [`wire::wire`] makes every channel and thread; the commands make
//! the parts, and show what comes out in a window or a terminal.
//!
//! Architecture invariant: no socket is opened in a session.

use std::process::ExitCode;

use clap::Parser as _;

pub mod cli;
pub mod clock;
pub mod command;
pub mod runtime;
pub mod session_run;
pub mod stage;
pub mod terminal;
pub mod window;
pub mod wire;

/// The whole program: reads the arguments, runs the command, says what went wrong.
#[must_use]
pub fn main() -> ExitCode {
    let cli = cli::Cli::parse(); // wrong usage ends here, with exit code 2
    match command::run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if command::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gids: {error:#}");
            ExitCode::FAILURE
        }
    }
}
