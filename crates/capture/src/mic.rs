//! The microphone, through cpal.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use cpal::{
    BufferSize, Device, FromSample, SampleFormat, SizedSample, Stream, StreamConfig,
    SupportedBufferSize, SupportedStreamConfig,
    traits::{DeviceTrait, StreamTrait},
};
use timeline::Span;

use crate::{
    CallbackWriter, CaptureError, LiveBlocks, Poll, RING_SECS, Source, callback_ring, devices::find,
};

/// Callbacks a second to ask for: 40 ms. PulseAudio's own default delivers bursts of up to a second, and cpal lets the server
/// keep no more than one callback's worth: with 10 ms, a server without real-time priority on two busy cores (load 13) lost
/// seven pieces of 10 ms in 24 s without a word.
const CALLBACKS_PER_SEC: u32 = 25;

/// How long a device may take to open. Not every audio system keeps to it.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// Unexplained errors in a row, with no audio in between, after which the stream counts as failed. Audio systems
/// report harmless ones by ones and twos.
const MAX_ERRORS_IN_A_ROW: u32 = 50;

/// A running microphone. Dropping it stops the device.
///
/// [`poll`](Source::poll) never blocks and never says [`Poll::End`] unless the device failed before. The sample clock
/// starts with the first frame that the device delivers.
pub struct MicSource {
    name: String,
    live: LiveBlocks,
    health: Arc<Health>,
    state: State,
    /// Held for its drop, which stops the device.
    stream: Stream,
}

enum State {
    /// Nobody has polled yet: nothing is recorded.
    Opened,
    Running,
    /// The device failed; what waits is delivered first.
    Draining(Fault),
    Ended,
}

impl MicSource {
    /// Opens the default microphone, or from the one whose name or id is `device` (or contains it,
    /// if only one does), at its own rate. It records from the first poll on, which is sample 0.
    ///
    /// # Errors
    /// Of [`ErrorKind::Device`](crate::ErrorKind::Device) when there is no such microphone, it may not be used or
    /// offers no usable format; of [`ErrorKind::Retry`](crate::ErrorKind::Retry) when another program holds it.
    pub fn open(device: Option<&str>) -> Result<Self, CaptureError> {
        let (device, info) = find(device)?;
        let supported = device.default_input_config().map_err(|e| open_error(&info.name, &e))?;
        let rate_hz = supported.sample_rate();
        let health = Arc::new(Health::default());
        let (stream, reader) =
            open_stream(&device, &supported, &health).map_err(|e| open_error(&info.name, &e))?;
        let live = LiveBlocks::new(reader, rate_hz, &info.name)?;
        Ok(Self { name: info.name, live, health, state: State::Opened, stream })
    }

    /// Samples at 16 kHz that were captured but not handed over yet: the capture latency.
    #[must_use]
    pub fn queued_samples(&self) -> u64 {
        self.live.queued_samples()
    }

    /// Samples at 16 kHz lost because nobody polled for [`RING_SECS`].
    #[must_use]
    pub fn lost_samples(&self) -> u64 {
        self.live.lost_samples()
    }

    /// The effective level of the last block in dB below full scale; −∞ for silence.
    #[must_use]
    pub fn level_dbfs(&self) -> f32 {
        self.live.level_dbfs()
    }

    /// How often the audio system said that it lost audio on its own side, an unknown amount each time.
    #[must_use]
    pub fn overruns(&self) -> u64 {
        self.health.overruns.load(Ordering::Relaxed)
    }

    fn error(&self, fault: Fault) -> CaptureError {
        let name = self.name.clone();
        match fault {
            Fault::Gone => CaptureError::DeviceGone { name },
            Fault::Denied => CaptureError::PermissionDenied { name },
            Fault::Failing => {
                let what = "it reports errors and delivers nothing".to_owned();
                CaptureError::Stream { name, what }
            }
        }
    }
}

impl Source for MicSource {
    fn poll(&mut self) -> Result<Poll, CaptureError> {
        if matches!(self.state, State::Opened) {
            self.stream.play().map_err(|e| open_error(&self.name, &e))?;
            self.state = State::Running;
        }
        let polled = self.live.poll()?;
        match (&self.state, polled) {
            (State::Ended, _) => Ok(Poll::End),
            (State::Opened | State::Running, Poll::Pending) => {
                if let Some(fault) = self.health.fault() {
                    self.state = State::Draining(fault);
                    self.live.finish()?;
                    return self.poll();
                }
                Ok(Poll::Pending)
            }
            (State::Draining(fault), Poll::Pending | Poll::End) => {
                let error = self.error(*fault);
                self.state = State::Ended;
                Err(error)
            }
            (State::Opened | State::Running | State::Draining(_), poll) => Ok(poll),
        }
    }

    fn channels(&self) -> u8 {
        1
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn total(&self) -> Option<Span> {
        None
    }
}

/// What the audio system's threads say of the stream.
#[derive(Debug, Default)]
struct Health {
    /// A [`Fault`] as a number; 0 while all is well. The first one stays.
    fault: AtomicU8,
    errors_in_a_row: AtomicU32,
    overruns: AtomicU64,
}

/// Why the stream will not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Gone = 1,
    Denied = 2,
    Failing = 3,
}

impl Health {
    fn fault(&self) -> Option<Fault> {
        [Fault::Gone, Fault::Denied, Fault::Failing]
            .into_iter()
            .find(|&fault| fault as u8 == self.fault.load(Ordering::Relaxed))
    }

    fn audio_came(&self) {
        self.errors_in_a_row.store(0, Ordering::Relaxed);
    }

    fn report(&self, kind: cpal::ErrorKind) {
        use cpal::ErrorKind as Kind;
        let fault = match kind {
            Kind::Xrun => {
                self.overruns.fetch_add(1, Ordering::Relaxed);
                return;
            }
            // The stream goes on: on another device, or without the priority that it asked for.
            Kind::DeviceChanged | Kind::RealtimeDenied => return,
            Kind::DeviceNotAvailable | Kind::StreamInvalidated | Kind::HostUnavailable => {
                Fault::Gone
            }
            Kind::PermissionDenied => Fault::Denied,
            _ if self.errors_in_a_row.fetch_add(1, Ordering::Relaxed) < MAX_ERRORS_IN_A_ROW => {
                return;
            }
            _ => Fault::Failing,
        };
        // Failing means that an earlier fault is there already, which stays.
        self.fault.compare_exchange(0, fault as u8, Ordering::Relaxed, Ordering::Relaxed).ok();
    }
}

/// Opens with callbacks of 40 ms, or of the system's own size where it does not take that.
fn open_stream(
    device: &Device,
    supported: &SupportedStreamConfig,
    health: &Arc<Health>,
) -> Result<(Stream, crate::RingReader), cpal::Error> {
    let wanted = supported.sample_rate() / CALLBACKS_PER_SEC;
    let wanted = match supported.buffer_size() {
        SupportedBufferSize::Range { min, max } => wanted.max(*min).min(*max),
        SupportedBufferSize::Unknown => wanted,
    };
    let build = |buffer_size: BufferSize| {
        let capacity = (supported.sample_rate() * RING_SECS) as usize;
        let (writer, reader) = callback_ring(supported.channels(), capacity);
        let config = StreamConfig { buffer_size, ..supported.config() };
        let stream = build_any(device, config, supported.sample_format(), writer, health)?;
        Ok((stream, reader))
    };
    build(BufferSize::Fixed(wanted)).or_else(|e: cpal::Error| match e.kind() {
        cpal::ErrorKind::UnsupportedConfig | cpal::ErrorKind::InvalidInput => {
            build(BufferSize::Default)
        }
        _ => Err(e),
    })
}

fn build_any(
    device: &Device,
    config: StreamConfig,
    format: SampleFormat,
    writer: CallbackWriter,
    health: &Arc<Health>,
) -> Result<Stream, cpal::Error> {
    match format {
        SampleFormat::I8 => build::<i8>(device, config, writer, health),
        SampleFormat::I16 => build::<i16>(device, config, writer, health),
        SampleFormat::I24 => build::<cpal::I24>(device, config, writer, health),
        SampleFormat::I32 => build::<i32>(device, config, writer, health),
        SampleFormat::I64 => build::<i64>(device, config, writer, health),
        SampleFormat::U8 => build::<u8>(device, config, writer, health),
        SampleFormat::U16 => build::<u16>(device, config, writer, health),
        SampleFormat::U24 => build::<cpal::U24>(device, config, writer, health),
        SampleFormat::U32 => build::<u32>(device, config, writer, health),
        SampleFormat::U64 => build::<u64>(device, config, writer, health),
        SampleFormat::F32 => build::<f32>(device, config, writer, health),
        SampleFormat::F64 => build::<f64>(device, config, writer, health),
        other => Err(cpal::Error::with_message(
            cpal::ErrorKind::UnsupportedConfig,
            format!("sample format {other}"),
        )),
    }
}

fn build<T>(
    device: &Device,
    config: StreamConfig,
    mut writer: CallbackWriter,
    health: &Arc<Health>,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let (of_data, of_errors) = (Arc::clone(health), Arc::clone(health));
    device.build_input_stream::<T, _, _>(
        config,
        move |data, _| {
            of_data.audio_came();
            writer.write(data);
        },
        move |error| of_errors.report(error.kind()),
        Some(OPEN_TIMEOUT),
    )
}

fn open_error(name: &str, error: &cpal::Error) -> CaptureError {
    use cpal::ErrorKind as Kind;
    let (name, what) = (name.to_owned(), error.to_string());
    match error.kind() {
        Kind::DeviceBusy => CaptureError::DeviceBusy { name },
        Kind::PermissionDenied => CaptureError::PermissionDenied { name },
        Kind::DeviceNotAvailable | Kind::HostUnavailable => CaptureError::DeviceGone { name },
        Kind::UnsupportedConfig | Kind::UnsupportedOperation | Kind::InvalidInput => {
            CaptureError::UnsupportedDevice { name, what }
        }
        _ => CaptureError::Stream { name, what },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lasting_errors_end_the_stream() {
        use cpal::ErrorKind as Kind;
        let health = Health::default();
        for kind in [Kind::Xrun, Kind::DeviceChanged, Kind::RealtimeDenied, Kind::BackendError] {
            health.report(kind);
            assert_eq!(health.fault(), None, "{kind:?}");
        }
        assert_eq!(health.overruns.load(Ordering::Relaxed), 1);
        for _ in 0..MAX_ERRORS_IN_A_ROW - 2 {
            health.report(Kind::BackendError);
        }
        health.audio_came();
        for _ in 0..MAX_ERRORS_IN_A_ROW {
            health.report(Kind::Other);
        }
        assert_eq!(health.fault(), None);
        health.report(Kind::Other);
        assert_eq!(health.fault(), Some(Fault::Failing));
        health.report(Kind::DeviceNotAvailable);
        assert_eq!(health.fault(), Some(Fault::Failing), "the first fault stays");
    }
}
