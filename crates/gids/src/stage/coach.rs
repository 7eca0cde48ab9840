//! Says who spoke, codes it, decides what to say, and writes it all down.

use std::{sync::Arc, time::Instant};

use ::coach::{Coach, Heard, Preview, Settled};
use anyhow::Context as _;
use coding::{Coder, Reading};
use crossbeam_channel::{Receiver, RecvError, Sender, never, select};
use session::Journal;
use speakers::{Guess, Tracker, Turn, VoiceEvent};
use timeline::{
    ChannelId, CodedUtterance, Cue, CueEvent, EndSummary, EventKind, Lang, LatencyMs, Rung,
    SampleIdx, SegmentId, SessionEvent, SessionHeader, Span, Speaker, TimedWord, UtteranceEvent,
};
use transcribe::{Finished, Partial};

use super::{
    Note, Voices, Words,
    cut::{Spoken, cut, join_around_back_channels},
    desk::Desk,
};
use crate::{clock::SessionClock, said, telemetry::Telemetry, wire::Pace};

/// Fewer stable words than this are no act yet ("Je moet …"), as long as the speaker goes on.
const EARLY_WORDS: usize = 5;

/// The same with a pause behind them: "Ja, maar …" is enough, a cough that was taken for a word is not.
const HEARD_OUT_WORDS: usize = 2;

/// Below this confidence of who speaks, no cue is shown before the words are final.
const EARLY_CONFIDENCE: f32 = 0.7;

/// Below this confidence of who spoke, final words make no cue either.
const CUE_CONFIDENCE: f32 = 0.6;

/// A turn that seems to begin within this of where it seemed to begin before is the same one, in seconds.
const SAME_TURN_S: f64 = 0.4;

/// The thread `coach`. The journal is written before the window is told.
pub struct CoachStage {
    pub(crate) lang: Lang,
    pub(crate) pace: Pace,
    pub(crate) tracker: Tracker,
    pub(crate) coder: Coder,
    pub(crate) coach: Coach,
    pub(crate) journals: Vec<Journal>,
    pub(crate) clock: Arc<SessionClock>,
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) input: Receiver<Words>,
    pub(crate) voices: Receiver<Voices>,
    pub(crate) out: Sender<SessionEvent>,
    pub(crate) wake: Box<dyn Fn() + Send>,
}

impl CoachStage {
    /// Runs until the transcribing thread hangs up; returns what the session came to.
    ///
    /// # Errors
    /// A journal could not be written (a live session goes on without it), or a model failed.
    pub fn run(self, header: SessionHeader) -> anyhow::Result<EndSummary> {
        let started = Instant::now();
        let mut desk = Desk {
            journals: self.journals,
            out: self.out,
            wake: self.wake,
            live: self.pace == Pace::Live,
            // A terminal that prints a fast replay is waited for; a window in a live talk never is.
            wait: self.pace == Pace::Fast,
            summary: EndSummary::default(),
            failure: None,
        };
        let mut talk = Talk {
            lang: self.lang,
            pace: self.pace,
            tracker: self.tracker,
            voices: self.voices,
            speaking: Vec::new(),
            coder: self.coder,
            coach: self.coach,
            clock: self.clock,
            telemetry: self.telemetry,
            rung: Rung::Full,
            names: 0,
            open: Vec::new(),
            read: None,
        };
        // The journals were opened with it.
        desk.show(SessionEvent::new(SampleIdx::ZERO, EventKind::Session(header)));
        let mut end = SampleIdx::ZERO;
        let mut source_ended = false;
        let mut outcome = Ok(());
        while outcome.is_ok() {
            let voices = talk.voices.clone();
            let words = select! {
                recv(self.input) -> words => match words {
                    Ok(words) => words,
                    Err(RecvError) => break,
                },
                recv(voices) -> heard => {
                    outcome = talk.voice(heard, &mut desk);
                    continue;
                }
            };
            outcome = match words {
                Words::Partial(partial) => talk.partial(&partial, &mut desk),
                Words::Gone(id) => talk.gone(id, end, &mut desk),
                Words::Finished(finished, ms) => {
                    end = end.max(finished.span.end);
                    talk.finished(&finished, ms, &mut desk)
                }
                Words::Note(at, note) => {
                    end = end.max(at);
                    source_ended |= note == Note::End;
                    talk.note(at, note, &mut desk)
                }
            };
        }
        drop(self.input); // the other stages stop
        talk.close(end, &mut desk);
        let fault = match &outcome {
            Err(error) => Some(("coach", said(error))),
            Ok(()) if !source_ended => {
                Some(("wire", "a stage stopped by a fault of Gids; please report it".to_owned()))
            }
            Ok(()) => None,
        };
        if let Some((stage, message)) = fault {
            let kind = EventKind::Fault { stage: stage.to_owned(), message };
            // What cannot be written here was reported when it first failed.
            desk.tell(end, kind).ok();
        }
        desk.summary.audio_s = end.as_secs();
        desk.summary.wall_s = started.elapsed().as_secs_f64();
        let closed = desk.close(end);
        outcome.and(closed)
    }
}

/// What is known of the conversation.
struct Talk {
    lang: Lang,
    pace: Pace,
    tracker: Tracker,
    voices: Receiver<Voices>,
    /// Who was last said to be speaking in each open segment.
    speaking: Vec<(SegmentId, Guess)>,
    coder: Coder,
    coach: Coach,
    clock: Arc<SessionClock>,
    telemetry: Arc<Telemetry>,
    rung: Rung,
    /// Names given to utterances.
    names: u64,
    /// Open segments with partials: one for each channel at most.
    open: Vec<OpenTalk>,
    /// The text that was read last: the final words mostly are those of the last partial.
    read: Option<(String, Reading)>,
}

/// A segment that is not closed.
struct OpenTalk {
    id: SegmentId,
    /// How many stable words were looked at.
    looked_at: usize,
    /// The clock `partial` of its newest stable word, in milliseconds.
    partial_ms: Option<f32>,
    /// The cue that is shown already.
    shown: Option<Shown>,
}

/// A cue that was shown before its words were final.
struct Shown {
    /// The name of the utterance that it belongs to.
    name: String,
    preview: Preview,
    /// Where its words lie.
    span: Span,
}

/// The final words of one turn.
struct Said {
    text: String,
    words: Vec<TimedWord>,
    turn: Turn,
    partial_ms: Option<f32>,
    final_ms: Option<f32>,
    shown: Option<Shown>,
}

impl Talk {
    fn partial(&mut self, partial: &Partial, desk: &mut Desk) -> anyhow::Result<()> {
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
            latency_ms: self.latency(preview.cue.at, self.open[at].partial_ms, None),
        };
        self.open[at].shown = Some(Shown { name, preview, span });
        desk.tell(partial.span.end, EventKind::Cue(event))
    }

    /// Takes in what was heard of voices, or hears that nothing more will come.
    fn voice(&mut self, heard: Result<Voices, RecvError>, desk: &mut Desk) -> anyhow::Result<()> {
        let event = match heard {
            Ok(Voices::Heard(event)) => event,
            Ok(Voices::Failed(message)) => {
                anyhow::bail!("the speakers cannot be told apart: {message}")
            }
            Err(RecvError) => {
                self.voices = never();
                return Ok(());
            }
        };
        let told = match &event {
            VoiceEvent::Heard { id, channel, span, windows, .. } if !windows.is_empty() => {
                Some((*id, *channel, span.end))
            }
            VoiceEvent::Heard { .. } | VoiceEvent::Closed { .. } => None,
        };
        let dropped = match &event {
            VoiceEvent::Closed { id, dropped: true } => Some(*id),
            VoiceEvent::Closed { .. } | VoiceEvent::Heard { .. } => None,
        };
        self.tracker.hear(event);
        // Its words may have gone before its voices were heard.
        if let Some(id) = dropped {
            let told = self.speaking.iter().find(|(of, _)| *of == id);
            let at = told.map_or(SampleIdx::ZERO, |(_, guess)| guess.since);
            return self.nobody_speaks(id, at, desk);
        }
        match told {
            Some((id, channel, at)) => self.tell_speaker(id, channel, at, desk),
            None => Ok(()),
        }
    }

    /// Says who seems to be speaking, if that is new. Not in a fast replay: the words are there as soon.
    fn tell_speaker(
        &mut self,
        id: SegmentId,
        channel: ChannelId,
        at: SampleIdx,
        desk: &mut Desk,
    ) -> anyhow::Result<()> {
        if self.pace == Pace::Fast {
            return Ok(());
        }
        let Some(guess) = self.tracker.guess(id, channel) else { return Ok(()) };
        let told = self.speaking.iter_mut().find(|(of, _)| *of == id);
        let same = |before: &Guess| {
            let moved_s = (guess.since.as_secs() - before.since.as_secs()).abs();
            let sure = |guess: &Guess| guess.confidence >= EARLY_CONFIDENCE;
            (guess.voice, guess.speaker) == (before.voice, before.speaker)
                && moved_s < SAME_TURN_S
                && sure(&guess) == sure(before)
        };
        match told {
            Some((_, before)) if same(before) => return Ok(()),
            Some((_, before)) => *before = guess,
            None => self.speaking.push((id, guess)),
        }
        let kind = EventKind::Speaking {
            segment: id.0,
            start_s: guess.since.as_secs(),
            voice: guess.voice,
            speaker: guess.speaker,
            confidence: guess.confidence,
        };
        desk.tell(at, kind)
    }

    fn finished(
        &mut self,
        finished: &Finished,
        final_ms: Option<f32>,
        desk: &mut Desk,
    ) -> anyhow::Result<()> {
        // The voices thread has the whole segment already, or is about to.
        while !self.tracker.is_complete(finished.id) {
            let heard = self.voices.recv();
            if heard.is_err() {
                anyhow::bail!("the voices thread stopped by a fault of Gids; please report it");
            }
            self.voice(heard, desk)?;
        }
        let text = match &finished.text {
            Ok(text) if !text.is_empty() => text.as_str(),
            // Nothing that anybody said: counted, so that a session that hears nothing shows it.
            Ok(_) | Err(_) => {
                desk.summary.rejected_segments += 1;
                return self.gone(finished.id, finished.speech_end, desk);
            }
        };
        let (partial_ms, mut shown) = match self.open.iter().position(|open| open.id == finished.id)
        {
            Some(at) => {
                let open = self.open.swap_remove(at);
                (open.partial_ms, open.shown)
            }
            None => (None, None),
        };
        let speech = Span::new(finished.speech_start, finished.speech_end);
        let turns = self.tracker.turns(finished.id, finished.channel, speech);
        let shares = cut(&finished.words, &turns);
        let spoken = turns.into_iter().zip(shares).map(|(turn, words)| Spoken { turn, words });
        let turns = join_around_back_channels(&self.tracker, spoken.collect());
        let alone = turns.len() == 1;
        // A cue that is shown belongs to the turn in which its words lie, as far as that has words.
        let of_shown = shown.as_ref().and_then(|shown| {
            let spoken = (0..turns.len()).filter(|i| alone || !turns[*i].words.is_empty());
            spoken.max_by_key(|i| turns[*i].turn.span.overlap(shown.span))
        });
        let ends_in_words = alone || turns.last().is_some_and(|spoken| !spoken.words.is_empty());
        for (i, Spoken { turn, words }) in turns.into_iter().enumerate() {
            let said = Said {
                text: if alone {
                    text.to_owned()
                } else {
                    joined(words.iter().map(|w| w.text.as_str()))
                },
                words,
                turn,
                partial_ms,
                final_ms,
                shown: if of_shown == Some(i) { shown.take() } else { None },
            };
            self.said(said, desk)?;
        }
        if ends_in_words {
            self.speaking.retain(|(id, _)| *id != finished.id);
        } else {
            self.nobody_speaks(finished.id, speech.end, desk)?;
        }
        match shown {
            Some(shown) => {
                self.coach.withdraw(&shown.preview);
                desk.withdraw(speech.end, shown.name)
            }
            None => Ok(()),
        }
    }

    /// The final words of a turn.
    fn said(&mut self, said: Said, desk: &mut Desk) -> anyhow::Result<()> {
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
        let event = CueEvent { at_s: cue.at.as_secs(), cue, provisional: false, latency_ms };
        desk.tell(at, EventKind::Cue(event))
    }

    /// There are no words in a segment after all.
    fn gone(&mut self, id: SegmentId, at: SampleIdx, desk: &mut Desk) -> anyhow::Result<()> {
        self.tracker.forget(id);
        let Some(at_open) = self.open.iter().position(|open| open.id == id) else {
            return self.nobody_speaks(id, at, desk);
        };
        let open = self.open.swap_remove(at_open);
        self.speaking.retain(|(of, _)| *of != id);
        desk.tell(at, nothing_said(id, at))?;
        let Some(shown) = open.shown else { return Ok(()) };
        self.coach.withdraw(&shown.preview);
        desk.withdraw(at, shown.name)
    }

    /// Where somebody was said to be speaking in a segment, takes that back: no words follow that would.
    fn nobody_speaks(
        &mut self,
        id: SegmentId,
        at: SampleIdx,
        desk: &mut Desk,
    ) -> anyhow::Result<()> {
        let Some(told) = self.speaking.iter().position(|(of, _)| *of == id) else { return Ok(()) };
        self.speaking.swap_remove(told);
        desk.tell(at, nothing_said(id, at))
    }

    /// No final words will come any more: a stage before this one has failed.
    fn close(&mut self, at: SampleIdx, desk: &mut Desk) {
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

    fn note(&mut self, at: SampleIdx, note: Note, desk: &mut Desk) -> anyhow::Result<()> {
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

/// Takes back what was shown of an open segment.
fn nothing_said(id: SegmentId, at: SampleIdx) -> EventKind {
    let (segment, start_s) = (id.0, at.as_secs());
    EventKind::Partial { segment, start_s, text: String::new(), stable_words: 0 }
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
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
