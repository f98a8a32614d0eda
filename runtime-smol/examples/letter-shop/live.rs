//! The live status line: redrawn in place on a terminal, a plain line now and then elsewhere.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Stdout, Write};
use std::time::{Duration, Instant};

use crate::text;

/// How often the line is redrawn on a terminal.
const REDRAW: Duration = Duration::from_millis(100);

/// How often a plain line is printed.
const PLAIN: Duration = Duration::from_secs(1);

/// The rate is taken over this much of the past.
const RATE_WINDOW: Duration = Duration::from_secs(1);

/// Back to the start of the line, erase it, and let the terminal cut what is too long instead of wrapping it.
const BEGIN: &str = "\r\x1b[K\x1b[?7l";
const END: &str = "\x1b[?7h";
const ERASE: &str = "\r\x1b[K";

/// What the line shows. The rate is computed from `letters`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    /// The letters that came last, to be seen coming.
    pub(crate) tail: String,
    /// Letters received so far.
    pub(crate) letters: u64,
    /// The balance of the trustline, in the ledger's smallest unit.
    pub(crate) balance: i128,
    /// Payments under way.
    pub(crate) in_flight: u64,
    /// What half of the payments took at most.
    pub(crate) p50: Duration,
    /// What 99 of 100 payments took at most.
    pub(crate) p99: Duration,
}

/// The line. Errors of the output are ignored: a status that nobody can see harms nobody.
#[derive(Debug)]
pub(crate) struct LiveLine<W: Write = Stdout> {
    out: W,
    terminal: bool,
    drawn: Option<Instant>,
    /// A line stands on the terminal without a line feed behind it.
    open: bool,
    rate: Rate,
}

impl LiveLine {
    /// A line on standard output.
    pub(crate) fn stdout() -> Self {
        let out = io::stdout();
        let terminal = out.is_terminal();
        Self::new(out, terminal)
    }
}

impl<W: Write> LiveLine<W> {
    /// A line on `out`.
    pub(crate) fn new(out: W, terminal: bool) -> Self {
        Self { out, terminal, drawn: None, open: false, rate: Rate::default() }
    }

    /// Shows `status`, if it is time to: call it as often as you like.
    pub(crate) fn update(&mut self, now: Instant, status: &Status) {
        let pause = if self.terminal { REDRAW } else { PLAIN };
        if self.drawn.is_some_and(|drawn| now.saturating_duration_since(drawn) < pause) {
            return;
        }
        self.drawn = Some(now);
        let rate = self.rate.measure(now, status.letters);
        let line = render(status, rate);
        let _ = if self.terminal { write!(self.out, "{BEGIN}{line}{END}") } else { writeln!(self.out, "{line}") };
        let _ = self.out.flush();
        self.open = self.terminal;
    }

    /// Prints a whole line; the live line moves below it, or vanishes if nothing more comes.
    pub(crate) fn say(&mut self, text: &str) {
        let erase = if self.open { ERASE } else { "" };
        let _ = writeln!(self.out, "{erase}{text}");
        let _ = self.out.flush();
        self.open = false;
        // On a terminal the next update draws at once; plain lines keep their pace.
        if self.terminal {
            self.drawn = None;
        }
    }
}

/// Leaves the cursor at the start of a line of its own.
impl<W: Write> Drop for LiveLine<W> {
    fn drop(&mut self) {
        if self.open {
            let _ = writeln!(self.out);
            let _ = self.out.flush();
        }
    }
}

fn render(status: &Status, rate: u64) -> String {
    let Status { tail, balance, in_flight, p50, p99, .. } = status;
    format!(
        "{tail:>8}  {:>7} letters/s  balance {}  {} in flight  p50 {}  p99 {}",
        text::grouped(rate),
        text::grouped(*balance),
        text::grouped(*in_flight),
        text::duration(*p50),
        text::duration(*p99),
    )
}

/// Letters per second over the last [`RATE_WINDOW`].
#[derive(Debug, Default)]
struct Rate {
    /// The first is the newest that is at least a window old, if there is one; the others are younger.
    samples: VecDeque<(Instant, u64)>,
}

impl Rate {
    fn measure(&mut self, now: Instant, letters: u64) -> u64 {
        self.samples.push_back((now, letters));
        while self.samples.get(1).is_some_and(|&(then, _)| now.saturating_duration_since(then) >= RATE_WINDOW) {
            self.samples.pop_front();
        }
        let (then, before) = self.samples[0];
        text::per_second(letters.saturating_sub(before), now.saturating_duration_since(then))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(letters: u64) -> Status {
        Status {
            tail: "QXZ".to_owned(),
            letters,
            balance: -12_340,
            in_flight: 256,
            p50: Duration::from_micros(812),
            p99: Duration::from_micros(2100),
        }
    }

    #[test]
    fn the_line_says_it_all() {
        assert_eq!(render(&status(0), 104_233), "     QXZ  104,233 letters/s  balance -12,340  256 in flight  p50 812 us  p99 2.1 ms");
    }

    #[test]
    fn a_terminal_is_redrawn_in_place_ten_times_a_second() {
        let mut out = Vec::new();
        let start = Instant::now();
        let mut line = LiveLine::new(&mut out, true);
        for millis in 0..=200 {
            line.update(start + Duration::from_millis(millis), &status(millis));
        }
        line.say("rung 1");
        line.update(start + Duration::from_millis(201), &status(201));
        drop(line);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches(BEGIN).count(), 4);
        assert!(text.contains("\r\x1b[Krung 1\n\r"), "{text:?}");
        assert!(text.ends_with("\x1b[?7h\n"), "{text:?}");
    }

    #[test]
    fn elsewhere_a_plain_line_is_printed_every_second() {
        let mut out = Vec::new();
        let start = Instant::now();
        let mut line = LiveLine::new(&mut out, false);
        for tenths in 0..=20 {
            line.update(start + Duration::from_millis(tenths * 100), &status(tenths));
        }
        line.say("done");
        drop(line);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 4);
        assert!(!text.contains(['\r', '\x1b']), "{text:?}");
        assert!(text.ends_with("done\n"));
    }

    #[test]
    fn the_rate_is_that_of_the_last_second() {
        let mut rate = Rate::default();
        let start = Instant::now();
        let at = |tenths: u64| start + Duration::from_millis(tenths * 100);
        assert_eq!(rate.measure(start, 0), 0);
        for tenths in 1..=30 {
            assert_eq!(rate.measure(at(tenths), tenths * 10), 100);
        }
        for tenths in 31..=40 {
            rate.measure(at(tenths), 300);
        }
        assert_eq!(rate.measure(at(41), 300), 0);
        assert!(rate.samples.len() < 15);
    }
}
