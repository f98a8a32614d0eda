//! Looks at the counts of a host from elsewhere.

use std::fmt;
use std::sync::Weak;

use crate::hosting::Hosting;
use crate::metrics::HostMetrics;

/// Tells the metrics of a host to whoever does not have the host itself, such as an HTTP server. It keeps nothing open.
#[derive(Clone)]
pub struct HostMeter {
    pub(crate) hosting: Weak<Hosting>,
}

impl HostMeter {
    /// As [`Host::metrics`](crate::Host::metrics); `None` when the host is gone.
    pub fn metrics(&self) -> Option<HostMetrics> {
        Some(self.hosting.upgrade()?.metrics())
    }
}

impl fmt::Debug for HostMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostMeter").finish_non_exhaustive()
    }
}
