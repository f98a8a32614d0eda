//! What is logged: whose it is, and never a token.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use trustline_smol::{Client, ConnectError, Host, Smol};
use trustline_tests::contract::rig::{ANYWHERE, Clerk, Peer, letter, masked};
use trustline_tests::ledger_info;

const TOKEN: &str = "the-right-s3cr3t";
const WRONG: &str = "a-wrong-s3cr3t";

/// Everything that was logged, line by line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap().lines().map(str::to_owned).collect()
    }

    #[track_caller]
    fn assert_has(&self, words: &[&str]) {
        let lines = self.lines();
        assert!(lines.iter().any(|line| words.iter().all(|word| line.contains(word))), "no line has {words:?} in {lines:#?}");
    }
}

/// Alice comes with the right token, with a wrong one, says what she should not, is suspended, comes back and leaves.
async fn a_life(host: &Host) {
    let at = host.address();
    let url = |token: &str| format!("btp+ws://alice:{token}@{at}/");
    let client = Client::connect(&url(TOKEN)).await.unwrap();
    client.pay(letter(1, 10)).await.unwrap();
    assert!(matches!(Client::connect(&url(WRONG)).await, Err(ConnectError::Refused(_))));
    let mut rough = Peer::<Smol>::dial(at).await;
    rough.authenticates("alice", TOKEN).await;
    rough.authenticates("alice", WRONG).await;
    rough.sends_bytes(&masked(0x83, b"")).await;
    rough.end().await;
    host.suspend_account("alice");
    assert!(matches!(Client::connect(&url(TOKEN)).await, Err(ConnectError::Refused(_))));
    host.resume_account("alice");
    host.add_account("bob", TOKEN);
    host.remove_account("bob").await.unwrap();
    client.close().await;
}

#[test]
fn spans_say_whose_it_is_and_no_line_has_a_token() {
    let log = Log::default();
    // All there is, of everybody, `log` included; but for what the documentation of `trustline_runtime` warns of.
    let all_but_frames = Targets::new().with_default(LevelFilter::TRACE).with_target("tungstenite", LevelFilter::DEBUG);
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(log.clone());
    tracing_subscriber::registry().with(lines).with(all_but_frames).init();
    smol::block_on(async {
        let host = Host::builder(ledger_info()).account("alice", TOKEN).handler(|_| Clerk::Sells).listen(ANYWHERE).await.unwrap();
        a_life(&host).await;
        host.close().await;
    });

    log.assert_has(&["connection{from=127.0.0.1:", "account=\"alice\"}", "authenticated"]);
    log.assert_has(&["connection{from=127.0.0.1:", "a wrong token", "wrong=1"]);
    log.assert_has(&["connection{from=127.0.0.1:", "account=\"alice\"}", "a connection ended", "Violation"]);
    log.assert_has(&["an account was suspended", "account=\"alice\""]);
    log.assert_has(&["an account was removed", "account=\"bob\""]);

    let tokens = [TOKEN.to_owned(), WRONG.to_owned(), hex::encode(TOKEN), hex::encode(WRONG)];
    log.assert_has(&["DEBUG", "tungstenite::protocol"]);
    for line in log.lines() {
        assert!(!tokens.iter().any(|token| line.contains(token.as_str())), "{line}");
    }
}
