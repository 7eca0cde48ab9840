//! What the listening thread tells a decode that is running.

use std::sync::atomic::{AtomicU64, Ordering};

use segment::SegmenterConfig;
use timeline::{ChannelId, SAMPLE_RATE_HZ, SampleIdx};
use transcribe::PAUSE_MS;

/// Channels of a session, at most.
pub(crate) const CHANNELS: usize = 2;

/// Up to where the audio of each channel has to be decoded now, since a pause has begun there or the segment was
/// closed: a decode that began before and does not reach as far is not worth finishing.
#[derive(Debug, Default)]
pub(crate) struct Wanted([AtomicU64; CHANNELS]);

/// What was wanted when a decode began.
pub(crate) struct Snapshot([u64; CHANNELS]);

impl Wanted {
    /// From the listening thread: audio of the channel was heard until `end`, and speech in it until `speech_end`.
    pub(crate) fn heard(&self, channel: usize, speech_end: SampleIdx, end: SampleIdx) {
        let heard_out = speech_end + PAUSE_MS * u64::from(SAMPLE_RATE_HZ) / 1_000;
        if end >= heard_out {
            self.raise(channel, heard_out);
        }
    }

    /// From the listening thread: a segment that was heard until `end` is closed.
    pub(crate) fn closed(&self, channel: usize, speech_end: SampleIdx, end: SampleIdx) {
        let heard_out = speech_end + PAUSE_MS * u64::from(SAMPLE_RATE_HZ) / 1_000;
        self.raise(channel, heard_out.min(end));
    }

    fn raise(&self, channel: usize, until: SampleIdx) {
        if let Some(wanted) = self.0.get(channel) {
            wanted.fetch_max(until.0, Ordering::Relaxed);
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot([0, 1].map(|channel: usize| self.0[channel].load(Ordering::Relaxed)))
    }

    /// Whether a decode of the channel until `until`, begun at the snapshot, is no longer worth it.
    pub(crate) fn is_stale(&self, begun: &Snapshot, channel: ChannelId, until: SampleIdx) -> bool {
        let own = usize::from(channel.0);
        let now = self.snapshot();
        if now.0.get(own).is_some_and(|wanted| *wanted > until.0) {
            return true;
        }
        // A decode that a pause asked for is as urgent as the other channel's.
        let tail =
            u64::from(SegmenterConfig::default().tail_ms) * u64::from(SAMPLE_RATE_HZ) / 1_000;
        let urgent = begun.0.get(own).is_some_and(|wanted| until.0 <= wanted + tail && *wanted > 0);
        let other = 1_usize.saturating_sub(own);
        !urgent && now.0[other] > begun.0[other]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> SampleIdx {
        SampleIdx(ms * 16)
    }

    fn stale(wanted: &Wanted, begun: &Snapshot, until: SampleIdx) -> bool {
        wanted.is_stale(begun, ChannelId(0), until)
    }

    #[test]
    fn a_pause_makes_what_does_not_reach_it_stale() {
        let wanted = Wanted::default();
        let begun = wanted.snapshot();
        wanted.heard(0, at(1_000), at(1_064));
        assert!(!stale(&wanted, &begun, at(900)), "that is no pause yet");
        wanted.heard(0, at(1_000), at(1_096));
        assert!(stale(&wanted, &begun, at(900)));
        assert!(!stale(&wanted, &begun, at(1_096)), "this one will be the final text");
        // Who goes on talking makes nothing stale.
        wanted.heard(0, at(2_000), at(2_000));
        assert!(!stale(&wanted, &begun, at(1_096)));
    }

    #[test]
    fn a_cut_in_the_middle_of_speech_wants_all_of_it() {
        let wanted = Wanted::default();
        let begun = wanted.snapshot();
        wanted.closed(0, at(12_000), at(12_000));
        assert!(stale(&wanted, &begun, at(11_999)));
        assert!(!stale(&wanted, &begun, at(12_000)));
    }

    #[test]
    fn the_other_channels_pause_is_more_urgent_than_growth() {
        let wanted = Wanted::default();
        wanted.heard(0, at(1_000), at(1_200));
        let begun = wanted.snapshot();
        wanted.heard(1, at(3_000), at(3_200));
        assert!(stale(&wanted, &begun, at(2_800)), "growth");
        assert!(!stale(&wanted, &begun, at(1_200)), "a pause of its own");
        assert!(!stale(&wanted, &wanted.snapshot(), at(2_800)), "begun since");
    }
}
