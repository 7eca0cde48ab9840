//! Which microphones there are.

use cpal::{
    Device, HostId,
    traits::{DeviceTrait, HostTrait},
};

use crate::CaptureError;

/// ALSA lists it among the inputs; it gives silence.
const SILENT_DEVICE_ID: &str = "alsa:null";

/// A microphone that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The name to show and to give to [`MicSource::open`](crate::MicSource::open).
    pub name: String,
    /// `host:device`, which stays the same between runs; [`MicSource::open`](crate::MicSource::open) takes it too.
    pub id: String,
    /// The audio system that offers it: `PulseAudio`, `ALSA`, …
    pub host: String,
    /// The rate at which it would be opened.
    pub rate_hz: u32,
    /// The channels that it would be opened with.
    pub channels: u16,
    /// Whether [`MicSource::open`](crate::MicSource::open) takes it when no name is given.
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
pub(crate) fn find(wanted: Option<&str>) -> Result<(Device, DeviceInfo), CaptureError> {
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
}
