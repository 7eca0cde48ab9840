//! The window: a thin shell around the overlay.
//!
//! It drains the events, reduces them into the [`SessionView`], and draws. A frame is made when
//! [`WindowWaker::wake`] is called, when the user does something, and otherwise only as often as the level
//! meter or the clock needs it.
//!
//! The window is opaque: on X11 without a compositor a transparent one shows rubbish, and there is no
//! telling from here whether there is one.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::anyhow;
use crossbeam_channel::{Receiver, Sender, TryRecvError};
use eframe::{
    egui::{self, PaintCallback, Pos2, Rect, Vec2, ViewportCommand, WindowLevel},
    egui_glow::CallbackFn,
};
use overlay::{Action, SessionView};
use timeline::{EventKind, SampleIdx, SessionEvent};

use crate::{clock::SessionClock, wire::Control};

/// Frames after which the window asks again to stay on top: window managers such as openbox ignore
/// the wish of a window that is not yet mapped.
const ON_TOP_AGAIN_AT_FRAMES: [u32; 3] = [3, 10, 30];

/// Distance from the edge of the screen at the start, in points.
const SCREEN_MARGIN: f32 = 24.0;

/// How long the window stays after the end of the session if it closes by itself: the state is seen,
/// and a last cue is read.
const STAYS_AFTER_END: Duration = Duration::from_secs(2);

/// The size, in points, until the first frame has said what it needs.
const FIRST_SIZE: Vec2 = Vec2::new(520.0, 236.0);

/// Wakes the window from another thread, so that an event is drawn at once. Cheap to clone; before the
/// window is there and after it is gone, waking does nothing.
#[derive(Debug, Clone, Default)]
pub struct WindowWaker {
    context: Arc<OnceLock<egui::Context>>,
}

impl WindowWaker {
    /// Has the next frame drawn now. Call it after an event was sent; never blocks for longer than a
    /// lock of egui's.
    pub fn wake(&self) {
        if let Some(context) = self.context.get() {
            context.request_repaint();
        }
    }
}

/// What the window is connected to.
pub struct WindowInputs {
    /// What happens. Hanging up ends the session as an `end` event does.
    pub events: Receiver<SessionEvent>,
    /// What the user wants of the session: pause, go on, exchange the roles, stop.
    pub control: Sender<Control>,
    /// The level of the sound: the bits of an `f32`, in dBFS.
    pub level: Arc<AtomicU32>,
    /// Wall time on the session's clock.
    pub clock: Arc<SessionClock>,
    /// Told when the first frame of a cue was handed to the painter (before the buffers are swapped): where the words
    /// ended that show the moment, and milliseconds since. Never waited for: if it is full, the
    /// measurement is lost.
    pub presented: Sender<(SampleIdx, f32)>,
    /// Is given the window's context; clone it before.
    pub waker: WindowWaker,
    /// Whether the window closes by itself when the session has ended and the last cue has gone.
    pub close_on_end: bool,
}

/// Opens the window and runs it until it is closed. Has to be called on the main thread.
///
/// # Errors
/// If no window can be opened: there is no display, or no OpenGL.
pub fn run_window(view: SessionView, inputs: WindowInputs) -> anyhow::Result<()> {
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Gids")
            .with_app_id("gids")
            .with_inner_size(FIRST_SIZE)
            .with_decorations(false)
            .with_resizable(false)
            .with_always_on_top()
            .with_icon(egui::IconData::default()),
        ..eframe::NativeOptions::default()
    };
    let create: eframe::AppCreator<'_> = Box::new(|creation| {
        // A second window would keep the first one's waker: there is one window a session.
        inputs.waker.context.get_or_init(|| creation.egui_ctx.clone());
        Ok(Box::new(Window::new(view, inputs)))
    });
    eframe::run_native("Gids", options, create).map_err(|error| {
        anyhow!("cannot open a window: {error}; run with --headless to see cues in the terminal")
    })
}

/// How the session stands, as far as the window minds.
enum Ending {
    Running,
    /// Since when; the session's clock at that moment goes on with wall time, so that a cue still goes.
    Ended {
        since: Instant,
        clock_s: f64,
    },
    /// The window has been told to close.
    Closing,
}

struct Window {
    view: SessionView,
    inputs: WindowInputs,
    ending: Ending,
    frames: u32,
    placed: bool,
    size: Vec2,
    /// The newest cue, until its painting was reported: when the words ended.
    unreported: Option<SampleIdx>,
}

impl Window {
    fn new(view: SessionView, inputs: WindowInputs) -> Self {
        Self {
            view,
            inputs,
            ending: Ending::Running,
            frames: 0,
            placed: false,
            size: FIRST_SIZE,
            unreported: None,
        }
    }

    /// Takes in all that happened since the last frame.
    fn drain(&mut self) {
        self.view.tick(self.now_s());
        self.view.set_level(f32::from_bits(self.inputs.level.load(Ordering::Relaxed)));
        loop {
            match self.inputs.events.try_recv() {
                Ok(event) => {
                    self.view.reduce(&event);
                    if let EventKind::Cue(cue) = &event.kind {
                        self.unreported = Some(SampleIdx::from_secs(cue.at_s));
                    }
                    if matches!(event.kind, EventKind::End(_)) {
                        self.end();
                    }
                }
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.end();
                    return;
                }
            }
        }
    }

    fn end(&mut self) {
        if matches!(self.ending, Ending::Running) {
            let clock_s = self.inputs.clock.now_s();
            self.ending = Ending::Ended { since: Instant::now(), clock_s };
        }
    }

    fn now_s(&self) -> f64 {
        match &self.ending {
            Ending::Running => self.inputs.clock.now_s(),
            Ending::Ended { since, clock_s } => clock_s + since.elapsed().as_secs_f64(),
            Ending::Closing => self.view.now_s(),
        }
    }

    fn act(&mut self, actions: &[Action], ctx: &egui::Context) {
        for action in actions {
            self.view.apply(action);
            match action {
                Action::TogglePause => {
                    let pause = Control::Pause(!self.view.is_listening());
                    if self.inputs.control.try_send(pause).is_err() {
                        self.view.apply(action); // nobody heard it: it did not happen
                    }
                }
                // What is shown changes when the `roles` event comes; nothing has happened if nobody heard it.
                Action::SwapRoles => {
                    self.inputs.control.try_send(Control::SwapRoles).ok();
                }
                // The program stops the session when the window is gone.
                Action::Quit => self.close(ctx),
                _ => {}
            }
        }
        if !actions.is_empty() {
            ctx.request_repaint();
        }
    }

    fn close(&mut self, ctx: &egui::Context) {
        if !matches!(self.ending, Ending::Closing) {
            self.ending = Ending::Closing;
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    fn close_if_over(&mut self, ctx: &egui::Context) {
        if let Ending::Ended { since, .. } = &self.ending {
            // A window that is not shown is not drawn: nothing else would wake it.
            let left = STAYS_AFTER_END.saturating_sub(since.elapsed());
            ctx.request_repaint_after(left.max(Duration::from_millis(100)));
        }
        if let Ending::Ended { since, .. } = &self.ending
            && self.inputs.close_on_end
            && since.elapsed() >= STAYS_AFTER_END
            && self.view.cue().is_none()
        {
            self.close(ctx);
        }
    }

    /// Place, size and level, as far as they have to change.
    fn manage(&mut self, ctx: &egui::Context) {
        self.frames = self.frames.saturating_add(1);
        if ON_TOP_AGAIN_AT_FRAMES.contains(&self.frames) {
            ctx.send_viewport_cmd(ViewportCommand::WindowLevel(WindowLevel::AlwaysOnTop));
        }
        if !self.placed
            && let Some(screen) = ctx.input(|input| input.viewport().monitor_size)
        {
            self.placed = true;
            let x = (screen.x - self.size.x - SCREEN_MARGIN).max(0.0);
            ctx.send_viewport_cmd(ViewportCommand::OuterPosition(Pos2::new(x, SCREEN_MARGIN)));
        }
        let wanted = overlay::preferred_size(ctx, &self.view);
        if wanted != self.size {
            if let Some(corner) = self.corner_for(wanted, ctx) {
                ctx.send_viewport_cmd(ViewportCommand::OuterPosition(corner));
            }
            self.size = wanted;
            ctx.send_viewport_cmd(ViewportCommand::InnerSize(wanted));
        }
    }

    /// Where the window has to be so that growing and shrinking keep it at the side of the screen where it
    /// stands. `None` where the system does not tell (Wayland) or nothing has to move.
    fn corner_for(&self, wanted: Vec2, ctx: &egui::Context) -> Option<Pos2> {
        let (window, screen) = ctx.input(|input| {
            let viewport = input.viewport();
            Some((viewport.outer_rect?, viewport.monitor_size?))
        })?;
        let smaller_by = self.size - wanted;
        let right_half = window.center().x > screen.x / 2.0;
        let lower_half = window.center().y > screen.y / 2.0;
        let moved = Vec2::new(
            if right_half { smaller_by.x } else { 0.0 },
            if lower_half { smaller_by.y } else { 0.0 },
        );
        (moved != Vec2::ZERO).then(|| window.min + moved)
    }

    /// Adds a shape that is painted last and says when that is.
    fn report_cue(&mut self, ui: &egui::Ui) {
        let visible =
            self.view.visibility() == overlay::Visibility::Open && self.view.cue().is_some();
        let Some(cue_end) = self.unreported.take_if(|_| visible) else { return };
        let (clock, presented) = (Arc::clone(&self.inputs.clock), self.inputs.presented.clone());
        let callback = CallbackFn::new(move |_info, _painter| {
            // A full channel loses a measurement; the painter must not wait for one.
            presented.try_send((cue_end, clock.ms_since(cue_end))).ok();
        });
        let rect = Rect::from_min_size(ui.max_rect().min, Vec2::splat(1.0));
        ui.ctx().debug_painter().add(PaintCallback { rect, callback: Arc::new(callback) });
    }
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.drain();
        self.close_if_over(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        self.manage(&ctx);
        let actions = overlay::draw(ui, &self.view);
        self.report_cue(ui);
        self.act(&actions, &ctx);
        ctx.request_repaint_after(Duration::from_secs_f64(self.view.repaint_after_s()));
    }

    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        [0.0, 0.0, 0.0, 1.0]
    }
}
