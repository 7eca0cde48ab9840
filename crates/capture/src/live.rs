//! From the ring to blocks and gaps on the sample clock.

use std::collections::VecDeque;

use timeline::{AudioBlock, BLOCK_LEN, ChannelId, Gap, SAMPLE_RATE_HZ, SampleIdx, Span};

use crate::{
    CaptureError, Poll,
    resample::Resampler,
    ring::{Read, RingReader},
};

/// Frames taken out of the ring at a time: about one block at 48 kHz.
const FRAMES_A_READ: usize = 1_536;

/// Turns the frames of a [`RingReader`] into blocks: what [`MicSource`](crate::MicSource) does behind the device.
pub struct LiveBlocks {
    reader: RingReader,
    rate_hz: u32,
    resampler: Resampler,
    frames: Vec<f32>,
    /// At 16 kHz, waiting to fill a block that starts at `next_start`.
    output: Vec<f32>,
    next_start: SampleIdx,
    /// Device frames on the clock so far, lost ones included.
    clock_frames: u64,
    /// Gaps whose block is not full yet.
    held: VecDeque<Gap>,
    ready: VecDeque<Poll>,
    level_dbfs: f32,
}

impl LiveBlocks {
    /// Blocks of what comes through `reader` at `rate_hz`; `name` is for the error's text.
    ///
    /// # Errors
    /// [`CaptureError::UnsupportedRate`] outside of 2…768 kHz.
    pub fn new(reader: RingReader, rate_hz: u32, name: &str) -> Result<Self, CaptureError> {
        Ok(Self {
            reader,
            rate_hz,
            resampler: Resampler::new(rate_hz, name)?,
            frames: Vec::with_capacity(FRAMES_A_READ),
            output: Vec::with_capacity(4 * BLOCK_LEN),
            next_start: SampleIdx::ZERO,
            clock_frames: 0,
            held: VecDeque::new(),
            ready: VecDeque::new(),
            level_dbfs: f32::NEG_INFINITY,
        })
    }

    /// The next block or gap, or [`Poll::Pending`]; never waits.
    ///
    /// # Errors
    /// [`CaptureError::Resample`] if the rate converter refuses.
    pub fn poll(&mut self) -> Result<Poll, CaptureError> {
        loop {
            if let Some(poll) = self.ready.pop_front() {
                return Ok(poll);
            }
            match self.reader.read(&mut self.frames, FRAMES_A_READ) {
                Read::Frames(count) => {
                    self.clock_frames += count as u64;
                    self.resampler.push(&self.frames, &mut self.output)?;
                    self.cut_blocks();
                }
                Read::Lost(count) => self.lose(count)?,
                Read::Empty => return Ok(Poll::Pending),
            }
        }
    }

    /// Ends the stream: the last block, filled up with silence, then [`Poll::End`]. What waits in the ring still is
    /// to be polled first.
    ///
    /// # Errors
    /// [`CaptureError::Resample`] if the rate converter refuses.
    pub fn finish(&mut self) -> Result<(), CaptureError> {
        self.resampler.finish(&mut self.output)?;
        let blocks = self.output.len().div_ceil(BLOCK_LEN);
        self.output.resize(blocks * BLOCK_LEN, 0.0);
        self.cut_blocks();
        self.ready.push_back(Poll::End);
        Ok(())
    }

    /// Samples at 16 kHz that were captured, but are in no block yet: how far behind the device this is.
    #[must_use]
    pub fn queued_samples(&self) -> u64 {
        let blocks = self.ready.iter().filter(|p| matches!(p, Poll::Block(_))).count();
        on_clock(self.reader.waiting() as u64, self.rate_hz)
            + self.resampler.inside()
            + (self.output.len() + blocks * BLOCK_LEN) as u64
    }

    /// Samples at 16 kHz that were lost since the start.
    #[must_use]
    pub fn lost_samples(&self) -> u64 {
        on_clock(self.reader.lost(), self.rate_hz)
    }

    /// The effective level of the last block cut, in dB below full scale; −∞ before the first and for silence.
    #[must_use]
    pub fn level_dbfs(&self) -> f32 {
        self.level_dbfs
    }

    /// `frames` device frames are missing from here on.
    fn lose(&mut self, frames: u64) -> Result<(), CaptureError> {
        self.resampler.finish(&mut self.output)?;
        self.cut_blocks();
        let start = self.next_start + self.output.len() as u64;
        self.clock_frames += frames;
        let end = SampleIdx(on_clock(self.clock_frames, self.rate_hz)).max(start);
        let span = Span::new(start, end);
        if self.output.is_empty() {
            self.ready.push_back(Poll::Gap(Gap { span }));
            self.next_start = end;
            return Ok(());
        }
        // Silence stands in for what is lost of the block that was begun; it may even be finished with real audio.
        let missing = BLOCK_LEN - self.output.len();
        let fill = usize::try_from(span.len()).unwrap_or(missing).min(missing);
        self.output.resize(self.output.len() + fill, 0.0);
        self.held.push_back(Gap { span });
        self.cut_blocks();
        if fill == missing {
            self.next_start = end;
        }
        Ok(())
    }

    fn cut_blocks(&mut self) {
        let blocks = self.output.len() / BLOCK_LEN;
        for samples in self.output.chunks_exact(BLOCK_LEN) {
            let samples: Vec<f32> = samples.iter().map(|v| v.clamp(-1.0, 1.0)).collect();
            self.level_dbfs = level_dbfs(&samples);
            let block = AudioBlock { channel: ChannelId(0), start: self.next_start, samples };
            self.next_start = block.span().end;
            self.ready.push_back(Poll::Block(block));
            while self.held.front().is_some_and(|gap| gap.span.start < self.next_start) {
                self.ready.extend(self.held.pop_front().map(Poll::Gap));
            }
        }
        self.output.drain(..blocks * BLOCK_LEN);
    }
}

/// Device frames as samples of the clock, rounded.
fn on_clock(frames: u64, rate_hz: u32) -> u64 {
    let rate = u64::from(rate_hz);
    (frames * u64::from(SAMPLE_RATE_HZ) + rate / 2) / rate
}

fn level_dbfs(samples: &[f32]) -> f32 {
    let power = samples.iter().map(|v| v * v).sum::<f32>() / samples.len().max(1) as f32;
    10.0 * power.log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::callback_ring;

    fn drain(live: &mut LiveBlocks) -> Vec<Poll> {
        let mut polls = Vec::new();
        loop {
            match live.poll().unwrap() {
                Poll::Pending | Poll::End => return polls,
                poll => polls.push(poll),
            }
        }
    }

    fn gap(start: u64, end: u64) -> Gap {
        Gap { span: Span::new(SampleIdx(start), SampleIdx(end)) }
    }

    /// Blocks as (start, samples that are not silent), gaps as they are.
    fn shape(polls: &[Poll]) -> Vec<(u64, Result<usize, Gap>)> {
        polls
            .iter()
            .map(|poll| match poll {
                Poll::Block(b) => {
                    assert_eq!(b.samples.len(), BLOCK_LEN);
                    (b.start.0, Ok(b.samples.iter().filter(|v| **v != 0.0).count()))
                }
                Poll::Gap(g) => (g.span.start.0, Err(*g)),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    /// Room for 1,000 frames; more is lost until it was read.
    #[test]
    fn a_long_gap_comes_after_its_block_and_the_clock_goes_on_behind_it() {
        let (mut writer, reader) = callback_ring(1, 1_000);
        let mut live = LiveBlocks::new(reader, 16_000, "test").unwrap();
        writer.write(&[0.5_f32; 3_000]);
        let mut polls = drain(&mut live);
        writer.write(&[0.25_f32; 600]);
        polls.extend(drain(&mut live));
        live.finish().unwrap();
        polls.extend(drain(&mut live));
        let lost = gap(1_000, 3_000);
        assert_eq!(
            shape(&polls),
            [(0, Ok(512)), (512, Ok(488)), (1_000, Err(lost)), (3_000, Ok(512)), (3_512, Ok(88))]
        );
        assert_eq!(live.lost_samples(), 2_000);
        assert_eq!(live.poll().unwrap(), Poll::Pending);
    }

    #[test]
    fn a_short_gap_is_silence_inside_its_block() {
        let (mut writer, reader) = callback_ring(1, 600);
        let mut live = LiveBlocks::new(reader, 16_000, "test").unwrap();
        writer.write(&[0.5_f32; 650]);
        let mut polls = drain(&mut live);
        writer.write(&[0.5_f32; 400]);
        polls.extend(drain(&mut live));
        assert_eq!(shape(&polls), [(0, Ok(512)), (512, Ok(462)), (600, Err(gap(600, 650)))]);
    }

    #[test]
    fn a_gap_at_the_edge_of_a_block_needs_no_silence() {
        let (mut writer, reader) = callback_ring(1, 512);
        let mut live = LiveBlocks::new(reader, 16_000, "test").unwrap();
        writer.write(&[0.5_f32; 522]);
        let mut polls = drain(&mut live);
        writer.write(&[0.5_f32; 512]);
        polls.extend(drain(&mut live));
        assert_eq!(shape(&polls), [(0, Ok(512)), (512, Err(gap(512, 522))), (522, Ok(512))]);
    }

    /// What comes behind a gap lies where it was in the device's time, whatever its rate.
    #[test]
    fn the_clock_is_right_behind_a_gap_at_any_rate() {
        for rate in [8_000_u32, 44_100, 48_000] {
            let second = rate as usize;
            let (mut writer, reader) = callback_ring(1, 2 * second);
            let mut live = LiveBlocks::new(reader, rate, "test").unwrap();
            // Two seconds fit, the third is lost; then half a second of silence with a click at its middle.
            writer.write(&vec![0.1_f32; 3 * second]);
            let mut polls = drain(&mut live);
            let mut tail = vec![0.0_f32; second / 2];
            tail[second / 4] = 1.0;
            writer.write(&tail);
            polls.extend(drain(&mut live));
            live.finish().unwrap();
            polls.extend(drain(&mut live));
            let gaps: Vec<Gap> = polls
                .iter()
                .filter_map(|p| if let Poll::Gap(g) = p { Some(*g) } else { None })
                .collect();
            assert_eq!(gaps, [gap(32_000, 48_000)], "{rate}");
            let click = polls
                .iter()
                .filter_map(|p| if let Poll::Block(b) = p { Some(b) } else { None })
                .filter(|b| b.start.0 >= 48_000)
                .flat_map(|b| b.samples.iter().enumerate().map(|(n, v)| (b.start.0 + n as u64, *v)))
                .max_by(|a, b| a.1.total_cmp(&b.1));
            let at = click.unwrap().0;
            assert!(at.abs_diff(52_000) <= 2, "{rate}: {at}");
        }
    }

    #[test]
    fn queued_samples_count_everything_on_the_way() {
        let (mut writer, reader) = callback_ring(1, 48_000);
        let mut live = LiveBlocks::new(reader, 48_000, "test").unwrap();
        writer.write(&[0.5_f32; 4_800]);
        assert_eq!(live.queued_samples(), 1_600);
        assert!(matches!(live.poll().unwrap(), Poll::Block(_)));
        assert_eq!(live.queued_samples(), 1_600 - 512);
        assert!((live.level_dbfs() + 6.0).abs() < 0.3);
    }
}
