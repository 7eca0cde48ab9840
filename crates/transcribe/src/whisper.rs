//! Whisper through whisper.cpp.

use std::{
    cell::Cell,
    ffi::c_void,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use timeline::{Lang, SAMPLE_RATE_HZ};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
};

use crate::{
    Abort, Hypothesis, Recognizer, ShapeScript, Stretch, TranscribeError,
    forced::{Forced, force},
    layout, shape,
};

/// Width of the bundled demo model. No published Whisper model is that narrow (tiny has 384), so it
/// tells the demo model from a real one whatever the file is called.
pub const DEMO_STATE_SIZE: i32 = 192;

pub(crate) const GGML_MAGIC: u32 = 0x6767_6d6c; // "ggml"
const MULTILINGUAL_VOCAB: i32 = 51_865; // one less: English only; one more: large-v3
const ENCODER_SAMPLES_PER_POSITION: usize = 320; // two 10 ms mel frames
pub(crate) const ENCODER_MAX_POSITIONS: usize = 1500; // 30 s
pub(crate) const DECODER_MAX_POSITIONS: usize = 448;
/// Room behind the speech, in encoder positions of 20 ms: without any, the last word is cut off
/// (whisper.cpp discussion 297; measured for the demo model in docs/benchmarks.md).
const CONTEXT_MARGIN: usize = 32;
/// The context is rounded up to this, so that ggml's buffers are planned for few sizes.
const CONTEXT_STEP: usize = 32;
/// whisper.cpp gives no segment at all for less than 100 ms; a short "ja" gets silence behind it.
const MIN_SAMPLES: usize = SAMPLE_RATE_HZ as usize / 2;
/// Tokens a second that speech can need (fast Dutch: 4 words of 2 to 3 tokens), against runaway loops.
const MAX_TOKENS_PER_S: usize = 12;

/// More than this whisper.cpp hardly uses.
const MAX_THREADS: usize = 16;

/// The head of a ggml file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelHeader {
    /// Size of the vocabulary: 51,864 for English-only models.
    pub vocab: i32,
    /// Encoder width; names the size (384 tiny, 512 base, 768 small, 1024 medium, 1280 large).
    pub audio_state: i32,
    /// Encoder layers.
    pub audio_layers: i32,
    /// Decoder layers (4 for large-v3-turbo).
    pub text_layers: i32,
    /// ggml's number of the precision, its quantisation version in the thousands.
    pub ftype: i32,
}

impl ModelHeader {
    /// Reads and checks the head of the file, so that a wrong one never reaches whisper.cpp.
    ///
    /// # Errors
    /// [`TranscribeError::ModelUnreadable`] and [`TranscribeError::NotAModel`].
    pub fn read(path: &Path) -> Result<Self, TranscribeError> {
        let unreadable =
            |source| TranscribeError::ModelUnreadable { path: path.to_owned(), source };
        let not_a_model =
            |why: &str| TranscribeError::NotAModel { path: path.to_owned(), why: why.to_owned() };

        let mut file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(not_a_model("it is a folder"));
        }
        let mut head = [0_u8; 48];
        if metadata.len() < head.len() as u64 {
            return Err(not_a_model("it is too short"));
        }
        file.read_exact(&mut head).map_err(unreadable)?;
        let mut fields = head.chunks_exact(4).map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let mut next = || fields.next().unwrap_or_default();

        if next() as u32 != GGML_MAGIC {
            return Err(not_a_model("it does not start with ggml's mark"));
        }
        let vocab = next();
        let (audio_ctx, audio_state, audio_head, audio_layers) = (next(), next(), next(), next());
        let (text_ctx, text_state, _text_heads, text_layers) = (next(), next(), next(), next());
        let (mels, ftype) = (next(), next());
        let plausible = (51_000..53_000).contains(&vocab)
            && audio_ctx == ENCODER_MAX_POSITIONS as i32
            && text_ctx == DECODER_MAX_POSITIONS as i32
            && (64..=2048).contains(&audio_state)
            && text_state == audio_state
            && audio_head * 64 == audio_state
            && (1..=64).contains(&audio_layers)
            && (1..=64).contains(&text_layers)
            && (mels == 80 || mels == 128)
            && (0..10_000).contains(&ftype);
        if !plausible {
            return Err(not_a_model("its shape is none that Whisper has"));
        }
        // The token embedding alone, at the 4.5 bits a weight of the smallest precision.
        let least = i64::from(vocab) * i64::from(text_state) / 2;
        if metadata.len() < least as u64 {
            return Err(not_a_model("it is cut off; download it again"));
        }
        Ok(Self { vocab, audio_state, audio_layers, text_layers, ftype })
    }

    /// Whether it knows more than English.
    #[must_use]
    pub fn is_multilingual(&self) -> bool {
        self.vocab >= MULTILINGUAL_VOCAB
    }

    /// Whether it is the bundled model, which knows synthetic voices only.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.audio_state == DEMO_STATE_SIZE
    }

    /// What the precision of its weights is commonly called, by ggml's number of the file type.
    #[must_use]
    pub fn precision_name(&self) -> &'static str {
        match self.ftype % 1_000 {
            0 => "f32",
            1 => "f16",
            2 => "q4_0",
            3 => "q4_1",
            7 => "q8_0",
            8 => "q5_0",
            9 => "q5_1",
            _ => "other",
        }
    }

    /// What the size is commonly called.
    #[must_use]
    pub fn size_name(&self) -> &'static str {
        match (self.audio_state, self.text_layers) {
            (DEMO_STATE_SIZE, _) => "demo",
            (384, _) => "tiny",
            (512, _) => "base",
            (768, _) => "small",
            (1024, _) => "medium",
            (1280, 4) => "large-turbo",
            (1280, _) => "large",
            _ => "custom",
        }
    }
}

/// How to run the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhisperConfig {
    /// The ggml file.
    pub model: PathBuf,
    /// The language, pinned: it is never guessed.
    pub lang: Lang,
    /// Threads of the encoder. whisper.cpp's threads spin while they wait: never more than there are
    /// free cores.
    pub threads: usize,
}

/// A Whisper model in memory, with one decoding state.
pub struct Whisper {
    state: WhisperState,
    /// Made once: whisper-rs leaks the language string of every `FullParams` that is built.
    params: FullParams<'static, 'static>,
    header: ModelHeader,
    /// What a shape is made to say.
    forced: Option<Forced>,
}

impl Whisper {
    /// Loads the model; takes from 20 ms (demo) to seconds (large), reads the whole file.
    ///
    /// # Errors
    /// [`TranscribeError::ModelUnreadable`], [`TranscribeError::NotAModel`],
    /// [`TranscribeError::EnglishOnly`] and, for no threads, [`TranscribeError::Config`].
    pub fn load(config: &WhisperConfig) -> Result<Self, TranscribeError> {
        if shape::is_shape(&config.model)? {
            return Err(TranscribeError::NotAModel {
                path: config.model.clone(),
                why:
                    "it holds random numbers in the shape of a model, for `gids bench latency` only"
                        .to_owned(),
            });
        }
        Self::load_file(config, None)
    }

    /// Loads a shape (see [`write_shape`](crate::write_shape)) and has it say `script`, for measuring.
    ///
    /// # Errors
    /// As [`Self::load`], and [`TranscribeError::Config`] for a model with a meaning of its own.
    pub fn load_shape(
        config: &WhisperConfig,
        script: &ShapeScript,
    ) -> Result<Self, TranscribeError> {
        if !shape::is_shape(&config.model)? {
            return Err(TranscribeError::Config(format!(
                "{} is a speech model and needs no script",
                config.model.display()
            )));
        }
        Self::load_file(config, Some(script))
    }

    fn load_file(
        config: &WhisperConfig,
        script: Option<&ShapeScript>,
    ) -> Result<Self, TranscribeError> {
        if config.threads == 0 {
            return Err(TranscribeError::Config(
                "the speech model needs at least one thread".into(),
            ));
        }
        let header = ModelHeader::read(&config.model)?;
        if config.lang != Lang::En && !header.is_multilingual() {
            return Err(TranscribeError::EnglishOnly {
                path: config.model.clone(),
                lang: config.lang,
            });
        }
        layout::check(&config.model)
            .map_err(|source| TranscribeError::ModelUnreadable {
                path: config.model.clone(),
                source,
            })?
            .map_err(|why| TranscribeError::NotAModel {
                path: config.model.clone(),
                why: why.to_owned(),
            })?;
        // whisper.cpp writes pages to stderr otherwise.
        whisper_rs::install_logging_hooks();
        let broken = |what: &str| TranscribeError::NotAModel {
            path: config.model.clone(),
            why: format!("whisper.cpp could not {what} it; it may be cut off"),
        };
        let mut context = WhisperContextParameters::default();
        context.use_gpu(false);
        let context = WhisperContext::new_with_params(&config.model, context)
            .map_err(|_why| broken("load"))?;
        let state = context.create_state().map_err(|_why| broken("use"))?;
        let forced = script.map(|script| Forced::new(&context, script)).transpose()?;
        Ok(Self { state, params: params(config), header, forced })
    }

    /// The head of the loaded file.
    #[must_use]
    pub fn header(&self) -> &ModelHeader {
        &self.header
    }
}

fn params(config: &WhisperConfig) -> FullParams<'static, 'static> {
    // Greedy: on two cores a beam of five costs three times the decoder for a few per cent of the errors.
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    params.set_n_threads(config.threads.min(MAX_THREADS) as i32);
    params.set_language(Some(config.lang.code()));
    params.set_translate(false);
    params.set_no_context(true);
    params.set_single_segment(true);
    params.set_no_timestamps(true);
    params.set_suppress_blank(true);
    // Above any probability: whisper.cpp's own is left over from the call before (see `hypothesis`), and
    // would drop words by chance.
    params.set_no_speech_thold(2.0);
    params.set_temperature(0.0);
    params.set_temperature_inc(0.0); // no random second try: the same audio gives the same words
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_special(false);
    params.set_print_timestamps(false);
    params
}

/// Encoder positions for audio of that length: the encoder's cost follows it.
fn audio_ctx(samples: usize) -> usize {
    let needed = samples.div_ceil(ENCODER_SAMPLES_PER_POSITION) + CONTEXT_MARGIN;
    needed.next_multiple_of(CONTEXT_STEP).min(ENCODER_MAX_POSITIONS)
}

impl Recognizer for Whisper {
    fn recognize(
        &mut self,
        stretch: &Stretch<'_>,
        abort: Abort<'_>,
    ) -> Result<Option<Hypothesis>, TranscribeError> {
        let samples = stretch.samples;
        let seconds = samples.len() as f32 / SAMPLE_RATE_HZ as f32;
        let failed = |what: String| TranscribeError::Decode { seconds, what };
        if samples.len() > ENCODER_MAX_POSITIONS * ENCODER_SAMPLES_PER_POSITION {
            // whisper.cpp would cut it off silently.
            return Err(failed("a segment may last at most 30 s".to_owned()));
        }
        let mut params = self.params.clone();
        params.set_audio_ctx(audio_ctx(samples.len()) as i32);
        params.set_max_tokens((MAX_TOKENS_PER_S as f32 * seconds) as i32 + MAX_TOKENS_PER_S as i32);
        let aborted = Cell::new(false);
        let ask = || {
            aborted.set(aborted.get() || abort());
            aborted.get()
        };
        let ask: Abort<'_> = &ask;
        abort_when(&mut params, &ask);
        let line = self.forced.as_ref().map(|forced| forced.line(stretch));
        if let Some(line) = &line {
            params.set_max_tokens(line.tokens() as i32 + 1);
            force(&mut params, line);
        }
        let result = if samples.len() < MIN_SAMPLES {
            let mut padded = samples.to_vec();
            padded.resize(MIN_SAMPLES, 0.0);
            self.state.full(params, &padded)
        } else {
            self.state.full(params, samples)
        };
        if aborted.get() {
            return Ok(None); // whisper.cpp reports it as a failed encode or decode
        }
        result.map_err(|why| failed(format!("{why:?}")))?;
        Ok(Some(self.hypothesis()))
    }

    fn set_threads(&mut self, threads: usize) {
        self.params.set_n_threads(threads.clamp(1, MAX_THREADS) as i32);
    }
}

/// Has whisper.cpp ask `abort` after the encoder's pass and after each token. whisper-rs's own safe setter hands over
/// a pointer of the wrong type (0.16: it reads any closure as a boxed one), so the raw one is used.
#[expect(unsafe_code, reason = "the callback of a C library")]
fn abort_when<'a>(params: &mut FullParams<'_, '_>, abort: &'a Abort<'a>) {
    unsafe extern "C" fn ask(user_data: *mut c_void) -> bool {
        // SAFETY: `user_data` is the pointer set below, and outlives the call of `full` (see there).
        let abort = unsafe { &*user_data.cast::<Abort<'_>>() };
        abort()
    }
    let user_data = std::ptr::from_ref(abort).cast_mut().cast::<c_void>();
    // SAFETY: whisper.cpp calls `ask` with this pointer only inside `full`, on the thread that called it. The
    // parameters are a copy that `recognize` makes for one call of `full`; `abort` lives on its stack till then.
    unsafe {
        params.set_abort_callback(Some(ask));
        params.set_abort_callback_user_data(user_data);
    }
}

impl Whisper {
    fn hypothesis(&self) -> Hypothesis {
        let mut bytes = Vec::new();
        let (mut logprob_sum, mut tokens) = (0.0, 0_u32);
        for segment in self.state.as_iter() {
            // A character may be split over tokens, so the bytes are joined before they are read.
            bytes.extend_from_slice(segment.to_bytes().unwrap_or_default());
            for token in (0..segment.n_tokens()).filter_map(|at| segment.get_token(at)) {
                logprob_sum += token.token_probability().max(f32::MIN_POSITIVE).ln();
                tokens += 1;
            }
        }
        Hypothesis {
            text: String::from_utf8_lossy(&bytes).trim().to_owned(),
            avg_logprob: if tokens == 0 { 0.0 } else { logprob_sum / tokens as f32 },
            // whisper.cpp reads it from a row of logits that it did not fill: of the call before.
            no_speech_prob: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file_with(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn header(fields: [i32; 12]) -> Vec<u8> {
        fields.iter().flat_map(|f| f.to_le_bytes()).collect()
    }

    const TINY: [i32; 12] = [GGML_MAGIC as i32, 51_865, 1500, 384, 6, 4, 448, 384, 6, 4, 80, 1];

    #[test]
    fn what_is_no_model_is_refused_with_a_reason() {
        let mut cut_off = header(TINY);
        cut_off.resize(100_000, 0);
        let mut odd_shape = TINY;
        odd_shape[3] = 1_000_000;
        let rows: [(&[u8], &str); 5] = [
            (b"", "too short"),
            (b"just a text file that somebody renamed to ggml-base.bin", "ggml's mark"),
            (&[0x46_u8; 4096], "ggml's mark"),
            (&cut_off, "cut off"),
            (&header(odd_shape), "shape"),
        ];
        for (bytes, expected) in rows {
            let file = file_with(bytes);
            let message = ModelHeader::read(file.path()).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert!(message.contains("gids models import"), "{message}");
        }
        let missing = ModelHeader::read(Path::new("/nowhere/ggml-base.bin")).unwrap_err();
        assert!(matches!(missing, TranscribeError::ModelUnreadable { .. }));
        assert!(ModelHeader::read(Path::new("/")).is_err());
    }

    #[test]
    fn sizes_by_header() {
        let mut bytes = header(TINY);
        bytes.resize(11_000_000, 0);
        let tiny = ModelHeader::read(file_with(&bytes).path()).unwrap();
        assert_eq!(tiny.size_name(), "tiny");
        assert!(tiny.is_multilingual() && !tiny.is_demo());
    }

    #[test]
    fn a_right_header_with_garbage_behind_it_is_an_error() {
        let mut bytes = header(TINY);
        bytes.resize(11_000_000, 0x5a);
        let file = file_with(&bytes);
        let config = WhisperConfig { model: file.path().to_owned(), lang: Lang::Nl, threads: 1 };
        assert!(matches!(Whisper::load(&config), Err(TranscribeError::NotAModel { .. })));
    }

    #[test]
    fn a_model_cut_off_anywhere_is_an_error() {
        let mut model = header(TINY);
        model.extend(80_u32.to_le_bytes());
        model.extend(201_u32.to_le_bytes());
        model.resize(model.len() + 80 * 201 * 4, 0);
        model.extend(1_u32.to_le_bytes()); // one token, "a"
        model.extend(1_u32.to_le_bytes());
        model.push(b'a');
        for field in [1_u32, 1, 0, 4] {
            model.extend(field.to_le_bytes()); // one tensor "t" of four f32
        }
        model.push(b't');
        model.extend([0; 16]);
        let check = |bytes: &[u8]| layout::check(file_with(bytes).path()).unwrap();
        assert_eq!(check(&model), Ok(()));
        for len in (48..model.len()).rev().take(60).chain([48, 52, 60, 5_000]) {
            assert!(check(&model[..len]).is_err(), "cut at {len} of {}", model.len());
        }
    }

    #[test]
    fn an_english_model_refuses_dutch() {
        let mut fields = TINY;
        fields[1] = 51_864;
        let mut bytes = header(fields);
        bytes.resize(11_000_000, 0);
        let file = file_with(&bytes);
        let config = WhisperConfig { model: file.path().to_owned(), lang: Lang::Nl, threads: 1 };
        assert!(matches!(Whisper::load(&config), Err(TranscribeError::EnglishOnly { .. })));
    }

    #[test]
    fn the_context_follows_the_audio() {
        assert_eq!(audio_ctx(8_000), 64);
        assert_eq!(audio_ctx(3 * 16_000), 192);
        assert_eq!(audio_ctx(30 * 16_000), 1500);
        for samples in (0..=480_000).step_by(1_000) {
            let covered = audio_ctx(samples) * ENCODER_SAMPLES_PER_POSITION;
            assert!(covered >= samples, "{samples} samples are cut off");
        }
    }
}
