use crate::error::IntoFault;
use crate::fault::Fault;
use crate::response::Head;

/// An answer that is sent while it is made. Chunks are `Vec<u8>` or texts, or results of them: an `Err`
/// breaks the stream off and tells the caller why.
///
/// ```
/// # use funade_rt::prelude::*;
/// fn handler(_event: Value) -> Stream {
///     Stream::new((1..=3).map(|n| format!("line {n}\n"))).header("content-type", "text/plain")
/// }
/// ```
pub struct Stream {
    pub(crate) head: Head,
    pub(crate) chunks: Box<dyn Iterator<Item = Result<Vec<u8>, Fault>> + Send>,
}

impl Stream {
    pub fn new<I>(chunks: I) -> Stream
    where
        I: IntoIterator,
        I::IntoIter: Send + 'static,
        I::Item: IntoChunk + 'static,
    {
        let chunks = chunks.into_iter().map(IntoChunk::into_chunk);
        Stream {
            head: Head::new(200),
            chunks: Box::new(chunks),
        }
    }

    pub fn status(mut self, status: u16) -> Stream {
        self.head.set_status(status);
        self
    }

    pub fn header(mut self, name: impl AsRef<str>, value: impl ToString) -> Stream {
        self.head.add_header(name.as_ref(), &value.to_string());
        self
    }

    pub fn cookie(mut self, cookie: impl Into<String>) -> Stream {
        self.head.add_cookie(cookie.into());
        self
    }
}

/// A piece of a stream, or the fault that ends it.
pub trait IntoChunk {
    #[doc(hidden)]
    fn into_chunk(self) -> Result<Vec<u8>, Fault>;
}

impl IntoChunk for Vec<u8> {
    fn into_chunk(self) -> Result<Vec<u8>, Fault> {
        Ok(self)
    }
}

impl IntoChunk for String {
    fn into_chunk(self) -> Result<Vec<u8>, Fault> {
        Ok(self.into_bytes())
    }
}

impl IntoChunk for &str {
    fn into_chunk(self) -> Result<Vec<u8>, Fault> {
        Ok(self.as_bytes().to_vec())
    }
}

impl IntoChunk for &[u8] {
    fn into_chunk(self) -> Result<Vec<u8>, Fault> {
        Ok(self.to_vec())
    }
}

impl<T: IntoChunk, E: IntoFault> IntoChunk for Result<T, E> {
    fn into_chunk(self) -> Result<Vec<u8>, Fault> {
        self.map_err(IntoFault::into_fault)?.into_chunk()
    }
}
