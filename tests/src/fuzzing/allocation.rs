//! How much is allocated.

use std::alloc::System;
use std::hint::black_box;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

/// What a program that runs the fuzz bodies has for its `#[global_allocator]`.
pub type Allocator = &'static StatsAlloc<System>;

/// The system's allocator, which counts. It counts for the whole process: nothing else may run beside what is measured.
pub const ALLOCATOR: Allocator = &INSTRUMENTED_SYSTEM;

/// Does something that may not allocate more than so many bytes, all in all.
pub(super) fn allocating_at_most<T>(most: usize, act: impl FnOnce() -> T) -> T {
    assert_counting();
    let region = Region::new(ALLOCATOR);
    let result = act();
    let allocated = region.change().bytes_allocated;
    assert!(allocated <= most, "{allocated} bytes were allocated, {most} at most are allowed");
    result
}

/// A bound that is not measured would hold for everything.
pub(super) fn assert_counting() {
    let region = Region::new(ALLOCATOR);
    drop(black_box(Box::new(0_u8)));
    assert!(region.change().allocations > 0, "the global allocator is not `ALLOCATOR`");
}
