//! FUSE's messages, in the layouts of Linux (`linux/fuse.h`, 7.31).

use mach_procfs::tree::Caller;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Opcode {
    Lookup = 1,
    Forget = 2,
    Getattr = 3,
    Readlink = 5,
    Open = 14,
    Read = 15,
    Release = 18,
    Flush = 25,
    Init = 26,
    Opendir = 27,
    Readdir = 28,
    Releasedir = 29,
    Interrupt = 36,
    Destroy = 38,
    BatchForget = 42,
}

impl Opcode {
    /// That of a request as the kernel sends it; `None` for those that no test here sends.
    pub fn of(request: &[u8]) -> Option<Self> {
        use Opcode::{
            BatchForget, Destroy, Flush, Forget, Getattr, Init, Interrupt, Lookup, Open, Opendir,
            Read, Readdir, Readlink, Release, Releasedir,
        };
        let all = [
            Lookup,
            Forget,
            Getattr,
            Readlink,
            Open,
            Read,
            Release,
            Flush,
            Init,
            Opendir,
            Readdir,
            Releasedir,
            Interrupt,
            Destroy,
            BatchForget,
        ];
        let number = u32_at(request, 4);
        all.into_iter().find(|opcode| *opcode as u32 == number)
    }
}

fn numbers(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

fn halves(number: u64) -> [u32; 2] {
    let bytes = number.to_ne_bytes();
    [0, 4].map(|at| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap()))
}

pub fn request(opcode: Opcode, unique: u64, node: u64, who: Caller, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(40 + body.len()).unwrap();
    let ([a, b], [c, d]) = (halves(unique), halves(node));
    let header = [length, opcode as u32, a, b, c, d, who.uid, who.gid, who.pid, 0];
    [numbers(&header), body.to_vec()].concat()
}

pub fn init(flags: u32) -> Vec<u8> {
    let words = [7, 31, 65_536, flags];
    [numbers(&words), vec![0; 48]].concat()
}

pub fn read(handle: u64, at: u64, size: u32) -> Vec<u8> {
    let ([a, b], [c, d]) = (halves(handle), halves(at));
    /// FUSE_READ_LOCKOWNER: a read that does not fill the page cache.
    const OWNED: u32 = 1 << 1;
    numbers(&[a, b, c, d, size, OWNED, 7, 0, 0, 0])
}

pub fn flush(handle: u64) -> Vec<u8> {
    let [a, b] = halves(handle);
    numbers(&[a, b, 0, 0, 7, 0])
}

pub fn release(handle: u64) -> Vec<u8> {
    let [a, b] = halves(handle);
    numbers(&[a, b, 0, 0, 0, 0])
}

pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap())
}

pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// Which request a reply is for, and its body or errno.
pub fn reply(message: &[u8]) -> (u64, Result<Vec<u8>, i32>) {
    let error = u32_at(message, 4).cast_signed();
    let body = if error == 0 { Ok(message[16..].to_vec()) } else { Err(-error) };
    (u64_at(message, 8), body)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attr {
    pub inode: u64,
    pub size: u64,
    pub mode: u32,
}

impl Attr {
    pub fn at(reply: &[u8], at: usize) -> Self {
        let attr = &reply[at..];
        Attr { inode: u64_at(attr, 0), size: u64_at(attr, 8), mode: u32_at(attr, 60) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirent {
    pub inode: u64,
    pub cookie: u64,
    pub name: String,
}

pub fn dirents(mut bytes: &[u8]) -> Vec<Dirent> {
    let mut all = Vec::new();
    while bytes.len() >= 24 {
        let length = u32_at(bytes, 16) as usize;
        let name = String::from_utf8(bytes[24..24 + length].to_vec()).unwrap();
        all.push(Dirent { inode: u64_at(bytes, 0), cookie: u64_at(bytes, 8), name });
        bytes = &bytes[(24 + length).next_multiple_of(8).min(bytes.len())..];
    }
    all
}
