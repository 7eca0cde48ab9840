//! Audio that was heard but not handed on.

use timeline::SampleIdx;

/// A stretch of audio that grows at its end and is taken from its start.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    start: SampleIdx,
    samples: Vec<f32>,
}

impl Tape {
    pub(crate) fn start(&self) -> SampleIdx {
        self.start
    }

    pub(crate) fn push(&mut self, samples: &[f32]) {
        self.samples.extend_from_slice(samples);
    }

    /// Takes all before `end`.
    pub(crate) fn take_until(&mut self, end: SampleIdx) -> Vec<f32> {
        let count = self.before(end);
        self.start = self.start + count as u64;
        self.samples.drain(..count).collect()
    }

    /// Forgets all before `start`.
    pub(crate) fn trim_before(&mut self, start: SampleIdx) {
        let count = self.before(start);
        self.start = self.start + count as u64;
        self.samples.drain(..count);
    }

    /// Forgets everything; what comes next starts at `start`.
    pub(crate) fn restart(&mut self, start: SampleIdx) {
        self.start = start;
        self.samples.clear();
    }

    fn before(&self, end: SampleIdx) -> usize {
        usize::try_from(end.since(self.start)).unwrap_or(usize::MAX).min(self.samples.len())
    }
}
