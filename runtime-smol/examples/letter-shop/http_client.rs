//! The customer's HTTP side: asks a shop for letters and reads them as they come.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, StatusCode, Uri};
use smol::Timer;
use smol::future::FutureExt as _;
use smol::net::TcpStream;
use smol::stream::Stream;
use smol_hyper::rt::FuturesIo;

use crate::psk::{PayHeader, PayHeaderError};

/// How long connecting may take, and then how long the shop's headers.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How much of an unexpected answer is quoted, in bytes.
const MAX_QUOTE: usize = 1024;

/// The address of a shop: `http://host[:port][/path]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShopUrl {
    uri: Uri,
    host: String,
    port: u16,
}

impl FromStr for ShopUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|error| format!("{text:?} is no URL ({error}): write http://localhost:8000/"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some(other) => return Err(format!("letters are read over http here, not over {other}: write http://localhost:8000/")),
            None => return Err(format!("{text:?} does not say its scheme: write http://localhost:8000/")),
        }
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(format!("{text:?} names no host: write http://localhost:8000/"));
        }
        let port = uri.port_u16().unwrap_or(80);
        Ok(Self { uri, host, port })
    }
}

impl fmt::Display for ShopUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

/// Why there are no letters to read. Each is a sentence for the one who wants to read.
#[derive(Debug)]
pub(crate) enum HttpError {
    /// Nobody answers at that host and port.
    Connect(String, u16, io::Error),
    /// The headers did not come in time.
    Timeout,
    /// The connection broke, or what came was not HTTP.
    Broken(hyper::Error),
    /// The shop answered with something else than 200, and this is what it wrote.
    Status(StatusCode, String),
    /// The answer has no `Pay` header, or one that is not text.
    NoPayHeader,
    /// The `Pay` header is not as it should be.
    PayHeader(PayHeaderError),
    /// A byte of the body is not a letter from A to Z.
    NotALetter(u8),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(host, port, error) => write!(f, "no shop answers at {host} port {port}: {error}"),
            Self::Timeout => write!(f, "the shop took the request, but sent no headers within {} seconds", TIMEOUT.as_secs()),
            Self::Broken(error) => {
                write!(f, "the HTTP connection to the shop broke: {error}")?;
                std::error::Error::source(error).map_or(Ok(()), |source| write!(f, " ({source})"))
            }
            Self::Status(status, text) if text.is_empty() => write!(f, "the shop answered {status}"),
            Self::Status(status, text) => write!(f, "the shop answered {status}: {text}"),
            Self::NoPayHeader => f.write_str("the answer has no Pay header: whatever is there, it is not a letter shop"),
            Self::PayHeader(error) => error.fmt(f),
            Self::NotALetter(byte) => write!(f, "the shop sent \"{}\", which is not a letter from A to Z", byte.escape_ascii()),
        }
    }
}

impl std::error::Error for HttpError {}

/// Asks for letters, and returns with the headers: nothing needs to be paid for that.
pub(crate) async fn open(url: &ShopUrl) -> Result<(PayHeader, Letters), HttpError> {
    let stream = in_time(TcpStream::connect((url.host.as_str(), url.port))).await.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()));
    let stream = stream.map_err(|error| HttpError::Connect(url.host.clone(), url.port, error))?;
    let (mut requests, connection) = http1::handshake(FuturesIo::new(stream)).await.map_err(HttpError::Broken)?;
    // What goes wrong on the connection is told to the request and the body as well.
    let connection = smol::spawn(async move {
        let _ = connection.await;
    });

    let path = url.uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = url.uri.authority().map_or(url.host.as_str(), |authority| authority.as_str());
    let host = authority.rsplit('@').next().unwrap_or_default();
    let request = Request::get(path).header(HOST, host).body(Empty::<Bytes>::new());
    let request = request.expect("path and host were parsed as parts of a URL");
    let answer = in_time(requests.send_request(request)).await.ok_or(HttpError::Timeout)?.map_err(HttpError::Broken)?;

    if answer.status() != StatusCode::OK {
        return Err(HttpError::Status(answer.status(), quote(answer.into_body()).await));
    }
    let pay = answer.headers().get("pay").and_then(|value| value.to_str().ok()).ok_or(HttpError::NoPayHeader)?;
    let pay = pay.parse().map_err(HttpError::PayHeader)?;
    Ok((pay, Letters { body: answer.into_body(), _requests: requests, _connection: connection }))
}

/// The letters as they come, some at a time. It ends when the shop ends its answer; dropping it hangs up.
#[derive(Debug)]
pub(crate) struct Letters {
    body: Incoming,
    _requests: http1::SendRequest<Empty<Bytes>>,
    _connection: smol::Task<()>,
}

impl Stream for Letters {
    /// One or more letters from A to Z.
    type Item = Result<Bytes, HttpError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, HttpError>>> {
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(HttpError::Broken(error)))),
                // Trailers say nothing about letters.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(letters) if !letters.is_empty() => return Poll::Ready(Some(only_letters(letters))),
                    _ => {}
                },
            }
        }
    }
}

fn only_letters(bytes: Bytes) -> Result<Bytes, HttpError> {
    match bytes.iter().find(|byte| !byte.is_ascii_uppercase()) {
        Some(&byte) => Err(HttpError::NotALetter(byte)),
        None => Ok(bytes),
    }
}

/// `None` if `future` takes longer than [`TIMEOUT`].
async fn in_time<T>(future: impl Future<Output = T>) -> Option<T> {
    async { Some(future.await) }
        .or(async {
            Timer::after(TIMEOUT).await;
            None
        })
        .await
}

/// The start of a body that explains something, on one line; empty if it is too long or does not come.
async fn quote(body: Incoming) -> String {
    let bytes = match in_time(Limited::new(body, MAX_QUOTE).collect()).await {
        Some(Ok(body)) => body.to_bytes(),
        _ => Bytes::new(),
    };
    let text = String::from_utf8_lossy(&bytes);
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use smol::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use smol::net::TcpListener;
    use smol::stream::StreamExt as _;

    use super::*;
    use crate::http::{HttpServer, Offer};
    use crate::readers::Readers;

    fn url(address: SocketAddr, path: &str) -> ShopUrl {
        format!("http://{address}{path}").parse().unwrap()
    }

    /// A shop that answers one request with `answer`, whatever it is, and hangs up.
    async fn one_answer(answer: &'static str) -> ShopUrl {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        smol::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .detach();
        url(address, "/")
    }

    async fn error(answer: &'static str) -> String {
        open(&one_answer(answer).await).await.unwrap_err().to_string()
    }

    #[test]
    fn urls_are_http_with_a_host() {
        let url: ShopUrl = "http://localhost:8000/".parse().unwrap();
        assert_eq!((url.host.as_str(), url.port), ("localhost", 8000));
        let url: ShopUrl = "http://[::1]".parse().unwrap();
        assert_eq!((url.host.as_str(), url.port), ("::1", 80));
        for wrong in ["localhost:8000", "https://localhost/", "/", "", "http://", "btp+ws://localhost"] {
            let error = wrong.parse::<ShopUrl>().unwrap_err();
            assert!(error.contains("http://localhost:8000/"), "{wrong:?}: {error}");
        }
    }

    #[test]
    fn letters_are_read_as_the_shop_sends_them() {
        smol::block_on(async {
            let readers = Readers::new(1);
            let offer = Offer { price: 10, account: "example.shop.server".to_owned() };
            let server = HttpServer::bind("127.0.0.1:0".parse().unwrap(), offer, Arc::clone(&readers), None).await.unwrap();

            let (pay, mut letters) = open(&url(server.local_addr(), "/")).await.unwrap();
            assert_eq!(pay.amount, 10);
            let reader = readers.get(pay.account.strip_prefix("example.shop.server.").unwrap()).unwrap();
            for letter in b"AZ" {
                reader.letters.send(*letter).unwrap();
                assert_eq!(letters.next().await.unwrap().unwrap(), [*letter][..]);
            }

            let full = open(&url(server.local_addr(), "/")).await.unwrap_err().to_string();
            assert!(full.starts_with("the shop answered 503 Service Unavailable: The shop is full: 1 readers"), "{full}");
            let lost = open(&url(server.local_addr(), "/elsewhere")).await.unwrap_err().to_string();
            assert!(lost.starts_with("the shop answered 404 Not Found: There is nothing here"), "{lost}");

            reader.letters.send(b'E').unwrap();
            drop(server);
            assert_eq!(letters.next().await.unwrap().unwrap(), b"E"[..]);
            assert!(letters.next().await.is_none());
        });
    }

    #[test]
    fn dropping_the_letters_hangs_up() {
        smol::block_on(async {
            let readers = Readers::new(1);
            let offer = Offer { price: 10, account: "example.shop.server".to_owned() };
            let server = HttpServer::bind("127.0.0.1:0".parse().unwrap(), offer, Arc::clone(&readers), None).await.unwrap();
            drop(open(&url(server.local_addr(), "/")).await.unwrap());
            while readers.len() > 0 {
                Timer::after(Duration::from_millis(1)).await;
            }
        });
    }

    #[test]
    fn what_goes_wrong_is_said_in_a_sentence() {
        smol::block_on(async {
            let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
            let closed = open(&url(free, "/")).await.unwrap_err().to_string();
            assert!(closed.starts_with(&format!("no shop answers at 127.0.0.1 port {}: ", free.port())), "{closed}");

            assert!(error("").await.starts_with("the HTTP connection to the shop broke: "));
            assert!(error("SSH-2.0-nothing\r\n\r\n").await.starts_with("the HTTP connection to the shop broke: "));
            assert_eq!(error("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n").await, "the shop answered 500 Internal Server Error");
            assert!(error("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.starts_with("the answer has no Pay header"));
            let pay = error("HTTP/1.1 200 OK\r\nPay: bitcoin 1 2 3\r\nContent-Length: 0\r\n\r\n").await;
            assert!(pay.starts_with("the Pay header begins with \"bitcoin\""), "{pay}");
        });
    }

    #[test]
    fn a_body_holds_nothing_but_letters_and_does_not_break_off() {
        const PAY: &str = "Pay: interledger-psk 10 a.b AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n";
        smol::block_on(async {
            let text = format!("HTTP/1.1 200 OK\r\n{PAY}Transfer-Encoding: chunked\r\n\r\n1\r\nA\r\n2\r\nB?\r\n0\r\n\r\n");
            let (_, mut letters) = open(&one_answer(text.leak()).await).await.unwrap();
            assert_eq!(letters.next().await.unwrap().unwrap(), b"A"[..]);
            let error = letters.next().await.unwrap().unwrap_err().to_string();
            assert_eq!(error, "the shop sent \"?\", which is not a letter from A to Z");

            let text = format!("HTTP/1.1 200 OK\r\n{PAY}Transfer-Encoding: chunked\r\n\r\n1\r\nA\r\n");
            let (_, mut letters) = open(&one_answer(text.leak()).await).await.unwrap();
            assert_eq!(letters.next().await.unwrap().unwrap(), b"A"[..]);
            assert!(letters.next().await.unwrap().unwrap_err().to_string().starts_with("the HTTP connection to the shop broke: "));
        });
    }
}
