//! Reading recordings for the examples.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use symphonia::core::{
    codecs::audio::AudioDecoderOptions,
    formats::{FormatOptions, TrackType, probe::Hint},
    io::MediaSourceStream,
    meta::MetadataOptions,
};

/// The recording in `path` as mono samples; it must have been made at 16 kHz.
///
/// # Errors
/// The file cannot be read, is no recording, or has another rate.
pub fn read(path: &Path) -> Result<Vec<f32>, Box<dyn std::error::Error>> {
    let source = MediaSourceStream::new(Box::new(File::open(path)?), Default::default());
    let mut format = symphonia::default::get_probe().probe(
        &Hint::new(),
        source,
        FormatOptions::default(),
        MetadataOptions::default(),
    )?;
    let track = format.default_track(TrackType::Audio).ok_or("no audio in it")?;
    let params = track.codec_params.as_ref().and_then(|p| p.audio()).ok_or("no audio in it")?;
    if params.sample_rate != Some(timeline::SAMPLE_RATE_HZ) {
        return Err(format!("{}: resample it to 16 kHz first", path.display()).into());
    }
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(params, &AudioDecoderOptions::default())?;
    let (mut samples, mut packet_samples) = (Vec::new(), Vec::<f32>::new());
    while let Some(packet) = format.next_packet()? {
        let decoded = decoder.decode(&packet)?;
        let channels = decoded.spec().channels().count();
        decoded.copy_to_vec_interleaved(&mut packet_samples);
        samples.extend(
            packet_samples.chunks_exact(channels).map(|f| f.iter().sum::<f32>() / channels as f32),
        );
    }
    Ok(samples)
}

/// A voice's name and its recordings.
pub type Recorded = (String, Vec<PathBuf>);

/// The folders in `folder` with the recordings in each, sorted by name.
///
/// # Errors
/// The folder is missing or holds no recordings.
pub fn voices(folder: &Path) -> Result<Vec<Recorded>, Box<dyn std::error::Error>> {
    let mut voices = Vec::new();
    for entry in list(folder)?.into_iter().filter(|path| path.is_dir()) {
        let files: Vec<PathBuf> = list(&entry)?
            .into_iter()
            .filter(|f| f.extension().is_some_and(|e| e == "wav" || e == "flac"))
            .collect();
        if !files.is_empty() {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            voices.push((name, files));
        }
    }
    if voices.is_empty() {
        return Err(format!("no folder in {} holds WAV or FLAC", folder.display()).into());
    }
    Ok(voices)
}

/// What is in `folder`, sorted.
///
/// # Errors
/// The folder can't be read.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn std::error::Error>> {
    let entries = std::fs::read_dir(folder)
        .map_err(|e| format!("cannot read the folder {}: {e}", folder.display()))?;
    let mut paths = entries.map(|e| Ok(e?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
