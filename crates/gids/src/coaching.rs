//! Makes the coach that the command line asks for.

use std::{fs, path::Path};

use anyhow::{Context as _, bail};
use coach::{Budget, Coach, CoachConfig, CoachPack};
use timeline::Lang;

use crate::cli::CoachArgs;

/// A coach for a conversation in `lang`.
///
/// # Errors
/// The user's own pack cannot be read, has a fault, or is for another language.
pub fn coach(args: &CoachArgs, lang: Lang, budget: Budget) -> anyhow::Result<Coach> {
    let config = CoachConfig {
        lang,
        mode: args.mode,
        budget,
        seed: args.seed,
        muted: args.without,
        paradox: args.paradox,
    };
    let Some(path) = &args.pack else { return Ok(Coach::new(config)?) };
    let pack = own_pack(path)?;
    if pack.lang() != lang {
        bail!(
            "the pack {} is for {}, and the conversation is in {lang}: leave --pack away, or give one for {lang}",
            path.display(),
            pack.lang()
        );
    }
    Ok(Coach::with_pack(config, pack))
}

/// Reads a user's own pack.
///
/// # Errors
/// It cannot be read, or has a fault; the error names the line.
pub fn own_pack(path: &Path) -> anyhow::Result<CoachPack> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the pack {}: check the path", path.display()))?;
    Ok(CoachPack::with_own(&path.display().to_string(), &text)?)
}

/// The settings that change what is said, for the journal's header.
#[must_use]
pub fn settings(args: &CoachArgs) -> Vec<(String, String)> {
    let mut settings = vec![
        ("mode".to_owned(), args.mode.to_string()),
        ("seed".to_owned(), args.seed.to_string()),
    ];
    if !args.without.is_empty() {
        settings.push(("without".to_owned(), args.without.to_string()));
    }
    if args.paradox {
        settings.push(("paradox".to_owned(), "on".to_owned()));
    }
    if let Some(pack) = &args.pack {
        settings.push(("pack".to_owned(), pack.display().to_string()));
    }
    settings
}
