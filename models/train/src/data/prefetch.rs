//! Batches made ahead, while the device works.

use std::{
    fmt,
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
    thread::JoinHandle,
};

use dlm_sdk::{Error, Result};

type Make<T> = dyn Fn(u64) -> Result<T> + Send + Sync;

/// Makes what belongs to each step on a thread of its own, a few steps ahead.
///
/// What a step gets is what the function makes of the step's number, whatever the depth: the thread hands its results
/// over in order, and a step that is not the next begins anew there. At most `depth` results wait or are being made.
///
/// # Examples
///
/// ```
/// use dlm_train::data::Prefetch;
///
/// let mut squares = Prefetch::new(3, |step| Ok(step * step));
/// assert_eq!([0, 1, 2, 7, 8].map(|step| squares.get(step).unwrap()), [0, 1, 4, 49, 64]);
/// ```
pub struct Prefetch<T> {
    make: Arc<Make<T>>,
    depth: usize,
    running: Option<Running<T>>,
}

/// A thread at work, and the step whose result it hands over next.
struct Running<T> {
    next: u64,
    made: Receiver<Result<T>>,
    thread: JoinHandle<()>,
}

impl<T: Send + 'static> Prefetch<T> {
    /// Begins with nothing made. Without depth everything is made when it is asked for, on the thread that asks.
    pub fn new(depth: usize, make: impl Fn(u64) -> Result<T> + Send + Sync + 'static) -> Self {
        Self { make: Arc::new(make), depth, running: None }
    }

    /// Returns what belongs to a step.
    ///
    /// # Errors
    ///
    /// Those of the function; or the thread cannot be started.
    pub fn get(&mut self, step: u64) -> Result<T> {
        if self.depth == 0 {
            return (self.make)(step);
        }
        if self.running.as_ref().is_none_or(|running| running.next != step) {
            self.stop();
            self.running = Some(self.start(step)?);
        }
        let lost = || Error::internal("the thread that makes batches has ended");
        let running = self.running.as_mut().ok_or_else(lost)?;
        running.next += 1;
        let made = running.made.recv().map_err(|_| lost())?;
        if made.is_err() {
            self.stop();
        }
        made
    }

    fn start(&self, first: u64) -> Result<Running<T>> {
        // One result is in the thread's hands while others wait.
        let (send, made) = sync_channel(self.depth - 1);
        let function = Arc::clone(&self.make);
        let work = move || {
            for step in first.. {
                let result = function(step);
                let last = result.is_err();
                // Nobody listens any longer: the steps are over, or begin elsewhere.
                if send.send(result).is_err() || last {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("batches".to_owned()).spawn(work);
        let thread =
            thread.map_err(|error| Error::io("the thread that makes batches cannot be started", error))?;
        Ok(Running { next: first, made, thread })
    }
}

impl<T> Prefetch<T> {
    fn stop(&mut self) {
        if let Some(Running { made, thread, .. }) = self.running.take() {
            drop(made);
            // It ends at its next result. A panic there was told when its result did not come.
            let _ = thread.join();
        }
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        self.stop();
    }
}

impl<T> fmt::Debug for Prefetch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefetch").field("depth", &self.depth).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        thread,
        time::Duration,
    };

    use super::*;

    #[test]
    fn no_more_is_made_than_the_depth_allows() {
        let made = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&made);
        let mut ahead = Prefetch::new(4, move |step| {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(step)
        });
        assert_eq!(ahead.get(0).unwrap(), 0);
        // One was taken and four more may be made; a thread that makes more would within this time.
        thread::sleep(Duration::from_millis(50));
        assert!(made.load(Ordering::SeqCst) <= 5);
    }

    #[test]
    fn an_error_comes_at_its_step_and_again() {
        for depth in [0, 1, 4] {
            let fail = |step| if step == 2 { Err(Error::invalid("two")) } else { Ok(step) };
            let mut ahead = Prefetch::new(depth, fail);
            assert_eq!((ahead.get(0).unwrap(), ahead.get(1).unwrap()), (0, 1));
            for _ in 0..2 {
                assert!(ahead.get(2).unwrap_err().to_string().contains("two"), "{depth}");
            }
            assert_eq!(ahead.get(3).unwrap(), 3);
        }
    }
}
