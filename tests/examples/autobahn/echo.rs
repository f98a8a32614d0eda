//! Our WebSocket over a blocking stream: a binary message goes back as it came.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use trustline_runtime::websocket::{Incoming, WebSocket, WebSocketError, WebSocketLimits};

/// The suite's longest messages have 16 MiB. Whoever speaks BTP takes 128 KiB.
fn limits() -> WebSocketLimits {
    let mut limits = WebSocketLimits::default();
    limits.message_bytes = 16 * 1024 * 1024;
    limits
}

/// Answers whoever dials, each in a thread of its own, for as long as the listener accepts.
pub(crate) fn serve(listener: &TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        // How a connection ends is what the suite looks at.
        thread::spawn(|| echo(stream, WebSocket::server(limits())));
    }
}

/// Dials, and answers to the end of the connection.
pub(crate) fn dial(address: SocketAddr, path: &str) -> io::Result<()> {
    let websocket = WebSocket::client(&address.to_string(), path, limits()).map_err(io::Error::other)?;
    let stream = TcpStream::connect(address)?;
    // As above: the suite also breaks connections.
    let _ = echo(stream, websocket);
    Ok(())
}

fn echo(mut stream: TcpStream, mut websocket: WebSocket) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let is_violated = answer(&mut websocket).is_err();
        stream.write_all(websocket.outgoing())?;
        websocket.advance(websocket.outgoing().len());
        if is_violated {
            // What the peer has still sent must be read, or the stream is reset, and with it goes our close frame.
            stream.shutdown(Shutdown::Write)?;
            while stream.read(&mut buffer)? > 0 {}
        }
        if websocket.is_closed() {
            return Ok(());
        }
        match stream.read(&mut buffer)? {
            0 => websocket.receive_end(),
            bytes => websocket.receive(&buffer[..bytes]),
        }
    }
}

fn answer(websocket: &mut WebSocket) -> Result<(), WebSocketError> {
    while let Some(incoming) = websocket.poll()? {
        if let Incoming::Frame(frame) = incoming {
            websocket.send(frame)?;
        }
    }
    Ok(())
}
