//! `gids code` and `gids coach`: the coder and the coach over text, without audio.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write as _},
    path::Path,
    time::Instant,
};

use ::coach::{Budget, Heard, News};
use anyhow::{Context as _, bail};
use coding::{
    CodeInput, Coder,
    evaluate::{self, GoldLine, Tables},
    jsonl::{CodeLine, CodedLine},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use timeline::{Code, Cue, Lang, Moment, SampleIdx, Span};

use crate::{
    cli::{BudgetArg, CoachFile, Code as CodeArgs},
    coaching, runtime,
};

/// Speaking rate assumed where a line carries no times (docs/cli.md).
const WORDS_PER_S: f64 = 3.0;

/// Codes each line.
///
/// # Errors
/// See [`crate::command::run`].
pub fn code(args: &CodeArgs, lang: Lang) -> anyhow::Result<()> {
    if args.evaluate {
        return evaluate(&args.file, lang);
    }
    let lines: Vec<CodeLine> =
        read_lines(&args.file)?.into_iter().map(|line| line.utterance).collect();
    let onnx = runtime::onnx()?;
    let mut coder = Coder::load(&runtime::coder()?, onnx)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut times_ms = Vec::with_capacity(lines.len());
    for line in &lines {
        let began = Instant::now();
        let coded = coder.code(&code_input(line, lang))?;
        times_ms.push(began.elapsed().as_secs_f64() * 1e3);
        serde_json::to_writer(&mut out, &CodedLine { id: line.id.clone(), coded })?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    if args.stats {
        eprintln!("{}", stats(times_ms));
    }
    Ok(())
}

/// How long utterances took, in words.
fn stats(mut times_ms: Vec<f64>) -> String {
    times_ms.sort_by(f64::total_cmp);
    let Some(last) = times_ms.len().checked_sub(1) else {
        return "no utterances".to_owned();
    };
    let at = |share: f64| times_ms[(last as f64 * share).round() as usize];
    let seconds = times_ms.iter().sum::<f64>() / 1e3;
    format!(
        "{} utterances in {seconds:.2} s on one thread: {:.0} utterances/s; each p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms",
        times_ms.len(),
        times_ms.len() as f64 / seconds.max(f64::EPSILON),
        at(0.5),
        at(0.99),
        times_ms[last],
    )
}

/// Codes each line and prints how far the coder agrees with the codes that it carries.
fn evaluate(path: &Path, lang: Lang) -> anyhow::Result<()> {
    let mut gold = Vec::new();
    for (number, text) in rows(path)? {
        coding::jsonl::parse(number, &text)
            .with_context(|| format!("{} cannot be used", path.display()))?;
        let line: GoldLine = parse_more(path, number, &text).context(
            "to evaluate, every line needs its \"codes\" (docs/codebook.md), main act first",
        )?;
        if let Some(fault) = line.fault() {
            bail!("{}: line {number}: {fault}", path.display());
        }
        gold.push(line);
    }
    if gold.is_empty() {
        bail!("{} holds no lines to evaluate on", path.display());
    }
    let onnx = runtime::onnx()?;
    let mut coder = Coder::load(&runtime::coder()?, onnx)?;
    let mut pairs: BTreeMap<Lang, Vec<evaluate::Pair>> = BTreeMap::new();
    for gold in gold {
        let coded = coder.code(&code_input(&gold.line, lang))?;
        pairs.entry(gold.line.lang.unwrap_or(lang)).or_default().push((gold, coded));
    }
    let evaluations = pairs
        .into_iter()
        .map(|(lang, pairs)| (lang, evaluate::evaluate(&pairs, coder.thresholds())))
        .collect();
    write!(io::stdout().lock(), "{}", Tables(&evaluations))?;
    Ok(())
}

#[derive(Serialize)]
struct CueLine {
    at_s: f64,
    #[serde(flatten)]
    cue: Cue,
}

/// What became of an earlier cue, as in the journal.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum NewsLine {
    CueConfirmed { after: String, moment: Moment, mark: String },
    CueAnswered { after: String, by: String, taken_up: bool },
}

impl From<News> for NewsLine {
    fn from(news: News) -> Self {
        match news {
            News::Firm { after, moment, mark } => Self::CueConfirmed { after, moment, mark },
            News::Answered { after, by, taken_up } => Self::CueAnswered { after, by, taken_up },
        }
    }
}

/// Gives the cues of each conversation in the file.
///
/// # Errors
/// See [`crate::command::run`].
pub fn coach(args: &CoachFile, lang: Lang) -> anyhow::Result<()> {
    if let Some(pack) = &args.check_pack {
        return check_pack(pack);
    }
    // Without it the command line is refused before this.
    let file = args.file.as_deref().unwrap_or(Path::new("-"));
    let lines = read_lines(file)?;
    // Where all codes are given, no model is needed.
    let mut coder = if lines.iter().all(|line| line.extra.codes.is_some()) {
        None
    } else {
        let onnx = runtime::onnx()?;
        Some(Coder::load(&runtime::coder()?, onnx)?)
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let mut conversation = None;
    let mut clock = 0.0;
    let mut coach = None;
    for line in &lines {
        let utterance = &line.utterance;
        if conversation != Some(&utterance.conversation) {
            conversation = Some(&utterance.conversation);
            clock = 0.0;
            let budget = match args.budget {
                BudgetArg::On => Budget::On,
                BudgetArg::Off => Budget::Off,
            };
            let lang = utterance.lang.unwrap_or(lang);
            coach = Some(coaching::coach(&args.coach, lang, budget)?);
        }
        let span = line_span(line, &mut clock);
        let judged = judge(line, coder.as_mut(), lang)?;
        let heard = Heard {
            id: &utterance.id,
            speaker: utterance.speaker,
            span,
            text: &utterance.text,
            codes: &judged.codes,
            righting_reflex: judged.righting_reflex,
            firm: judged.firm,
        };
        let Some(coach) = &mut coach else { continue };
        let cue = coach.push(&heard);
        if args.news {
            for news in coach.news() {
                serde_json::to_writer(&mut out, &NewsLine::from(news))?;
                out.write_all(b"\n")?;
            }
        }
        if let Some(cue) = cue {
            serde_json::to_writer(&mut out, &CueLine { at_s: cue.at.as_secs(), cue })?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    Ok(())
}

/// Reads a user's own pack, and says what the coach would not say of it.
fn check_pack(path: &Path) -> anyhow::Result<()> {
    let pack = coaching::own_pack(path)?;
    let report = pack.check();
    let mut out = io::stdout().lock();
    let name = pack.name().unwrap_or_default();
    writeln!(out, "{name} ({}): {} sentences tried", pack.lang(), report.sentences)?;
    for refused in &report.refused {
        writeln!(out, "refused: {refused}")?;
    }
    if !report.refused.is_empty() {
        bail!(
            "{} wordings of the pack {} would never be said; each is named above",
            report.refused.len(),
            path.display()
        );
    }
    Ok(())
}

struct Judged {
    codes: Vec<Code>,
    righting_reflex: f32,
    firm: bool,
}

fn judge(line: &Line, coder: Option<&mut Coder>, lang: Lang) -> anyhow::Result<Judged> {
    match (&line.extra.codes, coder) {
        (None, Some(coder)) => {
            let coded = coder.code(&code_input(&line.utterance, lang))?;
            let firm = coded.righting_reflex >= coder.thresholds().firm;
            Ok(Judged { codes: coded.codes, righting_reflex: coded.righting_reflex, firm })
        }
        (codes, _) => {
            let codes = codes.clone().unwrap_or_default();
            let reflex = codes.iter().any(|code| code.is_righting_reflex());
            Ok(Judged { codes, righting_reflex: f32::from(u8::from(reflex)), firm: reflex })
        }
    }
}

fn code_input(line: &CodeLine, lang: Lang) -> CodeInput<'_> {
    CodeInput { speaker: line.speaker, lang: line.lang.unwrap_or(lang), text: &line.text }
}

/// The line's own times, or as long as its words take after the line before it.
fn line_span(line: &Line, clock: &mut f64) -> Span {
    let words = line.utterance.text.split_whitespace().count().max(1);
    let start = line.extra.start_s.unwrap_or(*clock);
    let end = line.extra.end_s.unwrap_or(start + words as f64 / WORDS_PER_S);
    *clock = end.max(start);
    Span::new(SampleIdx::from_secs(start), SampleIdx::from_secs(end))
}

/// An input line of `gids coach`; of `gids code`, which ignores all but the utterance.
struct Line {
    utterance: CodeLine,
    extra: Extra,
}

#[derive(Default, Deserialize)]
struct Extra {
    start_s: Option<f64>,
    end_s: Option<f64>,
    codes: Option<Vec<Code>>,
}

fn read_lines(path: &Path) -> anyhow::Result<Vec<Line>> {
    rows(path)?
        .into_iter()
        .map(|(number, text)| {
            let utterance = coding::jsonl::parse(number, &text)
                .with_context(|| format!("{} cannot be used", path.display()))?;
            Ok(Line { utterance, extra: parse_more(path, number, &text)? })
        })
        .collect()
}

/// Fields of the line besides those of every utterance.
fn parse_more<T: DeserializeOwned>(path: &Path, number: usize, text: &str) -> anyhow::Result<T> {
    serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .with_context(|| format!("{}: line {number}: codes, class or times", path.display()))
}

/// The lines of the file that are not blank, with their numbers from 1; "-" is stdin.
fn rows(path: &Path) -> anyhow::Result<Vec<(usize, String)>> {
    let reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let file = File::open(path)
            .with_context(|| format!("cannot read {}: check the path", path.display()))?;
        Box::new(BufReader::new(file))
    };
    let mut rows = Vec::new();
    for (text, number) in reader.lines().zip(1..) {
        let text = text.with_context(|| format!("{}: line {number}", path.display()))?;
        if !text.trim().is_empty() {
            rows.push((number, text));
        }
    }
    Ok(rows)
}
