//! Hints, named as in the standard library.

/// Lets other threads go on, like [`thread::yield_now`](crate::thread::yield_now).
#[track_caller]
pub fn spin_loop() {
    crate::raw::yield_now();
}
