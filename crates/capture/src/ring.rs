//! From the audio system's callback to the thread that listens.
//!
//! # Rules of the callback
//!
//! [`CallbackWriter::write`] runs on the audio system's thread, where being late loses audio. In it nothing
//! allocates or frees, locks, waits, logs, makes a system call, touches a file, or can panic; it takes time
//! proportional to the frames given and no more. `tests/realtime.rs` enforces the first of these by aborting
//! on any allocation.
//!
//! # When the ring is full
//!
//! Frames that find no room are dropped and counted. Before the next frame that does find room, a *marker*
//! (how many frames were written before, how many are missing) goes through a second, small ring, so that the
//! reader meets the gap at its exact place. While no marker fits, frames are dropped as well: they belong to the
//! same gap then, and its place stays exact.
//!
//! # What makes no gap
//!
//! A device that stalls or overruns on its own side hands over nothing that says how much was lost, and no clock is
//! read here: time on the sample clock stands still until it goes on. Overruns that the system reports are counted
//! ([`MicSource::overruns`](crate::MicSource::overruns)); ALSA reports them, PulseAudio through cpal 0.18 does not.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use cpal::{FromSample, Sample};
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Observer, Producer, Split},
};

/// Seconds that the ring holds: longer than the listening thread ever stands still, a closed laptop lid aside.
pub const RING_SECS: u32 = 10;

/// Separate gaps that can wait in the ring at a time.
const MARKERS: usize = 64;

/// Frames mixed down at a time, on the stack.
const PIECE: usize = 256;

/// Frames are missing behind the first `written` ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marker {
    written: u64,
    lost: u64,
}

/// The ends of a ring for a device with `channels` channels that holds `capacity` frames; at least one of each.
#[must_use]
pub fn callback_ring(channels: u16, capacity: usize) -> (CallbackWriter, RingReader) {
    let (audio_in, audio_out) = HeapRb::new(capacity.max(1)).split();
    let (markers_in, markers_out) = HeapRb::new(MARKERS).split();
    let lost_frames = Arc::new(AtomicU64::new(0));
    let writer = CallbackWriter {
        channels: usize::from(channels.max(1)),
        audio: audio_in,
        markers: markers_in,
        written: 0,
        unreported: 0,
        lost_frames: Arc::clone(&lost_frames),
    };
    let reader = RingReader { audio: audio_out, markers: markers_out, read: 0, lost_frames };
    (writer, reader)
}

/// The callback's end: mixes the device's channels down and pushes. See the rules at the head of this file.
///
/// ```
/// let (mut writer, mut reader) = capture::callback_ring(2, 3);
/// writer.write(&[0.5_f32, 0.25, 1.0, 0.0, 0.0, 0.0, 0.5, 0.5]); // four frames, room for three
/// let mut out = Vec::new();
/// assert_eq!(reader.read(&mut out, 100), capture::Read::Frames(3));
/// assert_eq!(out, [0.375, 0.5, 0.0]);
/// writer.write(&[0.5_f32, 0.5]);
/// assert_eq!(reader.read(&mut out, 100), capture::Read::Lost(1)); // exactly between them
/// assert_eq!(reader.read(&mut out, 100), capture::Read::Frames(1));
/// assert_eq!(reader.read(&mut out, 100), capture::Read::Empty);
/// ```
pub struct CallbackWriter {
    channels: usize,
    audio: HeapProd<f32>,
    markers: HeapProd<Marker>,
    written: u64,
    /// Frames lost since the last marker.
    unreported: u64,
    lost_frames: Arc<AtomicU64>,
}

impl CallbackWriter {
    /// Takes what the device gives: interleaved frames of any sample type that cpal knows. A value that is no
    /// number counts as silence; an incomplete last frame is left out.
    pub fn write<T>(&mut self, interleaved: &[T])
    where
        T: Sample,
        f32: FromSample<T>,
    {
        let share = 1.0 / self.channels as f32;
        let mut piece = [0.0_f32; PIECE];
        for frames in interleaved.chunks(PIECE * self.channels) {
            let mut count = 0;
            let mixed = frames.chunks_exact(self.channels).map(|frame| {
                let sum: f32 = frame.iter().map(|&value| f32::from_sample(value)).sum();
                if sum.is_finite() { sum * share } else { 0.0 }
            });
            for (place, value) in piece.iter_mut().zip(mixed) {
                *place = value;
                count += 1;
            }
            self.push(&piece[..count]);
        }
    }

    fn push(&mut self, frames: &[f32]) {
        let pushed =
            if self.audio.is_full() || !self.report() { 0 } else { self.audio.push_slice(frames) };
        self.written += pushed as u64;
        let lost = (frames.len() - pushed) as u64;
        if lost > 0 {
            self.unreported += lost;
            self.lost_frames.fetch_add(lost, Ordering::Relaxed);
        }
    }

    /// Whether everything lost so far is marked.
    fn report(&mut self) -> bool {
        if self.unreported == 0 {
            return true;
        }
        let marker = Marker { written: self.written, lost: self.unreported };
        let fits = self.markers.try_push(marker).is_ok();
        if fits {
            self.unreported = 0;
        }
        fits
    }
}

/// What came out of the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// So many frames, without a gap before or between them.
    Frames(usize),
    /// So many frames are missing here.
    Lost(u64),
    /// Nothing waits.
    Empty,
}

/// The listening thread's end.
pub struct RingReader {
    audio: HeapCons<f32>,
    markers: HeapCons<Marker>,
    read: u64,
    lost_frames: Arc<AtomicU64>,
}

impl RingReader {
    /// Replaces `out` by the next frames, at most `limit`; never waits.
    pub fn read(&mut self, out: &mut Vec<f32>, limit: usize) -> Read {
        out.clear();
        // The order matters: a marker is pushed before the frames behind it, so once those are seen, it is too.
        let waiting = self.audio.occupied_len();
        let before_gap = match self.markers.try_peek().copied() {
            Some(marker) if marker.written <= self.read => {
                self.markers.skip(1);
                return Read::Lost(marker.lost);
            }
            Some(marker) => usize::try_from(marker.written - self.read).unwrap_or(usize::MAX),
            None => usize::MAX,
        };
        let count = waiting.min(limit).min(before_gap);
        if count == 0 {
            return Read::Empty;
        }
        out.resize(count, 0.0);
        let popped = self.audio.pop_slice(out);
        out.truncate(popped);
        self.read += popped as u64;
        Read::Frames(popped)
    }

    /// Frames that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.audio.occupied_len()
    }

    /// Frames lost since the start, whether or not their gap was read yet.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost_frames.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames carry their own number, so that every place can be checked.
    fn numbered(from: u64, count: u64) -> Vec<f32> {
        (from..from + count).map(|n| n as f32 / 65_536.0).collect()
    }

    /// Reads all that waits, following the clock: every frame must be the one that belongs there.
    fn drain(reader: &mut RingReader, clock: &mut u64, gaps: &mut Vec<(u64, u64)>) {
        let mut out = Vec::new();
        loop {
            match reader.read(&mut out, 7) {
                Read::Frames(n) => {
                    assert_eq!(out, numbered(*clock, n as u64));
                    *clock += n as u64;
                }
                Read::Lost(n) => {
                    gaps.push((*clock, n));
                    *clock += n;
                }
                Read::Empty => return,
            }
        }
    }

    #[test]
    fn gaps_lie_exactly_where_frames_were_lost() {
        let (mut writer, mut reader) = callback_ring(1, 10);
        let (mut clock, mut gaps, mut sent) = (0, Vec::new(), 0);
        for (count, then_read) in
            [(4, true), (10, false), (3, false), (5, true), (2, false), (12, true), (1, true)]
        {
            writer.write(&numbered(sent, count));
            sent += count;
            if then_read {
                drain(&mut reader, &mut clock, &mut gaps);
            }
        }
        assert_eq!(gaps, [(14, 8), (32, 4)]);
        assert_eq!((clock, sent, reader.lost()), (37, 37, 12));
    }

    /// More separate gaps than markers: the last ones grow together, and no place is wrong.
    #[test]
    fn a_full_marker_ring_loses_no_place() {
        let (mut writer, mut reader) = callback_ring(1, 100_000);
        let (mut sent, mut clock, mut gaps) = (0, 0, Vec::new());
        for _ in 0..2 * MARKERS as u64 {
            // What a full ring does, without filling it: two frames go missing before the next three.
            writer.unreported += 2;
            sent += 2;
            writer.write(&numbered(sent, 3));
            sent += 3;
        }
        drain(&mut reader, &mut clock, &mut gaps);
        assert_eq!(gaps.len(), MARKERS);
        writer.write(&numbered(sent, 3));
        sent += 3;
        drain(&mut reader, &mut clock, &mut gaps);
        assert_eq!(gaps.len(), MARKERS + 1);
        assert_eq!(clock, sent);
    }

    #[test]
    fn random_callbacks_and_reads_keep_every_frame_in_place() {
        let mut seed = 0x2545_F491_4F6C_DD1D_u64;
        let mut random = |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        let (mut writer, mut reader) = callback_ring(1, 500);
        let (mut sent, mut clock, mut gaps) = (0, 0, Vec::new());
        for _ in 0..200 {
            let count = random(120);
            writer.write(&numbered(sent, count));
            sent += count;
            if random(6) == 0 {
                drain(&mut reader, &mut clock, &mut gaps);
            }
        }
        writer.write(&numbered(sent, 1));
        sent += 1;
        drain(&mut reader, &mut clock, &mut gaps);
        writer.write(&numbered(sent, 1));
        sent += 1;
        drain(&mut reader, &mut clock, &mut gaps);
        assert_eq!(clock, sent);
        assert!(!gaps.is_empty());
        assert_eq!(gaps.iter().map(|(_, n)| n).sum::<u64>(), reader.lost());
    }

    #[test]
    fn mixes_down_every_sample_type_and_drops_what_is_no_number() {
        let (mut writer, mut reader) = callback_ring(2, 100);
        writer.write(&[i16::MAX, i16::MIN, 16_384, 16_384]);
        writer.write(&[32_768_u16, 49_152]);
        writer.write(&[f32::NAN, 1.0, 1.0, 0.0]);
        writer.write(&[1.0_f64, -1.0]);
        let mut out = Vec::new();
        assert_eq!(reader.read(&mut out, 100), Read::Frames(6));
        for (got, want) in out.iter().zip([0.0, 0.5, 0.25, 0.0, 0.5, 0.0]) {
            assert!((got - want).abs() < 1e-4, "{out:?}");
        }
    }
}
