//! What became of each agent's runs, and what they used. Runs of earlier days that are over do not change any more: they
//! are added up once, and each look adds those that came since.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{Id, Millis, RunId, budget::Spent};
use rusqlite::{Connection, params};

use crate::{
    Store,
    error::StoreError,
    readers::{Ask, row},
};

/// What an agent's runs came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrackRecord {
    pub succeeded: u32,
    /// All that ended by themselves. What waits for an account, an answer, a leave or money is neither success nor
    /// failure.
    pub ended: u32,
    pub spent_today: Spent,
    pub spent: Spent,
}

/// What the runs below a number came to, which all are over and of earlier days.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settled(Arc<Mutex<Sums>>);

#[derive(Debug, Default)]
struct Sums {
    below: i64,
    records: HashMap<String, TrackRecord>,
}

impl Settled {
    /// What the run used was told late.
    pub fn changed(&self, run: RunId) {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if run.raw() < sums.below {
            *sums = Sums::default();
        }
    }

    /// With all runs added to it.
    fn with_the_rest(
        &self,
        sql: &Connection,
        today: Millis,
        now: Millis,
    ) -> Result<HashMap<String, TrackRecord>, StoreError> {
        // Before the first look at the runs: what is told late is then either seen here or makes this void.
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open: i64 = sql.row(FIRST_OPEN, [today], |row| row.get(0))?.unwrap_or(0);
        if open < sums.below {
            // The day is an earlier one.
            *sums = Sums::default();
        }
        if open > sums.below {
            let mut records = sums.records.clone();
            add(sql, &mut records, sums.below..open, today, now)?;
            *sums = Sums { below: open, records };
        }
        let mut records = sums.records.clone();
        drop(sums);
        add(sql, &mut records, open..i64::MAX, today, now)?;
        Ok(records)
    }
}

/// The first run of today or at work, else the one to come. By its own index SQLite would pass through all numbers.
const FIRST_OPEN: &str = "SELECT min(\
     (SELECT coalesce(min(id), 9223372036854775807) FROM runs INDEXED BY runs_created WHERE created_at >= ?1), \
     (SELECT coalesce(min(id), 9223372036854775807) FROM runs INDEXED BY runs_at_work WHERE phase <> 'ended'), \
     (SELECT coalesce(max(id), 0) + 1 FROM runs))";

const SUMS: &str = "SELECT agent, created_at >= ?1 AS recent, count(*) FILTER (WHERE outcome = 'succeeded') AS succeeded, \
    count(*) FILTER (WHERE outcome = 'succeeded' OR outcome = 'failed' AND \
    cause NOT IN ('usage_limit', 'blocked', 'permission_refused', 'budget', 'session_gone')) AS ended, \
    sum(micros) AS micros, \
    sum(tokens_in + tokens_out + tokens_cached) AS tokens, \
    coalesce(sum(max(coalesce(ended_at, ?2) - started_at, 0)), 0) AS wall, max(estimated) AS estimated \
    FROM runs WHERE id >= ?3 AND id < ?4 GROUP BY agent, recent";

row! {
    struct Row {
        agent: String,
        recent: bool,
        succeeded: i64,
        ended: i64,
        micros: i64,
        tokens: i64,
        wall: i64,
        estimated: bool,
    }
}

fn add(
    sql: &Connection,
    records: &mut HashMap<String, TrackRecord>,
    runs: Range<i64>,
    today: Millis,
    now: Millis,
) -> Result<(), StoreError> {
    for row in sql.rows(SUMS, params![today, now, runs.start, runs.end], Row::read)? {
        let record = records.entry(row.agent).or_default();
        record.succeeded += row.succeeded as u32;
        record.ended += row.ended as u32;
        let spent =
            Spent { micros: row.micros, tokens: row.tokens, wall: row.wall, estimated: row.estimated };
        record.spent = record.spent + spent;
        if row.recent {
            record.spent_today = spent;
        }
    }
    Ok(())
}

impl Store {
    /// For each agent what became of its runs, and what they used: those made since `today`, and all.
    /// `now` ends the time of runs that are still at work.
    pub async fn track_records(
        &self,
        today: Millis,
        now: Millis,
    ) -> Result<HashMap<String, TrackRecord>, StoreError> {
        let settled = self.settled.clone();
        self.aside(move |sql| settled.with_the_rest(sql, today, now)).await
    }
}
