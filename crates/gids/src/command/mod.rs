//! What each command does.

mod check;
mod listen;
mod models;
mod store;
mod text;
mod voice;

use std::io;

use crate::cli::Command;

/// Carries out a command.
///
/// # Errors
/// Anything that kept the command from its end, with what to do about it.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => listen::demo(args),
        Command::Live(args) => listen::live(args),
        Command::Replay(args) => listen::replay(args),
        Command::Code(args) => text::code(&args),
        Command::Coach(args) => text::coach(&args),
        Command::Speakers(args) => voice::speakers(&args),
        Command::Enrol(args) => voice::enrol(&args),
        Command::Sessions(command) => store::sessions(command),
        Command::Export(args) => store::export(&args),
        Command::Models(command) => models::run(command),
        Command::Devices => check::devices(),
        Command::Doctor => check::doctor(),
    }
}

/// Whether stdout's reader (`head`, say) has simply had enough.
#[must_use]
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
