//! What is known of the conversation, and what is said about it.

use std::{collections::VecDeque, sync::Arc};

use ::coach::{Coach, Heard, News, Preview, Settled};
use anyhow::Context as _;
use coding::{Coder, Reading};
use crossbeam_channel::{Receiver, Sender};
use speakers::{Guess, Tracker, Turn};
use timeline::{
    CodedUtterance, Cue, CueEvent, EventKind, Lang, LatencyMs, Rung, SampleIdx, SegmentId, Span,
    Speaker, Strength, TimedWord, UtteranceEvent,
};
use transcribe::Partial;

use super::{Ask, Note, Voices, Words, desk::Desk};
use crate::{clock::SessionClock, telemetry::Telemetry, wire::Pace};

/// Fewer stable words than this are no act yet ("Je moet …"), as long as the speaker goes on.
const EARLY_WORDS: usize = 5;

/// The same with a pause behind them: "Ja, maar …" is enough, a cough that was taken for a word is not.
const HEARD_OUT_WORDS: usize = 2;

/// Below this confidence of who speaks, no cue is shown before the words are final.
pub(super) const EARLY_CONFIDENCE: f32 = 0.7;

/// Below this confidence of who spoke, final words make no cue either.
const CUE_CONFIDENCE: f32 = 0.6;

/// What is known of the conversation.
pub(super) struct Talk {
    pub(super) lang: Lang,
    pub(super) pace: Pace,
    pub(super) tracker: Tracker,
    pub(super) voices: Receiver<Voices>,
    /// To the transcribing thread, as long as it may be asked.
    pub(super) asks: Option<Sender<Ask>>,
    /// From the transcribing thread.
    pub(super) words: Receiver<Words>,
    /// What came from it while an answer was waited for.
    pub(super) later: VecDeque<Words>,
    /// Who was last said to be speaking in each open segment.
    pub(super) speaking: Vec<Speaking>,
    pub(super) coder: Coder,
    pub(super) coach: Coach,
    pub(super) clock: Arc<SessionClock>,
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) rung: Rung,
    /// Names given to utterances.
    pub(super) names: u64,
    /// Open segments with partials: one for each channel at most.
    pub(super) open: Vec<OpenTalk>,
    /// The text that was read last: the final words mostly are those of the last partial.
    pub(super) read: Option<(String, Reading)>,
}

/// Who was last said to be speaking in an open segment.
pub(super) struct Speaking {
    pub(super) id: SegmentId,
    /// Where that was first said of somebody.
    pub(super) first: SampleIdx,
    pub(super) now: Guess,
    /// Where another voice seemed to begin, last; what follows is decoded by itself.
    pub(super) cut: Option<SampleIdx>,
}

/// A segment that is not closed.
pub(super) struct OpenTalk {
    pub(super) id: SegmentId,
    /// How many stable words were looked at.
    pub(super) looked_at: usize,
    /// The clock `partial` of its newest stable word, in milliseconds.
    pub(super) partial_ms: Option<f32>,
    /// The cue that is shown already.
    pub(super) shown: Option<Shown>,
}

/// A cue that was shown before its words were final.
pub(super) struct Shown {
    /// The name of the utterance that it belongs to.
    pub(super) name: String,
    pub(super) preview: Preview,
    /// Where its words lie.
    pub(super) span: Span,
}

/// The final words of one turn.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) words: Vec<TimedWord>,
    pub(super) turn: Turn,
    pub(super) partial_ms: Option<f32>,
    pub(super) final_ms: Option<f32>,
    pub(super) shown: Option<Shown>,
}

impl Talk {
    pub(super) fn partial(&mut self, partial: &Partial, desk: &mut Desk) -> anyhow::Result<()> {
        let at = match self.open.iter().position(|open| open.id == partial.id) {
            Some(at) => at,
            None => {
                let open = OpenTalk { id: partial.id, looked_at: 0, partial_ms: None, shown: None };
                self.open.push(open);
                self.open.len() - 1
            }
        };
        let stable = partial.stable_text();
        let text = match (stable.is_empty(), partial.tail.is_empty()) {
            (true, _) => partial.tail.clone(),
            (_, true) => stable.clone(),
            _ => format!("{stable} {}", partial.tail),
        };
        let kind = EventKind::Partial {
            segment: partial.id.0,
            start_s: partial.span.start.as_secs(),
            text,
            stable_words: partial.stable.len(),
        };
        desk.tell(partial.span.end, kind)?;

        if !self.tracker.listens() {
            self.tell_speaker(partial.id, partial.channel, partial.span.end, desk)?;
        }
        let Some(last) = partial.stable.last() else { return Ok(()) };
        let open = &mut self.open[at];
        if partial.stable.len() > open.looked_at {
            open.partial_ms = Some(self.clock.ms_since(SampleIdx::from_secs(last.end_s)));
        }
        let grown =
            partial.stable.len() != std::mem::replace(&mut open.looked_at, partial.stable.len());
        // One at a time: the coach does not know of one on the other channel before it is settled.
        let waits = self.open.iter().any(|open| open.shown.is_some());
        let news = grown || partial.heard_out.is_some();
        if waits || !news || self.rung == Rung::TranscriptOnly {
            return Ok(());
        }
        self.look_ahead(at, partial, desk)
    }

    /// Shows the cue, if any, that words deserve which are not final.
    fn look_ahead(&mut self, at: usize, partial: &Partial, desk: &mut Desk) -> anyhow::Result<()> {
        let Some(who) = self.tracker.guess(partial.id, partial.channel) else { return Ok(()) };
        if who.confidence < EARLY_CONFIDENCE {
            return Ok(());
        }
        // Another's words may stand before them in the same segment.
        let since_s = who.since.as_secs();
        let own = |word: &&TimedWord| 0.5 * (word.start_s + word.end_s) >= since_s;
        let words: Vec<&TimedWord> = partial.stable.iter().filter(own).collect();
        let enough = if partial.heard_out.is_some() { HEARD_OUT_WORDS } else { EARLY_WORDS };
        let (Some(first), Some(last), true) = (words.first(), words.last(), words.len() >= enough)
        else {
            return Ok(());
        };
        let start = SampleIdx::from_secs(first.start_s);
        let end = partial.heard_out.unwrap_or(SampleIdx::from_secs(last.end_s));
        let span = Span::new(start.min(end), end);
        let text = joined(words.iter().map(|word| word.text.as_str()));
        let reading = self.reading(&text)?;
        let coded = self.coder.code_as(&reading, who.speaker);
        let name = format!("u{}", self.names + 1);
        let firm = self.coder.thresholds().firm;
        let heard = heard(&name, who.speaker, span, &text, &coded, firm);
        let Some(preview) = self.coach.preview(&heard, partial.heard_out.is_some()) else {
            return Ok(());
        };
        self.names += 1;
        desk.summary.cues += 1;
        let event = CueEvent {
            at_s: preview.cue.at.as_secs(),
            cue: preview.cue.clone(),
            provisional: true,
            taken_up: None,
            latency_ms: self.latency(preview.cue.at, self.open[at].partial_ms, None),
        };
        self.open[at].shown = Some(Shown { name, preview, span });
        desk.tell(partial.span.end, EventKind::Cue(event))
    }

    /// The final words of a turn.
    pub(super) fn said(&mut self, said: Said, desk: &mut Desk) -> anyhow::Result<()> {
        let Said { text, words, turn, partial_ms, final_ms, shown } = said;
        let span = turn.span;
        let at = span.end;
        if text.is_empty() {
            // A sound between the words of the other: it is that voice all the same.
            self.tracker.push(turn, 0.0);
            return Ok(());
        }
        let reading = self.reading(&text)?;
        let who = self.tracker.push(turn, self.coder.role_log_odds(&reading));
        if let Some(roles) = who.roles_changed {
            desk.tell(at, EventKind::Roles { roles })?;
        }
        desk.summary.utterances += 1;
        let id = match &shown {
            Some(shown) => shown.name.clone(),
            None => {
                self.names += 1;
                format!("u{}", self.names)
            }
        };
        let utterance = UtteranceEvent {
            id: id.clone(),
            speaker: who.speaker,
            confidence: who.confidence,
            voice: who.voice,
            start_s: span.start.as_secs(),
            end_s: span.end.as_secs(),
            text: text.clone(),
            words,
        };
        desk.tell(at, EventKind::Utterance(utterance))?;

        let coded = self.coder.code_as(&reading, who.speaker);
        let firm = self.coder.thresholds().firm;
        let heard = heard(&id, who.speaker, span, &text, &coded, firm);
        let silent = self.rung == Rung::TranscriptOnly || who.confidence < CUE_CONFIDENCE;
        let decided = match &shown {
            Some(shown) => Err(self.coach.settle(&heard, &shown.preview, silent)),
            // A cue of the other channel waits for its final words; two at a time are too many.
            None if silent || self.open.iter().any(|open| open.shown.is_some()) => {
                self.coach.push_silently(&heard);
                Ok(None)
            }
            None => Ok(self.coach.push(&heard)),
        };
        desk.tell(at, EventKind::Coded { id: id.clone(), speaker: who.speaker, coded })?;
        for news in self.coach.news() {
            desk.tell(at, told(news))?;
        }
        match decided {
            Ok(None) => Ok(()),
            Ok(Some(cue)) => self.show(cue, at, partial_ms, final_ms, desk),
            Err(Settled::Confirmed { moment, strength, mark }) => {
                desk.tell(at, EventKind::CueConfirmed { after: id, moment, strength, mark })
            }
            Err(Settled::Withdrawn { instead }) => {
                desk.withdraw(at, id)?;
                match instead {
                    Some(cue) => self.show(cue, at, partial_ms, final_ms, desk),
                    None => Ok(()),
                }
            }
        }
    }

    /// Shows a cue that final words deserve.
    fn show(
        &self,
        cue: Cue,
        at: SampleIdx,
        partial_ms: Option<f32>,
        final_ms: Option<f32>,
        desk: &mut Desk,
    ) -> anyhow::Result<()> {
        desk.summary.cues += 1;
        let latency_ms = self.latency(cue.at, partial_ms, final_ms);
        let at_s = cue.at.as_secs();
        let event = CueEvent { at_s, cue, provisional: false, taken_up: None, latency_ms };
        desk.tell(at, EventKind::Cue(event))
    }

    /// There are no words in a segment after all.
    pub(super) fn gone(
        &mut self,
        id: SegmentId,
        at: SampleIdx,
        desk: &mut Desk,
    ) -> anyhow::Result<()> {
        self.tracker.forget(id);
        let Some(at_open) = self.open.iter().position(|open| open.id == id) else {
            return self.nobody_speaks(id, at, desk);
        };
        let open = self.open.swap_remove(at_open);
        self.speaking.retain(|told| told.id != id);
        desk.tell(at, nothing_said(id, at))?;
        let Some(shown) = open.shown else { return Ok(()) };
        self.coach.withdraw(&shown.preview);
        desk.withdraw(at, shown.name)
    }

    /// No final words will come any more: a stage before this one has failed.
    pub(super) fn close(&mut self, at: SampleIdx, desk: &mut Desk) {
        for shown in self.open.drain(..).filter_map(|open| open.shown) {
            self.coach.withdraw(&shown.preview);
            // What cannot be written here was reported when it first failed.
            desk.withdraw(at, shown.name).ok();
        }
    }

    fn reading(&mut self, text: &str) -> anyhow::Result<Reading> {
        if let Some((read, reading)) = &self.read
            && read == text
        {
            return Ok(reading.clone());
        }
        let reading = self.coder.read(self.lang, text).context("the MI coder failed")?;
        self.read = Some((text.to_owned(), reading.clone()));
        Ok(reading)
    }

    fn latency(
        &self,
        cue_at: SampleIdx,
        partial: Option<f32>,
        final_text: Option<f32>,
    ) -> Option<LatencyMs> {
        let capture = (self.pace == Pace::Live).then(|| self.telemetry.capture_ms());
        (self.pace != Pace::Fast).then(|| LatencyMs {
            capture,
            partial,
            final_text,
            cue: self.clock.ms_since(cue_at),
        })
    }

    pub(super) fn note(
        &mut self,
        at: SampleIdx,
        note: Note,
        desk: &mut Desk,
    ) -> anyhow::Result<()> {
        let kind = match note {
            Note::Gap(gap) => {
                desk.summary.lost_samples += gap.span.len();
                EventKind::Gap { start_s: gap.span.start.as_secs(), end_s: gap.span.end.as_secs() }
            }
            Note::Paused(paused) => EventKind::Paused { paused },
            Note::Status { lag_ms, rung } => {
                self.rung = rung;
                EventKind::Status { lag_ms, rung }
            }
            Note::SwapRoles => EventKind::Roles { roles: self.tracker.swap() },
            Note::Fault { stage, message } => EventKind::Fault { stage: stage.to_owned(), message },
            Note::End => return Ok(()),
        };
        desk.tell(at, kind)
    }
}

/// What became of an earlier cue.
fn told(news: News) -> EventKind {
    match news {
        News::Firm { after, moment, mark } => {
            EventKind::CueConfirmed { after, moment, strength: Strength::Firm, mark }
        }
        News::Answered { after, by, taken_up } => EventKind::CueAnswered { after, by, taken_up },
    }
}

/// Takes back what was shown of an open segment.
pub(super) fn nothing_said(id: SegmentId, at: SampleIdx) -> EventKind {
    let (segment, start_s) = (id.0, at.as_secs());
    EventKind::Partial { segment, start_s, text: String::new(), stable_words: 0 }
}

pub(super) fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

/// What the coach is told of coded words.
fn heard<'a>(
    id: &'a str,
    speaker: Speaker,
    span: Span,
    text: &'a str,
    coded: &'a CodedUtterance,
    firm: f32,
) -> Heard<'a> {
    Heard {
        id,
        speaker,
        span,
        text,
        codes: &coded.codes,
        righting_reflex: coded.righting_reflex,
        firm: coded.righting_reflex >= firm,
    }
}
