//! As much of HTTP/1.1 as clients of the Runtime API use.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

const MAX_HEAD: u64 = 64 * 1024;
/// What is taken of a body at a time, at most.
const PIECE: usize = 64 * 1024;

pub struct Connection {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

pub struct Request {
    pub method: String,
    /// Without query.
    pub path: String,
    headers: Vec<(String, String)>,
    /// Whether the connection stays open after the answer.
    pub keeps_alive: bool,
}

impl Request {
    /// `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

impl Connection {
    pub fn new(stream: TcpStream) -> io::Result<Connection> {
        stream.set_nodelay(true)?;
        let writer = stream.try_clone()?;
        Ok(Connection {
            reader: BufReader::new(stream),
            writer,
        })
    }

    /// None when the client has closed.
    pub fn read_request(&mut self) -> io::Result<Option<Request>> {
        let Some(line) = read_line(&mut self.reader)? else {
            return Ok(None);
        };
        let mut words = line.split(' ');
        let (Some(method), Some(target), Some(version)) =
            (words.next(), words.next(), words.next())
        else {
            return Err(invalid("no request line"));
        };
        let (method, path) = (
            method.to_owned(),
            target.split('?').next().unwrap_or(target).to_owned(),
        );
        let is_1_1 = version == "HTTP/1.1";
        let headers = read_headers(&mut self.reader)?;
        let connection = find(&headers, "connection")
            .unwrap_or("")
            .to_ascii_lowercase();
        let keeps_alive = if is_1_1 {
            !connection.contains("close")
        } else {
            connection.contains("keep-alive")
        };
        Ok(Some(Request {
            method,
            path,
            headers,
            keeps_alive,
        }))
    }

    /// The body of the request that was read last; it has to be read to its end.
    pub fn body(&mut self, request: &Request) -> io::Result<Body<'_>> {
        let is_chunked = request
            .header("transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        let left = match request.header("content-length") {
            Some(length) if !is_chunked => length
                .parse()
                .map_err(|_| invalid("content-length is no number"))?,
            _ => 0,
        };
        let expects = request
            .header("expect")
            .is_some_and(|expected| expected.eq_ignore_ascii_case("100-continue"));
        if expects {
            self.writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        Ok(Body {
            reader: &mut self.reader,
            left,
            is_chunked,
            is_over: false,
            trailers: Vec::new(),
        })
    }

    pub fn answer(&mut self, status: &str, headers: &str, body: &[u8]) -> io::Result<()> {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n");
        let mut answer = head.into_bytes();
        answer.extend_from_slice(body);
        self.writer.write_all(&answer)
    }
}

pub struct Body<'a> {
    reader: &'a mut BufReader<TcpStream>,
    /// Bytes of the body, or of the current chunk.
    left: u64,
    is_chunked: bool,
    is_over: bool,
    trailers: Vec<(String, String)>,
}

impl Body<'_> {
    /// Appends what is there, at most `limit` bytes, which is not 0; gives back 0 at the end. Waits only when there
    /// is nothing.
    pub fn read_piece(&mut self, piece: &mut Vec<u8>, limit: usize) -> io::Result<usize> {
        if self.left == 0 && !self.begin_chunk()? {
            return Ok(0);
        }
        let here = self.reader.fill_buf()?;
        if here.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let count = here
            .len()
            .min(limit)
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        piece.extend_from_slice(&here[..count]);
        self.reader.consume(count);
        self.left -= count as u64;
        if self.left == 0
            && self.is_chunked
            && !read_line(self.reader)?.is_some_and(|line| line.is_empty())
        {
            return Err(invalid("a chunk without end"));
        }
        Ok(count)
    }

    /// All that is left; None when that is more than `limit` bytes, which are thrown away then.
    pub fn read_all(&mut self, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let mut all = Vec::new();
        let mut length = 0;
        loop {
            let count = self.read_piece(&mut all, PIECE)?;
            length += count;
            if count == 0 {
                return Ok((length <= limit).then_some(all));
            }
            if length > limit {
                all.clear();
            }
        }
    }

    /// What came after a chunked body, by a name in lower case.
    pub fn trailer(&self, name: &str) -> Option<&str> {
        find(&self.trailers, name)
    }

    /// False at the end of the body.
    fn begin_chunk(&mut self) -> io::Result<bool> {
        if !self.is_chunked || self.is_over {
            return Ok(false);
        }
        let line = read_line(self.reader)?.unwrap_or_default();
        let size = line.split(';').next().unwrap_or("").trim();
        self.left = u64::from_str_radix(size, 16).map_err(|_| invalid("a chunk without length"))?;
        if self.left == 0 {
            self.is_over = true;
            self.trailers = read_headers(self.reader)?;
        }
        Ok(self.left > 0)
    }
}

fn read_headers(reader: &mut BufReader<TcpStream>) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        let line = read_line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if line.is_empty() {
            return Ok(headers);
        }
        length += line.len() as u64;
        let Some((name, value)) = line.split_once(':').filter(|_| length <= MAX_HEAD) else {
            return Err(invalid("no header line"));
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// Without its end; None at the end of the connection.
fn read_line(reader: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    reader
        .by_ref()
        .take(MAX_HEAD)
        .read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(invalid("a line without end"));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
