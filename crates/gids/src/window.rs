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
use timeline::{EventKind, SessionEvent};

/// Frames after which the window asks again to stay on top: window managers such as openbox ignore
/// the wish of a window that is not yet mapped.
const ON_TOP_AGAIN_AT_FRAMES: [u32; 3] = [3, 10, 30];

/// Distance from the edge of the screen at the start, in points.
const SCREEN_MARGIN: f32 = 24.0;

/// How long the window stays after the end of the session if it closes by itself: the state is seen,
/// and a last cue is read.
const STAYS_AFTER_END: Duration = Duration::from_secs(2);

/// The size, in points, until the first frame has said what it needs.
const FIRST_SIZE: Vec2 = Vec2::new(520.0, 206.0);

/// A cue whose frame was painted: the utterance after which it comes, and when that was.
pub type Presented = (String, Instant);

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
    /// What the user wants. Only actions that the program has to act on are sent: `TogglePause`, `Quit`.
    pub actions: Sender<Action>,
    /// The level of the sound: the bits of an `f32`, in dBFS.
    pub level: Arc<AtomicU32>,
    /// Seconds on the session's clock now.
    pub clock: Box<dyn Fn() -> f64 + Send>,
    /// Told when the frame that first shows a cue has been painted (before the buffers are swapped).
    /// Never waited for: if it is full, the measurement is lost.
    pub presented: Option<Sender<Presented>>,
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
    /// The cue whose painting was reported last.
    reported: Option<String>,
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
            reported: None,
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
            let clock_s = (self.inputs.clock)();
            self.ending = Ending::Ended { since: Instant::now(), clock_s };
        }
    }

    fn now_s(&self) -> f64 {
        match &self.ending {
            Ending::Running => (self.inputs.clock)(),
            Ending::Ended { since, clock_s } => clock_s + since.elapsed().as_secs_f64(),
            Ending::Closing => self.view.now_s(),
        }
    }

    fn act(&mut self, actions: &[Action], ctx: &egui::Context) {
        for action in actions {
            self.view.apply(action);
            if matches!(action, Action::TogglePause | Action::Quit) {
                // Full or hung up: the session is ending anyway. The window obeys all the same.
                let told = self.inputs.actions.try_send(*action).is_ok();
                if !told && *action == Action::TogglePause {
                    self.view.apply(action); // nobody heard it: it did not happen
                }
            }
            if *action == Action::Quit {
                self.close(ctx);
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
            self.size = wanted;
            ctx.send_viewport_cmd(ViewportCommand::InnerSize(wanted));
        }
    }

    /// Adds a shape that is painted last and says when that is.
    fn report_cue(&mut self, ui: &egui::Ui) {
        let Some(presented) = &self.inputs.presented else { return };
        let visible = self.view.visibility() == overlay::Visibility::Open;
        let Some(cue) = self.view.cue().filter(|_| visible) else { return };
        if self.reported.as_ref() == Some(&cue.after) {
            return;
        }
        self.reported = Some(cue.after.clone());
        let (after, presented) = (cue.after.clone(), presented.clone());
        let callback = CallbackFn::new(move |_info, _painter| {
            // A full channel loses a measurement; the painter must not wait for one.
            if presented.try_send((after.clone(), Instant::now())).is_err() {}
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
