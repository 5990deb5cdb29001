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
    include_image,
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
            self.count()?;
        } else if before != *now {
            self.counts.set_text(now.counts())?;
        }
        if (before.needs_you > 0) != (now.needs_you > 0) {
            self.icon.set_icon(Some(picture(now.needs_you > 0)))?;
        }
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

/// The program's icon; with a dot in the corner where a person is needed.
fn picture(needs_you: bool) -> Image<'static> {
    let plain = include_image!("../icons/128x128.png");
    if needs_you { dotted(&plain) } else { plain }
}

fn dotted(plain: &Image) -> Image<'static> {
    let (width, height) = (plain.width(), plain.height());
    let (radius, ring) = (width as f32 * 0.26, width as f32 * 0.32);
    let (x, y) = (width as f32 - radius, height as f32 - radius);
    let mut pixels = plain.rgba().to_vec();
    for (at, pixel) in pixels.chunks_exact_mut(4).enumerate() {
        let (column, row) = (at as u32 % width, at as u32 / width);
        let away = (column as f32 + 0.5 - x).hypot(row as f32 + 0.5 - y);
        if away <= radius {
            pixel.copy_from_slice(&SIGNAL);
        } else if away <= ring {
            // Sets the dot off from the picture.
            pixel[3] = 0;
        }
    }
    Image::new_owned(pixels, width, height)
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
        assert_eq!(pixel(&dotted, 94, 94), SIGNAL);
        assert_eq!(pixel(&dotted, 30, 30), pixel(&plain, 30, 30));
    }
}
