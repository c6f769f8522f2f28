//! One log file from its beginning to its end, plain or compressed, with a count of what was read for a progress bar.

use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that are read from the disk at a time.
const BUFFER_BYTES: usize = 256 * 1024;
/// How every gzip file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A log that is open. Reading it gives uncompressed bytes.
pub struct LogFile {
    bytes: Bytes,
    done: Arc<AtomicU64>,
    size: Option<u64>,
}

enum Bytes {
    Plain(Counted<File>),
    Compressed(Box<MultiGzDecoder<BufReader<io::Chain<io::Cursor<Vec<u8>>, Counted<File>>>>>),
}

/// Counts what goes through it.
struct Counted<R> {
    inner: R,
    done: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.done.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl LogFile {
    /// Opens a file. Whether it is compressed is told from its first bytes, whatever it is called.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let meta = file.metadata()?;
        if meta.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        let mut first = Vec::with_capacity(GZIP.len());
        (&mut file).take(GZIP.len() as u64).read_to_end(&mut first)?;
        let compressed = first == GZIP;
        let size = meta.is_file().then_some(meta.len());
        let done = Arc::new(AtomicU64::new(0));
        if !compressed && size.is_some() {
            file.seek(SeekFrom::Start(0))?;
            return Ok(Self { bytes: Bytes::Plain(Counted { inner: file, done: done.clone() }), done, size });
        }
        let counted = Counted { inner: file, done: done.clone() };
        if compressed {
            let whole = BufReader::with_capacity(BUFFER_BYTES, io::Cursor::new(first).chain(counted));
            return Ok(Self { bytes: Bytes::Compressed(Box::new(MultiGzDecoder::new(whole))), done, size });
        }
        // A pipe gives each byte once.
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a pipe or a device: give its bytes to `-`"))
    }

    /// Leaves out bytes at the place that was reached.
    pub fn skip(&mut self, bytes: u64) -> io::Result<()> {
        match &mut self.bytes {
            Bytes::Plain(file) => {
                let by = i64::try_from(bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
                file.inner.seek(SeekFrom::Current(by))?;
                self.done.fetch_add(bytes, Ordering::Relaxed);
            }
            Bytes::Compressed(file) => {
                io::copy(&mut file.take(bytes), &mut io::sink())?;
            }
        }
        Ok(())
    }

    /// Bytes of the file that were read, and of all of it, as they lie on the disk.
    pub fn progress(&self) -> (u64, Option<u64>) {
        (self.done.load(Ordering::Relaxed), self.size)
    }
}

impl Read for LogFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.bytes {
            Bytes::Plain(file) => file.read(into),
            Bytes::Compressed(file) => file.read(into),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn compressed(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn read(path: &Path, skip: u64) -> String {
        let mut file = LogFile::open(path).unwrap();
        file.skip(skip).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        let (done, size) = file.progress();
        assert_eq!(Some(done), size, "{}", path.display());
        text
    }

    #[test]
    fn plain_and_compressed_files_of_one_or_several_members() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("a.gz.log");
        std::fs::write(&plain, "one\ntwo\n").unwrap();
        assert_eq!((read(&plain, 0).as_str(), read(&plain, 4).as_str()), ("one\ntwo\n", "two\n"));
        let packed = folder.path().join("b");
        std::fs::write(&packed, [compressed("one\n"), compressed("two\n")].concat()).unwrap();
        let mut file = LogFile::open(&packed).unwrap();
        file.skip(4).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "two\n");
        assert!(LogFile::open(folder.path()).is_err());
        std::fs::write(&plain, "").unwrap();
        assert_eq!(read(&plain, 0), "");
    }
}
