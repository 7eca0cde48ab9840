//! What the user can do, and choose.

/// What the user does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Pause, or go on listening. The program has to do it too.
    TogglePause,
    /// Shrink to a small bar, or come back.
    ToggleHide,
    /// Take the cue away, or what is said of a fault.
    DismissCue,
    /// End the session. The program has to do it.
    Quit,
    /// Use this theme.
    SetTheme(ThemeChoice),
    /// Suggestions or marks and headlines only.
    ToggleDetail,
    /// Show the words that are heard, or not.
    ToggleWords,
    /// The practitioner is taken for the client, and the client for the practitioner: exchange them. The program has
    /// to do it.
    SwapRoles,
}

/// Which theme is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThemeChoice {
    /// The one of the desktop.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// How much of a cue is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Mark and headline.
    Glance,
    /// Mark, headline and suggestion.
    #[default]
    Practice,
}

/// Whether the window is open or a small bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Visibility {
    /// Everything is shown.
    #[default]
    Open,
    /// Only the state: no cue, no words.
    Hidden,
}

/// Whether the words that are heard are shown while there is no cue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Words {
    /// The last ones.
    #[default]
    Shown,
    /// None.
    Hidden,
}
