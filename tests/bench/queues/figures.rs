//! What all queues under measurement share, ours too: the work, callers that add it, the count of flushes, and
//! figures as JSON.

use std::time::{Duration, Instant};

pub const DESCRIPTION: &str = "What is to be done, in a sentence or two, as people write it on cards.";

pub fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

/// Callers that add jobs one at a time each, `jobs` together. `add` gets the job's number.
pub async fn adding<A, F>(callers: usize, jobs: usize, add: A) -> Phase
where
    A: Fn(usize) -> F + Clone + Send + 'static,
    F: Future<Output = ()> + Send,
{
    let watch = Watch::start();
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let add = add.clone();
            tokio::spawn(async move {
                let mut taken = Vec::new();
                for n in 0..jobs / callers {
                    let begun = Instant::now();
                    add(n).await;
                    taken.push(begun.elapsed());
                }
                taken
            })
        })
        .collect();
    let mut taken = Vec::new();
    for caller in callers {
        taken.extend(caller.await.expect("a caller"));
    }
    watch.stop(taken.len(), taken)
}

/// Measures a phase, from now on.
pub struct Watch {
    begun: Instant,
    flushed: Option<u64>,
}

impl Watch {
    pub fn start() -> Watch {
        Watch { flushed: flushes(), begun: Instant::now() }
    }

    /// `taken`: how long each operation took, where that is known.
    pub fn stop(self, jobs: usize, taken: Vec<Duration>) -> Phase {
        let whole = self.begun.elapsed();
        let flushes = self.flushed.zip(flushes()).map(|(before, after)| after - before);
        Phase { jobs, taken, whole, flushes }
    }
}

/// Flushes that the preloaded `slow_sync.c` has counted; none without it.
fn flushes() -> Option<u64> {
    let bytes = std::fs::read(std::env::var_os("FSYNC_COUNT")?).ok()?;
    Some(u64::from_ne_bytes(bytes.get(..8)?.try_into().ok()?))
}

pub struct Phase {
    jobs: usize,
    taken: Vec<Duration>,
    whole: Duration,
    flushes: Option<u64>,
}

impl Phase {
    /// One kind of operation of this phase.
    #[allow(dead_code, reason = "others know no time of a single claim")]
    pub fn of(&self, taken: Vec<Duration>) -> Phase {
        Phase { jobs: taken.len(), taken, whole: self.whole, flushes: None }
    }

    /// An object: `per_s`, `p50_ms`, `p99_ms`, `syncs_per_job`, each null where it is not known.
    pub fn json(&self) -> String {
        let mut sorted = self.taken.clone();
        sorted.sort();
        let at = |part: f64| {
            let place = (sorted.len() as f64 * part).ceil() as usize;
            let found = place.checked_sub(1).and_then(|place| sorted.get(place));
            found.map_or("null".into(), |taken| format!("{:.3}", taken.as_secs_f64() * 1e3))
        };
        let per_s = self.jobs as f64 / self.whole.as_secs_f64();
        let flushes = self.flushes.map(|count| format!("{:.4}", count as f64 / self.jobs as f64));
        format!(
            "{{\"per_s\":{per_s:.0},\"p50_ms\":{},\"p99_ms\":{},\"syncs_per_job\":{}}}",
            at(0.5),
            at(0.99),
            flushes.unwrap_or("null".into())
        )
    }
}
