//! Who speaks: what is said about it while it is heard, and the turns of a closed segment.

use crossbeam_channel::{RecvError, never};
use speakers::{Guess, VoiceEvent};
use timeline::{ChannelId, EventKind, Rung, SampleIdx, SegmentId, Span, TimedWord};
use transcribe::Finished;

use super::{
    Ask, Voices, Words,
    cut::{Spoken, best_of, cut, join_around_back_channels, pieces},
    desk::Desk,
    talk::{EARLY_CONFIDENCE, Said, Speaking, Talk, joined, nothing_said},
};
use crate::wire::Pace;

/// A turn that seems to begin within this of where it seemed to begin before is the same one, in seconds.
const SAME_TURN_S: f64 = 0.4;

impl Talk {
    /// Takes in what was heard of voices, or hears that nothing more will come.
    pub(super) fn voice(
        &mut self,
        heard: Result<Voices, RecvError>,
        desk: &mut Desk,
    ) -> anyhow::Result<()> {
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
            let told = self.speaking.iter().find(|told| told.id == id);
            let at = told.map_or(SampleIdx::ZERO, |told| told.now.since);
            return self.nobody_speaks(id, at, desk);
        }
        match told {
            Some((id, channel, at)) => self.tell_speaker(id, channel, at, desk),
            None => Ok(()),
        }
    }

    /// Says who seems to be speaking, if that is new. Not in a fast replay: the words are there as soon.
    pub(super) fn tell_speaker(
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
        let sure = |guess: &Guess| guess.confidence >= EARLY_CONFIDENCE;
        let apart_s = |a: SampleIdx, b: SampleIdx| (a.as_secs() - b.as_secs()).abs();
        let at_told = match self.speaking.iter().position(|told| told.id == id) {
            Some(at) => {
                let before = &mut self.speaking[at].now;
                if (guess.voice, guess.speaker, sure(&guess))
                    == (before.voice, before.speaker, sure(before))
                    && apart_s(guess.since, before.since) < SAME_TURN_S
                {
                    return Ok(());
                }
                *before = guess;
                at
            }
            None => {
                self.speaking.push(Speaking { id, first: guess.since, now: guess, cut: None });
                self.speaking.len() - 1
            }
        };
        let told = &mut self.speaking[at_told];
        let from = told.cut.unwrap_or(told.first);
        if let Some(asks) = &self.asks
            && sure(&guess)
            && guess.since > from
            && apart_s(guess.since, from) >= SAME_TURN_S
            // One question at a time may wait there, so that the next one never does.
            && asks.is_empty()
            && asks.try_send(Ask::Cut { id, at: guess.since }).is_ok()
        {
            told.cut = Some(guess.since);
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

    pub(super) fn finished(
        &mut self,
        finished: &Finished,
        mut final_ms: Option<f32>,
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
        let speech = Span::new(finished.speech_start, finished.speech_end);
        let turns = self.tracker.turns(finished.id, finished.channel, speech);
        let mut shares = cut(&finished.words, &turns);
        let of_one = turns.len() == 1 && finished.cut.is_none();
        if !of_one && self.rung < Rung::FinalsOnly {
            let apart = self.hear_apart(finished.id, pieces(finished.span, &turns));
            shares = best_of(shares, apart);
            final_ms = final_ms.map(|_| self.clock.ms_since(finished.speech_end));
        }
        // Nothing that anybody said: counted, so that a session that hears nothing shows it.
        if shares.iter().all(Vec::is_empty) {
            desk.summary.rejected_segments += 1;
            return self.gone(finished.id, finished.speech_end, desk);
        }
        let (partial_ms, mut shown) = match self.open.iter().position(|open| open.id == finished.id)
        {
            Some(at) => {
                let open = self.open.swap_remove(at);
                (open.partial_ms, open.shown)
            }
            None => (None, None),
        };
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
                text: joined(words.iter().map(|w| w.text.as_str())),
                words,
                turn,
                partial_ms,
                final_ms,
                shown: if of_shown == Some(i) { shown.take() } else { None },
            };
            self.said(said, desk)?;
        }
        if ends_in_words {
            self.speaking.retain(|told| told.id != finished.id);
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

    /// The words of each piece of a segment, decoded by itself: what a recogniser hears across two voices is often
    /// wrong, and where each word lies is an estimate. Waits for the transcribing thread, which does this next.
    fn hear_apart(&mut self, id: SegmentId, pieces: Vec<Span>) -> Vec<Option<Vec<TimedWord>>> {
        let ask = Ask::Apart { id, pieces };
        if self.asks.as_ref().is_none_or(|asks| asks.send(ask).is_err()) {
            return Vec::new();
        }
        loop {
            match self.words.recv() {
                Ok(Words::Apart(heard)) => return heard,
                Ok(other) => self.later.push_back(other),
                // It has ended by a fault, which is told where it is joined.
                Err(RecvError) => return Vec::new(),
            }
        }
    }

    /// Where somebody was said to be speaking in a segment, takes that back: no words follow that would.
    pub(super) fn nobody_speaks(
        &mut self,
        id: SegmentId,
        at: SampleIdx,
        desk: &mut Desk,
    ) -> anyhow::Result<()> {
        let Some(told) = self.speaking.iter().position(|told| told.id == id) else { return Ok(()) };
        self.speaking.swap_remove(told);
        desk.tell(at, nothing_said(id, at))
    }
}
