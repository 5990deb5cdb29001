//! Watches one live run from its start, or from its adoption, to its end: follows the log, reduces
//! evidence to a state, answers the program's questions, collects artifacts, and closes the run when
//! its pty-host says that it is over. One task a run; it owns the connection to the host.

use std::{path::PathBuf, sync::Arc, time::Duration};

use agents::{Mode, Spend};
use domain::{
    Activity, Cause, Millis, Reading, RunState, TaskId,
    limits::{Due, RunLimits, Watched},
};
use pty_host::{AsyncClient, ConnectError, Exit, Notice};
use store::{RunRecord, StoreError};
use tokio::{
    sync::{Mutex, mpsc, watch},
    time::{Instant, sleep_until},
};

use crate::{
    Engine,
    closing::{close_ended, close_lost, judge},
    collector::Collector,
    error::EngineError,
    events::Live,
    growing::{LogReader, Tail, grown},
    observer::{Fact, Observer, cursor_answer},
    run_plan::RunPlan,
    viewers::FollowedScreen,
};

/// Between two `Live` events of a run, and two looks at its screen.
const LIVE_PACE: Duration = Duration::from_millis(250);
/// How long an agent may take to leave after its last word before a budget ends it.
const LAST_WORD: Duration = Duration::from_secs(3);
/// Between two looks at what a run used.
const SPEND_PACE: Duration = Duration::from_secs(20);
/// How long an agent may take to leave before it is killed.
pub(crate) const GRACE: Duration = Duration::from_secs(5);
/// Programs give up waiting for their cursor after a second or two.
const CURSOR_PATIENCE: Duration = Duration::from_millis(500);
/// By how much the clock must have moved beside the time that passed before it is left out, in milliseconds.
const JUMP: Millis = 60_000;
/// Between attempts to store what happened while the disk is full.
const ROOM_PACE: Duration = Duration::from_secs(1);

/// Where a run's log stands; viewers wait on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogTold {
    pub len: u64,
    pub cols: u16,
    pub rows: u16,
    pub exit: Option<Exit>,
}

/// What others may do with a live run.
#[derive(Clone, Debug)]
pub(crate) struct LiveRun {
    pub client: AsyncClient,
    pub log: watch::Receiver<LogTold>,
    /// Held by whoever types a message.
    pub keyboard: Arc<Mutex<()>>,
}

impl Engine {
    /// Starts watching; once this returns the run can be typed to and looked at. `adopted` when an
    /// earlier engine watched it before.
    pub(crate) async fn supervise(
        &self,
        run: RunRecord,
        plan: RunPlan,
        adopted: bool,
    ) -> Result<(), EngineError> {
        let run_dir = self.layout().run(run.id);
        let engine = self.clone();
        let id = run.id;
        match AsyncClient::connect(&run_dir).await {
            Ok((client, notices)) => {
                let log = self.remember_live(&run, &client);
                self.own_watching(id, async move {
                    if run.stop_asked_at.is_some() {
                        // The engine that was asked did not live to see it done.
                        let _ = client.stop(GRACE).await;
                    }
                    let limits = engine.limits_of(run.task).await?;
                    Watcher::new(&engine, run, plan, client, log, limits, adopted)?.follow(notices).await
                });
            }
            Err(ConnectError::Ended(exit)) => {
                self.own_watching(id, async move { close_ended(&engine, run, plan, *exit).await });
            }
            Err(ConnectError::NobodyThere) => close_lost(self, &run).await?,
            Err(error) => return Err(EngineError::Internal(error.to_string())),
        }
        Ok(())
    }

    /// Stores what must not be lost: while the disk is full it is tried again, and people are told.
    pub(crate) async fn once_there_is_room<T, F>(
        &self,
        task: TaskId,
        write: impl Fn() -> F,
    ) -> Result<T, EngineError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut waited = false;
        loop {
            match write().await {
                Err(full @ StoreError::DiskFull) => {
                    if !waited {
                        tracing::warn!(error = %full, %task, "waiting for room on the disk");
                        let root = self.layout().root().display();
                        self.set_trouble(Some(format!(
                            "the disk that holds {root} is full, so what happens to {} cannot be stored; free some space",
                            task.key()
                        )));
                    }
                    waited = true;
                    tokio::time::sleep(ROOM_PACE).await;
                }
                outcome => {
                    if waited {
                        self.set_trouble(None);
                    }
                    return Ok(outcome?);
                }
            }
        }
    }

    fn remember_live(&self, run: &RunRecord, client: &AsyncClient) -> watch::Sender<LogTold> {
        let status = client.welcome();
        let told = LogTold { len: status.log_len, cols: status.cols, rows: status.rows, exit: None };
        let (log, watched) = watch::channel(told);
        self.add_live(run.id, LiveRun { client: client.clone(), log: watched, keyboard: Arc::default() });
        log
    }

    fn own_watching(
        &self,
        id: domain::RunId,
        work: impl Future<Output = Result<(), EngineError>> + Send + 'static,
    ) {
        let engine = self.clone();
        self.own(async move {
            if let Err(error) = work.await {
                // Nothing is given up: the next start of the engine adopts the run again.
                tracing::error!(%error, run = %id, "watching a run failed");
            }
            engine.forget_live(id);
        });
    }
}

struct Watcher<'e> {
    engine: &'e Engine,
    run: RunRecord,
    plan: RunPlan,
    run_dir: PathBuf,
    client: AsyncClient,
    log: watch::Sender<LogTold>,
    observer: Observer,
    reader: LogReader,
    /// Output before this offset was seen live by an earlier engine.
    live_from: u64,
    hooks: Option<Tail>,
    collector: Option<Collector>,
    last_live: Instant,
    live_due: bool,
    last_told: Option<Live>,
    /// When to look at what the newest output shows; none: it was looked at.
    look_due: Option<Instant>,
    last_output: Instant,
    typed: bool,
    limits: RunLimits,
    /// A limit was reached; the end is under way.
    ending: bool,
    spend: Spend,
    spend_noted: Instant,
    /// When the budgets are to be looked at.
    budgets_due: Option<Instant>,
    /// Milliseconds UTC.
    last_byte_at: Millis,
    /// When the clocks were last compared, and how far apart they have come since the start.
    compared: (Instant, Millis),
    left_out: Millis,
    status: domain::RunStatus,
    /// It waits, and only its last line says for what.
    asks_on_screen: bool,
    /// The agent has ended: what is read now was written before, and says nothing new of it.
    over: bool,
    /// Of agents that ask some questions on the screen only, and of programs that asked for their cursor.
    screen: Option<Arc<FollowedScreen>>,
}

impl<'e> Watcher<'e> {
    fn new(
        engine: &'e Engine,
        run: RunRecord,
        plan: RunPlan,
        client: AsyncClient,
        log: watch::Sender<LogTold>,
        limits: RunLimits,
        adopted: bool,
    ) -> Result<Watcher<'e>, EngineError> {
        let run_dir = engine.layout().run(run.id);
        let len = log.borrow().len;
        let from = if adopted { plan.first_offset(len) } else { 0 };
        let reader = LogReader::open(&run_dir, from)?;
        let hooks = plan.signals_file.clone().map(Tail::new);
        let collector = engine.collector_for(&run);
        let talks = plan.mode == Mode::Interactive && plan.kind.is_conversation();
        let screen = talks.then(|| engine.followed_screen(&run));
        Ok(Watcher {
            screen,
            observer: Observer::new(&plan, run.session.clone(), engine.now()),
            status: run.state.status(),
            asks_on_screen: run.state == RunState::Running(Activity::Waiting) && run.reason.is_none(),
            over: false,
            engine,
            run,
            plan,
            run_dir,
            client,
            log,
            reader,
            live_from: if adopted { len } else { 0 },
            hooks,
            collector,
            last_live: Instant::now() - LIVE_PACE,
            live_due: false,
            look_due: None,
            last_output: Instant::now() - LIVE_PACE,
            last_byte_at: engine.now(),
            compared: (Instant::now(), engine.now()),
            left_out: 0,
            last_told: None,
            typed: adopted,
            limits,
            ending: false,
            spend: Spend::default(),
            spend_noted: Instant::now() - SPEND_PACE,
            budgets_due: None,
        })
    }

    async fn follow(&mut self, mut notices: mpsc::Receiver<Notice>) -> Result<(), EngineError> {
        if self.live_from == 0 {
            let reading = self.observer.reading(self.engine.now());
            self.tell_reading(reading).await?;
        }
        self.read_log().await?;
        loop {
            let tick = self.next_wake();
            tokio::select! {
                notice = notices.recv() => match notice {
                    Some(Notice::Exited(exit)) => return self.end(exit).await,
                    Some(notice) => self.noticed(notice).await?,
                    None => return self.host_hung_up().await,
                },
                () = changed(&self.collector) => self.collect().await?,
                () = grown(&mut self.hooks) => self.read_hooks().await?,
                () = sleep_until(tick) => self.woke().await?,
            }
        }
    }

    async fn noticed(&mut self, notice: Notice) -> Result<(), EngineError> {
        self.leave_out_sleep();
        match notice {
            Notice::Grown { len } => {
                self.log.send_modify(|state| state.len = len);
                self.last_byte_at = self.engine.now();
                self.read_log().await?;
                self.read_hooks().await?;
            }
            Notice::Resized { cols, rows } => {
                self.log.send_modify(|state| {
                    state.cols = cols;
                    state.rows = rows;
                });
            }
            Notice::LogStalled { error } => {
                self.engine.set_trouble(Some(format!(
                    "the log of {} cannot be written: {error}",
                    self.run.task.key()
                )));
            }
            Notice::LogResumed => self.engine.set_trouble(None),
            Notice::Welcome { .. }
            | Notice::Refused { .. }
            | Notice::InputRefused { .. }
            | Notice::Stopping
            | Notice::Data { .. }
            | Notice::Status(_)
            | Notice::Exited(_) => {}
        }
        Ok(())
    }

    /// Reads what the log has beyond what was read, piece by piece.
    async fn read_log(&mut self) -> Result<(), EngineError> {
        let mut facts = Vec::new();
        loop {
            let until = self.log.borrow().len;
            let Some((offset, bytes)) = self.reader.next(until).await? else { return Ok(()) };
            let live = offset >= self.live_from;
            facts.extend(self.observer.output(&bytes, live, self.engine.now()));
            if live {
                self.type_prompt(&bytes).await;
            }
            self.act(&mut facts).await?;
            self.note_spend().await?;
            self.live_due = true;
            self.tell_live();
            self.last_output = Instant::now();
            self.look_soon();
        }
    }

    /// Stores what the agent says it used, and keeps the budgets.
    async fn note_spend(&mut self) -> Result<(), EngineError> {
        let spend = self.observer.story().spend;
        if spend == self.spend || (!self.over && self.spend_noted.elapsed() < SPEND_PACE) {
            return Ok(());
        }
        (self.spend, self.spend_noted) = (spend, Instant::now());
        self.engine.note_spend(&self.run, spend).await?;
        // Agents tell what they used with their last word: whoever leaves right after it has finished.
        self.budgets_due = Some(Instant::now() + LAST_WORD);
        Ok(())
    }

    async fn keep_budgets(&mut self) -> Result<(), EngineError> {
        if self.budgets_due.is_none_or(|due| due > Instant::now()) || self.ending {
            return Ok(());
        }
        self.budgets_due = None;
        if self.engine.keep_budgets(&self.run).await? {
            self.ending = true;
            if let Err(error) = self.client.stop(GRACE).await {
                tracing::debug!(%error, run = %self.run.id, "the host was gone before it could be asked");
            }
        }
        Ok(())
    }

    /// Some agents take their prompt only from the keyboard: typed once, when they are ready for it.
    async fn type_prompt(&mut self, bytes: &[u8]) {
        let Some(prompt) = self.plan.typed_prompt.as_ref().filter(|_| !self.typed) else { return };
        if agents::is_ready_for_typing(prompt.ready, bytes) {
            self.typed = true;
            if let Err(error) = self.client.input(&prompt.bytes).await {
                tracing::warn!(%error, run = %self.run.id, "the prompt could not be typed");
            }
        }
    }

    async fn read_hooks(&mut self) -> Result<(), EngineError> {
        let Some(hooks) = &mut self.hooks else { return Ok(()) };
        let bytes = hooks.read()?;
        if bytes.is_empty() {
            return Ok(());
        }
        let mut facts = self.observer.hook_lines(&bytes, self.engine.now());
        self.act(&mut facts).await
    }

    async fn act(&mut self, facts: &mut Vec<Fact>) -> Result<(), EngineError> {
        for fact in facts.drain(..) {
            match fact {
                Fact::Answer(bytes) => self.answer(&bytes).await,
                Fact::CursorAsked => {
                    let (row, column) = self.cursor().await;
                    self.answer(&cursor_answer(row, column)).await;
                }
                Fact::Session(id) => keep_session(self.engine, &self.run, id).await?,
                Fact::Reading(reading) if !self.over => self.tell_reading(reading).await?,
                Fact::Reading(_) => {}
            }
        }
        Ok(())
    }

    async fn answer(&self, bytes: &[u8]) {
        if let Err(error) = self.client.input(bytes).await {
            tracing::debug!(%error, "an answer came too late");
        }
    }

    /// Row and column from 1, once the screen holds what was read. A screen that cannot keep up is
    /// not waited for: the program is waiting too.
    async fn cursor(&mut self) -> (u16, u16) {
        let screen = self.screen.get_or_insert_with(|| self.engine.followed_screen(&self.run)).handle();
        let caught_up = tokio::time::timeout(CURSOR_PATIENCE, screen.reached(self.reader.offset)).await;
        let cursor = screen.look(|screen| screen.cursor()).await.filter(|_| caught_up.is_ok());
        cursor.map_or((1, 1), |(column, row)| (row + 1, column + 1))
    }

    async fn tell_reading(&mut self, reading: Reading) -> Result<(), EngineError> {
        let Reading { activity, because, message } = reading;
        // Who waits without saying for what writes it: asked for again once the output has paused.
        self.asks_on_screen = activity == Activity::Waiting && message.is_none();
        self.look_soon();
        self.status = RunState::Running(activity).status();
        let (engine, run) = (self.engine, &self.run);
        let tell =
            || engine.store().run_activity(run.id, activity, because.clone(), message.clone(), engine.now());
        engine.once_there_is_room(run.task, tell).await?;
        if matches!(activity, Activity::Idle | Activity::Waiting) {
            // A turn is over: a good moment to look at what it changed.
            self.engine.count_changes(&self.run).await;
        }
        Ok(())
    }

    fn next_wake(&self) -> Instant {
        let in_real_time = |at: Millis| {
            let wait = (at - self.engine.now()).max(0) as u64;
            Instant::now() + Duration::from_millis(wait + 1)
        };
        let silence = self.observer.next_tick().map(in_real_time);
        let limit = self.next_limit().map(|due| in_real_time(due.at));
        let live = self.live_due.then(|| self.last_live + LIVE_PACE);
        let far = Instant::now() + Duration::from_secs(3600);
        [silence, live, limit, self.look_due, self.budgets_due].into_iter().flatten().min().unwrap_or(far)
    }

    /// When the run is to be ended, and for what.
    fn next_limit(&self) -> Option<Due> {
        if self.run.stop_asked_at.is_some() || self.ending {
            return None;
        }
        let busy = matches!(self.status, domain::RunStatus::Working | domain::RunStatus::Unknown);
        self.limits.next(Watched {
            started: self.run.started_at.unwrap_or(self.run.created_at) + self.left_out,
            heard: self.last_byte_at,
            at_work: busy && self.plan.mode == Mode::Unattended,
            stage: self.plan.stage,
        })
    }

    /// Ends the run where its time is up.
    async fn keep_limits(&mut self) -> Result<(), EngineError> {
        let now = self.engine.now();
        let Some(due) = self.next_limit().filter(|due| due.at <= now) else { return Ok(()) };
        if due.cause == Cause::Stalled && self.engine.store().asks(self.run.id).await? {
            // It waits for a person, which its output does not tell.
            self.last_byte_at = now;
            return Ok(());
        }
        self.ending = true;
        if self.engine.store().ask_end(self.run.id, due.cause, due.why, now).await?
            && let Err(error) = self.client.stop(GRACE).await
        {
            tracing::debug!(%error, run = %self.run.id, "the host was gone before it could be asked");
        }
        Ok(())
    }

    /// While the machine sleeps so does the agent, and nobody is silent or slow because the clock was set.
    fn leave_out_sleep(&mut self) {
        let now = self.engine.now();
        let (then, at) = std::mem::replace(&mut self.compared, (Instant::now(), now));
        let beside = now - at - then.elapsed().as_millis() as Millis;
        if beside.abs() > JUMP {
            self.left_out += beside;
            self.last_byte_at += beside;
        }
    }

    async fn woke(&mut self) -> Result<(), EngineError> {
        self.leave_out_sleep();
        self.tell_live();
        self.keep_limits().await?;
        self.keep_budgets().await?;
        if self.look_due.take_if(|due| *due <= Instant::now()).is_some() {
            self.read_last_line().await?;
            self.look_at_screen().await?;
        }
        match self.observer.tick(self.engine.now()) {
            Some(reading) => self.tell_reading(reading).await,
            None => Ok(()),
        }
    }

    /// What the newest output shows is to be looked at once it has paused, and now and then before.
    fn look_soon(&mut self) {
        if self.screen.is_some() || self.asks_on_screen {
            self.look_due.get_or_insert_with(|| Instant::now() + LIVE_PACE);
        }
    }

    /// Of who waits and has not said for what.
    async fn read_last_line(&mut self) -> Result<(), EngineError> {
        if !self.asks_on_screen {
            return Ok(());
        }
        let Some(line) = self.observer.line() else { return Ok(()) };
        let because = self.observer.reading(self.engine.now()).because;
        let (engine, run) = (self.engine, &self.run);
        let waits = Activity::Waiting;
        let tell =
            || engine.store().run_activity(run.id, waits, because.clone(), Some(line.clone()), engine.now());
        engine.once_there_is_room(run.task, tell).await?;
        Ok(())
    }

    /// Some questions are on the screen only. While output flows the screen is looked at as it is; once it has
    /// paused, when it holds all of it.
    async fn look_at_screen(&mut self) -> Result<(), EngineError> {
        let Some(screen) = self.screen.as_ref().map(|screen| screen.handle()) else { return Ok(()) };
        let paused = self.last_output.elapsed() >= LIVE_PACE;
        let whole =
            paused && tokio::time::timeout(CURSOR_PATIENCE, screen.reached(self.reader.offset)).await.is_ok();
        let rows = screen.look(|screen| screen.text()).await;
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let mut facts: Vec<Fact> =
            self.observer.screen(self.plan.kind, &rows, self.engine.now()).into_iter().collect();
        self.act(&mut facts).await?;
        if !whole || self.observer.misses_a_question() {
            self.look_soon();
        }
        Ok(())
    }

    fn tell_live(&mut self) {
        if !self.live_due || self.last_live.elapsed() < LIVE_PACE {
            return;
        }
        self.live_due = false;
        self.last_live = Instant::now();
        let live = Live {
            task: self.run.task,
            run: self.run.id,
            status: self.status,
            last_line: self.observer.line(),
            output_bytes: self.reader.offset as i64,
        };
        if self.last_told.as_ref() != Some(&live) {
            self.last_told = Some(live.clone());
            self.engine.tell_line(live);
        }
    }

    async fn collect(&mut self) -> Result<(), EngineError> {
        if let Some(collector) = &mut self.collector {
            collector.collect(self.engine).await?;
        }
        Ok(())
    }

    async fn host_hung_up(&mut self) -> Result<(), EngineError> {
        match AsyncClient::connect(&self.run_dir).await {
            Err(ConnectError::Ended(exit)) => self.end(*exit).await,
            Err(ConnectError::NobodyThere) => close_lost(self.engine, &self.run).await,
            Err(error) => Err(EngineError::Internal(error.to_string())),
            Ok(_) => Err(EngineError::Internal("the run's host hung up but lives".into())),
        }
    }

    async fn end(&mut self, exit: Exit) -> Result<(), EngineError> {
        self.over = true;
        self.log.send_modify(|state| state.len = exit.output_bytes);
        self.read_log().await?;
        self.read_hooks().await?;
        let mut facts = self.observer.finish(self.engine.now());
        self.note_spend().await?;
        facts.retain(|fact| matches!(fact, Fact::Session(_)));
        self.act(&mut facts).await?;
        if let Some(collector) = &mut self.collector {
            collector.finish(self.engine).await?;
        }
        self.engine.count_changes(&self.run).await;
        let ending = judge(self.engine, &self.run, &self.plan, &mut self.observer, &exit).await?;
        // Whoever leaves with its last word has crossed the line as well.
        self.engine.tell_budgets(&self.run).await;
        self.engine.close_run(&self.run, ending).await?;
        // Viewers learn of the end after the database does.
        self.log.send_modify(|state| state.exit = Some(exit));
        Ok(())
    }
}

pub(crate) async fn keep_session(
    engine: &Engine,
    run: &RunRecord,
    session: String,
) -> Result<(), EngineError> {
    let keep = || engine.store().set_session(run.id, session.clone(), engine.now());
    engine.once_there_is_room(run.task, keep).await
}

async fn changed(collector: &Option<Collector>) {
    match collector {
        Some(collector) => collector.changed().await,
        None => std::future::pending().await,
    }
}
