//! A recording as a device would hand it over, for measuring.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use timeline::{SAMPLE_RATE_HZ, Span};

use crate::{
    CallbackWriter, CaptureError, LiveBlocks, Poll, RING_SECS, Source, ring::callback_ring,
};

/// Samples a callback: 10 ms, as PulseAudio does.
const CALLBACK: usize = SAMPLE_RATE_HZ as usize / 100;

/// Plays the part of a microphone: a thread writes a one-channel recording into the ring in callbacks of 10 ms, when
/// each is due, and what comes out goes the way of [`MicSource`](crate::MicSource). Who does not read fast enough loses
/// audio, as with a device.
///
/// The recording begins at the first [`poll`](Source::poll).
pub struct ReplayDevice {
    name: String,
    total: Option<Span>,
    live: LiveBlocks,
    feed: Feed,
    ended: bool,
}

enum Feed {
    Waiting { recording: Box<dyn Source>, writer: CallbackWriter, speed: f64 },
    Running { thread: JoinHandle<()>, state: Arc<State> },
    Over,
}

#[derive(Default)]
struct State {
    /// Nothing more is written.
    done: AtomicBool,
    /// Nobody reads any more.
    stop: AtomicBool,
    error: Mutex<Option<CaptureError>>,
}

/// Says at the end of the thread that nothing more is written.
struct Done(Arc<State>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.done.store(true, Ordering::Release);
    }
}

impl ReplayDevice {
    /// Gets `recording` ready to be played at `speed` (1: as it was spoken).
    ///
    /// # Errors
    /// [`CaptureError::Unsuitable`] for a recording of two channels, or a speed that is none.
    pub fn new(recording: Box<dyn Source>, speed: f64) -> Result<Self, CaptureError> {
        let name = recording.name().to_owned();
        if recording.channels() != 1 {
            let why = "its two channels cannot be played as one microphone; mix them".to_owned();
            return Err(CaptureError::Unsuitable { name, why });
        }
        if !(speed.is_finite() && (0.1..=1_000.0).contains(&speed)) {
            let why = format!("the speed {speed} is not between 0.1 and 1000");
            return Err(CaptureError::Unsuitable { name, why });
        }
        let total = recording.total();
        let room = f64::from(RING_SECS * SAMPLE_RATE_HZ) * speed.max(1.0);
        let (writer, reader) = callback_ring(1, room as usize);
        let live = LiveBlocks::new(reader, SAMPLE_RATE_HZ, &name)?;
        let feed = Feed::Waiting { recording, writer, speed };
        Ok(Self { name, total, live, feed, ended: false })
    }

    fn start(&mut self) -> Result<(), CaptureError> {
        let feed = std::mem::replace(&mut self.feed, Feed::Over);
        let Feed::Waiting { recording, writer, speed } = feed else {
            self.feed = feed;
            return Ok(());
        };
        let state = Arc::new(State::default());
        let of_thread = Arc::clone(&state);
        // Not one of the pipeline's: it stands for the audio system's.
        let thread = thread::Builder::new().name("device".into()).spawn(move || {
            let state = Done(of_thread); // also where it panics
            if let Err(error) = play(recording, writer, speed, &state.0.stop) {
                *state.0.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        });
        let name = self.name.clone();
        let thread =
            thread.map_err(|error| CaptureError::Stream { name, what: error.to_string() })?;
        self.feed = Feed::Running { thread, state };
        Ok(())
    }

    fn end(&mut self) -> Result<(), CaptureError> {
        let Feed::Running { thread, state } = std::mem::replace(&mut self.feed, Feed::Over) else {
            return Ok(());
        };
        // A panic there was printed; the audio that came before it is good.
        thread.join().ok();
        self.live.finish()?;
        let error = state.error.lock().unwrap_or_else(PoisonError::into_inner).take();
        error.map_or(Ok(()), Err)
    }
}

fn play(
    mut recording: Box<dyn Source>,
    mut writer: CallbackWriter,
    speed: f64,
    stop: &AtomicBool,
) -> Result<(), CaptureError> {
    let begun = Instant::now();
    let mut waiting: Vec<f32> = Vec::new();
    let mut written = 0_u64;
    loop {
        let more = match recording.poll()? {
            Poll::Block(block) => {
                waiting.extend_from_slice(&block.samples);
                true
            }
            Poll::Gap(_) | Poll::Pending if stop.load(Ordering::Relaxed) => return Ok(()),
            Poll::Gap(_) | Poll::Pending => {
                thread::sleep(Duration::from_millis(1));
                continue;
            }
            Poll::End => false,
        };
        let whole = waiting.len() - if more { waiting.len() % CALLBACK } else { 0 };
        for callback in waiting[..whole].chunks(CALLBACK) {
            written += callback.len() as u64;
            let due = written as f64 / f64::from(SAMPLE_RATE_HZ) / speed;
            thread::sleep(Duration::from_secs_f64(due).saturating_sub(begun.elapsed()));
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            writer.write(callback);
        }
        waiting.drain(..whole);
        if !more {
            return Ok(());
        }
    }
}

impl Source for ReplayDevice {
    fn poll(&mut self) -> Result<Poll, CaptureError> {
        self.start()?;
        // Before the ring is looked at: what is written till then is found in it.
        let done = match &self.feed {
            Feed::Running { state, .. } => state.done.load(Ordering::Acquire),
            Feed::Waiting { .. } | Feed::Over => false,
        };
        let mut poll = self.live.poll()?;
        if poll == Poll::Pending && done {
            self.end()?;
            poll = self.live.poll()?;
        }
        self.ended |= poll == Poll::End;
        Ok(if poll == Poll::Pending && self.ended { Poll::End } else { poll })
    }

    fn channels(&self) -> u8 {
        1
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn total(&self) -> Option<Span> {
        self.total
    }
}

impl Drop for ReplayDevice {
    fn drop(&mut self) {
        if let Feed::Running { state, .. } = &self.feed {
            state.stop.store(true, Ordering::Relaxed); // the thread ends at its next callback
        }
    }
}

#[cfg(test)]
mod tests {
    use timeline::{AudioBlock, BLOCK_LEN, ChannelId, SampleIdx};

    use super::*;

    /// A recording of so many blocks whose samples count up.
    struct Counting {
        blocks: u64,
        next: u64,
        channels: u8,
    }

    impl Source for Counting {
        fn poll(&mut self) -> Result<Poll, CaptureError> {
            if self.next == self.blocks {
                return Ok(Poll::End);
            }
            let start = SampleIdx(self.next * BLOCK_LEN as u64);
            self.next += 1;
            let samples = (0..BLOCK_LEN).map(|at| (start.0 + at as u64) as f32 / 1e6).collect();
            Ok(Poll::Block(AudioBlock { channel: ChannelId(0), start, samples }))
        }

        fn channels(&self) -> u8 {
            self.channels
        }

        fn name(&self) -> &'static str {
            "counting"
        }

        fn total(&self) -> Option<Span> {
            None
        }
    }

    fn device(blocks: u64, channels: u8, speed: f64) -> Result<ReplayDevice, CaptureError> {
        ReplayDevice::new(Box::new(Counting { blocks, next: 0, channels }), speed)
    }

    #[test]
    fn every_sample_comes_through_and_then_the_end() {
        let mut device = device(21, 1, 50.0).unwrap();
        let mut heard = Vec::new();
        loop {
            match device.poll().unwrap() {
                Poll::Block(block) => {
                    assert_eq!(block.start.0, heard.len() as u64);
                    heard.extend(block.samples);
                }
                Poll::Pending => thread::sleep(Duration::from_millis(1)),
                Poll::Gap(gap) => panic!("{gap:?}"),
                Poll::End => break,
            }
        }
        let expected: Vec<f32> = (0..21 * BLOCK_LEN).map(|at| at as f32 / 1e6).collect();
        assert_eq!(heard, expected);
        assert_eq!(device.poll().unwrap(), Poll::End);
    }

    #[test]
    fn who_does_not_read_loses_audio() {
        // 15 s at 1000 times the speed, into a ring of 10 s at that speed: nothing is lost but by not reading at all.
        let mut device = device(16_000, 1, 1_000.0).unwrap();
        while let Poll::Pending = device.poll().unwrap() {}
        drop(device); // and the thread ends with it
    }

    #[test]
    fn nonsense_is_refused() {
        for (channels, speed) in [(2, 1.0), (1, 0.0), (1, f64::NAN), (1, 1e9)] {
            let error = device(1, channels, speed).err().unwrap();
            assert!(matches!(error, CaptureError::Unsuitable { .. }), "{error}");
        }
    }
}
