//! Walks through a ggml file before whisper.cpp reads it: a length that makes no sense would end
//! there in a C++ exception, which ends the program.

use std::{
    fs::File,
    io::{self, BufReader, Read as _},
    path::Path,
};

/// Bytes of the head: the mark and eleven numbers.
pub(crate) const HEAD_LEN: i64 = 48;
/// The longest token of Whisper's vocabulary has 256 bytes; the longest tensor name 50.
const MAX_TEXT: u32 = 1024;
/// Bins of a 400-sample spectrum: the width of the mel filters.
pub(crate) const SPECTRUM_BINS: u32 = 201;

/// Checks that all lengths fit together and that nothing is missing at the end.
///
/// # Errors
/// What is wrong, to be said to the user.
pub(crate) fn check(path: &Path) -> io::Result<Result<(), &'static str>> {
    let file = File::open(path)?;
    let len = file.metadata()?.len();
    let mut walk = Walk { reader: BufReader::new(file), at: 0, len };
    Ok(match walk.run() {
        Ok(()) => Ok(()),
        Err(Broken::Layout(why)) => Err(why),
        Err(Broken::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(CUT_OFF),
        Err(Broken::Io(error)) => return Err(error),
    })
}

const CUT_OFF: &str = "it is cut off; download it again";

enum Broken {
    Layout(&'static str),
    Io(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

struct Walk {
    reader: BufReader<File>,
    at: u64,
    len: u64,
}

impl Walk {
    fn run(&mut self) -> Result<(), Broken> {
        self.skip(HEAD_LEN)?;
        let (mels, bins) = (self.number()?, self.number()?);
        if !(mels == 80 || mels == 128) || bins != SPECTRUM_BINS {
            return Err(Broken::Layout("its mel filters are none that Whisper has"));
        }
        self.skip(i64::from(mels * bins) * 4)?;
        let tokens = self.number()?;
        if tokens > 60_000 {
            return Err(Broken::Layout("its vocabulary is none that Whisper has"));
        }
        for _ in 0..tokens {
            self.text("a token of its vocabulary is too long")?;
        }
        if self.at == self.len {
            return Err(Broken::Layout(CUT_OFF));
        }
        while self.at < self.len {
            self.tensor()?;
        }
        Ok(())
    }

    fn tensor(&mut self) -> Result<(), Broken> {
        let (dims, name_len, kind) = (self.number()?, self.number()?, self.number()?);
        let Some((block, bytes)) = block_of(kind) else {
            return Err(Broken::Layout("it holds numbers of an unknown precision"));
        };
        if !(1..=4).contains(&dims) || name_len > MAX_TEXT {
            return Err(Broken::Layout("its list of tensors makes no sense"));
        }
        let mut weights: u64 = 1;
        for _ in 0..dims {
            weights = weights.saturating_mul(u64::from(self.number()?));
        }
        let data = (weights / block).saturating_mul(bytes);
        if data > self.len {
            return Err(Broken::Layout(CUT_OFF));
        }
        self.skip(i64::from(name_len))?;
        self.skip(data as i64)
    }

    fn text(&mut self, too_long: &'static str) -> Result<(), Broken> {
        let len = self.number()?;
        if len > MAX_TEXT {
            return Err(Broken::Layout(too_long));
        }
        self.skip(i64::from(len))
    }

    fn number(&mut self) -> Result<u32, Broken> {
        let mut bytes = [0; 4];
        self.reader.read_exact(&mut bytes)?;
        self.at += 4;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Seeking past the end is no error to the system, so the position is kept here.
    fn skip(&mut self, bytes: i64) -> Result<(), Broken> {
        self.reader.seek_relative(bytes)?;
        self.at += bytes.unsigned_abs();
        if self.at > self.len { Err(Broken::Layout(CUT_OFF)) } else { Ok(()) }
    }
}

/// Weights and bytes of a block, by ggml's number of the type (ggml.h, `enum ggml_type`).
fn block_of(kind: u32) -> Option<(u64, u64)> {
    Some(match kind {
        0 => (1, 4),      // f32
        1 => (1, 2),      // f16
        2 => (32, 18),    // q4_0
        3 => (32, 20),    // q4_1
        6 => (32, 22),    // q5_0
        7 => (32, 24),    // q5_1
        8 => (32, 34),    // q8_0
        10 => (256, 84),  // q2_K
        11 => (256, 110), // q3_K
        12 => (256, 144), // q4_K
        13 => (256, 176), // q5_K
        14 => (256, 210), // q6_K
        _ => return None,
    })
}
