//! What each command does.

pub(crate) mod bench;
mod check;
mod listen;
mod models;
mod store;
mod text;
mod voice;

pub(crate) use voice::enrol_recording;

use std::{io, path::Path};

use timeline::Lang;

use crate::cli::{Cli, Command};

/// Carries out a command.
///
/// # Errors
/// Anything that kept the command from its end, with what to do about it.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    let given = cli.lang;
    let lang = given.unwrap_or_default();
    match cli.command {
        Command::Demo(args) => listen::demo(args, lang),
        Command::Live(args) => listen::live(args, lang),
        Command::Replay(args) => {
            let lang = recording_lang(given, &args.audio);
            listen::replay(args, lang)
        }
        Command::Code(args) => text::code(&args, lang),
        Command::Coach(args) => text::coach(&args, lang),
        Command::Speakers(args) => voice::speakers(&args, recording_lang(given, &args.audio)),
        Command::Enrol(args) => voice::enrol(&args, lang),
        Command::Sessions(command) => store::sessions(command, given),
        Command::Export(args) => store::export(&args, given),
        Command::Models(command) => models::run(command),
        Command::Bench(command) => bench::run(command, given),
        Command::Devices => check::devices(),
        Command::Doctor => check::doctor(),
    }
}

/// The language of a recording: what was asked for, what its name starts with (`en-visit.wav`, as the
/// bundled roleplays are called), or Dutch.
fn recording_lang(given: Option<Lang>, audio: &Path) -> Lang {
    given
        .or_else(|| {
            let name = audio.file_name()?.to_str()?;
            name.split_once('-')?.0.parse().ok()
        })
        .unwrap_or_default()
}

/// Whether stdout's reader (`head`, say) has simply had enough.
#[must_use]
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_a_recording() {
        let rows = [
            (None, "talks/en-visit.wav", Lang::En),
            (None, "nl-visit.wav", Lang::Nl),
            (None, "english.wav", Lang::Nl),
            (None, "en.wav", Lang::Nl),
            (None, "-", Lang::Nl),
            (Some(Lang::Nl), "en-visit.wav", Lang::Nl),
            (Some(Lang::En), "visit.wav", Lang::En),
        ];
        for (given, audio, expected) in rows {
            assert_eq!(recording_lang(given, Path::new(audio)), expected, "{given:?} {audio}");
        }
    }
}
