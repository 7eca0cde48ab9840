//! The state of the overlay, and how it changes.

use timeline::{
    CueEvent, EventKind, Lang, Moment, Role, Rung, SessionEvent, Speaker, Strength, VoiceId,
};

use crate::{Action, Detail, ThemeChoice, Visibility, Words};

/// Seconds that a cue stands before it is gone: long enough to read a mark, a headline and a sentence
/// (about 25 words) twice in a glance, short enough not to draw the eye from the client.
pub const CUE_SHOWN_S: f64 = 6.0;

/// A cue whose words ended longer ago than this is not shown any more: the conversation has moved on.
pub const CUE_FRESH_S: f64 = 10.0;

/// From this lag on, in milliseconds, the overlay says that it is behind.
pub const LAG_SAID_MS: u32 = 1_500;

/// Below this lag, in milliseconds, it no longer says so: less than [`LAG_SAID_MS`], so that the word
/// does not flicker.
const LAG_GONE_MS: u32 = 1_000;

/// The last part of [`CUE_SHOWN_S`], in seconds, in which a cue fades.
const FADE_S: f64 = 0.6;

/// Seconds for which lost audio is said.
const LOST_SAID_S: f64 = 8.0;

/// Seconds for which it is said that the roles have changed.
const ROLES_SAID_S: f64 = 4.0;

/// Below this confidence the overlay says that it is not sure who speaks; there are no early cues below it either.
const SURE_CONFIDENCE: f32 = 0.7;

/// By so much, in seconds, an utterance may end before the instant at which its speaker was last told, which may
/// lie in the silence that closes the segment (320 ms). In a next segment nobody is told as soon.
const TOLD_AFTER_S: f64 = 0.5;

/// No segment lasts as long, in seconds: whatever ended the turn never came here.
const TURN_LOST_S: f64 = 35.0;

/// Repaints a second while the level moves.
const LEVEL_HZ: f64 = 15.0;

/// Repaints a second while a cue fades.
const FADE_HZ: f64 = 30.0;

/// What a level meter shows as silence.
const SILENT_DBFS: f32 = -90.0;

/// What the overlay says of the session: the first of these that holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Status {
    /// There was an `end` event.
    Ended,
    /// Which voice is the practitioner's was turned round a moment ago.
    RolesChanged,
    /// Nothing is heard because the user wants so.
    Paused,
    /// Something failed, and the user has not taken the message away yet.
    Fault,
    /// Audio was lost a moment ago.
    LostAudio {
        /// How much, in seconds.
        seconds: f64,
    },
    /// The words come late.
    Lagging {
        /// Milliseconds of audio that wait.
        lag_ms: u32,
    },
    /// The machine is slow: something is given up to keep pace.
    Reduced {
        /// How much.
        rung: Rung,
    },
    /// All is well.
    Listening,
}

/// A cue on the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownCue {
    /// The utterance after which it comes.
    pub after: String,
    /// What was noticed, in one word.
    pub mark: String,
    /// The next move.
    pub headline: String,
    /// The sayable sentence.
    pub suggestion: String,
    /// How sure the mark is.
    pub strength: Strength,
    /// Whether it marks something good (change talk) rather than a pitfall.
    pub positive: bool,
    /// Since when it stands, in seconds.
    pub since_s: f64,
}

/// What was heard last.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heard {
    Nothing,
    /// Stable words of someone who is still speaking; who says them is not known yet.
    Partial(String),
    /// An utterance.
    Said {
        voice: VoiceId,
        speaker: Speaker,
        text: String,
    },
}

/// Who seems to speak now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Speaking {
    pub voice: VoiceId,
    pub speaker: Speaker,
    pub sure: bool,
}

/// The turn that is going on in a segment.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Turn {
    segment: u64,
    speaking: Speaking,
    /// The instant at which this was so.
    told_s: f64,
    /// There were final words that seem to be those of this turn.
    over: bool,
}

/// Whether audio is being taken in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Listening,
    /// The clock stands still for the reader; that of the session may run on.
    Paused {
        clock_s: f64,
    },
    Ended {
        clock_s: f64,
    },
}

/// Lost audio that is still being said.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Lost {
    seconds: f64,
    until_s: f64,
}

/// All that the overlay shows. Times are seconds on the clock that [`tick`](Self::tick) is given, which is the
/// session's.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionView {
    lang: Lang,
    demo_model: bool,
    phase: Phase,
    now_s: f64,
    level_dbfs: f32,
    /// `None` while the lag is not worth a word.
    lag_ms: Option<u32>,
    rung: Rung,
    lost: Option<Lost>,
    fault: Option<String>,
    cue: Option<ShownCue>,
    heard: Heard,
    /// The last utterance.
    said: Heard,
    /// The one that was told last is the last one. There are two where two channels are kept apart.
    turns: Vec<Turn>,
    /// Until when it is said that the roles have changed.
    roles_said_until_s: Option<f64>,
    theme: ThemeChoice,
    detail: Detail,
    visibility: Visibility,
    words: Words,
}

impl SessionView {
    /// The view of a session that has just begun. `lang` is the language of the overlay's own words;
    /// `demo_model` makes it say for the whole session that the speech model is for the demo only.
    #[must_use]
    pub fn new(lang: Lang, demo_model: bool) -> Self {
        Self {
            lang,
            demo_model,
            phase: Phase::Listening,
            now_s: 0.0,
            level_dbfs: SILENT_DBFS,
            lag_ms: None,
            rung: Rung::Full,
            lost: None,
            fault: None,
            cue: None,
            heard: Heard::Nothing,
            said: Heard::Nothing,
            turns: Vec::new(),
            roles_said_until_s: None,
            theme: ThemeChoice::default(),
            detail: Detail::default(),
            visibility: Visibility::default(),
            words: Words::default(),
        }
    }

    /// Takes in an event of the session.
    pub fn reduce(&mut self, event: &SessionEvent) {
        // An event may come before the tick of its time, never the other way round.
        self.tick(self.now_s.max(event.t_s));
        match &event.kind {
            EventKind::Cue(cue) => self.show(cue),
            // It was no speech after all: what was said before it stands again.
            EventKind::Partial { segment, text, .. } if text.is_empty() => {
                self.turns.retain(|turn| turn.segment != *segment);
                self.heard = self.said.clone();
            }
            EventKind::Partial { segment, text, stable_words, .. } => {
                // The final words were those of the other channel.
                for turn in self.turns.iter_mut().filter(|turn| turn.segment == *segment) {
                    turn.over = false;
                }
                self.heard = Heard::Partial(without_tail(text, *stable_words));
            }
            EventKind::Utterance(utterance) => {
                self.end_turn(utterance.voice, event.t_s);
                self.heard = Heard::Said {
                    voice: utterance.voice,
                    speaker: utterance.speaker,
                    text: utterance.text.clone(),
                };
                self.said = self.heard.clone();
            }
            EventKind::Roles { roles } => {
                self.rename(roles);
                self.roles_said_until_s = Some(self.now_s + ROLES_SAID_S);
            }
            EventKind::Gap { start_s, end_s } => {
                let before = self.lost.map_or(0.0, |lost| lost.seconds);
                let seconds = before + (end_s - start_s).max(0.0);
                self.lost = Some(Lost { seconds, until_s: self.now_s + LOST_SAID_S });
            }
            EventKind::CueConfirmed { after, strength, mark, .. } => {
                if let Some(cue) = self.cue.as_mut().filter(|cue| cue.after == *after) {
                    cue.strength = *strength;
                    cue.mark.clone_from(mark);
                }
            }
            EventKind::CueWithdrawn { after } => {
                if let Some(cue) = self.cue.as_mut().filter(|cue| cue.after == *after) {
                    cue.since_s = cue.since_s.min(self.now_s - (CUE_SHOWN_S - FADE_S));
                }
            }
            EventKind::Speaking { segment, voice, speaker, confidence, .. } => {
                let sure = *confidence >= SURE_CONFIDENCE;
                let speaking = Speaking { voice: *voice, speaker: *speaker, sure };
                self.turns.retain(|turn| turn.segment != *segment && !turn.over);
                self.turns.push(Turn {
                    segment: *segment,
                    speaking,
                    told_s: event.t_s,
                    over: false,
                });
            }
            EventKind::Status { lag_ms, rung } => {
                let from = if self.lag_ms.is_some() { LAG_GONE_MS } else { LAG_SAID_MS };
                self.lag_ms = (*lag_ms > from).then_some(*lag_ms);
                self.rung = *rung;
            }
            EventKind::Paused { paused } => {
                if *paused != matches!(self.phase, Phase::Paused { .. }) {
                    self.toggle_pause();
                }
            }
            EventKind::Fault { message, .. } => self.fault = Some(message.clone()),
            EventKind::End(_) => {
                self.phase = Phase::Ended { clock_s: event.t_s };
                self.lag_ms = None;
                self.roles_said_until_s = None;
                self.heard = Heard::Nothing;
                self.turns.clear();
            }
            EventKind::CueAnswered { .. } | EventKind::Session(_) | EventKind::Coded { .. } => {}
        }
    }

    /// Moves the time to `now_s`; what has stood long enough goes. When the clock is set back (as after a
    /// pause), what stands keeps the time that it has left.
    pub fn tick(&mut self, now_s: f64) {
        let back_s = self.now_s - now_s;
        if back_s > 0.0 {
            if let Some(cue) = &mut self.cue {
                cue.since_s -= back_s;
            }
            if let Some(lost) = &mut self.lost {
                lost.until_s -= back_s;
            }
            if let Some(until_s) = &mut self.roles_said_until_s {
                *until_s -= back_s;
            }
        }
        self.now_s = now_s;
        if self.cue.as_ref().is_some_and(|cue| self.now_s - cue.since_s >= CUE_SHOWN_S) {
            self.cue = None;
        }
        if self.lost.is_some_and(|lost| self.now_s >= lost.until_s) {
            self.lost = None;
        }
        self.roles_said_until_s.take_if(|until_s| self.now_s >= *until_s);
    }

    /// The level of the sound that comes in, in dB relative to full scale.
    pub fn set_level(&mut self, dbfs: f32) {
        self.level_dbfs = if dbfs.is_nan() { SILENT_DBFS } else { dbfs };
    }

    /// Does what the user asks, as far as it is the view's to do.
    pub fn apply(&mut self, action: &Action) {
        match *action {
            Action::TogglePause => self.toggle_pause(),
            Action::ToggleHide => {
                self.visibility = match self.visibility {
                    Visibility::Open => Visibility::Hidden,
                    Visibility::Hidden => Visibility::Open,
                };
            }
            Action::DismissCue => {
                if self.cue.take().is_none() && self.fault.take().is_none() {
                    self.lost = None;
                }
            }
            Action::SetTheme(theme) => self.theme = theme,
            Action::ToggleDetail => {
                self.detail = match self.detail {
                    Detail::Glance => Detail::Practice,
                    Detail::Practice => Detail::Glance,
                };
            }
            Action::ToggleWords => {
                self.words = match self.words {
                    Words::Shown => Words::Hidden,
                    Words::Hidden => Words::Shown,
                };
            }
            // It is so when a `roles` event says it.
            Action::SwapRoles | Action::Quit => {}
        }
    }

    /// What to say of the session.
    #[must_use]
    pub fn status(&self) -> Status {
        match (self.phase, &self.fault, self.lost, self.lag_ms, self.rung) {
            (Phase::Ended { .. }, ..) => Status::Ended,
            _ if self.roles_said_until_s.is_some() => Status::RolesChanged,
            (Phase::Paused { .. }, ..) => Status::Paused,
            (Phase::Listening, Some(_), ..) => Status::Fault,
            (_, None, Some(lost), ..) => Status::LostAudio { seconds: lost.seconds },
            (_, None, None, Some(lag_ms), _) => Status::Lagging { lag_ms },
            (_, None, None, None, Rung::Full) => Status::Listening,
            (_, None, None, None, rung) => Status::Reduced { rung },
        }
    }

    /// The cue that is shown now.
    #[must_use]
    pub fn cue(&self) -> Option<&ShownCue> {
        self.cue.as_ref()
    }

    /// How opaque the cue is: 1 until it fades.
    #[must_use]
    pub fn cue_opacity(&self) -> f32 {
        self.cue.as_ref().map_or(0.0, |cue| {
            let left_s = cue.since_s + CUE_SHOWN_S - self.now_s;
            (left_s / FADE_S).clamp(0.0, 1.0) as f32
        })
    }

    /// Whether the window is open or a small bar.
    #[must_use]
    pub fn visibility(&self) -> Visibility {
        self.visibility
    }

    /// The theme that the user chose.
    #[must_use]
    pub fn theme(&self) -> ThemeChoice {
        self.theme
    }

    /// How much of a cue is shown.
    #[must_use]
    pub fn detail(&self) -> Detail {
        self.detail
    }

    /// Whether audio is taken in: neither paused nor ended.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.phase == Phase::Listening
    }

    /// Whether the session has ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended { .. })
    }

    /// Seconds until it has to be drawn again if nothing else happens.
    #[must_use]
    pub fn repaint_after_s(&self) -> f64 {
        if self.visibility == Visibility::Hidden {
            return 1.0; // nothing moves there
        }
        let fade_in_s =
            self.cue.as_ref().map(|cue| cue.since_s + CUE_SHOWN_S - FADE_S - self.now_s);
        match (fade_in_s, self.phase) {
            (Some(fade_in_s), _) if fade_in_s <= 0.0 => 1.0 / FADE_HZ,
            (_, Phase::Listening) => 1.0 / LEVEL_HZ,
            (Some(fade_in_s), _) => fade_in_s.clamp(1.0 / FADE_HZ, 1.0),
            (None, _) => 1.0, // the clock
        }
    }

    /// The time of the last tick, in seconds.
    #[must_use]
    pub fn now_s(&self) -> f64 {
        self.now_s
    }

    pub(crate) fn lang(&self) -> Lang {
        self.lang
    }

    pub(crate) fn demo_model(&self) -> bool {
        self.demo_model
    }

    /// What the clock shows.
    pub(crate) fn clock_s(&self) -> f64 {
        match self.phase {
            Phase::Listening => self.now_s,
            Phase::Paused { clock_s } | Phase::Ended { clock_s } => clock_s,
        }
    }

    pub(crate) fn level_dbfs(&self) -> f32 {
        if self.is_listening() { self.level_dbfs } else { SILENT_DBFS }
    }

    pub(crate) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// The words to show; `Nothing` if they are not wanted.
    pub(crate) fn heard(&self) -> &Heard {
        match self.words {
            Words::Shown => &self.heard,
            Words::Hidden => &Heard::Nothing,
        }
    }

    /// Who seems to speak now.
    pub(crate) fn speaking(&self) -> Option<Speaking> {
        let going_on = |turn: &&Turn| !turn.over && self.now_s - turn.told_s < TURN_LOST_S;
        let turn = self.turns.iter().rfind(going_on).filter(|_| self.is_listening())?;
        Some(turn.speaking)
    }

    /// An utterance does not say which segment it is of: it is the turn of its voice, or, where the voice was
    /// taken for another one, whichever had begun by then.
    fn end_turn(&mut self, voice: VoiceId, at_s: f64) {
        let begun = |turn: &Turn| turn.told_s <= at_s + TOLD_AFTER_S;
        let right = |turn: &Turn| turn.speaking.voice == voice && !turn.over;
        let any_right = self.turns.iter().any(|turn| begun(turn) && right(turn));
        for turn in &mut self.turns {
            turn.over |= begun(turn) && (right(turn) || !any_right);
        }
    }

    fn toggle_pause(&mut self) {
        self.turns.clear();
        self.phase = match self.phase {
            Phase::Listening => Phase::Paused { clock_s: self.now_s },
            Phase::Paused { .. } => Phase::Listening,
            ended @ Phase::Ended { .. } => ended,
        };
        self.lag_ms = None;
    }

    fn show(&mut self, event: &CueEvent) {
        if self.now_s - event.at_s > CUE_FRESH_S {
            return;
        }
        let cue = &event.cue;
        self.cue = Some(ShownCue {
            after: cue.after.clone(),
            mark: cue.mark.clone(),
            headline: cue.headline.clone(),
            suggestion: cue.suggestion.clone(),
            strength: cue.strength,
            positive: matches!(cue.moment, Moment::ChangeTalkHeard),
            since_s: self.now_s,
        });
    }

    fn rename(&mut self, roles: &[Role]) {
        for heard in [&mut self.heard, &mut self.said] {
            if let Heard::Said { voice, speaker, .. } = heard
                && let Some(role) = roles.iter().find(|role| role.voice == *voice)
            {
                *speaker = role.speaker;
            }
        }
        for Turn { speaking, .. } in &mut self.turns {
            if let Some(role) = roles.iter().find(|role| role.voice == speaking.voice) {
                speaking.speaker = role.speaker;
            }
        }
    }
}

/// The stable words; the others would flicker under the eye of somebody who should look at the client.
fn without_tail(text: &str, stable_words: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut shown = words[..stable_words.min(words.len())].join(" ");
    if stable_words < words.len() {
        shown.push_str(if shown.is_empty() { "…" } else { " …" });
    }
    shown
}

#[cfg(test)]
pub(crate) mod tests;
