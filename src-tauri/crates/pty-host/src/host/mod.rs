//! The process itself: it opens the terminal, starts the agent, and stays until the last byte is in the log and
//! the last process is gone.
//!
//! Four threads, each asleep until its one thing happens: `output` in a read of the terminal, `server` in a wait
//! for clients, `reaper` in a wait for children, and this one in a wait for what the others report; `input`
//! makes five. None has a timer while the run lives. The host's own hold on the terminal's other side
//! stays open until the tree is gone: so a moment in which no process holds the terminal is not taken for its end,
//! and closing it lets the output thread read to the last byte and then see the end by itself.

mod ending;
mod input;
mod output;
mod server;
mod session;
mod shared;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use self::ending::{Ending, Step};
use self::input::Input;
use self::output::{Output, Track};
use self::server::{Front, Server};
use self::shared::Shared;
use crate::launch::{Answer, Launch, Order, StartFailure};
use crate::platform::{self, AgentEnd, Gone, Terminal, Tree};
use crate::protocol::{MIN_PROTOCOL, PROTOCOL};
use crate::records::{self, Exit, HostRecord, LaunchRecord, RECORD_VERSION};

/// The threads do shallow work; what they do not touch costs nothing, but it should not look like much either.
const STACK: usize = 128 << 10;
/// How long the output thread may take to meet the end of the terminal before a stranger is suspected of
/// holding it open.
const DRAIN: Duration = Duration::from_millis(500);
/// Between attempts to write `exit.json` on a full disk.
const RETRY: Duration = Duration::from_millis(500);

/// The run directory: `main` has made it the working directory, because a socket's name is short.
const HERE: &str = ".";

/// What the other threads report.
pub(crate) enum Event {
    Stop { grace: Duration },
    Gone(Gone),
    OutputEnded,
}

/// `flightboard-pty-host RUN_DIR`, the order on standard input, the answer on standard output.
pub fn main() -> ExitCode {
    platform::close_inherited();
    let Some(run_dir) = std::env::args_os().nth(1) else {
        eprintln!("usage: flightboard-pty-host RUN_DIR < order (started by Flightboard, not by hand)");
        return ExitCode::from(2);
    };
    if let Err(error) = std::env::set_current_dir(&run_dir).and_then(|()| platform::detach()) {
        eprintln!("flightboard-pty-host: cannot start: {error}");
        return ExitCode::FAILURE;
    }
    match hold_a_run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("flightboard-pty-host: {error}");
            ExitCode::FAILURE
        }
    }
}

fn hold_a_run() -> io::Result<()> {
    platform::use_little_memory();
    platform::ignore_signals();
    let order = read_order();
    let mut answer = platform::take_answer_pipe()?;
    match order.and_then(|launch| Run::start(&launch).map(|run| (run, launch))) {
        Ok((run, launch)) => {
            let started = Answer::Started { host_pid: std::process::id(), agent_pid: run.agent };
            // A starter that died meanwhile does not matter: the run is claimed, its successor will find it.
            let _ = serde_json::to_writer(&mut answer, &started);
            drop(answer);
            run.see_it_through(&launch)
        }
        Err(failure) => {
            serde_json::to_writer(&mut answer, &Answer::Failed(failure))?;
            answer.flush()
        }
    }
}

fn read_order() -> Result<Launch, StartFailure> {
    let mut text = Vec::new();
    let order = io::stdin().read_to_end(&mut text).and_then(|_| Ok(serde_json::from_slice::<Order>(&text)?));
    let order = order.map_err(|error| StartFailure::Order { message: error.to_string() })?;
    if order.protocol < MIN_PROTOCOL {
        return Err(StartFailure::Protocol { host: PROTOCOL, asked: order.protocol });
    }
    Ok(order.launch)
}

/// A run whose agent is alive.
struct Run {
    agent: u32,
    tree: Tree,
    started_at_ms: i64,
    terminal: Arc<Terminal>,
    shared: Arc<Shared>,
    events: Receiver<Event>,
    output: JoinHandle<()>,
    server: JoinHandle<io::Result<()>>,
    last_words: Arc<AtomicBool>,
}

impl Run {
    /// Starts everything, or undoes what it had begun.
    fn start(launch: &Launch) -> Result<Run, StartFailure> {
        // Before the other threads begin, which take it over from this one.
        platform::stand_back(launch.nice / 2);
        let claim = HostRecord {
            version: RECORD_VERSION,
            protocol: PROTOCOL,
            run_id: launch.run_id,
            host: platform::mark(std::process::id())
                .and_then(|mark| mark.ok_or_else(|| io::Error::other("this process has no mark")))
                .map_err(trouble("finding out who we are"))?,
            agent: None,
            started_at_ms: now_ms(),
        };
        let claimed = records::create(Path::new(HERE), records::HOST, &claim);
        if !claimed.map_err(trouble("claiming it"))? {
            return Err(StartFailure::RunDirInUse);
        }
        Run::start_in_claimed(launch, claim).inspect_err(|_| sweep())
    }

    fn start_in_claimed(launch: &Launch, mut record: HostRecord) -> Result<Run, StartFailure> {
        let here = Path::new(HERE);
        records::replace(here, records::LAUNCH, &LaunchRecord::of(launch)).map_err(trouble("launch.json"))?;
        let log = records::open_new(Path::new(records::LOG)).map_err(trouble("output.log"))?;
        let log_reader = File::open(records::LOG).map_err(trouble("output.log"))?;
        let timing = records::open_new(Path::new(records::TIMING)).map_err(trouble("timing.idx"))?;
        let (door, bell) = platform::open_door().map_err(trouble("the socket"))?;
        let shared = Arc::new(Shared::new(bell));
        platform::ring_when_asked_to_end(shared.waker.bell());
        let track = Arc::new(Mutex::new(Track::new(timing, record.started_at_ms)));
        let terminal = Terminal::open(launch.cols.max(1), launch.rows.max(1));
        let terminal = terminal.map_err(|error| StartFailure::Pty { message: error.to_string() })?;
        let terminal = Arc::new(terminal);
        platform::adopt_orphans().map_err(resources)?;

        let put_on_record = |agent| {
            record.agent = platform::mark(agent).map_err(trouble("finding out who the agent is"))?;
            records::replace(here, records::HOST, &record).map_err(trouble("host.json"))
        };
        let platform::Agent { pid: agent, tree, children } =
            platform::start_agent(launch, &terminal, put_on_record)?;
        // From here on an agent is alive: whatever still fails must not leave it behind.
        let undo = KillOnDrop(tree.clone());

        let (tell, events) = mpsc::channel();
        let input = Arc::new(Input::default());
        let last_words = Arc::new(AtomicBool::new(false));
        let front = Front {
            run_id: launch.run_id,
            agent_pid: agent,
            started_at_ms: record.started_at_ms,
            shared: Arc::clone(&shared),
            input: Arc::clone(&input),
            track: Arc::clone(&track),
            events: tell.clone(),
            terminal: Arc::clone(&terminal),
            log: log_reader,
            cols: launch.cols,
            rows: launch.rows,
            sizers: Vec::new(),
            fresh_size: None,
            clients: 0,
        };
        let server = Server::new(door, front);
        let output = Output {
            terminal: terminal.reader().map_err(resources)?,
            log,
            shared: Arc::clone(&shared),
            track,
            last_words: Arc::clone(&last_words),
        };
        let keyboard = terminal.writer().map_err(resources)?;
        let output_ended = tell.clone();
        let output = begin("output", move || {
            output.pump();
            let _ = output_ended.send(Event::OutputEnded);
        })?;
        let server = begin("server", move || server.serve())?;
        begin("input", move || input.write_to(keyboard))?;
        begin("reaper", move || {
            children.report(|gone| {
                // The receiver is gone only when the run is over.
                let _ = tell.send(Event::Gone(gone));
            });
        })?;
        std::mem::forget(undo);
        let started_at_ms = record.started_at_ms;
        Ok(Run { agent, tree, started_at_ms, terminal, shared, events, output, server, last_words })
    }

    fn see_it_through(self, launch: &Launch) -> io::Result<()> {
        let mut ending = Ending::new();
        let agent_end = self.await_the_end(&mut ending);
        self.shared.set_ending();
        self.terminal.let_go();
        drain(&self.events, &self.shared, &self.output, &self.terminal, &self.last_words);
        let (log_error, lost_bytes) = self.shared.log_trouble();
        let exit = Exit {
            version: RECORD_VERSION,
            run_id: launch.run_id,
            code: agent_end.and_then(|(end, _)| end.code),
            signal: agent_end.and_then(|(end, _)| end.signal),
            started_at_ms: self.started_at_ms,
            ended_at_ms: agent_end.map_or_else(now_ms, |(_, at)| at),
            output_bytes: self.shared.len(),
            stop: ending.stop,
            survivors: self.tree.survivors(&launch.cwd),
            log_error,
            lost_bytes,
        };
        write_exit(&exit, &self.shared)?;
        self.shared.set_exit(exit);
        let served = self.server.join().unwrap_or_else(|_| Err(io::Error::other("the server panicked")));
        let _ = std::fs::remove_file(records::SOCKET);
        served
    }

    /// Waits until the tree is gone, driving it there once the agent has ended or a stop was asked for.
    fn await_the_end(&self, ending: &mut Ending) -> Option<(AgentEnd, i64)> {
        let mut agent_end = None;
        let mut childless = false;
        loop {
            let step = match next_event(&self.events, ending.deadline()) {
                Some(Event::Stop { grace }) => {
                    self.shared.set_ending();
                    ending.stop_requested(grace, Instant::now())
                }
                Some(Event::Gone(Gone::Agent(end))) => {
                    agent_end = Some((end, now_ms()));
                    self.shared.set_ending();
                    ending.agent_exited(Instant::now())
                }
                Some(Event::Gone(Gone::Everybody)) => {
                    childless = true;
                    Step::Wait
                }
                // The terminal cannot end while we hold its other side; it can only be broken.
                Some(Event::OutputEnded) => Step::Wait,
                None => ending.time_is_up(Instant::now()),
            };
            if agent_end.is_some() && self.tree.is_gone(childless) {
                ending.tree_gone();
                return agent_end;
            }
            match step {
                Step::Wait => {}
                Step::AskToLeave { also_hang_up } => self.tree.ask_to_leave(also_hang_up),
                Step::Kill => self.tree.kill(),
                Step::Finish => return agent_end,
            }
        }
    }
}

/// `None`: the deadline came first.
fn next_event(events: &Receiver<Event>, deadline: Option<Instant>) -> Option<Event> {
    let Some(deadline) = deadline else {
        return Some(events.recv().expect("the reaper reports the agent's end before it goes"));
    };
    match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(event) => Some(event),
        Err(RecvTimeoutError::Timeout) => None,
        // Every reporter has gone, so only time can bring the end.
        Err(RecvTimeoutError::Disconnected) => {
            thread::sleep(deadline.saturating_duration_since(Instant::now()));
            None
        }
    }
}

/// Waits for the output thread, which ends by itself unless somebody outside the tree holds the terminal.
fn drain(
    events: &Receiver<Event>,
    shared: &Shared,
    output: &JoinHandle<()>,
    terminal: &Terminal,
    last_words: &AtomicBool,
) {
    loop {
        let before = shared.len();
        if output.is_finished() {
            return;
        }
        match events.recv_timeout(DRAIN) {
            Ok(Event::OutputEnded) | Err(RecvTimeoutError::Disconnected) => return,
            Ok(Event::Stop { .. } | Event::Gone(_)) => {}
            Err(RecvTimeoutError::Timeout) => {
                // Busy or waiting for space is not stuck.
                if shared.len() == before && shared.stalled().is_none() {
                    last_words.store(true, Ordering::SeqCst);
                    terminal.interrupt(output);
                }
            }
        }
    }
}

/// On a full disk this waits as the log does: a run without its end would look lost.
fn write_exit(exit: &Exit, shared: &Shared) -> io::Result<()> {
    loop {
        match records::replace(Path::new(HERE), records::EXIT, exit) {
            Ok(()) => return Ok(()),
            Err(error) if shared.is_abandoned() || !Path::new(records::HOST).exists() => return Err(error),
            Err(error) => {
                shared.stall(error.to_string());
                shared.wait_for_space(RETRY);
            }
        }
    }
}

/// Ends an agent that was started by a start that failed afterwards.
struct KillOnDrop(Tree);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        self.0.kill();
    }
}

/// Takes back what a failed start has written. The claim goes last.
fn sweep() {
    for name in [records::SOCKET, records::TIMING, records::LOG, records::LAUNCH, records::HOST] {
        let _ = std::fs::remove_file(name);
    }
}

fn begin<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, StartFailure> {
    thread::Builder::new().name(name.into()).stack_size(STACK).spawn(work).map_err(resources)
}

fn trouble(doing: &str) -> impl Fn(io::Error) -> StartFailure {
    move |error| StartFailure::RunDir { doing: doing.to_owned(), message: error.to_string() }
}

fn resources(error: io::Error) -> StartFailure {
    StartFailure::Resources { message: error.to_string() }
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
