//! The icon in the desktop's tray: how much is in flight and waits, and which cards need a person. Each of those opens
//! its card. A desktop without a tray, or without the library for it, has the window alone; nothing depends on this.

use std::time::Duration;

use app::{
    App, EngineEvent, Events,
    wire::{Card, Nothing, Problem},
};
use domain::{Id, TaskId, text::elide};
use tauri::{
    AppHandle, Manager, Wry,
    image::Image,
    menu::{Menu, MenuBuilder, MenuItem},
    tray::{TrayIcon, TrayIconBuilder},
};

use crate::{
    links::{self, Wish},
    startup::raise,
};

/// Cards that the menu names; the rest is counted.
const NAMED: u32 = 10;
/// Characters of a card's line.
const LINE: usize = 64;
/// What happens within this time is one change of the menu.
const PACE: Duration = Duration::from_secs(1);
/// The signal colour, as on the board.
const SIGNAL: [u8; 4] = [0xf5, 0xb8, 0x3d, 0xff];

const SHOW: &str = "show";
const QUIT: &str = "quit";
const CARD: &str = "card-";

/// What the tray tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Glance {
    in_flight: u32,
    ready: u32,
    needs_you: u32,
    /// The first of those that need a person, as lines.
    cards: Vec<(TaskId, String)>,
}

impl Glance {
    async fn of(app: &App) -> Result<Glance, Problem> {
        let overview = app::ops::get_overview(app, Nothing {}).await?;
        let cards = app::ops::who_needs_you(app, NAMED).await?;
        Ok(Glance {
            in_flight: overview.in_flight,
            ready: overview.waiting,
            needs_you: overview.needs_you,
            cards: cards.iter().map(|card| (card.id, line(card))).collect(),
        })
    }

    fn counts(&self) -> String {
        format!("{} in flight · {} ready", self.in_flight, self.ready)
    }

    fn needs(&self) -> String {
        match self.needs_you {
            0 => "Nothing needs you".into(),
            1 => "1 card needs you".into(),
            many => format!("{many} cards need you"),
        }
    }

    fn unnamed(&self) -> u32 {
        self.needs_you.saturating_sub(self.cards.len() as u32)
    }
}

/// A menu reads a single `&` as a key.
fn line(card: &Card) -> String {
    elide(&format!("{} {}", card.key, card.title), LINE).replace('&', "&&")
}

/// Opens the tray beside the window and keeps it up to date for as long as the engine lives. `id`: of this board.
pub fn open(handle: &AppHandle, id: String) {
    if !library_is_there() {
        tracing::info!("no library for a tray here: the window goes without");
        return;
    }
    let Some(app) = handle.try_state::<App>().map(|app| app.inner().clone()) else { return };
    let handle = handle.clone();
    tauri::async_runtime::spawn(async move {
        let tray = match Glance::of(&app).await {
            Ok(first) => Tray::open(&handle, id, first).map_err(|error| error.to_string()),
            Err(problem) => Err(problem.message),
        };
        match tray {
            Ok(tray) => tray.keep(app).await,
            Err(error) => tracing::warn!(%error, "there is no tray"),
        }
    });
}

struct Tray {
    icon: TrayIcon<Wry>,
    counts: MenuItem<Wry>,
    told: Glance,
}

impl Tray {
    fn open(handle: &AppHandle, id: String, told: Glance) -> tauri::Result<Tray> {
        let (menu, counts) = menu(handle, &told)?;
        let icon = TrayIconBuilder::with_id(id)
            .icon(picture(told.needs_you > 0))
            .tooltip(told.needs())
            .menu(&menu)
            .on_menu_event(|handle, event| chosen(handle, event.id().as_ref()))
            .build(handle)?;
        let tray = Tray { icon, counts, told };
        tray.name()?;
        tray.count()?;
        Ok(tray)
    }

    async fn keep(mut self, app: App) {
        let mut events = app.engine().events();
        while stirred(&mut events).await {
            let told = match Glance::of(&app).await {
                Ok(now) => self.tell(now).map_err(|error| error.to_string()),
                Err(problem) => Err(problem.message),
            };
            if let Err(error) = told {
                tracing::warn!(%error, "the tray is out of date");
            }
        }
    }

    fn tell(&mut self, now: Glance) -> tauri::Result<()> {
        let before = std::mem::replace(&mut self.told, now);
        let now = &self.told;
        if before.cards != now.cards || before.needs_you != now.needs_you {
            let (menu, counts) = menu(self.icon.app_handle(), now)?;
            self.icon.set_menu(Some(menu))?;
            self.counts = counts;
            self.icon.set_tooltip(Some(now.needs()))?;
            self.name()?;
            self.count()?;
        } else if before != *now {
            self.counts.set_text(now.counts())?;
        }
        if (before.needs_you > 0) != (now.needs_you > 0) {
            self.icon.set_icon(Some(picture(now.needs_you > 0)))?;
        }
        Ok(())
    }

    /// What a panel shows over the icon on Linux, where the crate has no tooltip.
    #[cfg(target_os = "linux")]
    fn name(&self) -> tauri::Result<()> {
        let name = format!("Flightboard: {}", self.told.needs());
        self.icon.with_inner_tray_icon(move |tray| {
            // SAFETY: it is the tray's own indicator, which lives as long as the tray; nobody else uses it meanwhile, as
            // this is the main thread, and the call changes nothing on our side of the pointer.
            unsafe { (*tray.app_indicator().cast_mut()).set_title(&name) }
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn name(&self) -> tauri::Result<()> {
        Ok(())
    }

    /// Beside the icon, where the desktop has a place for it.
    fn count(&self) -> tauri::Result<()> {
        self.icon.set_title((self.told.needs_you > 0).then(|| self.told.needs_you.to_string()))
    }
}

/// Also returns the line of counts, which changes more often than the rest.
fn menu(handle: &AppHandle, glance: &Glance) -> tauri::Result<(Menu<Wry>, MenuItem<Wry>)> {
    let counts = MenuItem::new(handle, glance.counts(), false, None::<&str>)?;
    let needs = MenuItem::new(handle, glance.needs(), false, None::<&str>)?;
    let mut menu = MenuBuilder::new(handle).item(&counts).item(&needs);
    for (id, line) in &glance.cards {
        menu = menu.text(format!("{CARD}{}", id.raw()), line);
    }
    if glance.unnamed() > 0 {
        menu = menu.text(SHOW, format!("and {} more", glance.unnamed()));
    }
    let menu = menu.separator().text(SHOW, "Show Flightboard").text(QUIT, "Quit").build()?;
    Ok((menu, counts))
}

fn chosen(handle: &AppHandle, item: &str) {
    match item {
        SHOW => raise(handle),
        QUIT => handle.exit(0),
        other => {
            if let Some(id) = other.strip_prefix(CARD).and_then(|id| id.parse().ok()) {
                links::show(handle, Wish::Task(TaskId(id)));
            }
        }
    }
}

/// Waits for a change of the board, and then for what follows it at once. False: the engine has ended.
async fn stirred(events: &mut Events) -> bool {
    loop {
        match events.next().await {
            Some(EngineEvent::Changed(_) | EngineEvent::Missed) => break,
            Some(EngineEvent::Live(_) | EngineEvent::AgentsFound) => {}
            None => return false,
        }
    }
    let pace = tokio::time::sleep(PACE);
    tokio::pin!(pace);
    loop {
        tokio::select! {
            () = &mut pace => return true,
            heard = events.next() => if heard.is_none() { return false },
        }
    }
}

/// Units across the picture: the pixels that panels commonly give it, so that its edges fall between theirs.
const GRID: u32 = 22;
/// Pixels of a unit, for panels that give it more.
const UNIT: u32 = 4;
const CORNER: f32 = 5.0;
const GROUND: [u8; 3] = [0x10, 0x12, 0x14];
/// Sets the ground off from a dark panel.
const EDGE: [u8; 3] = [0x6b, 0x75, 0x7f];
const WAITS: [u8; 3] = [0xc3, 0xca, 0xd1];
const WORKS: [u8; 3] = [0x57, 0xa6, 0xff];
const DONE: [u8; 3] = [0x4f, 0xbf, 0x7b];
/// Left, top and colour of the cards, each four units by four.
const CARDS: [(u32, u32, [u8; 3]); 5] =
    [(4, 5, WAITS), (4, 10, WAITS), (9, 5, WORKS), (9, 10, WORKS), (14, 5, DONE)];
const CARD_SIDE: u32 = 4;

/// A board, simpler than the program's icon, which is a blur at this size; with a dot in the corner where a person is
/// needed.
fn picture(needs_you: bool) -> Image<'static> {
    let side = GRID * UNIT;
    let pixels = (0..side * side).flat_map(|at| {
        let (x, y) = (at % side, at / side);
        if needs_you { dotted(x, y) } else { board(x, y) }
    });
    Image::new_owned(pixels.collect(), side, side)
}

fn board(x: u32, y: u32) -> [u8; 4] {
    let outside = beyond(x, y) * UNIT as f32;
    let alpha = ((0.5 - outside).clamp(0.0, 1.0) * 255.0) as u8;
    let (column, row) = (x / UNIT, y / UNIT);
    let within = |from: u32, at: u32| (from..from + CARD_SIDE).contains(&at);
    let card = CARDS.iter().find(|(left, top, _)| within(*left, column) && within(*top, row));
    let [red, green, blue] = match card {
        Some((_, _, colour)) => *colour,
        None if outside > -(UNIT as f32) => EDGE,
        None => GROUND,
    };
    [red, green, blue, alpha]
}

/// Units from a pixel's centre to the edge of the ground; below zero inside of it.
fn beyond(x: u32, y: u32) -> f32 {
    let from_core = |at: u32| {
        let half = GRID as f32 / 2.0;
        ((at as f32 + 0.5) / UNIT as f32 - half).abs() - (half - CORNER)
    };
    let (across, down) = (from_core(x), from_core(y));
    across.max(0.0).hypot(down.max(0.0)) + across.max(down).min(0.0) - CORNER
}

fn dotted(x: u32, y: u32) -> [u8; 4] {
    let side = (GRID * UNIT) as f32;
    let (radius, ring) = (side * 0.26, side * 0.32);
    let away = (x as f32 + 0.5 - (side - radius)).hypot(y as f32 + 0.5 - (side - radius));
    if away <= radius {
        return SIGNAL;
    }
    let [red, green, blue, alpha] = board(x, y);
    // A gap sets the dot off from the board.
    [red, green, blue, if away <= ring { 0 } else { alpha }]
}

/// The crate that speaks to the tray panics where this is missing.
#[cfg(target_os = "linux")]
fn library_is_there() -> bool {
    ["libayatana-appindicator3.so.1", "libappindicator3.so.1"].into_iter().any(|name| {
        // SAFETY: it is the library that would be loaded a moment later, and its loading runs nothing else.
        unsafe { libloading::Library::new(name) }.is_ok()
    })
}

#[cfg(not(target_os = "linux"))]
fn library_is_there() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_count_in_words() {
        let told = |needs_you, named: i64| Glance {
            in_flight: 2,
            ready: 5,
            needs_you,
            cards: (0..named).map(|id| (TaskId(id), String::new())).collect(),
        };
        assert_eq!(told(0, 0).counts(), "2 in flight · 5 ready");
        assert_eq!(
            [0, 1, 12].map(|many| told(many, 0).needs()),
            ["Nothing needs you", "1 card needs you", "12 cards need you"]
        );
        assert_eq!((told(12, 10).unnamed(), told(3, 3).unnamed()), (2, 0));
    }

    #[test]
    fn the_dot_is_in_the_corner_and_the_rest_stays() {
        let plain = picture(false);
        let dotted = picture(true);
        let pixel = |image: &Image, x: u32, y: u32| {
            let at = ((y * image.width() + x) * 4) as usize;
            <[u8; 4]>::try_from(&image.rgba()[at..at + 4]).unwrap()
        };
        let (dot, card) = (70, 18);
        assert_eq!(pixel(&dotted, dot, dot), SIGNAL);
        assert_eq!(pixel(&dotted, card, 22), pixel(&plain, card, 22));
        assert_eq!((pixel(&plain, card, 22), pixel(&plain, 0, 0)[3]), ([0xc3, 0xca, 0xd1, 0xff], 0));
        assert!(!plain.rgba().chunks(4).any(|pixel| pixel == SIGNAL), "amber means that a person is needed");
    }
}
