//! What the tests share: a conversation written down line by line.

#![allow(dead_code, reason = "each test binary needs another part")]

use coach::{Budget, Coach, CoachConfig, Heard, Mode};
use timeline::{Code, Cue, Lang, SampleIdx, Span, Speaker};

/// A coach and a clock that goes on with each line.
pub struct Talk {
    pub coach: Coach,
    now_s: f64,
    lines: u32,
}

impl Talk {
    pub fn new(lang: Lang, mode: Mode, budget: Budget) -> Self {
        let config = CoachConfig { mode, budget, seed: 7, ..CoachConfig::new(lang) };
        Self {
            coach: Coach::new(config).expect("the built-in packs are sound"),
            now_s: 0.0,
            lines: 0,
        }
    }

    pub fn normal(lang: Lang) -> Self {
        Self::new(lang, Mode::Normal, Budget::On)
    }

    /// Silence.
    pub fn wait(&mut self, secs: f64) -> &mut Self {
        self.now_s += secs;
        self
    }

    /// A line of the practitioner with its codes, comma-separated, as from a sure coder.
    pub fn p(&mut self, codes: &str, text: &str) -> Option<Cue> {
        self.say(Speaker::Practitioner, codes, text, true)
    }

    /// The same from an unsure coder.
    pub fn p_unsure(&mut self, codes: &str, text: &str) -> Option<Cue> {
        self.say(Speaker::Practitioner, codes, text, false)
    }

    /// A line of the client.
    pub fn c(&mut self, codes: &str, text: &str) -> Option<Cue> {
        self.say(Speaker::Client, codes, text, true)
    }

    fn say(&mut self, speaker: Speaker, codes: &str, text: &str, firm: bool) -> Option<Cue> {
        let codes: Vec<Code> = codes
            .split(',')
            .filter(|c| !c.is_empty())
            .map(|c| Code::from_name(c).expect("a code of the codebook"))
            .collect();
        self.lines += 1;
        let id = format!("u{}", self.lines);
        let start = self.now_s + 0.6;
        // Three words a second, as `gids coach` assumes.
        let end = start + text.split_whitespace().count() as f64 / 3.0;
        self.now_s = end;
        let reflex = codes.iter().any(|c| c.is_righting_reflex());
        let cue = self.coach.push(&Heard {
            id: &id,
            speaker,
            span: Span::from_secs(start, end),
            text,
            codes: &codes,
            righting_reflex: if reflex { 1.0 } else { 0.0 },
            firm: reflex && firm,
        });
        if let Some(cue) = &cue {
            assert_eq!(
                cue.at,
                SampleIdx::from_secs(end),
                "a cue is dated at the words that show it"
            );
            assert!(!cue.suggestion.is_empty() && !cue.suggestion.contains(['{', '}']), "{cue:?}");
            assert!(cue.headline.split_whitespace().count() <= 4, "{cue:?}");
            assert!((1..=2).contains(&cue.mark.split_whitespace().count()), "{cue:?}");
        }
        cue
    }
}
