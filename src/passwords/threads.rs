//! The threads that hash. A hash takes a core for tens of milliseconds on purpose; an answer to anything else takes less
//! than one. So these threads step back for all others: while people log in on every core, a service still gets its
//! tokens at once (security.md PW-2).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

/// How far they step back: on Linux they get a tenth of a core that others want, and all of one that nobody does.
const NICE: i32 = 10;

type Work = Box<dyn FnOnce() + Send>;

/// A number of threads of their own, which end with this value.
pub(super) struct Threads(Sender<Work>);

impl Threads {
    pub(super) fn start(number: usize) -> Result<Self, std::io::Error> {
        let (sender, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..number {
            let receiver = Arc::clone(&receiver);
            thread::Builder::new()
                .name("hashing".to_owned())
                .spawn(move || work(&receiver))?;
        }
        Ok(Self(sender))
    }

    /// Runs `work`. `None`: it panicked.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (done, outcome) = oneshot::channel();
        let work = Box::new(move || {
            // Whoever asked may have left.
            let _ = done.send(work());
        });
        self.0.send(work).ok()?;
        outcome.await.ok()
    }
}

fn work(receiver: &Mutex<Receiver<Work>>) {
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::warn!(%error, "password hashing cannot step back for other work");
    }
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else {
            return;
        };
        // The panic has been reported; the thread is there for the next one.
        let _ = catch_unwind(AssertUnwindSafe(work));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_its_own_work_alone() {
        let threads = Threads::start(1).expect("started");
        assert_eq!(threads.run(|| panic!("as planned")).await, None::<()>);
        assert_eq!(threads.run(|| 7).await, Some(7));
    }

    #[tokio::test]
    async fn they_step_back() {
        let threads = Threads::start(1).expect("started");
        let theirs = threads.run(|| rustix::process::nice(0).expect("asked")).await;
        let ours = rustix::process::nice(0).expect("asked");
        assert_eq!(theirs, Some((ours + NICE).min(19))); // PW-2
    }
}
