//! The JavaScript plugin itself, in the hands of a test: its methods are called, its events are waited for, and what it
//! asks is answered.
//!
//! Values are the JSON that the plugin's own documentation shows; `tests/interop/plugin.js` says how Buffers, dates and
//! functions are written.

use std::collections::VecDeque;
use std::io::Write;
use std::process::ChildStdin;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::free_ports;
use super::interop::node;
use super::program::Program;

/// A plugin in a process of its own.
#[derive(Debug)]
pub struct Plugin {
    program: Program,
    input: ChildStdin,
    /// Lines that came while another was waited for.
    waiting: VecDeque<Value>,
    calls: u64,
}

/// A call that has not returned yet.
#[derive(Debug)]
#[must_use]
pub struct Call(u64);

/// What a method threw, or a promise was rejected with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thrown {
    /// Such as `InvalidFieldsError`; plainly `Error` where it is the other side's.
    pub name: String,
    /// What it says.
    pub message: String,
}

impl Plugin {
    /// One that is a client, of the host at `url`.
    pub fn client(url: &str) -> Self {
        Self::with(&json!({ "server": url }))
    }

    /// One that listens. Returns where, too; the `incomingSecret` is part of it.
    pub fn host(options: &Value) -> (Self, String) {
        let [port] = free_ports();
        let mut options = options.clone();
        options["listener"] = json!({ "port": port });
        options["stateful"] = true.into();
        let mut plugin = Self::with(&options);
        plugin.program_says("listening");
        let url = format!("btp+ws://:{}@127.0.0.1:{port}/", options["incomingSecret"].as_str().expect("there is one"));
        (plugin, url)
    }

    /// One with these options.
    pub fn with(options: &Value) -> Self {
        let (program, input) = Program::converse(&mut node("plugin.js", &[&options.to_string()]));
        Self { program, input, waiting: VecDeque::new(), calls: 0 }
    }

    /// Calls a method, and returns what it returns.
    #[track_caller]
    pub fn call(&mut self, method: &str, arguments: &Value) -> Value {
        self.attempt(method, arguments).unwrap_or_else(|thrown| panic!("{method}: {thrown:?}"))
    }

    /// Calls a method that may fail.
    pub fn attempt(&mut self, method: &str, arguments: &Value) -> Result<Value, Thrown> {
        let call = self.begin(method, arguments);
        self.end(&call)
    }

    /// Calls a method that waits for something.
    pub fn begin(&mut self, method: &str, arguments: &Value) -> Call {
        assert!(arguments.is_array(), "the arguments are a list: {arguments}");
        self.calls += 1;
        self.say(&json!({ "id": self.calls, "call": method, "with": arguments }));
        Call(self.calls)
    }

    /// Waits until a call returns.
    pub fn end(&mut self, call: &Call) -> Result<Value, Thrown> {
        let mut line = self.next(|line| line["id"] == call.0);
        match line["event"].as_str() {
            Some("returned") => Ok(line["value"].take()),
            _ => Err(Thrown { name: text(&line["name"]), message: text(&line["message"]) }),
        }
    }

    /// The arguments of the next event of this name.
    pub fn emitted(&mut self, name: &str) -> Value {
        self.next(|line| line["event"] == "emitted" && line["name"] == name)["with"].take()
    }

    /// Nothing of this name was emitted that nobody has taken, up to now.
    #[track_caller]
    pub fn assert_not_emitted(&mut self, name: &str) {
        // Behind everything that is on its way.
        self.call("isConnected", &json!([]));
        let emitted = self.waiting.iter().find(|line| line["event"] == "emitted" && line["name"] == name);
        assert_eq!(emitted, None);
    }

    /// The arguments of the next question that the function of this name asks.
    pub fn asked(&mut self, name: &str) -> Value {
        self.next(|line| line["event"] == "asked" && line["name"] == name)["with"].take()
    }

    /// Answers the oldest question.
    pub fn answer(&mut self, answer: &Value) {
        self.say(&json!({ "answer": answer }));
    }

    /// Answers the oldest question with an error.
    pub fn refuse(&mut self, why: &str) {
        self.say(&json!({ "refuse": why }));
    }

    fn program_says(&mut self, event: &str) {
        self.next(|line| line["event"] == event);
    }

    fn say(&mut self, line: &Value) {
        writeln!(self.input, "{line}").expect("the plugin reads");
    }

    fn next(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.waiting.iter().position(&is_it) {
            return self.waiting.remove(at).expect("it is there");
        }
        loop {
            let line = self.program.line();
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_ne!(line["event"], "unhandled", "an error that nobody handles ends a process: {line}");
            if is_it(&line) {
                return line;
            }
            self.waiting.push_back(line);
        }
    }
}

/// As the plugin writes packets, fulfillments and conditions.
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
