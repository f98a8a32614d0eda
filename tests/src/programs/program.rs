//! A running program.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a program may take for what it is asked: a machine that builds at the same time is slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process whose output is read. It is killed when this is dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
}

/// What a program leaves behind.
#[derive(Debug)]
pub struct Finished {
    /// 0 when all went well; `None` if a signal ended it.
    pub code: Option<i32>,
    /// The lines of its standard output that nobody has taken yet.
    pub lines: Vec<String>,
    /// Its standard error.
    pub errors: String,
}

impl Program {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        Self::spawn(command.stdin(Stdio::null()))
    }

    /// Starts it, and returns its standard input, too.
    pub fn converse(command: &mut Command) -> (Self, ChildStdin) {
        let mut program = Self::spawn(command.stdin(Stdio::piped()));
        let input = program.child.stdin.take().expect("it is piped");
        (program, input)
    }

    fn spawn(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let output = child.stdout.take().expect("it is piped");
        let mut stderr = child.stderr.take().expect("it is piped");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // A test that takes no more lines still lets the program write them.
                let _ = sender.send(line);
            }
        });
        let errors = thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        Self { child, lines, errors: Some(errors) }
    }

    /// The next line of its output.
    pub fn line(&mut self) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("the program says nothing"),
            Err(RecvTimeoutError::Disconnected) => {
                let errors = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
                panic!("the program has ended: {errors}");
            }
        }
    }

    /// The next line of its output that is a JSON object with this `event`.
    pub fn event(&mut self, event: &str) -> Value {
        loop {
            match serde_json::from_str::<Value>(&self.line()) {
                Ok(json) if json["event"] == event => return json,
                _ => {}
            }
        }
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be asked").is_none()
    }

    /// Asks it to end, with SIGTERM.
    pub fn terminate(&self) {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(killed.is_ok_and(|status| status.success()), "the program has ended before");
    }

    /// Ends it at once, with SIGKILL, and returns what it left.
    pub fn kill(mut self) -> Finished {
        self.child.kill().expect("it is a child");
        self.finish()
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Finished {
        let end = Instant::now() + PATIENCE;
        while self.is_running() {
            assert!(Instant::now() < end, "the program does not end");
            thread::sleep(Duration::from_millis(5));
        }
        let code = self.child.wait().expect("it has ended").code();
        let errors = self.errors.take().expect("they are taken once").join().unwrap_or_default();
        Finished { code, lines: self.lines.iter().collect(), errors }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    /// The last line of its output, which is a JSON object.
    pub fn json(&self) -> Value {
        let last = self.lines.last().unwrap_or_else(|| panic!("no output: {self:?}"));
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// How many letters a customer has printed: all that it prints before its summary.
    pub fn letters(&self) -> u64 {
        let letters = self.lines.iter().filter(|line| !line.starts_with('{')).map(|line| line.len() as u64);
        letters.sum()
    }

    /// It ended well, and had nothing to complain about.
    #[track_caller]
    pub fn assert_success(&self) {
        assert_eq!((self.code, &*self.errors), (Some(0), ""), "{:?}", self.lines);
    }

    /// It ended with 1, and one sentence that has each of these parts.
    #[track_caller]
    pub fn assert_failure(&self, parts: &[&str]) {
        assert_eq!(self.code, Some(1), "{self:?}");
        let sentence = self.errors.strip_suffix(".\n").unwrap_or_else(|| panic!("not a sentence: {self:?}"));
        assert!(!sentence.contains('\n') && sentence.starts_with(char::is_uppercase), "{sentence}");
        for part in parts {
            assert!(sentence.contains(part), "{part:?} is not in {sentence:?}");
        }
    }
}
