//! The metrics of a host and of its accounts as text, in the format that Prometheus reads (its *text-based exposition
//! format*, version 0.0.4).
//!
//! [`host`] writes the sums over all accounts, as `trustline_…`, and [`accounts`] the same for each account, as
//! `trustline_account_…` with the label `account`. Counters end in `_total`; times are in seconds.
//!
//! ```
//! use trustline_runtime::{HostMetrics, prometheus};
//!
//! let text = prometheus::host(&HostMetrics::default());
//! assert!(text.contains("\n# TYPE trustline_payments_total counter\n"));
//! assert!(text.contains("\ntrustline_payments_total{direction=\"incoming\",outcome=\"fulfilled\"} 0\n"));
//! ```

use std::fmt::Write;

use super::{AccountMetrics, Histogram, HostMetrics, PaymentCounts};

/// What an HTTP server says that the text is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a host counted, and the sums of what its accounts did.
pub fn host(metrics: &HostMetrics) -> String {
    let mut text = String::new();
    for family in HOST {
        family.write("trustline_", &[(None, metrics)], &mut text);
    }
    for family in ACCOUNT {
        family.write("trustline_", &[(None, &metrics.accounts)], &mut text);
    }
    text
}

/// What each of these accounts did, given with its name. There are some fifty series for each: with thousands of accounts,
/// choose.
pub fn accounts<'a>(accounts: impl IntoIterator<Item = (&'a str, &'a AccountMetrics)>) -> String {
    let accounts: Vec<_> = accounts.into_iter().map(|(name, metrics)| (Some(name), metrics)).collect();
    let mut text = String::new();
    for family in ACCOUNT {
        family.write("trustline_account_", &accounts, &mut text);
    }
    text
}

/// One metric: what it is called, what it says, and how it is read from `M`.
struct Family<M> {
    name: &'static str,
    help: &'static str,
    read: fn(&M) -> Reading<'_>,
}

/// What a metric says of one host or account.
enum Reading<'a> {
    /// How it stands now.
    Gauge(u64),
    Counter(u64),
    /// Counters with labels of their own.
    Counters(Vec<(String, u64)>),
    /// Numbers that are worth `unit` each.
    Histogram {
        histogram: &'a Histogram,
        unit: f64,
    },
}

const MICROSECOND: f64 = 1e-6;

#[rustfmt::skip]
const HOST: &[Family<HostMetrics>] = &[
    Family { name: "open_accounts", help: "Accounts that are open.", read: |of| Reading::Gauge(of.open_accounts) },
    Family { name: "sockets", help: "Connections, authenticated or not.", read: |of| Reading::Gauge(of.connections) },
    Family { name: "strangers", help: "Connections that are not authenticated.", read: |of| Reading::Gauge(of.strangers) },
    Family { name: "accepted_total", help: "Connections that were accepted.", read: |of| Reading::Counter(of.accepted) },
    Family { name: "turned_away_total", help: "Connections closed at once: too many strangers.", read: |of| Reading::Counter(of.turned_away) },
    Family { name: "admissions_total", help: "Authentications, by how they went.", read: |of| {
        let of = &of.admissions;
        labeled("result", &[
            ("admitted", of.admitted),
            ("wrong_token", of.wrong_tokens),
            ("too_early", of.too_early),
            ("suspended", of.suspended),
            ("too_many_connections", of.too_many_connections),
            ("unavailable", of.unavailable),
        ])
    } },
    Family { name: "endings_total", help: "Ends of connections, by their cause.", read: |of| {
        let of = &of.endings;
        labeled("cause", &[
            ("closed", of.closed),
            ("given_up", of.given_up),
            ("violation", of.violation),
            ("broken", of.broken),
            ("not_opened", of.not_opened),
            ("dead", of.dead),
            ("slow_reader", of.slow_reader),
        ])
    } },
];

#[rustfmt::skip]
const ACCOUNT: &[Family<AccountMetrics>] = &[
    Family { name: "connections", help: "Authenticated connections.", read: |of| Reading::Gauge(of.connections) },
    Family { name: "disconnections_total", help: "Authenticated connections that ended.", read: |of| Reading::Counter(of.disconnections) },
    Family { name: "frames_total", help: "BTP frames.", read: |of| labeled("direction", &[("in", of.received.frames), ("out", of.sent.frames)]) },
    Family { name: "frame_bytes_total", help: "Bytes in BTP frames.", read: |of| labeled("direction", &[("in", of.received.bytes), ("out", of.sent.bytes)]) },
    Family { name: "payments_total", help: "Payments, by how they ended.", read: |of| {
        let mut payments = outcomes("incoming", &of.incoming);
        payments.extend(outcomes("outgoing", &of.outgoing));
        Reading::Counters(payments)
    } },
    Family { name: "refusals_total", help: "Requests of the peer that were answered with an Error.", read: |of| labeled("reason", &of.refusals.by_reason()) },
    Family { name: "violations_total", help: "What the peer sent that it should not have.", read: |of| labeled("reason", &[
        ("unreadable", of.violations.unreadable),
        ("unsolicited", of.violations.unsolicited),
        ("unauthenticated", of.violations.unauthenticated),
        ("limit_exceeded", of.limits_exceeded),
        ("websocket", of.websocket_violations),
    ]) },
    Family { name: "disputes_total", help: "Times that the two ledgers may have differed.", read: |of| Reading::Counter(of.disputes) },
    Family { name: "in_flight_requests", help: "Requests of ours without an answer.", read: |of| Reading::Gauge(of.in_flight) },
    Family { name: "open_transfers", help: "Transfers of which something is still to come.", read: |of| Reading::Gauge(of.open_transfers) },
    Family { name: "waiting_outputs", help: "Frames and events behind effects that are not durable.", read: |of| Reading::Gauge(of.waiting_outputs) },
    Family { name: "waiting_frames", help: "Frames that no connection has taken yet.", read: |of| Reading::Gauge(of.waiting_frames) },
    Family { name: "waiting_bytes", help: "Bytes that the peer has not read yet.", read: |of| Reading::Gauge(of.waiting_bytes) },
    Family { name: "commit_effects", help: "Effects in one commit of the journal.", read: |of| Reading::Histogram { histogram: &of.commit_effects, unit: 1.0 } },
    Family { name: "commit_seconds", help: "Time until a commit was durable.", read: |of| Reading::Histogram { histogram: &of.commit_micros, unit: MICROSECOND } },
    Family { name: "journal_failures_total", help: "Trustlines stopped by a failure of their journal.", read: |of| Reading::Counter(of.journal_failures) },
];

fn labeled(label: &str, counts: &[(&str, u64)]) -> Reading<'static> {
    Reading::Counters(counts.iter().map(|(value, count)| (format!("{label}=\"{value}\""), *count)).collect())
}

fn outcomes(direction: &str, counts: &PaymentCounts) -> Vec<(String, u64)> {
    let PaymentCounts { fulfilled, rejected, expired, refused, transferred } = *counts;
    let counts =
        [("fulfilled", fulfilled), ("rejected", rejected), ("expired", expired), ("refused", refused), ("transferred", transferred)];
    counts.map(|(outcome, count)| (format!("direction=\"{direction}\",outcome=\"{outcome}\""), count)).into()
}

impl<M> Family<M> {
    /// Writes all of it at once, as the format demands.
    fn write(&self, prefix: &str, all: &[(Option<&str>, &M)], text: &mut String) {
        let name = format!("{prefix}{}", self.name);
        for (index, (account, metrics)) in all.iter().enumerate() {
            let reading = (self.read)(metrics);
            if index == 0 {
                let kind = reading.kind();
                push(text, format_args!("# HELP {name} {}\n# TYPE {name} {kind}\n", self.help));
            }
            let account = account.map(|account| format!("account=\"{}\"", escaped(account)));
            reading.write(&name, account.as_deref().unwrap_or_default(), text);
        }
    }
}

impl Reading<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Gauge(_) => "gauge",
            Self::Counter(_) | Self::Counters(_) => "counter",
            Self::Histogram { .. } => "histogram",
        }
    }

    /// `labels` are those of the account, or none.
    fn write(&self, name: &str, labels: &str, text: &mut String) {
        match self {
            Self::Gauge(value) | Self::Counter(value) => sample(text, name, [labels, ""], value),
            Self::Counters(counts) => counts.iter().for_each(|(more, count)| sample(text, name, [labels, more], count)),
            Self::Histogram { histogram, unit } => {
                let bucket = format!("{name}_bucket");
                for (bound, count) in histogram.buckets() {
                    sample(text, &bucket, [labels, &format!("le=\"{}\"", scaled(bound, *unit))], count);
                }
                sample(text, &bucket, [labels, "le=\"+Inf\""], histogram.count());
                sample(text, &format!("{name}_sum"), [labels, ""], scaled(histogram.sum(), *unit));
                sample(text, &format!("{name}_count"), [labels, ""], histogram.count());
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sum of more than 2^53 may be rounded")]
fn scaled(number: u64, unit: f64) -> f64 {
    number as f64 * unit
}

fn sample(text: &mut String, name: &str, labels: [&str; 2], value: impl std::fmt::Display) {
    match labels {
        ["", ""] => push(text, format_args!("{name} {value}\n")),
        ["", labels] | [labels, ""] => push(text, format_args!("{name}{{{labels}}} {value}\n")),
        [first, second] => push(text, format_args!("{name}{{{first},{second}}} {value}\n")),
    }
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(line);
}

/// As a label's value is written.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> AccountMetrics {
        let mut metrics = AccountMetrics { in_flight: 3, ..AccountMetrics::default() };
        metrics.received.count(100);
        metrics.received.count(56);
        metrics.outgoing.expired = 7;
        metrics.refusals.too_fast = 9;
        metrics.commit_effects.record(1);
        metrics.commit_effects.record(3);
        metrics.commit_micros.record(250);
        metrics
    }

    /// The lines of one metric.
    fn lines<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
        let is_its = |line: &&str| line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ").starts_with(name);
        text.lines().filter(is_its).collect()
    }

    #[test]
    fn a_gauge_and_counters_with_labels() {
        let text = host(&HostMetrics { accounts: busy(), ..HostMetrics::default() });
        assert_eq!(
            lines(&text, "trustline_in_flight_requests"),
            [
                "# HELP trustline_in_flight_requests Requests of ours without an answer.",
                "# TYPE trustline_in_flight_requests gauge",
                "trustline_in_flight_requests 3",
            ]
        );
        assert_eq!(
            lines(&text, "trustline_frame_bytes_total")[1..],
            [
                "# TYPE trustline_frame_bytes_total counter",
                "trustline_frame_bytes_total{direction=\"in\"} 156",
                "trustline_frame_bytes_total{direction=\"out\"} 0",
            ]
        );
        assert!(text.contains("\ntrustline_payments_total{direction=\"outgoing\",outcome=\"expired\"} 7\n"));
        assert!(text.contains("\ntrustline_refusals_total{reason=\"too_fast\"} 9\n"));
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn a_histogram_has_growing_buckets_a_sum_and_a_count() {
        let text = host(&HostMetrics { accounts: busy(), ..HostMetrics::default() });
        let effects = lines(&text, "trustline_commit_effects");
        assert_eq!(effects[1], "# TYPE trustline_commit_effects histogram");
        assert_eq!(effects[2..4], ["trustline_commit_effects_bucket{le=\"1\"} 1", "trustline_commit_effects_bucket{le=\"4\"} 2"]);
        assert_eq!(
            effects[effects.len() - 4..],
            [
                "trustline_commit_effects_bucket{le=\"4194304\"} 2",
                "trustline_commit_effects_bucket{le=\"+Inf\"} 2",
                "trustline_commit_effects_sum 4",
                "trustline_commit_effects_count 2",
            ]
        );
        let seconds = lines(&text, "trustline_commit_seconds");
        assert_eq!(
            seconds[5..8].to_vec(),
            [
                "trustline_commit_seconds_bucket{le=\"0.000064\"} 0",
                "trustline_commit_seconds_bucket{le=\"0.000256\"} 1",
                "trustline_commit_seconds_bucket{le=\"0.001024\"} 1",
            ]
        );
        assert!(text.contains("\ntrustline_commit_seconds_sum 0.00025\n"), "{seconds:?}");
    }

    #[test]
    fn each_metric_of_many_accounts_stands_in_one_place() {
        let (one, other) = (busy(), AccountMetrics::default());
        let text = accounts([("alice", &one), ("b\\o\"b\nby", &other)]);
        assert_eq!(
            lines(&text, "trustline_account_in_flight_requests")[1..],
            [
                "# TYPE trustline_account_in_flight_requests gauge",
                "trustline_account_in_flight_requests{account=\"alice\"} 3",
                "trustline_account_in_flight_requests{account=\"b\\\\o\\\"b\\nby\"} 0",
            ]
        );
        assert!(text.contains("\ntrustline_account_commit_effects_bucket{account=\"alice\",le=\"+Inf\"} 2\n"));
        assert!(text.contains("\ntrustline_account_commit_effects_sum{account=\"alice\"} 4\n"));
        assert_eq!(accounts([]), "");
    }

    #[test]
    fn no_name_is_used_twice() {
        let text = host(&HostMetrics::default()) + &accounts([("alice", &busy())]);
        let mut types: Vec<_> = text.lines().filter(|line| line.starts_with("# TYPE ")).collect();
        let all = types.len();
        types.sort_unstable();
        types.dedup();
        assert_eq!((types.len(), all), (HOST.len() + 2 * ACCOUNT.len(), all));
    }
}
