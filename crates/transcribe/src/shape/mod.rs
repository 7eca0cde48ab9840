//! Writes models of true shape with random weights: ggml files that cost what the real Whisper
//! costs, without its words. For measuring a computer before anything was downloaded.
//!
//! Names, dimensions and precisions are those that whisper.cpp reads (`whisper_model_load`) and that
//! its converter and quantiser write: matrices in the precision of the file, convolutions in f16,
//! vectors and positions in f32. What a matrix product costs does not depend on the weights. The
//! number of tokens does: random weights never end a sentence. So a shape is only run with a
//! [`ShapeScript`](crate::ShapeScript), which gives it as many tokens as the words that were spoken have.

mod mel;
mod weights;

use std::{
    fmt,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
    str::FromStr,
};

use crate::{
    ModelHeader, TranscribeError,
    layout::{self, HEAD_LEN, SPECTRUM_BINS},
    whisper::{DECODER_MAX_POSITIONS, ENCODER_MAX_POSITIONS, GGML_MAGIC},
};
use weights::{BLOCK, Number, Pool};

/// The first token of the vocabulary, "!" in every real model.
const MARKER: &[u8] = b"gids-shape";
const QUANTISATION_VERSION: u32 = 2_000; // ggml.h, GGML_QNT_VERSION times its factor

/// Which Whisper model a shape has the size of.
///
/// ```
/// assert_eq!("large-v3-turbo".parse(), Ok(transcribe::ShapeSize::LargeV3Turbo));
/// assert!("large".parse::<transcribe::ShapeSize>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShapeSize {
    /// 38 M weights.
    Tiny,
    /// 73 M weights.
    Base,
    /// 242 M weights.
    Small,
    /// 809 M weights: the encoder of large, four decoder layers.
    LargeV3Turbo,
}

impl ShapeSize {
    /// The name on the command line and in published file names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Base => "base",
            Self::Small => "small",
            Self::LargeV3Turbo => "large-v3-turbo",
        }
    }

    fn dims(self) -> Dims {
        let dims = |state, audio_layers, text_layers| Dims {
            vocab: 51_865,
            state,
            audio_layers,
            text_layers,
            mels: 80,
        };
        match self {
            Self::Tiny => dims(384, 4, 4),
            Self::Base => dims(512, 6, 6),
            Self::Small => dims(768, 12, 12),
            Self::LargeV3Turbo => Dims { vocab: 51_866, mels: 128, ..dims(1280, 32, 4) },
        }
    }
}

impl fmt::Display for ShapeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text named no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no size of a speech model: give tiny, base, small or large-v3-turbo")]
pub struct ParseShapeSizeError(String);

impl FromStr for ShapeSize {
    type Err = ParseShapeSizeError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s {
            "tiny" => Ok(Self::Tiny),
            "base" => Ok(Self::Base),
            "small" => Ok(Self::Small),
            "large-v3-turbo" => Ok(Self::LargeV3Turbo),
            other => Err(ParseShapeSizeError(other.to_owned())),
        }
    }
}

/// How the matrices of a shape are stored.
///
/// ```
/// assert_eq!("q5_1".parse(), Ok(transcribe::ShapePrecision::Q5_1));
/// assert!("q4_0".parse::<transcribe::ShapePrecision>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShapePrecision {
    /// Half precision: files without a precision in their name.
    F16,
    /// 8.5 bits a weight.
    Q8_0,
    /// 6 bits a weight.
    Q5_1,
}

impl ShapePrecision {
    /// The name on the command line and in published file names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
            Self::Q5_1 => "q5_1",
        }
    }

    /// What the head of the file calls it (ggml.h, `enum ggml_ftype`).
    fn ftype(self) -> u32 {
        match self {
            Self::F16 => 1,
            Self::Q8_0 => QUANTISATION_VERSION + 7,
            Self::Q5_1 => QUANTISATION_VERSION + 9,
        }
    }

    fn number(self) -> Number {
        match self {
            Self::F16 => Number::F16,
            Self::Q8_0 => Number::Q8_0,
            Self::Q5_1 => Number::Q5_1,
        }
    }
}

impl fmt::Display for ShapePrecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text named no precision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no precision of a speech model: give f16, q8_0 or q5_1")]
pub struct ParseShapePrecisionError(String);

impl FromStr for ShapePrecision {
    type Err = ParseShapePrecisionError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s {
            "f16" => Ok(Self::F16),
            "q8_0" => Ok(Self::Q8_0),
            "q5_1" => Ok(Self::Q5_1),
            other => Err(ParseShapePrecisionError(other.to_owned())),
        }
    }
}

/// Writes a model of that size and precision to `out`, over what is there; gives its bytes.
///
/// `template` is any multilingual Whisper file: its vocabulary and mel filters are copied. The weights
/// are always the same ones. A name that ends in `.part` stands beside `out` while it is written.
///
/// # Errors
/// [`TranscribeError::ModelUnreadable`] and [`TranscribeError::NotAModel`] of the template,
/// [`TranscribeError::Config`] if it knows English only or is `out` itself, and
/// [`TranscribeError::Write`]; nothing is left behind then.
pub fn write_shape(
    size: ShapeSize,
    precision: ShapePrecision,
    template: &Path,
    out: &Path,
) -> Result<u64, TranscribeError> {
    let part = out.with_extension("part");
    let is_template = |path| {
        fs::canonicalize(path).is_ok_and(|path| fs::canonicalize(template).is_ok_and(|t| t == path))
    };
    if is_template(out) || is_template(&part) {
        return Err(TranscribeError::Config(format!(
            "the new model would replace {}, which it is made from: choose another file with --out",
            template.display()
        )));
    }
    let template = Template::read(template)?;
    let failed = |source| TranscribeError::Write { path: out.to_owned(), source };
    if out.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into())); // before gigabytes were written
    }
    let written = write(size.dims(), precision, &template, &part)
        .and_then(|bytes| fs::rename(&part, out).map(|()| bytes));
    written.map_err(|source| {
        fs::remove_file(&part).ok(); // there may be none; the first error says more than a second
        failed(source)
    })
}

/// Whether the file was written by [`write_shape`]: it knows no word.
///
/// # Errors
/// [`TranscribeError::ModelUnreadable`] and [`TranscribeError::NotAModel`].
pub fn is_shape(path: &Path) -> Result<bool, TranscribeError> {
    ModelHeader::read(path)?;
    match first_token(path) {
        Ok(token) => Ok(token == MARKER),
        // Cut off: no concern here, loading it will say so.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(source) => Err(TranscribeError::ModelUnreadable { path: path.to_owned(), source }),
    }
}

/// The first token of the vocabulary, or as much of it as the marker has bytes and one more.
fn first_token(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = BufReader::new(File::open(path)?);
    file.seek_relative(HEAD_LEN)?;
    let (mels, bins) = (number(&mut file)?, number(&mut file)?);
    if mels > 128 || bins != SPECTRUM_BINS {
        return Ok(Vec::new()); // loading it will say so
    }
    file.seek_relative(i64::from(mels * bins) * 4)?;
    let _tokens = number(&mut file)?;
    let len = number(&mut file)?;
    bytes(&mut file, len.min(MARKER.len() as u32 + 1))
}

fn number(file: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn bytes(file: &mut impl Read, len: u32) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len as usize];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// What is copied.
struct Template {
    mels: u32,
    filters: Vec<u8>,
    tokens: Vec<Vec<u8>>,
}

impl Template {
    fn read(path: &Path) -> Result<Self, TranscribeError> {
        if !ModelHeader::read(path)?.is_multilingual() {
            return Err(TranscribeError::Config(format!(
                "{} knows English only: give a multilingual model as the template",
                path.display()
            )));
        }
        let unreadable =
            |source| TranscribeError::ModelUnreadable { path: path.to_owned(), source };
        layout::check(path).map_err(unreadable)?.map_err(|why| TranscribeError::NotAModel {
            path: path.to_owned(),
            why: why.to_owned(),
        })?;
        Self::read_checked(path).map_err(unreadable)
    }

    /// Every length in the file makes sense by now.
    fn read_checked(path: &Path) -> io::Result<Self> {
        let mut file = BufReader::new(File::open(path)?);
        file.seek_relative(HEAD_LEN)?;
        let (mels, bins) = (number(&mut file)?, number(&mut file)?);
        let filters = bytes(&mut file, mels * bins * 4)?;
        let tokens = (0..number(&mut file)?)
            .map(|_| number(&mut file).and_then(|len| bytes(&mut file, len)))
            .collect::<io::Result<_>>()?;
        Ok(Self { mels, filters, tokens })
    }
}

#[derive(Clone, Copy)]
struct Dims {
    vocab: u32,
    state: u32,
    audio_layers: u32,
    text_layers: u32,
    mels: u32,
}

fn write(
    dims: Dims,
    precision: ShapePrecision,
    template: &Template,
    path: &Path,
) -> io::Result<u64> {
    let mut out = BufWriter::new(File::create(path)?);
    write_head(&mut out, dims, precision, template)?;
    let mut tensors = Tensors {
        out: &mut out,
        matrix: Pool::new(precision.number()),
        convolution: Pool::new(Number::F16),
        positions: Pool::new(Number::F32),
        at: 0,
    };
    tensors.encoder(dims)?;
    tensors.decoder(dims)?;
    out.flush()?;
    Ok(out.get_ref().metadata()?.len())
}

fn write_head(
    out: &mut impl Write,
    dims: Dims,
    precision: ShapePrecision,
    template: &Template,
) -> io::Result<()> {
    let Dims { vocab, state, audio_layers, text_layers, mels } = dims;
    let (audio_ctx, text_ctx) = (ENCODER_MAX_POSITIONS as u32, DECODER_MAX_POSITIONS as u32);
    let heads = state / 64;
    let head = [GGML_MAGIC, vocab, audio_ctx, state, heads, audio_layers, text_ctx, state, heads];
    let tail = [text_layers, mels, precision.ftype(), mels, SPECTRUM_BINS];
    numbers(out, &head)?;
    numbers(out, &tail)?;
    if template.mels == mels {
        out.write_all(&template.filters)?;
    } else {
        mel::filters(mels).iter().try_for_each(|weight| out.write_all(&weight.to_le_bytes()))?;
    }
    // No file has the special tokens: whisper.cpp adds as many as the vocabulary lacks.
    numbers(out, &[template.tokens.len().max(1) as u32])?;
    let tokens = template.tokens.iter().skip(1).map(Vec::as_slice);
    for token in std::iter::once(MARKER).chain(tokens) {
        numbers(out, &[token.len() as u32])?;
        out.write_all(token)?;
    }
    Ok(())
}

fn numbers(out: &mut impl Write, numbers: &[u32]) -> io::Result<()> {
    numbers.iter().try_for_each(|number| out.write_all(&number.to_le_bytes()))
}

/// What a tensor is, which decides its precision.
enum Kind {
    Matrix,
    Convolution,
    Positions,
}

/// Writes tensors one behind the other; each goes on in the drawn blocks where the last one stopped.
struct Tensors<W> {
    out: W,
    matrix: Pool,
    convolution: Pool,
    positions: Pool,
    at: usize,
}

impl<W: Write> Tensors<W> {
    fn encoder(&mut self, dims: Dims) -> io::Result<()> {
        let Dims { state, audio_layers, mels, .. } = dims;
        let positions = [state, ENCODER_MAX_POSITIONS as u32];
        self.random("encoder.positional_embedding", Kind::Positions, &positions)?;
        self.convolution("encoder.conv1", mels, state)?;
        self.convolution("encoder.conv2", state, state)?;
        for layer in 0..audio_layers {
            let block = format!("encoder.blocks.{layer}");
            self.attention(&format!("{block}.attn"), state)?;
            self.perceptron(&block, state)?;
        }
        self.norm("encoder.ln_post", state)
    }

    fn decoder(&mut self, dims: Dims) -> io::Result<()> {
        let Dims { vocab, state, text_layers, .. } = dims;
        let positions = [state, DECODER_MAX_POSITIONS as u32];
        self.random("decoder.positional_embedding", Kind::Positions, &positions)?;
        self.matrix("decoder.token_embedding", state, vocab)?;
        for layer in 0..text_layers {
            let block = format!("decoder.blocks.{layer}");
            self.attention(&format!("{block}.attn"), state)?;
            self.attention(&format!("{block}.cross_attn"), state)?;
            self.perceptron(&block, state)?;
        }
        self.norm("decoder.ln", state)
    }

    fn attention(&mut self, name: &str, state: u32) -> io::Result<()> {
        self.linear(&format!("{name}.query"), state, state)?;
        self.matrix(&format!("{name}.key"), state, state)?;
        self.linear(&format!("{name}.value"), state, state)?;
        self.linear(&format!("{name}.out"), state, state)?;
        self.norm(&format!("{name}_ln"), state)
    }

    fn perceptron(&mut self, block: &str, state: u32) -> io::Result<()> {
        self.linear(&format!("{block}.mlp.0"), state, 4 * state)?;
        self.linear(&format!("{block}.mlp.2"), 4 * state, state)?;
        self.norm(&format!("{block}.mlp_ln"), state)
    }

    fn linear(&mut self, name: &str, from: u32, to: u32) -> io::Result<()> {
        self.matrix(name, from, to)?;
        self.constant(&format!("{name}.bias"), &[to], 0.0)
    }

    fn norm(&mut self, name: &str, state: u32) -> io::Result<()> {
        self.constant(&format!("{name}.weight"), &[state], 1.0)?;
        self.constant(&format!("{name}.bias"), &[state], 0.0)
    }

    fn matrix(&mut self, name: &str, from: u32, to: u32) -> io::Result<()> {
        self.random(&format!("{name}.weight"), Kind::Matrix, &[from, to])
    }

    fn convolution(&mut self, name: &str, from: u32, to: u32) -> io::Result<()> {
        self.random(&format!("{name}.weight"), Kind::Convolution, &[3, from, to])?;
        self.constant(&format!("{name}.bias"), &[1, to], 0.0)
    }

    fn random(&mut self, name: &str, kind: Kind, dims: &[u32]) -> io::Result<()> {
        let pool = match kind {
            Kind::Matrix => &self.matrix,
            Kind::Convolution => &self.convolution,
            Kind::Positions => &self.positions,
        };
        tensor_head(&mut self.out, name, pool.number(), dims)?;
        let blocks = dims.iter().map(|&dim| dim as usize).product::<usize>() / BLOCK;
        pool.write(&mut self.out, self.at, blocks)?;
        self.at += blocks;
        Ok(())
    }

    fn constant(&mut self, name: &str, dims: &[u32], value: f32) -> io::Result<()> {
        tensor_head(&mut self.out, name, Number::F32, dims)?;
        let len = dims.iter().product::<u32>();
        (0..len).try_for_each(|_| self.out.write_all(&value.to_le_bytes()))
    }
}

fn tensor_head(out: &mut impl Write, name: &str, number: Number, dims: &[u32]) -> io::Result<()> {
    numbers(out, &[dims.len() as u32, name.len() as u32, number.id()])?;
    numbers(out, dims)?;
    out.write_all(name.as_bytes())
}

#[cfg(test)]
mod tests;
