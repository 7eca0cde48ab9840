//! The microphone, through cpal.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use cpal::{
    BufferSize, Device, FromSample, HostId, SampleFormat, SizedSample, Stream, StreamConfig,
    SupportedBufferSize, SupportedStreamConfig,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use timeline::Span;

use crate::{CallbackWriter, CaptureError, LiveBlocks, Poll, RING_SECS, Source, callback_ring};

/// Callbacks a second to ask for: 40 ms. PulseAudio's own default delivers bursts of up to a second, and cpal lets the server
/// keep no more than one callback's worth: with 10 ms, a server without real-time priority on two busy cores (load 13) lost
/// seven pieces of 10 ms in 24 s without a word.
const CALLBACKS_PER_SEC: u32 = 25;

/// How long a device may take to open. Not every audio system keeps to it.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// Unexplained errors in a row, with no audio in between, after which the stream counts as failed. Audio systems
/// report harmless ones by ones and twos.
const MAX_ERRORS_IN_A_ROW: u32 = 50;

/// ALSA lists it among the inputs; it gives silence.
const SILENT_DEVICE_ID: &str = "alsa:null";

/// A microphone that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The name to show and to give to [`MicSource::open`].
    pub name: String,
    /// `host:device`, which stays the same between runs; [`MicSource::open`] takes it too.
    pub id: String,
    /// The audio system that offers it: `PulseAudio`, `ALSA`, …
    pub host: String,
    /// The rate at which it would be opened.
    pub rate_hz: u32,
    /// The channels that it would be opened with.
    pub channels: u16,
    /// Whether [`MicSource::open`] takes it when no name is given.
    pub is_default: bool,
}

/// The microphones of all audio systems that run, the default one first.
///
/// # Errors
/// [`CaptureError::NoDevice`] when there is none.
pub fn input_devices() -> Result<Vec<DeviceInfo>, CaptureError> {
    let mut devices = Vec::new();
    for host in hosts() {
        let first = devices.is_empty();
        // Each system has a default; that of the first one with microphones is the one that counts.
        devices.extend(
            devices_of(host)
                .into_iter()
                .map(|(_, info)| DeviceInfo { is_default: info.is_default && first, ..info }),
        );
    }
    if devices.is_empty() { Err(CaptureError::NoDevice) } else { Ok(devices) }
}

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
    _stream: Stream,
}

enum State {
    Running,
    /// The device failed; what waits is delivered first.
    Draining(Fault),
    Ended,
}

impl MicSource {
    /// Starts recording from the default microphone, or from the one whose name or id is `device` (or contains it,
    /// if only one does), at its own rate.
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
        stream.play().map_err(|e| open_error(&info.name, &e))?;
        Ok(Self { name: info.name, live, health, state: State::Running, _stream: stream })
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
        let polled = self.live.poll()?;
        match (&self.state, polled) {
            (State::Ended, _) => Ok(Poll::End),
            (State::Running, Poll::Pending) => {
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
            (State::Running | State::Draining(_), poll) => Ok(poll),
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

/// The audio systems that run, the preferred one first: PipeWire or PulseAudio where they run, else ALSA.
fn hosts() -> Vec<HostId> {
    let preferred = cpal::default_host().id();
    let mut hosts = cpal::available_hosts();
    hosts.sort_by_key(|&host| host != preferred);
    hosts
}

/// The microphones of one audio system, its default first. A system that stopped in between, or has no inputs, offers
/// none: that is no error of the others.
fn devices_of(host_id: HostId) -> Vec<(Device, DeviceInfo)> {
    let Ok(host) = cpal::host_from_id(host_id) else { return Vec::new() };
    let default_id = host.default_input_device().and_then(|device| device.id().ok());
    let Ok(devices) = host.input_devices() else { return Vec::new() };
    let mut found: Vec<_> = devices
        .filter_map(|device| {
            let (config, id) = (device.default_input_config().ok()?, device.id().ok()?);
            let info = DeviceInfo {
                name: device.to_string(),
                id: id.to_string(),
                host: host_id.name().to_owned(),
                rate_hz: config.sample_rate(),
                channels: config.channels(),
                is_default: default_id.as_ref() == Some(&id),
            };
            (info.id != SILENT_DEVICE_ID).then_some((device, info))
        })
        .collect();
    found.sort_by_key(|(_, info)| !info.is_default);
    found
}

/// The one to open. Looks no further than the first system that has it: asking ALSA beside a sound server finds the same
/// devices again, and its libraries write to standard error on the way.
fn find(wanted: Option<&str>) -> Result<(Device, DeviceInfo), CaptureError> {
    let mut seen = Vec::new();
    for host in hosts() {
        match choose(devices_of(host), wanted) {
            Err(CaptureError::UnknownDevice { available, .. }) => seen.extend(available),
            Err(CaptureError::NoDevice) => {}
            chosen => return chosen,
        }
    }
    match wanted {
        Some(wanted) if !seen.is_empty() => {
            Err(CaptureError::UnknownDevice { wanted: wanted.to_owned(), available: seen })
        }
        _ => Err(CaptureError::NoDevice),
    }
}

fn choose<D>(
    found: Vec<(D, DeviceInfo)>,
    wanted: Option<&str>,
) -> Result<(D, DeviceInfo), CaptureError> {
    if found.is_empty() {
        return Err(CaptureError::NoDevice);
    }
    let Some(wanted) = wanted else {
        // The default lies first; without one, any microphone is better than none.
        return found.into_iter().next().ok_or(CaptureError::NoDevice);
    };
    let exact = |info: &DeviceInfo| info.id == wanted || info.name == wanted;
    let lower = wanted.to_lowercase();
    let part = |info: &DeviceInfo| info.name.to_lowercase().contains(&lower);
    let parts = found.iter().filter(|(_, info)| part(info)).count();
    let at = found
        .iter()
        .position(|(_, info)| exact(info))
        .or_else(|| found.iter().position(|(_, info)| part(info)).filter(|_| parts == 1));
    let unknown = || CaptureError::UnknownDevice {
        wanted: wanted.to_owned(),
        available: found.iter().map(|(_, info)| format!("\"{}\"", info.name)).collect(),
    };
    let at = at.ok_or_else(unknown)?;
    found.into_iter().nth(at).ok_or(CaptureError::NoDevice)
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

    fn device(name: &str, id: &str) -> ((), DeviceInfo) {
        let info = DeviceInfo {
            name: name.to_owned(),
            id: id.to_owned(),
            host: "Test".to_owned(),
            rate_hz: 48_000,
            channels: 2,
            is_default: false,
        };
        ((), info)
    }

    #[test]
    fn a_device_is_chosen_by_name_id_or_an_unmistakable_part() {
        let all = || {
            vec![
                device("Built-in Mic", "t:0"),
                device("USB Mic", "t:1"),
                device("USB Mic 2", "t:2"),
            ]
        };
        for (wanted, got) in [
            (None, Some("t:0")),
            (Some("USB Mic"), Some("t:1")),
            (Some("t:2"), Some("t:2")),
            (Some("built"), Some("t:0")),
            (Some("usb"), None),
            (Some("Line in"), None),
        ] {
            let chosen = choose(all(), wanted);
            match got {
                Some(id) => assert_eq!(chosen.unwrap().1.id, id),
                None => assert!(matches!(
                    chosen,
                    Err(CaptureError::UnknownDevice { available, .. }) if available.len() == 3
                )),
            }
        }
        assert!(matches!(choose(Vec::<((), _)>::new(), None), Err(CaptureError::NoDevice)));
    }

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
