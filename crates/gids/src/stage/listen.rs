//! Reads the source, finds speech.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use capture::{Player, Poll, Source};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use segment::{Segmenter, Silero};
use timeline::{AudioBlock, Gap, SAMPLE_RATE_HZ, SampleIdx, SegmentEvent, Span};

use super::{CHANNELS, CrossTalk, Heard, Note, Wanted};
use crate::{
    clock::SessionClock,
    said,
    telemetry::Telemetry,
    wire::{Control, Pace},
};

/// How long to sleep when a device has nothing yet: a third of its usual 10–20 ms callback.
const DEVICE_POLL: Duration = Duration::from_millis(4);
/// Step of the lag report.
const HEARTBEAT_SAMPLES: u64 = SAMPLE_RATE_HZ as u64;

/// The thread `listen`. Not the device's callback: it may allocate and wait, the ring buffer absorbs it.
pub struct ListenStage {
    pub(crate) source: Box<dyn Source>,
    pub(crate) pace: Pace,
    /// The loudspeaker of a replay that is heard.
    pub(crate) player: Option<Player>,
    pub(crate) segmenters: Vec<Segmenter<Silero>>,
    pub(crate) clock: Arc<SessionClock>,
    pub(crate) level: Arc<AtomicU32>,
    /// The newest sample heard, for the lag.
    pub(crate) head: Arc<AtomicU64>,
    pub(crate) wanted: Arc<Wanted>,
    /// Up to where the audio of each channel's segment was handed on.
    pub(crate) handed: [SampleIdx; CHANNELS],
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) control: Receiver<Control>,
    pub(crate) out: Sender<Heard>,
    /// To the voices thread, where there is one.
    pub(crate) voices: Option<Sender<SegmentEvent>>,
    /// Whether the device had nothing more when it was last asked: the next block is as fresh as can be.
    pub(crate) caught_up: bool,
    /// Of two channels: the block whose counterpart has not come yet.
    pub(crate) first_of_pair: Option<AudioBlock>,
    pub(crate) cross_talk: CrossTalk,
}

enum Flow {
    Go,
    Stop,
}

/// The next stage has hung up: whatever made it end is reported there.
struct HungUp;

impl ListenStage {
    /// Runs until the source ends, a stop is asked for, or the next stage hangs up.
    ///
    /// # Errors
    /// The source or the speech detector failed. What was heard before is finished and sent.
    pub fn run(mut self) -> anyhow::Result<()> {
        self.clock.restart();
        let outcome = self.listen();
        let at = SampleIdx(self.head.load(Ordering::Relaxed));
        if self.close_open().is_err() {
            return outcome;
        }
        if let Err(error) = &outcome {
            let message = said(error);
            self.note(at, Note::Fault { stage: "listen", message }).ok();
        }
        // A failed send means that the next stage has ended with an error of its own.
        self.note(at, Note::End).ok();
        outcome
    }

    fn listen(&mut self) -> anyhow::Result<()> {
        let mut paused_since: Option<(Instant, SampleIdx)> = None;
        let mut next_beat = HEARTBEAT_SAMPLES;
        loop {
            if matches!(self.obey(&mut paused_since), Flow::Stop) {
                return Ok(());
            }
            if self.pace != Pace::Live && paused_since.is_some() {
                continue; // obey() waits while a recording is held
            }
            let sent = match self.source.poll()? {
                Poll::End => return Ok(()),
                Poll::Pending => {
                    self.caught_up = true;
                    std::thread::sleep(DEVICE_POLL);
                    Ok(())
                }
                Poll::Gap(gap) => self.gap(gap),
                Poll::Block(block) => {
                    self.keep_pace(&block);
                    if paused_since.is_some() { Ok(()) } else { self.block(block)? }
                }
            };
            let head = self.head.load(Ordering::Relaxed);
            let beat = if self.pace != Pace::Fast && head >= next_beat {
                next_beat = head + HEARTBEAT_SAMPLES;
                self.out.send(Heard::Beat(SampleIdx(head))).map_err(|_hung_up| HungUp)
            } else {
                Ok(())
            };
            if sent.and(beat).is_err() {
                return Ok(());
            }
        }
    }

    /// Carries out what was asked for; while a recording is held, waits here.
    fn obey(&mut self, paused_since: &mut Option<(Instant, SampleIdx)>) -> Flow {
        let held = self.pace != Pace::Live && paused_since.is_some();
        let control = if held {
            match self.control.recv_timeout(Duration::from_millis(100)) {
                Ok(control) => control,
                Err(RecvTimeoutError::Timeout) => return Flow::Go,
                // Nobody is left who could let it go on.
                Err(RecvTimeoutError::Disconnected) => return Flow::Stop,
            }
        } else {
            match self.control.try_recv() {
                Ok(control) => control,
                // Without a window nobody gives orders; the source still ends by itself.
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Flow::Go,
            }
        };
        let at = SampleIdx(self.head.load(Ordering::Relaxed));
        let sent = match (control, *paused_since) {
            (Control::Stop, _) => return Flow::Stop,
            (Control::Pause(true), None) => {
                *paused_since = Some((Instant::now(), at));
                self.close_open().and_then(|()| self.note(at, Note::Paused(true)))
            }
            (Control::Pause(false), Some((since, from))) => {
                *paused_since = None;
                let cut = if held {
                    self.clock.shift(since.elapsed());
                    Ok(())
                } else {
                    self.cut(Span::new(from, at))
                };
                cut.and_then(|()| self.note(at, Note::Paused(false)))
            }
            (Control::Pause(_), _) => Ok(()),
            (Control::SwapRoles, _) => self.note(at, Note::SwapRoles),
        };
        if sent.is_ok() { Flow::Go } else { Flow::Stop }
    }

    fn keep_pace(&mut self, block: &AudioBlock) {
        let end = block.span().end;
        match self.pace {
            Pace::Fast => {}
            Pace::RealTime => std::thread::sleep(self.clock.until(end)),
            Pace::Live => {
                self.clock.observe(end, block.samples.len(), self.caught_up);
                self.caught_up = false;
            }
        }
        if self.pace == Pace::Live {
            self.telemetry.captured(self.clock.ms_since(end));
        }
        if let Some(player) = &mut self.player {
            player.push(&block.samples);
        }
        self.head.store(end.0, Ordering::Relaxed);
        self.level.store(dbfs(&block.samples).to_bits(), Ordering::Relaxed);
    }

    /// With two channels, a block waits for the other channel's of the same stretch.
    fn block(&mut self, block: AudioBlock) -> anyhow::Result<Result<(), HungUp>> {
        if self.segmenters.len() != 2 {
            return self.segment(&block);
        }
        match self.first_of_pair.take_if(|first| first.start == block.start) {
            None => {
                self.first_of_pair = Some(block);
                Ok(Ok(()))
            }
            Some(mut first) => {
                let mut second = block;
                self.cross_talk.reject(&mut first.samples, &mut second.samples);
                let sent = self.segment(&first)?;
                Ok(sent.and(self.segment(&second)?))
            }
        }
    }

    fn segment(&mut self, block: &AudioBlock) -> anyhow::Result<Result<(), HungUp>> {
        let mut events = Vec::new();
        let channel = usize::from(block.channel.0);
        if let Some(segmenter) = self.segmenters.get_mut(channel) {
            segmenter.push(block, &mut events)?;
        }
        Ok(self.send_segments(channel, events))
    }

    fn gap(&mut self, gap: Gap) -> Result<(), HungUp> {
        self.head.store(gap.span.end.0, Ordering::Relaxed);
        self.cut(gap.span)?;
        self.note(gap.span.start, Note::Gap(gap))
    }

    /// Finishes whatever is being said; what follows is another segment. The clocks of the segmenters stay
    /// where they are: the channels of a held recording may be a block apart.
    fn close_open(&mut self) -> Result<(), HungUp> {
        for channel in 0..self.segmenters.len() {
            let mut events = Vec::new();
            self.segmenters[channel].finish(&mut events);
            self.send_segments(channel, events)?;
        }
        Ok(())
    }

    /// Closes what is open: there is no audio in that span.
    fn cut(&mut self, span: Span) -> Result<(), HungUp> {
        for channel in 0..self.segmenters.len() {
            let mut events = Vec::new();
            self.segmenters[channel].gap(&Gap { span }, &mut events);
            self.send_segments(channel, events)?;
        }
        Ok(())
    }

    /// Sends what was found on a channel; a decode that is running is told first.
    fn send_segments(&mut self, channel: usize, events: Vec<SegmentEvent>) -> Result<(), HungUp> {
        for event in events {
            match &event {
                SegmentEvent::Opened { start, speech_end, samples, .. } => {
                    self.handed[channel] = *start + samples.len() as u64;
                    self.wanted.heard(channel, *speech_end, self.handed[channel]);
                }
                // Near its longest length audio of a segment is held back, and cannot be wanted yet.
                SegmentEvent::Grown { speech_end, samples, .. } => {
                    self.handed[channel] = self.handed[channel] + samples.len() as u64;
                    self.wanted.heard(channel, *speech_end, self.handed[channel]);
                }
                SegmentEvent::Closed { span, speech_end, .. } => {
                    self.wanted.closed(channel, *speech_end, span.end);
                }
                SegmentEvent::Dropped { .. } => {}
            }
            // A voices thread that has ended has told the coach, which then ends the session.
            self.voices.take_if(|voices| voices.send(event.clone()).is_err());
            self.out.send(Heard::Segment(event)).map_err(|_hung_up| HungUp)?;
        }
        Ok(())
    }

    fn note(&self, at: SampleIdx, note: Note) -> Result<(), HungUp> {
        self.out.send(Heard::Note(at, note)).map_err(|_hung_up| HungUp)
    }
}

fn dbfs(samples: &[f32]) -> f32 {
    let mean_square = samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32;
    10.0 * mean_square.log10()
}
