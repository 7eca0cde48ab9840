//! The words that a model of random weights is made to say, so that it decodes as many tokens as a real one would.

use std::ffi::{c_int, c_void};

use timeline::{SAMPLE_RATE_HZ, SampleIdx, TimedWord};
use whisper_rs::{
    FullParams, WhisperContext, WhisperSysContext, WhisperSysState, WhisperTokenData,
};

use crate::{Stretch, TranscribeError};

/// A word is heard once it has ended by this much before the end of the audio: 20 ms, an encoder position.
const HEARD_AFTER: u64 = SAMPLE_RATE_HZ as u64 / 50;

/// What is said in the audio that a shape is measured with, and when.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShapeScript {
    /// The words in their order, with their places on the session's clock.
    pub words: Vec<TimedWord>,
}

/// The script as tokens of a model's vocabulary.
pub(crate) struct Forced {
    words: Vec<ForcedWord>,
    end_token: usize,
    vocab: usize,
}

struct ForcedWord {
    start: SampleIdx,
    end: SampleIdx,
    ids: Vec<c_int>,
}

/// The tokens of one call.
pub(crate) struct Line<'a> {
    ids: Vec<c_int>,
    forced: &'a Forced,
}

impl Forced {
    pub(crate) fn new(
        context: &WhisperContext,
        script: &ShapeScript,
    ) -> Result<Self, TranscribeError> {
        const LONGEST_WORD: usize = 64; // tokens
        let words = script
            .words
            .iter()
            .map(|word| {
                let ids = context.tokenize(&format!(" {}", word.text), LONGEST_WORD);
                let ids = ids.map_err(|why| {
                    TranscribeError::Config(format!("the script's \"{}\": {why}", word.text))
                })?;
                let (start, end) = (word.start_s, word.end_s);
                let (start, end) = (SampleIdx::from_secs(start), SampleIdx::from_secs(end));
                Ok(ForcedWord { start, end, ids })
            })
            .collect::<Result<_, TranscribeError>>()?;
        let end_token = usize::try_from(context.token_eot()).unwrap_or_default();
        let vocab = usize::try_from(context.n_vocab()).unwrap_or_default();
        Ok(Self { words, end_token, vocab })
    }

    /// The words that are heard in the stretch: those whose middle lies in it, and that have ended.
    pub(crate) fn line(&self, stretch: &Stretch<'_>) -> Line<'_> {
        let end = stretch.start + stretch.samples.len() as u64;
        let heard = self.words.iter().filter(|word| {
            word.start + word.end.since(word.start) / 2 >= stretch.start
                && word.end + HEARD_AFTER <= end
        });
        Line { ids: heard.flat_map(|word| word.ids.iter().copied()).collect(), forced: self }
    }
}

impl Line<'_> {
    pub(crate) fn tokens(&self) -> usize {
        self.ids.len()
    }
}

/// Has whisper.cpp take the tokens of `line` one after the other, and then the end.
#[expect(unsafe_code, reason = "the callback of a C library")]
pub(crate) fn force<'a>(params: &mut FullParams<'_, '_>, line: &'a Line<'a>) {
    unsafe extern "C" fn filter(
        _context: *mut WhisperSysContext,
        _state: *mut WhisperSysState,
        _tokens: *const WhisperTokenData,
        n_tokens: c_int,
        logits: *mut f32,
        user_data: *mut c_void,
    ) {
        // SAFETY: `user_data` is the pointer set below, and outlives the call of `full` (see there).
        let line = unsafe { &*user_data.cast::<Line<'_>>() };
        // SAFETY: whisper.cpp hands over one value for each entry of the vocabulary, and nobody else has them
        // during the call.
        let logits = unsafe { std::slice::from_raw_parts_mut(logits, line.forced.vocab) };
        let next = usize::try_from(n_tokens).ok().and_then(|n| line.ids.get(n));
        let wanted = next.and_then(|id| usize::try_from(*id).ok()).unwrap_or(line.forced.end_token);
        logits.fill(f32::NEG_INFINITY);
        if let Some(logit) = logits.get_mut(wanted) {
            *logit = 0.0;
        }
    }
    let user_data = std::ptr::from_ref(line).cast_mut().cast::<c_void>();
    // SAFETY: whisper.cpp calls `filter` with this pointer only inside `full`, on the thread that called it. The
    // parameters are a copy that `recognize` makes for one call of `full`; `line` lives on its stack till then.
    unsafe {
        params.set_filter_logits_callback(Some(filter));
        params.set_filter_logits_callback_user_data(user_data);
    }
}
