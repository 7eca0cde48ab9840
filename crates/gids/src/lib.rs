//! The program: command line, configuration, `wire()`, windows.
//!
//! Only this crate knows all stages. [`wire::wire`] makes every channel and thread; the commands make
//! the parts, and show what comes out in a window or a terminal.
//!
//! Architecture invariant: no socket is opened in a session.

use std::process::ExitCode;

use clap::Parser as _;

pub mod bench;
pub mod cli;
pub mod clock;
mod coaching;
pub mod command;
pub mod diarize;
pub mod runtime;
pub mod session_run;
pub mod stage;
pub mod telemetry;
pub mod terminal;
pub mod window;
pub mod wire;

/// The whole program: reads the arguments, runs the command, says what went wrong.
#[must_use]
pub fn main() -> ExitCode {
    let cli = cli::Cli::parse(); // wrong usage ends here, with exit code 2
    match command::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if command::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::line(&format!("gids: {}", said(&error)));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes, each said once: many of our messages hold their cause already.
#[must_use]
pub fn said(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    text
}
