//! Random weights, in the blocks that ggml computes with.

use std::io::{self, Write};

/// Weights of a block of ggml's q8_0 and q5_1.
pub(super) const BLOCK: usize = 32;
/// Blocks that are drawn; a file repeats them in full, so memory and caches see as many weights as a
/// real model has. A prime: rows of a matrix, whatever their width, are equal only 4099 rows apart.
const BLOCKS: usize = 4099;
/// Spread of the weights, that of Whisper's at the start of its training: small enough that no
/// activation overflows f16 in 32 layers.
const STD: f32 = 0.02;
const SEED: u64 = 0x6769_6473; // "gids"

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    F32,
    F16,
    Q5_1,
    Q8_0,
}

impl Number {
    /// ggml's number of the type (ggml.h, `enum ggml_type`).
    pub(super) fn id(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q5_1 => 7,
            Self::Q8_0 => 8,
        }
    }

    fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 4 * BLOCK,
            Self::F16 => 2 * BLOCK,
            Self::Q5_1 => 24,
            Self::Q8_0 => 34,
        }
    }

    /// Appends the block as ggml stores it; rounds as ggml's own reference does.
    fn encode(self, block: &[f32; BLOCK], out: &mut Vec<u8>) {
        match self {
            Self::F32 => out.extend(block.iter().flat_map(|weight| weight.to_le_bytes())),
            Self::F16 => out.extend(block.iter().flat_map(|&weight| f16(weight).to_le_bytes())),
            Self::Q8_0 => {
                let scale =
                    block.iter().fold(0.0_f32, |most, weight| most.max(weight.abs())) / 127.0;
                out.extend(f16(scale).to_le_bytes());
                let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
                out.extend(
                    block
                        .iter()
                        .flat_map(|weight| ((weight * inverse).round() as i8).to_le_bytes()),
                );
            }
            Self::Q5_1 => {
                let (least, most) = block
                    .iter()
                    .fold((f32::MAX, f32::MIN), |(low, high), &w| (low.min(w), high.max(w)));
                let scale = (most - least) / 31.0;
                let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
                let level = |at: usize| ((block[at] - least) * inverse + 0.5) as u32 & 31;
                let fifth_bits = (0..BLOCK).fold(0, |bits, at| bits | ((level(at) >> 4) << at));
                out.extend(f16(scale).to_le_bytes());
                out.extend(f16(least).to_le_bytes());
                out.extend(fifth_bits.to_le_bytes());
                let half = BLOCK / 2;
                out.extend(
                    (0..half).map(|at| (level(at) & 15 | (level(at + half) & 15) << 4) as u8),
                );
            }
        }
    }
}

/// The drawn blocks, stored as one kind of number.
pub(super) struct Pool {
    number: Number,
    bytes: Vec<u8>,
}

impl Pool {
    /// Draws them; the same ones every time, whatever the kind.
    pub(super) fn new(number: Number) -> Self {
        let mut random = SplitMix(SEED);
        let mut bytes = Vec::with_capacity(BLOCKS * number.block_bytes());
        for _ in 0..BLOCKS {
            number.encode(&std::array::from_fn(|_| random.normal() * STD), &mut bytes);
        }
        Self { number, bytes }
    }

    pub(super) fn number(&self) -> Number {
        self.number
    }

    /// Writes `blocks` blocks, from number `first` on, over and over.
    pub(super) fn write(
        &self,
        out: &mut impl Write,
        first: usize,
        blocks: usize,
    ) -> io::Result<()> {
        let size = self.number.block_bytes();
        let (mut at, mut left) = (first % BLOCKS, blocks);
        while left > 0 {
            let run = left.min(BLOCKS - at);
            out.write_all(&self.bytes[at * size..(at + run) * size])?;
            left -= run;
            at = 0;
        }
        Ok(())
    }
}

/// Vigna's splitmix64: the same weights on every machine.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Nearly normal, never beyond 6: the sum of twelve uniform numbers.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| (self.next() >> 40) as f32 / (1_u64 << 24) as f32).sum::<f32>() - 6.0
    }
}

/// Half precision, rounded to even; for numbers below 65,504 only, as weights are.
fn f16(value: f32) -> u16 {
    let sign = (value.to_bits() >> 16) as u16 & 0x8000;
    let size = value.abs();
    if size < 2.0_f32.powi(-14) {
        // Too small for an exponent of its own: counted in steps of 2^-24.
        return sign | (size * 2.0_f32.powi(24)).round_ties_even() as u16;
    }
    let bits = size.to_bits();
    let rounded = bits + 0xfff + (bits >> 13 & 1);
    sign | ((rounded >> 13) - (112 << 10)) as u16 // exponents count from 15, not from 127
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f32_of(half: u16) -> f32 {
        let (exponent, fraction) = (i32::from(half >> 10 & 31), f32::from(half & 0x3ff));
        let size = match exponent {
            0 => fraction * 2.0_f32.powi(-24),
            _ => (1.0 + fraction / 1024.0) * 2.0_f32.powi(exponent - 15),
        };
        if half & 0x8000 == 0 { size } else { -size }
    }

    #[test]
    fn halves() {
        let rows = [
            (0.0, 0x0000),
            (-0.0, 0x8000),
            (1.0, 0x3c00),
            (-2.0, 0xc000),
            (0.1, 0x2e66),
            (65_504.0, 0x7bff),
            (2.0_f32.powi(-24), 0x0001),
            (2.0_f32.powi(-14), 0x0400),
            (2.0_f32.powi(-14) * 0.9999, 0x0400), // rounds up into the next range
            (1.0 + 2.0_f32.powi(-11), 0x3c00),    // half way: to even
            (1.0 + 3.0 * 2.0_f32.powi(-11), 0x3c02),
        ];
        for (value, half) in rows {
            assert_eq!(f16(value), half, "{value}");
        }
        for half in (0..0x7c00).chain(0x8000..0xfc00) {
            assert_eq!(f16(f32_of(half)), half);
        }
    }

    /// Reads blocks as ggml does.
    fn decode(number: Number, bytes: &[u8]) -> Vec<f32> {
        let half = |at: usize| f32_of(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        match number {
            Number::F32 => {
                bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
            }
            Number::F16 => (0..BLOCK).map(|at| half(2 * at)).collect(),
            Number::Q8_0 => {
                bytes[2..].iter().map(|&byte| half(0) * f32::from(byte as i8)).collect()
            }
            Number::Q5_1 => (0..BLOCK)
                .map(|at| {
                    let low = bytes[8 + at % 16] >> (4 * (at / 16)) & 15;
                    let high = bytes[4 + at / 8] >> (at % 8) & 1;
                    half(0) * f32::from(low | high << 4) + half(2)
                })
                .collect(),
        }
    }

    #[test]
    fn weights_are_the_same_in_every_precision_but_for_rounding() {
        let exact = Pool::new(Number::F32);
        for (number, error) in [(Number::F16, 5e-5), (Number::Q8_0, 5e-4), (Number::Q5_1, 3e-3)] {
            let pool = Pool::new(number);
            for (rounded, exact) in
                pool.bytes.chunks(number.block_bytes()).zip(exact.bytes.chunks(4 * BLOCK))
            {
                for (a, b) in decode(number, rounded).iter().zip(decode(Number::F32, exact)) {
                    assert!((a - b).abs() < error, "{number:?}: {a} for {b}");
                }
            }
        }
    }

    #[test]
    fn weights_are_normal() {
        let weights = decode(Number::F32, &Pool::new(Number::F32).bytes);
        let mean = weights.iter().sum::<f32>() / weights.len() as f32;
        let variance = weights.iter().map(|w| w * w).sum::<f32>() / weights.len() as f32;
        assert!(mean.abs() < 2e-4, "{mean}");
        assert!((variance.sqrt() / STD - 1.0).abs() < 0.01, "{}", variance.sqrt());
    }

    #[test]
    fn blocks_go_round() {
        let pool = Pool::new(Number::Q8_0);
        let mut written = Vec::new();
        pool.write(&mut written, 2 * BLOCKS - 1, BLOCKS + 2).unwrap();
        let size = Number::Q8_0.block_bytes();
        assert_eq!(written.len(), (BLOCKS + 2) * size);
        assert_eq!(written[..size], pool.bytes[(BLOCKS - 1) * size..]);
        assert_eq!(written[size..size + pool.bytes.len()], pool.bytes);
        assert_eq!(written[size + pool.bytes.len()..], pool.bytes[..size]);
    }
}
