//! `gids sessions` and `gids export`.

use std::{
    fs::File,
    io::{self, BufRead as _, BufWriter, IsTerminal as _, Write},
    path::Path,
};

use anyhow::{Context as _, bail};
use session::{Format, Store, Transcript, read_journal};
use timeline::Lang;

use crate::{
    cli::{Export, Sessions},
    runtime,
};

/// Lists, shows or deletes stored sessions.
///
/// # Errors
/// See [`crate::command::run`].
pub fn sessions(command: Sessions, lang: Option<Lang>) -> anyhow::Result<()> {
    let store = Store::new(runtime::sessions_dir()?);
    match command {
        Sessions::List => {
            let mut out = io::stdout().lock();
            for stored in store.list()? {
                let id = stored.id;
                let line = match read_journal(&stored.journal) {
                    Ok(recording) => {
                        let transcript = Transcript::from(&recording);
                        let header = &recording.header;
                        let open = if recording.is_complete() { "" } else { "\t(not closed)" };
                        format!(
                            "{id}\t{}\t{}\t{} utterances\t{}{open}",
                            header.started_at,
                            header.lang,
                            transcript.lines.len(),
                            header.source
                        )
                    }
                    Err(error) => format!("{id}\t(unreadable: {error})"),
                };
                writeln!(out, "{line}")?;
            }
            Ok(())
        }
        Sessions::Show { session } => write_transcript(&session, Format::Txt, lang, None),
        Sessions::Delete { session } => {
            let id = if session == "last" { newest(&store)? } else { session };
            store.delete(&id)?;
            eprintln!("deleted {id}");
            Ok(())
        }
        Sessions::Purge { yes } => purge(&store, yes),
    }
}

fn purge(store: &Store, yes: bool) -> anyhow::Result<()> {
    let ids = store.list()?;
    if ids.is_empty() {
        eprintln!("no sessions are stored");
        return Ok(());
    }
    if !yes {
        if !io::stdin().is_terminal() {
            bail!("{} sessions would be deleted; add --yes", ids.len());
        }
        eprint!("Delete all {} sessions? [yes/no] ", ids.len());
        io::stderr().flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        if !matches!(answer.trim(), "yes" | "y" | "ja" | "j") {
            bail!("nothing was deleted");
        }
    }
    for stored in &ids {
        store.delete(&stored.id)?;
    }
    eprintln!("deleted {} sessions", ids.len());
    Ok(())
}

/// Writes a transcript.
///
/// # Errors
/// See [`crate::command::run`].
pub fn export(args: &Export, lang: Option<Lang>) -> anyhow::Result<()> {
    write_transcript(&args.session, args.format, lang, args.out.as_deref())
}

fn write_transcript(
    session: &str,
    format: Format,
    lang: Option<Lang>,
    out: Option<&Path>,
) -> anyhow::Result<()> {
    let store = Store::new(runtime::sessions_dir()?);
    let recording = read_journal(&store.find(session)?)?;
    if let Some(torn) = &recording.torn {
        eprintln!(
            "gids: the session was cut off while line {} was written; all before it is there",
            torn.number
        );
    }
    for bad in &recording.bad {
        eprintln!("gids: line {} was left out: {}", bad.number, bad.reason);
    }
    let transcript = Transcript::from(&recording);
    let lang = lang.unwrap_or(recording.header.lang);
    match out {
        None => {
            let mut stdout = BufWriter::new(io::stdout().lock());
            session::export(&transcript, format, lang, &mut stdout)?;
            stdout.flush()?;
        }
        Some(path) => {
            let cannot = || format!("cannot write {}: choose another folder", path.display());
            let mut file = BufWriter::new(File::create(path).with_context(cannot)?);
            session::export(&transcript, format, lang, &mut file)?;
            file.flush().with_context(cannot)?;
        }
    }
    Ok(())
}

fn newest(store: &Store) -> anyhow::Result<String> {
    store
        .list()?
        .into_iter()
        .next()
        .map(|newest| newest.id)
        .context("no sessions are stored. Run `gids live --keep`, or `gids replay AUDIO --keep`")
}
