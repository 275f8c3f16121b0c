//! As much of HTTP/1.1 as a client of ours needs, by hand: a server of a library would not
//! misbehave.

use std::fmt::Write as _;

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{TestProvider, answers::Asked};

pub(super) async fn accept(provider: TestProvider, listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let provider = provider.clone();
        tokio::spawn(async move {
            // A client that goes away, or a connection that is to be cut.
            let _ = serve(&provider, stream).await;
        });
    }
}

async fn serve(provider: &TestProvider, stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let asked = read(&mut stream).await?;
    let Some(answered) = provider.answer(&asked).await else {
        return Ok(());
    };
    let mut head = format!(
        "HTTP/1.1 {} .\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n",
        answered.status,
        answered.body.len()
    );
    if let Some(location) = answered.location {
        let _ = write!(head, "location: {location}\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&answered.body).await?;
    stream.shutdown().await
}

async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Asked> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let target = line.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default().to_owned();
    let (mut length, mut authorization) = (0, None);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or_default(),
            "authorization" => authorization = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Asked {
        path,
        authorization,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
