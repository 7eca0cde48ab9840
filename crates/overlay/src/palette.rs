//! Two calm palettes. All text and all icons that mean something have a contrast of at least 7:1
//! (WCAG 2.2, level AAA for normal text), since the window stands at arm's length.

use egui::Color32;

/// The colours of a theme.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    pub background: Color32,
    /// Where the pointer is.
    pub hover: Color32,
    /// Lines and the empty part of the level meter: decoration.
    pub line: Color32,
    pub text: Color32,
    pub secondary: Color32,
    /// All is well, and good marks.
    pub accent: Color32,
    /// The level: seen, but not looking for attention.
    pub meter: Color32,
    /// What asks for attention: amber, never red.
    pub attention: Color32,
}

pub(crate) const DARK: Palette = Palette {
    background: Color32::from_rgb(0x16, 0x1B, 0x20),
    hover: Color32::from_rgb(0x2A, 0x32, 0x3A),
    line: Color32::from_rgb(0x37, 0x41, 0x4A),
    text: Color32::from_rgb(0xF4, 0xF5, 0xF2),
    secondary: Color32::from_rgb(0xB7, 0xC1, 0xC8),
    accent: Color32::from_rgb(0x86, 0xD3, 0xC3),
    meter: Color32::from_rgb(0x6F, 0x8F, 0x8A),
    attention: Color32::from_rgb(0xEC, 0xC8, 0x7E),
};

pub(crate) const LIGHT: Palette = Palette {
    background: Color32::from_rgb(0xFC, 0xFB, 0xF8),
    hover: Color32::from_rgb(0xEB, 0xEA, 0xE4),
    line: Color32::from_rgb(0xD6, 0xD6, 0xCF),
    text: Color32::from_rgb(0x17, 0x1D, 0x21),
    secondary: Color32::from_rgb(0x43, 0x4E, 0x56),
    accent: Color32::from_rgb(0x0B, 0x57, 0x4C),
    meter: Color32::from_rgb(0x5F, 0x83, 0x7C),
    attention: Color32::from_rgb(0x69, 0x47, 0x00),
};

impl Palette {
    pub(crate) fn of(dark: bool) -> Self {
        if dark { DARK } else { LIGHT }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance after WCAG 2.2.
    fn luminance(color: Color32) -> f64 {
        let linear = |byte: u8| {
            let value = f64::from(byte) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn contrast_is_computed_as_wcag_does() {
        assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 1e-9);
        let grey = contrast(Color32::from_rgb(0x77, 0x77, 0x77), Color32::WHITE);
        assert!((grey - 4.48).abs() < 0.01, "{grey}");
    }

    #[test]
    fn all_that_is_read_stands_out() {
        for (name, palette) in [("dark", DARK), ("light", LIGHT)] {
            for (what, color) in [
                ("text", palette.text),
                ("secondary", palette.secondary),
                ("accent", palette.accent),
                ("attention", palette.attention),
            ] {
                let ratio = contrast(color, palette.background);
                assert!(ratio >= 7.0, "{what} of {name}: {ratio:.1}");
            }
            let meter = contrast(palette.meter, palette.background);
            assert!(meter >= 3.0, "meter of {name}: {meter:.1}"); // WCAG for graphics
            // Icons on a hovered button, and text on the hovered bar.
            assert!(contrast(palette.text, palette.hover) >= 7.0, "{name}");
        }
    }
}
