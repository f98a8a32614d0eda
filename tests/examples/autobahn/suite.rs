//! The Autobahn testsuite as programs: one that dials us, one that we dial.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use trustline_tests::programs::free_ports;

use crate::echo;
use crate::expected::{Expected, Seen};

const AGENT: &str = "trustline";

/// Where the suite writes of a server that it dialed, and of a client that dialed it.
const SERVERS: &str = "reports-of-servers";
const CLIENTS: &str = "reports-of-clients";

/// How long the suite may take until it listens.
const PATIENCE: Duration = Duration::from_secs(60);

/// The suite, the folder for what it writes, and what it leaves out.
pub(crate) struct Suite {
    wstest: PathBuf,
    folder: PathBuf,
    excluded: Vec<String>,
}

/// The program ends with this.
struct Running(Child);

type Results = Result<Vec<(String, Seen)>, Box<dyn Error + Send + Sync>>;

impl Suite {
    pub(crate) fn new(wstest: &Path, folder: &Path, expected: &Expected) -> io::Result<Self> {
        for reports in [SERVERS, CLIENTS] {
            let folder = folder.join(reports);
            fs::create_dir_all(&folder)?;
            // Or the results of an earlier run could be taken for those of this one.
            fs::write(folder.join("index.json"), "{}")?;
        }
        let excluded = expected.not_run.iter().flat_map(|not_run| &not_run.cases).map(|cases| format!("{cases}.*"));
        Ok(Self { wstest: wstest.to_owned(), folder: folder.canonicalize()?, excluded: excluded.collect() })
    }

    /// The suite dials us.
    pub(crate) fn tests_a_server(&self) -> Results {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let url = format!("ws://{}", listener.local_addr()?);
        thread::spawn(move || echo::serve(&listener));
        let specification = json!({ "servers": [{ "agent": AGENT, "url": url }] });
        let status = self.start("fuzzingclient", SERVERS, specification)?.0.wait()?;
        if !status.success() {
            return Err(format!("wstest ended with {status}; see {}", self.folder.display()).into());
        }
        self.results(SERVERS)
    }

    /// We dial the suite.
    pub(crate) fn tests_a_client(&self) -> Results {
        let [port] = free_ports();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let _running = self.start("fuzzingserver", CLIENTS, json!({ "url": format!("ws://{address}") }))?;
        let end = Instant::now() + PATIENCE;
        while let Err(error) = TcpStream::connect(address) {
            if Instant::now() > end {
                return Err(format!("wstest does not listen ({error}); see {}", self.folder.display()).into());
            }
            thread::sleep(Duration::from_millis(100));
        }
        dial_all(address)?;
        self.results(CLIENTS)
    }

    fn start(&self, mode: &str, reports: &str, mut specification: serde_json::Value) -> io::Result<Running> {
        let path = self.folder.join(mode).with_extension("json");
        specification["outdir"] = self.folder.join(reports).display().to_string().into();
        specification["cases"] = json!(["*"]);
        specification["exclude-cases"] = json!(self.excluded);
        specification["exclude-agent-cases"] = json!({});
        fs::write(&path, specification.to_string())?;
        let log = fs::File::create(path.with_extension("log"))?;
        let mut command = Command::new(&self.wstest);
        command.args(["--webport", "0", "--mode", mode, "--spec"]).arg(path);
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn();
        child.map(Running).map_err(|error| {
            let program = self.wstest.display();
            io::Error::new(
                error.kind(),
                format!("{program}: {error}; tests/examples/autobahn/install gets it, and prints its path for --wstest"),
            )
        })
    }

    fn results(&self, reports: &str) -> Results {
        let index = fs::read_to_string(self.folder.join(reports).join("index.json"))?;
        let mut agents: BTreeMap<String, BTreeMap<String, Seen>> = serde_json::from_str(&index)?;
        Ok(agents.remove(AGENT).ok_or("the suite has written no report")?.into_iter().collect())
    }
}

/// Runs all cases of a suite that listens at `address`, then has it write its report.
pub(crate) fn dial_all(address: SocketAddr) -> Result<(), Box<dyn Error + Send + Sync>> {
    // The count comes as text, which our WebSocket does not hand out. No case is looked at here.
    let (mut socket, _) = tungstenite::connect(format!("ws://{address}/getCaseCount"))?;
    let count: u32 = socket.read()?.to_text()?.parse()?;
    for case in 1..=count {
        echo::dial(address, &format!("/runCase?case={case}&agent={AGENT}"))?;
    }
    Ok(echo::dial(address, &format!("/updateReports?agent={AGENT}"))?)
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
