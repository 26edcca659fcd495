//! Hints, as loom has them.

pub use mazurka::hint::spin_loop;

/// Fails the model: it is reached.
///
/// # Safety
///
/// Any use is safe.
///
/// # Panics
///
/// Always.
pub unsafe fn unreachable_unchecked() -> ! {
    unreachable!("unreachable_unchecked was reached")
}
