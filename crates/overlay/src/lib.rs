//! Draws what a [`SessionView`] holds.
//!
//! [`SessionView`] is plain state: [`SessionView::reduce`] takes the events of a session,
//! [`SessionView::tick`] the time, [`SessionView::apply`] what the user does. [`draw()`] shows it and
//! returns the user's [`Action`]s. The window itself is the program's.
//!
//! Architecture invariants: no window, thread, channel or clock in this crate; what is shown is a
//! function of the view. Nothing is said by colour alone. No score or percentage of a person is shown.

mod action;
mod draw;
mod icons;
mod palette;
mod texts;
mod view;

pub use action::{Action, Detail, ThemeChoice, Visibility, Words};
pub use draw::{draw, preferred_size};
pub use view::{CUE_FRESH_S, CUE_SHOWN_S, LAG_SAID_MS, SessionView, ShownCue, Status};
